"""An encoder as people use it: a backbone by name, a pooling, and a temporal model; one folder."""

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float, Float32, Float64
from safetensors.torch import load_file, save
from torch import Tensor, nn

from inphase.encoders.architecture import read_architecture
from inphase.encoders.backbones import DEFAULT, Backbone, backbone
from inphase.encoders.context import ContextEncoder
from inphase.encoders.pose import NAME as POSE
from inphase.encoders.pose import PoseFeatures
from inphase.encoders.temporal import TemporalModel, temporal_model
from inphase.errors import InputError
from inphase.files import atomic

WEIGHTS = "model.safetensors"
CONFIG = "config.json"
UNTRAINED = ("imagenet", "random", POSE)


@dataclass(frozen=True)
class FrameFeatures:
    """How a frame becomes a feature, before any look at other frames.

    Attributes:
        backbone: Name of the image backbone, see `inphase.encoders.backbones.backbone`; `pose` for
            poses in place of pixels, see `inphase.encoders.pose`, to which nothing else applies.
        weights: `pretrained` or `random`.
        pooling: How its feature map becomes one vector; CARL takes the maximum. `none` keeps the
            whole map, for convolutional encoders.
        layer: Whose feature map: `last`, `middle`, or of a ResNet `conv4c` or `conv5c`.
    """

    backbone: str = DEFAULT
    weights: Literal["pretrained", "random"] = "pretrained"
    pooling: str = "max"
    layer: str = "last"


class Encoder(nn.Module):
    """Frames in, one embedding a frame out.

    Args:
        frame_features: What is computed of each frame alone.
        temporal: The trained model over those features; None leaves them as they are, less their
            mean over the video (an untrained encoder, the control of every evaluation).
        finetuned: Weights of the backbone's last block, if it was trained too.
        config: Everything else that is to be remembered of the training.
    """

    def __init__(
        self,
        frame_features: FrameFeatures,
        temporal: TemporalModel | None = None,
        finetuned: dict[str, Tensor] | None = None,
        config: dict[str, Any] | None = None,
    ):
        super().__init__()
        self.frame_features = frame_features
        self.temporal = temporal
        self.finetuned = finetuned
        self.config = config or {}

    @cached_property
    def backbone(self) -> Backbone | PoseFeatures:
        """The image network, or what stands in for it with poses; made when first needed."""
        if self.frame_features.backbone == POSE:
            return PoseFeatures()
        wanted = self.frame_features
        made = backbone(wanted.backbone, weights=wanted.weights, layer=wanted.layer)
        if self.finetuned:
            made.thaw().load_state_dict(self.finetuned)
            made.freeze()
        return made

    @torch.inference_mode()
    def encode(
        self, features: Float[np.ndarray, "t c"], times: Float64[np.ndarray, " t"]
    ) -> Float32[np.ndarray, "t d"]:
        """Embed all frames of a video from their features.

        Args:
            features: Of every frame, as `inphase.features.extract` gives them in the clean view;
                maps as they lie in its files, since they may not fit in memory.
            times: Seconds of each frame.

        Raises:
            InputError: If the features have not as many channels as those it learned from.
        """
        if self.temporal is None:
            values = np.asarray(features, np.float32)
            return values - values.mean(0)
        learned = int(np.prod(self.temporal.features))
        if features.shape[1] != learned:
            raise InputError(
                f"the model learned from {learned} numbers a frame, not {features.shape[1]}: "
                "poses need the joints and axes that it was trained on"
            )
        self.temporal.eval()
        if isinstance(self.temporal, ContextEncoder):
            return self.temporal.embed(features)
        values = np.asarray(features, np.float32)
        device = next(self.temporal.parameters()).device
        seconds = torch.from_numpy((times - times[0]).astype(np.float32))
        mask = torch.ones(1, len(values), dtype=torch.bool, device=device)
        z = self.temporal(torch.from_numpy(values)[None].to(device), seconds[None].to(device), mask)
        return z[0].float().cpu().numpy()

    @cached_property
    def digest(self) -> str:
        """Sixteen hexadecimal digits that tell encoders apart."""
        digest = hashlib.blake2b(self.backbone.digest.encode(), digest_size=8)
        digest.update(json.dumps(self._settings(), sort_keys=True).encode())
        for name, tensor in sorted(self._tensors().items()):
            digest.update(name.encode())
            digest.update(tensor.numpy().tobytes())
        return digest.hexdigest()

    def save(self, folder: Path | str) -> None:
        """Write `model.safetensors` and `config.json`.

        Args:
            folder: Made if missing.
        """
        folder = Path(folder)
        with atomic(folder / WEIGHTS) as temporary:
            # Not save_file, which would keep the file from everyone else on the machine.
            temporary.write_bytes(save(self._tensors()))
        with atomic(folder / CONFIG) as temporary:
            temporary.write_text(json.dumps({**self.config, **self._settings()}, indent=2) + "\n")

    @classmethod
    def load(cls, source: Path | str) -> "Encoder":
        """Read an encoder.

        Args:
            source: A run folder; or `imagenet` or `random`, the untrained controls, or `pose`, the
                one for poses.

        Raises:
            InputError: If there is no finished run in the folder.
        """
        if str(source) == POSE:
            return cls(FrameFeatures(backbone=POSE))
        if str(source) in UNTRAINED:
            weights = "pretrained" if str(source) == "imagenet" else "random"
            return cls(FrameFeatures(weights=weights))
        folder = Path(source)
        if not folder.is_dir():
            raise InputError(
                f"there is no model {source}: give a run folder made by `inphase train`, "
                f"or one of {', '.join(UNTRAINED)}"
            )
        if not (folder / WEIGHTS).is_file() or not (folder / CONFIG).is_file():
            unfinished = (folder / "checkpoint.pt").is_file()
            raise InputError(
                f"{folder} holds no finished model: "
                + ("finish it with `inphase train --resume`" if unfinished else "train one first")
            )
        try:
            return cls._read(folder)
        except (KeyError, TypeError, RuntimeError, ValueError) as error:
            raise InputError(f"the model in {folder} cannot be read ({error})") from error

    @classmethod
    def _read(cls, folder: Path) -> "Encoder":
        config = json.loads((folder / CONFIG).read_text())
        tensors = load_file(folder / WEIGHTS)
        temporal = temporal_model(
            config["features"], read_architecture(config["architecture"]), frames=config["frames"]
        )
        temporal.load_state_dict(_part(tensors, "temporal."))
        return cls(
            FrameFeatures(**config["frame_features"]),
            temporal.eval(),
            _part(tensors, "backbone.") or None,
            config,
        )

    def _settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = {"frame_features": asdict(self.frame_features)}
        if self.temporal is not None:
            settings["architecture"] = asdict(self.temporal.architecture)
            settings["features"] = self.temporal.features
            settings["frames"] = self.temporal.frames
        return json.loads(json.dumps(settings))

    def _tensors(self) -> dict[str, Tensor]:
        tensors: dict[str, Tensor] = {}
        if self.temporal is not None:
            tensors |= {f"temporal.{k}": v for k, v in self.temporal.state_dict().items()}
        tensors |= {f"backbone.{k}": v for k, v in (self.finetuned or {}).items()}
        return {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
