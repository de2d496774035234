"""The rows of an evaluation: how each model, and each control, sees a video."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from jaxtyping import Float, Integer

from inphase.data.video import Video
from inphase.embeddings import unit_rows
from inphase.encoders.encoder import Encoder
from inphase.errors import InputError
from inphase.evaluation.controls import ORDERS, clock, reordered, sub_clip
from inphase.evaluation.statistic import Statistic
from inphase.features import Features, extract

Seen = tuple[Float[np.ndarray, "_ _"], Integer[np.ndarray, "_"]]
Look = Callable[[Video, Integer[np.ndarray, "_"]], Seen]

CLOCKS = ("clock, normalised", "clock, elapsed")
_SHOWN = {
    "shuffled": "shuffled frames",
    "reversed": "reversed frames",
    "frozen": "one frozen frame",
}


@dataclass
class Line:
    """A row in the making: how each of its models sees a video, and what it scores.

    `scores` is by metric, then by activity: the statistic of each model (seed).
    """

    name: str
    kind: str
    looks: list[Look]
    scores: dict[str, dict[int, list[Statistic]]] = field(default_factory=dict)


class Extracted:
    """Features of all videos, once for each backbone."""

    def __init__(self, videos: list[Video], device: torch.device, progress: bool):
        self.videos, self.device, self.progress = videos, device, progress
        self.lost: set[str] = set()
        self._known: dict[tuple[str, str], dict[str, Features]] = {}

    def of(self, encoder: Encoder) -> dict[str, Features]:
        """Features by video, as this encoder takes them."""
        key = encoder.backbone.digest, encoder.frame_features.pooling
        if key not in self._known:
            found = extract(
                self.videos,
                encoder.backbone.to(self.device),
                views=0,
                pooling=key[1],
                progress=self.progress,
            )
            self._known[key] = found
            self.lost |= {video.name for video in self.videos} - found.keys()
        encoder.to(self.device)
        return self._known[key]


def lines_of(
    name: str,
    kind: str,
    models: list[Encoder],
    features: Extracted,
    normalise: bool,
    seed: int,
    controls: bool,
) -> list[Line]:
    """A model, its untrained features, and the model on frames out of order or cut away."""

    def line(name: str, kind: str, models: list[Encoder], change: str = "") -> Line:
        looks = [_model_look(name, m, features.of(m), normalise, change, seed) for m in models]
        return Line(name, kind, looks)

    found = [line(name, kind, models)]
    if not controls:
        return found
    if any(each.temporal is not None or each.finetuned for each in models):
        features_of = models[0].frame_features
        if features_of.pooling == "none":  # whole maps, flat, say little of themselves
            features_of = replace(features_of, pooling="max")
        untrained = Encoder(features_of)
        found.append(line(f"{name}: untrained features", "control", [untrained]))
    for change in ORDERS:
        found.append(line(f"{name}: {_SHOWN[change]}", "control", models, change))
    found.append(line(f"{name}: sub-clips", "control", models, "sub-clip"))
    return found


def in_order(lines: Sequence[Line], seed: int, controls: bool) -> list[Line]:
    """Models first, then the clocks, then the other controls."""
    clocks = [Line(name, "control", [_clock_look(name == CLOCKS[0], "", seed)]) for name in CLOCKS]
    if controls:
        look = _clock_look(True, "sub-clip", seed)
        clocks.append(Line(f"{CLOCKS[0]}: sub-clips", "control", [look]))
    models = [each for each in lines if each.kind != "control"]
    return [*models, *clocks, *(each for each in lines if each.kind == "control")]


def _model_look(
    name: str,
    encoder: Encoder,
    features: Mapping[str, Features],
    normalise: bool,
    change: str,
    seed: int,
) -> Look:
    def look(video: Video, labels: Integer[np.ndarray, "_"]) -> Seen:
        each = features[video.name]
        shown, times = each.values[0], each.times
        if change == "sub-clip":
            part = sub_clip(len(times), seed, video.name)
            shown, times, labels = shown[part], times[part], labels[part]
        elif change:
            shown = shown[reordered(change, len(times), seed, video.name)]
        values = encoder.encode(shown, times)
        if not np.isfinite(values).all():
            raise InputError(
                f"{name} gives NaN or infinity for {video.name}: train it anew, or leave it out"
            )
        return unit_rows(values) if normalise else values, labels

    return look


def _clock_look(normalised: bool, change: str, seed: int) -> Look:
    def look(video: Video, labels: Integer[np.ndarray, "_"]) -> Seen:
        times = video.times
        if change == "sub-clip":
            part = sub_clip(len(times), seed, video.name)
            times, labels = times[part], labels[part]
        return clock(times, normalised=normalised), labels

    return look
