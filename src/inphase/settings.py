"""What a run was asked for: how to optimise, and all its settings as JSON and back."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeVar

from inphase.encoders.architecture import Architecture, Clips, read_architecture
from inphase.encoders.encoder import FrameFeatures
from inphase.errors import InputError
from inphase.methods import CLIP_METHODS, METHODS, ClipMethod, Method, name_of

Weighted = Sequence[tuple[Method, float]]
_M = TypeVar("_M", Method, ClipMethod)


@dataclass(frozen=True)
class Settings:
    """How to optimise; see `inphase.train.fit`.

    Attributes:
        steps: Of the optimiser.
        batch: Videos a step, of each process.
        learning_rate: At its highest; then half a cosine down to `final`.
        final: Share of the learning rate at the end.
        weight_decay: Of AdamW, or Adam's.
        beta2: How slowly the optimiser forgets squared gradients.
        warm_up: Steps of linear rise.
        clip: Largest norm of the gradient.
        optimiser: Which.
        amp: Compute in bfloat16 where a GPU is fast at it.
        seed: Of everything random.
        checkpoint_every: Steps between checkpoints.
        balanced: Whether all activities are equally likely, however many videos they have.
        scene_noise: How far the features of a view are moved as a whole, in standard deviations
            between videos; see `views.scene_noise`.
    """

    steps: int = 300
    batch: int = 8
    learning_rate: float = 1e-3
    final: float = 0.0
    weight_decay: float = 1e-4
    beta2: float = 0.999
    warm_up: int = 20
    clip: float = 1.0
    optimiser: Literal["adamw", "adam"] = "adamw"
    amp: bool = True
    seed: int = 0
    checkpoint_every: int = 100
    balanced: bool = False
    scene_noise: float = 0.0

    def __post_init__(self):
        for name in ("steps", "batch", "checkpoint_every"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} must be at least 1, not {getattr(self, name)}")
        for name in ("learning_rate", "clip"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name} must be above 0, not {getattr(self, name)}")
        if not 0 <= self.scene_noise < math.inf:
            raise InputError(f"scene_noise must be 0 or more, not {self.scene_noise}")
        for name in ("final", "beta2"):
            if not 0 <= getattr(self, name) < 1:
                raise InputError(f"{name} must be from 0 to below 1, not {getattr(self, name)}")
        if self.seed < 0:
            raise InputError(f"seed must not be negative, but is {self.seed}")


def written(method: Method | ClipMethod) -> dict[str, Any]:
    """A method as plain values."""
    return {"name": name_of(method), **asdict(method)}


def check_weights(plus: Weighted) -> None:
    """Check the weights of methods that are added.

    Raises:
        InputError: If one is not a number, or below 0.
    """
    for method, weight in plus:
        if not 0 <= weight < math.inf:
            raise InputError(
                f"the weight of {name_of(method)} must be a number of 0 or more, not {weight}"
            )


def written_sum(plus: Weighted) -> list[dict[str, Any]]:
    """The methods added to another, as plain values; a method may have a `weight` of its own."""
    return [{"weight": weight, "method": written(method)} for method, weight in plus]


def restored(
    config: dict[str, Any],
) -> tuple[Method, Weighted, Settings, FrameFeatures, Architecture]:
    """What `fit` was asked for, from a run's `config.json`.

    Raises:
        InputError: If it was trained with a method that inphase does not have, or that is one for
            clip networks.
    """
    return (
        _read(config["method"], METHODS),
        [(_read(each["method"], METHODS), each["weight"]) for each in config.get("plus", [])],
        Settings(**config["settings"]),
        FrameFeatures(**config["frame_features"]),
        read_architecture(config["architecture"]),
    )


def restored_clips(config: dict[str, Any]) -> tuple[ClipMethod, Settings, Clips]:
    """What `fit_clips` was asked for, from a run's `config.json`.

    Raises:
        InputError: If it is not the run of a method for clip networks that inphase has.
    """
    method = _read(config["method"], CLIP_METHODS)
    architecture = read_architecture(config["architecture"])
    assert isinstance(architecture, Clips)
    return method, Settings(**config["settings"]), architecture


def _read(method: dict[str, Any], known: Mapping[str, type[_M]]) -> _M:
    # JSON has no tuples.
    settings: dict[str, Any] = {
        each: tuple(value) if isinstance(value, list) else value
        for each, value in method.items()
        if each != "name"
    }
    name = method["name"]
    if name not in known and name in {**METHODS, **CLIP_METHODS}:
        raise InputError(f"the run is of {name}: name that method to go on with it")
    if name not in known:
        raise InputError(
            f"the run has a method of its own ('{name}'), which only the program that "
            "began it can go on with"
        )
    return known[name](**settings)
