"""Clip networks: the published residual ones by the names of their weights; what all promise."""

import pytest
import torch

from inphase.encoders.clip import NETWORKS, R3D18, R2Plus1D18, network
from inphase.errors import InputError

BY_NAME = pytest.mark.parametrize("name", NETWORKS)
RESIDUAL = pytest.mark.parametrize(
    ("kind", "parameters"), [(R3D18, 33_371_472), (R2Plus1D18, 31_505_325)]
)  # of torchvision's models, by its documentation, with a classifier of 512 x 400 + 400

Shapes = dict[str, tuple[int, ...]]


def published(factorised: bool) -> Shapes:
    """Names and shapes in torchvision's checkpoints of r3d_18 and r2plus1d_18, less `fc`."""
    shapes: Shapes = {}

    def convolution(name: str, before: int, after: int, *kernel: int) -> None:
        shapes[f"{name}.weight"] = (after, before, *kernel)

    def norm(name: str, channels: int) -> None:
        for part in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"{name}.{part}"] = (channels,)
        shapes[f"{name}.num_batches_tracked"] = ()

    def inside(name: str, before: int, between: int, after: int) -> None:
        if not factorised:
            return convolution(name, before, after, 3, 3, 3)
        convolution(f"{name}.0", before, between, 1, 3, 3)
        norm(f"{name}.1", between)
        convolution(f"{name}.3", between, after, 3, 1, 1)

    if factorised:
        convolution("stem.0", 3, 45, 1, 7, 7)
        norm("stem.1", 45)
        convolution("stem.3", 45, 64, 3, 1, 1)
        norm("stem.4", 64)
    else:
        convolution("stem.0", 3, 64, 3, 7, 7)
        norm("stem.1", 64)
    before = 64
    for i, after in enumerate((64, 128, 256, 512), 1):
        for j in range(2):
            block = f"layer{i}.{j}"
            between = (before * after * 27) // (before * 9 + 3 * after)
            inside(f"{block}.conv1.0", before, between, after)
            norm(f"{block}.conv1.1", after)
            inside(f"{block}.conv2.0", after, between, after)
            norm(f"{block}.conv2.1", after)
            if before != after:
                convolution(f"{block}.downsample.0", before, after, 1, 1, 1)
                norm(f"{block}.downsample.1", after)
            before = after
    return shapes


@RESIDUAL
def test_it_has_the_weights_of_the_published_network(kind, parameters):
    with torch.device("meta"):
        made = kind()
    assert sum(each.numel() for each in made.parameters()) == parameters - 512 * 400 - 400
    shapes = {name: tuple(each.shape) for name, each in made.state_dict().items()}
    assert shapes == published(kind is R2Plus1D18)


def test_the_second_convolution_of_a_block_has_no_more_between_than_the_first():
    """230 of them and not 288, as in the checkpoint."""
    with torch.device("meta"):
        shapes = {name: tuple(each.shape) for name, each in R2Plus1D18().state_dict().items()}
    assert shapes["layer2.0.conv1.0.0.weight"] == (230, 64, 1, 3, 3)
    assert shapes["layer2.0.conv2.0.0.weight"] == (230, 128, 1, 3, 3)


@pytest.mark.parametrize(("kind", "theirs"), [(R3D18, "r3d_18"), (R2Plus1D18, "r2plus1d_18")])
def test_it_is_torchvisions(kind, theirs):
    models = pytest.importorskip("torchvision").models.video
    reference, made = getattr(models, theirs)().eval(), kind().eval()
    made.load_published(reference.state_dict())
    clips = torch.randn(2, 3, 5, 32, 32)
    with torch.no_grad():
        found = reference.fc(made.flat(made(clips)))
        torch.testing.assert_close(found, reference(clips), rtol=1e-4, atol=1e-4)


@RESIDUAL
def test_checkpoints_come_with_a_classifier_that_is_left_out(kind, parameters):
    made, other = kind(width=2), kind(width=2)
    made.load_published(other.state_dict() | {"fc.weight": torch.zeros(400, 16)})
    for name, each in made.state_dict().items():
        assert torch.equal(each, other.state_dict()[name])
    with pytest.raises(InputError, match="not the weights of an R"):
        made.load_published({"stem.0.weight": torch.zeros(64, 3, 3, 7, 7)})
    with pytest.raises(InputError, match="not the weights of an R"):
        made.load_published(kind(width=3).state_dict())


@BY_NAME
@pytest.mark.parametrize(
    ("frames", "size", "shape"), [(16, 112, (2, 7, 7)), (16, 56, (2, 4, 4)), (5, 40, (1, 3, 3))]
)
def test_maps_are_an_eighth_as_long_and_a_sixteenth_as_wide(name, frames, size, shape):
    made = network(name, width=2).eval()
    with torch.no_grad():
        last = made(torch.zeros(1, 3, frames, size, size))
    assert last.shape == (1, made.dim, *shape)
    assert made.flat(last).shape == (1, made.flat_dim(size, frames))


@BY_NAME
@pytest.mark.parametrize("width", [1, 3, 16])
def test_all_channels_are_in_proportion_to_the_width(name, width):
    with torch.device("meta"):
        made, full = network(name, width=width), network(name)
    assert made.dim * 64 == full.dim * width
    for one, other in zip(made.parameters(), full.parameters(), strict=True):
        assert one.shape[2:] == other.shape[2:]
        if one.ndim == 1 or one.shape[1] == 3:
            assert len(one) == pytest.approx(len(other) * width / 64, abs=1)


@BY_NAME
def test_a_clip_alone_is_as_a_clip_among_others(name):
    torch.manual_seed(0)
    made = network(name, width=4)
    clips = torch.randn(5, 3, 16, 32, 32)
    with torch.no_grad():
        made(clips)  # so that statistics are not those of the beginning
        made.eval()
        together = made(clips)
        alone = torch.cat([made(clip[None]) for clip in clips])
    torch.testing.assert_close(alone, together, rtol=1e-4, atol=1e-5)


@BY_NAME
def test_the_order_of_values_in_memory_changes_nothing(name):
    torch.manual_seed(0)
    made, clips = network(name, width=4).double(), torch.randn(3, 3, 8, 24, 24).double()
    results = []
    for layout in (torch.contiguous_format, torch.channels_last_3d):
        made.zero_grad()
        made.to(memory_format=layout)  # pyright: ignore[reportCallIssue]
        last = made(clips.to(memory_format=layout))
        made.flat(last).square().sum().backward()
        gradients = [each.grad.contiguous() for each in made.parameters() if each.grad is not None]
        results.append([last.contiguous(), made.flat(last), *gradients])
    assert len(results[0]) == 2 + len(list(made.parameters()))
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other)


@BY_NAME
def test_values_keep_their_size_on_the_way_up(name):
    """He's initialisation: neither dead nor without bounds in evaluation, before any training."""
    torch.manual_seed(0)
    made = network(name, width=8).eval()
    with torch.no_grad():
        last = made(torch.randn(4, 3, 16, 48, 48))
    assert (last >= 0).all() and 0.2 < last.std() < 20


@pytest.mark.parametrize(
    ("call", "message"),
    [(lambda: network("i3d"), "'i3d': use one of c3d"), (lambda: network("c3d", width=0), "least")],
)
def test_what_cannot_be_is_told(call, message):
    with pytest.raises(InputError, match=message):
        call()
