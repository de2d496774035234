"""Any image model of the Hugging Face Hub, or of a folder on disk, as a backbone."""

import inspect
import math
from pathlib import Path
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from inphase.encoders.backbones import IMAGENET_MEAN, Backbone
from inphase.errors import InputError

# What most image networks were trained with.
IMAGENET_DEVIATION = (0.229, 0.224, 0.225)


class FeatureMap(nn.Module):
    """A Hugging Face model whose output is its last feature map, (n, c, h, w).

    Vision transformers give tokens: the last h w of them, row by row, become the map; what comes
    before (class and register tokens) is dropped.

    Args:
        model: Called with `pixel_values`; its output has a `last_hidden_state`.
        patch: Pixels a side of a token's patch; None if every token belongs to the map.
        options: More arguments for the model.
    """

    def __init__(self, model: nn.Module, patch: int | None, options: dict[str, Any]):
        super().__init__()
        self.model, self.patch, self.options = model, patch, options

    def forward(self, x: Float[Tensor, "n 3 height width"]) -> Float[Tensor, "n c h w"]:
        """Run the model."""
        out = self.model(pixel_values=x, **self.options).last_hidden_state
        if out.ndim == 4:
            return out
        height, width = x.shape[-2:]
        side = self.patch or math.sqrt(height * width / out.shape[1])
        rows, columns = round(height // side), round(width // side)
        tokens = out[:, out.shape[1] - rows * columns :]
        return tokens.transpose(1, 2).unflatten(2, (rows, columns))


def hub_backbone(
    name: str,
    weights: Literal["pretrained", "random"],
    size: int | None,
    seed: int,
    layer: str = "last",
) -> Backbone:
    """Load a model through `transformers`.

    Its last block, for training end to end, is the last entry of its list of stages or layers.

    Args:
        name: A folder, or a name on the Hub; only then is the network used.
        weights: `random` needs the model's `config.json` alone.
        size: Height and width of pictures; as in the model's own files if None.
        seed: Of random weights.
        layer: Whose map to take; see `inphase.encoders.backbones.backbone`.

    Raises:
        InputError: If `transformers` is missing, or there is no such image model or layer.
    """
    try:
        from transformers import AutoConfig, AutoModel
    except ImportError:
        raise InputError(
            f"the backbone '{name}' needs transformers: pip install 'inphase[hub]'"
        ) from None
    local = Path(name).is_dir()
    if not local and (name.startswith((".", "~")) or Path(name).is_absolute()):
        raise InputError(f"there is no folder '{name}' to load an image model from")
    try:
        config = AutoConfig.from_pretrained(name, local_files_only=local)
        if weights == "random":
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                model = AutoModel.from_config(config)
        else:
            model = AutoModel.from_pretrained(name, local_files_only=local)
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).strip().split("\n")[0]
        raise InputError(f"no image model could be loaded from '{name}': {reason}") from None
    model = getattr(model, "vision_model", model).float()  # CLIP and its kin have a text half too
    config = getattr(config, "vision_config", config)
    if getattr(model, "main_input_name", "") != "pixel_values":
        raise InputError(f"'{name}' is not an image model: it takes '{model.main_input_name}'")
    patch = _patch(config)
    if layer != "last":
        _cut(model, layer, name, flat=patch is not None)
    mean, deviation, wanted = _preprocessing(name, local)
    size = size or wanted or _number(getattr(config, "image_size", None)) or 224
    network = FeatureMap(model, patch, _options(model, config, size))
    return Backbone(
        nn.Identity(),
        network,
        name=name,
        dim=_channels(network, size, f"'{name}' cannot be cut at its layer '{layer}'"),
        size=size,
        mean=mean,
        deviation=deviation,
        last=_last_block(model, name),
    )


def _preprocessing(
    name: str, local: bool
) -> tuple[tuple[float, ...], tuple[float, ...], int | None]:
    """Mean, deviation and input size noted beside the model, if they are."""
    from transformers import ImageProcessingMixin

    try:
        noted, _ = ImageProcessingMixin.get_image_processor_dict(name, local_files_only=local)
    except OSError:
        return IMAGENET_MEAN, IMAGENET_DEVIATION, None
    sizes = [noted.get("crop_size") if noted.get("do_center_crop", True) else None]
    size = next((n for n in map(_number, [*sizes, noted.get("size")]) if n), None)
    if not noted.get("do_normalize", True):
        return (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), size
    mean = noted.get("image_mean") or IMAGENET_MEAN
    deviation = noted.get("image_std") or IMAGENET_DEVIATION
    return tuple(mean), tuple(deviation), size


def _number(size: Any) -> int | None:
    """One side of a size in any of the ways the files write it."""
    if isinstance(size, dict):
        size = size.get("height") or size.get("shortest_edge")
    if isinstance(size, (list, tuple)):
        size = size[0]
    return int(size) if size else None


def _patch(config: Any) -> int | None:
    """Patch side of a plain vision transformer; hierarchical ones merge patches as they go."""
    hierarchical = hasattr(config, "depths") or hasattr(config, "hidden_sizes")
    return None if hierarchical else _number(getattr(config, "patch_size", None))


def _options(model: nn.Module, config: Any, size: int) -> dict[str, Any]:
    """Ask for interpolated position codes if the pictures have another size than in training."""
    takes = "interpolate_pos_encoding" in inspect.signature(model.forward).parameters
    other = size != (_number(getattr(config, "image_size", None)) or size)
    return {"interpolate_pos_encoding": True} if takes and other else {}


def _channels(network: FeatureMap, size: int, refusal: str) -> int:
    network.eval()
    try:
        with torch.inference_mode():
            return network(torch.zeros(1, 3, size, size)).shape[1]
    except RuntimeError as error:
        raise InputError(f"{refusal}: {error}") from None


def _cut(model: nn.Module, layer: str, name: str, *, flat: bool) -> None:
    """Take away what comes after a layer."""
    if layer == "middle":
        if flat:
            raise InputError(f"'{name}' has no layer 'middle': all its maps are of one size")
        del _layers(model, name)[-1]
        return
    stages = _layers(model, name) if type(model).__name__ == "ResNetModel" else []
    if len(stages) != 4 or len(stages[2].layers) < 3:
        raise InputError(f"'{name}' has no layer '{layer}', which is of ResNets: use 'last'")
    if layer == "conv4c":
        del stages[3:]
        del stages[2].layers[3:]


def _last_block(model: nn.Module, name: str) -> nn.Module:
    """Find the last stage or layer."""
    return _layers(model, name)[-1]


def _layers(model: nn.Module, name: str) -> Any:
    """Find the stages or layers: the list of modules nearest to the model's top."""
    lists = [
        (path.count("."), module)
        for path, module in model.named_modules()
        if isinstance(module, nn.ModuleList) and len(module)
    ]
    if not lists:
        raise InputError(f"'{name}' has no list of layers, so its last block cannot be told")
    return min(lists, key=lambda found: found[0])[1]
