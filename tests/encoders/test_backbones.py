"""Image backbones: the embedded one against another implementation, hub models against theirs."""

import sys

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from inphase.encoders.backbones import Backbone, backbone, pool
from inphase.encoders.efficientnet_lite import published_weights
from inphase.errors import InputError


@pytest.fixture(scope="module")
def exact() -> Backbone:
    return backbone(precision="float32")


def pictures(count: int = 3, size: int = 224, seed: int = 0) -> Tensor:
    """Coloured squares of several sizes."""
    generator = torch.Generator().manual_seed(seed)
    picture = torch.zeros(count, 3, size, size)
    for squares in (3, 9, 40):
        colours = torch.rand(count, 3, squares, squares, generator=generator)
        picture += F.interpolate(colours, (size, size)) / 3
    return (picture * 255).to(torch.uint8)


@pytest.mark.parametrize("size", [224, 160, 97])
def test_the_embedded_network_is_the_published_one(size: int):
    peer = pytest.importorskip("efficientnet_lite_pytorch")
    network = peer.EfficientNet.from_name("efficientnet-lite0", image_size=size).eval()
    network.load_state_dict(torch.load(published_weights(), weights_only=True))
    x = pictures(size=size)
    with torch.inference_mode():
        expected = network.extract_features((x.float() - 127) / 128)
        ours = backbone(precision="float32", size=size)(x)
    torch.testing.assert_close(ours, expected, atol=1e-3, rtol=1e-3)


def test_bfloat16_gives_the_same_features(exact: Backbone):
    fast = backbone(precision="bfloat16")
    x = pictures(6, seed=1)
    with torch.inference_mode():
        for kind in ("mean", "max"):
            similarity = F.cosine_similarity(pool(exact(x), kind), pool(fast(x), kind))
            assert similarity.min() > 0.999
    assert (fast.precision, exact.precision) == ("bfloat16", "float32")
    assert fast.digest == exact.digest


def test_bfloat16_gives_the_same_features_of_real_frames(exact: Backbone, real_data):
    from inphase.data.video import Video

    fast = backbone(precision="bfloat16")
    for name in ("golf_swing", "swing1"):
        video = Video(next((real_data / "golf").rglob(f"{name}.mp4")))
        frames = video.frames([0, 50, 100, 150], size=(224, 224))
        x = torch.from_numpy(frames).permute(0, 3, 1, 2)
        with torch.inference_mode():
            similarity = F.cosine_similarity(pool(exact(x), "mean"), pool(fast(x), "mean"))
        assert similarity.min() > 0.999


def test_fused_clamping_changes_nothing():
    network = backbone(precision="bfloat16", size=96)
    x = pictures(2, size=96)
    with torch.no_grad():
        fused = network(x)
    torch.testing.assert_close(network(x), fused, atol=0, rtol=0)


def test_bytes_and_fractions_are_the_same_picture(exact: Backbone):
    x = pictures()
    with torch.inference_mode():
        torch.testing.assert_close(exact(x), exact(x.float() / 255), atol=1e-3, rtol=1e-3)


def test_other_pictures_in_the_batch_do_not_matter(exact: Backbone):
    x = pictures(4)
    with torch.inference_mode():
        torch.testing.assert_close(exact(x)[:1], exact(x[:1]), atol=1e-4, rtol=1e-4)


def test_it_stays_in_evaluation_mode(exact: Backbone):
    assert not exact.train().training
    assert not any(module.training for module in exact.modules())


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_only_the_last_block_learns_and_in_float32(precision):
    network = backbone(precision=precision, size=64)
    x = pictures(2, size=64)
    before = pool(network(x), "mean")
    last = network.thaw()
    after = pool(network.head(network.stem(x)), "mean")
    after.sum().backward()
    assert F.cosine_similarity(before, after.detach()).min() > 0.998
    assert all(weight.grad is not None for weight in last.parameters())
    assert all(weight.dtype == torch.float32 for weight in last.parameters())
    assert all(weight.grad is None for weight in network.early.parameters())
    assert {id(w) for w in network.parameters() if w.requires_grad} == {
        id(w) for w in last.parameters()
    }


def test_the_digest_tells_networks_apart():
    random = [backbone(weights="random", seed=seed).digest for seed in (0, 0, 1)]
    assert random[0] == random[1] != random[2]
    assert backbone().digest not in random
    assert backbone(size=160).digest != backbone().digest


def test_the_digest_follows_what_was_learned():
    network = backbone(size=64)
    before = network.digest
    last = network.thaw()
    with torch.no_grad():
        next(last.parameters()).add_(1)
    assert network.digest != before


def test_random_weights_keep_the_scale_of_activations():
    with torch.inference_mode():
        assert 0.1 < backbone(weights="random", size=96)(pictures(size=96)).std() < 3


def test_poolings_by_hand():
    x = torch.arange(8.0).view(1, 2, 2, 2)
    assert pool(x, "mean").tolist() == [[1.5, 5.5]]
    assert pool(x, "max").tolist() == [[3, 7]]
    assert pool(x, "both").tolist() == [[1.5, 5.5, 3, 7]]
    assert pool(x, "grid").tolist() == [[0, 1, 2, 3, 4, 5, 6, 7]]

    assert pool(x, "none").tolist() == [list(range(8))]


def test_the_middle_map_is_on_the_way_to_the_last(exact: Backbone):
    middle = backbone(precision="float32", layer="middle")
    x = pictures()
    with torch.inference_mode():
        torch.testing.assert_close(middle(x), exact.stem(x))
    assert middle.map == (112, 14, 14) and exact.map == (1280, 7, 7)
    assert middle.digest != exact.digest
    learning = middle.thaw().state_dict()
    assert {name: len(each) for name, each in learning.items() if "project.weight" in name} == {
        f"{block}.project.weight": 112 for block in range(3)
    }


def test_pixels_are_left_as_they_are():
    network = backbone("pixels")
    x = pictures(2, size=112)
    expected = (x / 255 - network.mean) / network.deviation
    torch.testing.assert_close(network(x), expected)
    assert network.map == (3, 112, 112) and not list(network.thaw().parameters())
    assert network.digest != backbone("pixels", size=96).digest


def test_unknown_layers_say_what_there_is():
    with pytest.raises(InputError, match="last, middle, conv4c, conv5c"):
        backbone(layer="conv3a")
    with pytest.raises(InputError, match="'middle', which is nearest to conv4c"):
        backbone(layer="conv4c")
    with pytest.raises(InputError, match="use 'last'"):
        backbone("vgg-m", weights="random", layer="middle")


def test_unknown_names_say_what_there_is():
    with pytest.raises(InputError, match="efficientnet-lite0"):
        backbone("resnet")
    with pytest.raises(InputError, match="mean, max, both, grid"):
        pool(torch.zeros(1, 1, 1, 1), "median")
    with pytest.raises(InputError, match="no folder"):
        backbone("./not/here")


# Hub models: tiny, random, saved to disk as anyone's are.


def saved(folder, kind: str) -> str:
    transformers = pytest.importorskip("transformers")
    small = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    configs = {
        "resnet": lambda: transformers.ResNetConfig(
            embedding_size=8, hidden_sizes=[8, 16, 24, 32], depths=[1, 1, 1, 1], layer_type="basic"
        ),
        "convnext": lambda: transformers.ConvNextConfig(
            hidden_sizes=[8, 16, 24, 32], depths=[1, 1, 1, 1]
        ),
        "dinov2": lambda: transformers.Dinov2Config(**small, image_size=56, patch_size=14),
        "registers": lambda: transformers.Dinov2WithRegistersConfig(
            **small, image_size=56, patch_size=14, num_register_tokens=4
        ),
        "vit": lambda: transformers.ViTConfig(
            **small, intermediate_size=32, image_size=64, patch_size=16
        ),
        "swin": lambda: transformers.SwinConfig(
            embed_dim=8, depths=[1, 1], num_heads=[2, 2], image_size=64, window_size=4
        ),
    }
    torch.manual_seed(0)
    transformers.AutoModel.from_config(configs[kind]()).save_pretrained(folder)
    return str(folder)


@pytest.mark.parametrize(
    ("kind", "size", "shape"),
    [
        ("resnet", 64, (32, 2, 2)),
        ("convnext", 64, (32, 2, 2)),
        ("dinov2", 56, (16, 4, 4)),
        ("dinov2", 84, (16, 6, 6)),
        ("registers", 56, (16, 4, 4)),
        ("vit", 64, (16, 4, 4)),
        ("vit", 96, (16, 6, 6)),
        ("swin", 64, (16, 8, 8)),
    ],
)
def test_hub_models_give_their_last_map(tmp_path, kind: str, size: int, shape: tuple):
    transformers = pytest.importorskip("transformers")
    name = saved(tmp_path, kind)
    network = backbone(name, size=size, precision="float32")
    x = pictures(2, size)
    mean, deviation = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's, none being noted
    normal = (x / 255 - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(deviation).view(3, 1, 1)
    more = {"interpolate_pos_encoding": True} if (kind, size) == ("vit", 96) else {}
    with torch.inference_mode():
        ours = network(x)
        theirs = transformers.AutoModel.from_pretrained(name).eval()(normal, **more)
    assert tuple(ours.shape[1:]) == shape and network.dim == shape[0]
    last = theirs.last_hidden_state
    extra = {"dinov2": 1, "registers": 5, "vit": 1}.get(kind, 0)
    for i, j in [(0, 0), (0, 1), (1, 0)]:
        expected = last[:, :, i, j] if last.ndim == 4 else last[:, extra + i * shape[2] + j]
        torch.testing.assert_close(ours[:, :, i, j], expected, atol=1e-4, rtol=1e-4)


def test_hub_models_are_normalised_as_their_files_say(tmp_path):
    name = saved(tmp_path, "resnet")
    (tmp_path / "preprocessor_config.json").write_text(
        '{"image_processor_type": "ConvNextImageProcessor", "image_mean": [0.5, 0.4, 0.3], '
        '"image_std": [0.2, 0.2, 0.1], "crop_size": {"height": 96, "width": 96}}'
    )
    network = backbone(name)
    assert network.size == 96
    torch.testing.assert_close(network.mean.flatten(), torch.tensor([0.5, 0.4, 0.3]))
    torch.testing.assert_close(network.deviation.flatten(), torch.tensor([0.2, 0.2, 0.1]))


def test_only_the_last_stage_of_a_hub_model_learns(tmp_path):
    network = backbone(saved(tmp_path, "resnet"), size=64)
    last = network.thaw()
    pool(network(pictures(2, 64)), "mean").sum().backward()
    learning = [name for name, weight in network.named_parameters() if weight.grad is not None]
    assert learning and all("stages.3" in name for name in learning)
    assert len(learning) == len(list(last.parameters()))


def test_conv4c_is_the_third_block_of_the_third_stage(tmp_path):
    transformers = pytest.importorskip("transformers")
    config = transformers.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 16, 24, 32], depths=[1, 1, 4, 3]
    )
    torch.manual_seed(0)
    whole = transformers.AutoModel.from_config(config).eval()
    whole.save_pretrained(tmp_path)
    seen = {}
    for number in (2, 3):
        whole.encoder.stages[2].layers[number].register_forward_hook(
            lambda _, __, out, number=number: seen.update({number: out})
        )
    x = pictures(2, 64)
    maps = {
        layer: backbone(str(tmp_path), size=64, precision="float32", layer=layer)
        for layer in ("conv4c", "middle", "conv5c", "last")
    }
    normal = (x / 255 - maps["last"].mean) / maps["last"].deviation
    with torch.inference_mode():
        last = whole(pixel_values=normal).last_hidden_state
        torch.testing.assert_close(maps["conv4c"](x), seen[2], atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(maps["middle"](x), seen[3], atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(maps["conv5c"](x), last, atol=1e-4, rtol=1e-4)
    assert maps["conv4c"].map == (24, 4, 4) and maps["conv5c"].map == (32, 2, 2)
    assert maps["conv5c"].digest == maps["last"].digest != maps["conv4c"].digest
    assert len({maps["conv4c"].digest, maps["middle"].digest, maps["last"].digest}) == 3
    maps["conv4c"].thaw()
    learning = [name for name, each in maps["conv4c"].named_parameters() if each.requires_grad]
    assert learning and all("stages.2" in name for name in learning)


@pytest.mark.parametrize(
    ("kind", "layer", "message"),
    [
        ("resnet", "conv4c", "is of ResNets"),  # one block a stage
        ("convnext", "conv4c", "is of ResNets"),
        ("convnext", "middle", "cannot be cut"),
        ("vit", "middle", "of one size"),
    ],
)
def test_hub_models_without_such_a_layer_are_told(tmp_path, kind, layer, message):
    with pytest.raises(InputError, match=message):
        backbone(saved(tmp_path, kind), size=64, layer=layer)


def test_random_hub_models_need_no_weights(tmp_path):
    name = saved(tmp_path, "vit")
    (tmp_path / "model.safetensors").unlink()
    digests = [backbone(name, weights="random", seed=seed).digest for seed in (0, 0, 1)]
    assert digests[0] == digests[1] != digests[2]


def test_without_transformers_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(InputError, match=r"pip install 'inphase\[hub\]'"):
        backbone("facebook/dinov2-small")


def test_a_folder_without_a_model_is_named(tmp_path):
    pytest.importorskip("transformers")
    with pytest.raises(InputError, match="no image model"):
        backbone(str(tmp_path))
