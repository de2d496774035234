"""The runs behind a reproduced table: each is trained once, gone on with, and used again."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Int64

from inphase.data.video import Video
from inphase.errors import InputError, Interrupted
from inphase.evaluation.published.models import UNTRAINED, Model, method_of, training_of
from inphase.methods import Method

if TYPE_CHECKING:
    from inphase.encoders.encoder import Encoder, FrameFeatures
    from inphase.settings import Settings

# Augmented views in the cache of features, as `inphase train` has them.
VIEWS = 4
_ALIKE = (
    "method",
    "plus",
    "settings",
    "views",
    "finetune",
    "frame_features",
    "architecture",
    "videos",
)


@dataclass(frozen=True)
class Bench:
    """What all runs of a table have in common.

    Attributes:
        folder: Where runs are.
        seeds: How many of each model.
        steps: Of each run; those of the paper if None.
        backbone: Of every model that has none of its own.
        device: Where to train and embed.
        progress: Whether to show bars.
    """

    folder: Path
    seeds: int
    steps: int | None
    backbone: str
    device: str
    progress: bool


@dataclass(frozen=True)
class Job:
    """One model of one seed, and the videos it learns from.

    Attributes:
        model: As the table asks for it.
        data: The folder of the data set among the runs.
        activity: Of its folder, if each activity has a model of its own.
        seed: Of its training.
        videos: What it learns from.
        activities: What it is scored on.
        labels: Of each frame by video, for methods that learn from them.
    """

    model: Model
    data: str
    activity: str
    seed: int
    videos: Sequence[Video]
    activities: Sequence[str]
    labels: Mapping[str, Int64[np.ndarray, "_"]] = field(default_factory=dict)

    @property
    def trained(self) -> bool:
        """Whether it has to be trained at all."""
        return self.model.method not in UNTRAINED

    def method(self) -> tuple[Method, list[str]]:
        """The method, and which settings of its paper it does not have.

        Raises:
            NotBuilt: If there is none, or it cannot be set so.
        """
        return method_of(self.model, self.data, self.activity)

    def plus(self) -> list[tuple[Method, float]]:
        """Methods whose losses are added, with their weights; papers print none, so 1.

        Raises:
            NotBuilt: If there is no such method.
        """
        named = (replace(self.model, method=name, options={}) for name in self.model.plus)
        return [(method_of(each, self.data, self.activity)[0], 1.0) for each in named]

    def folder(self, bench: Bench) -> Path:
        """Where its run is."""
        activity = self.activity or "all"
        return bench.folder / self.data / self.model.label / activity / f"seed-{self.seed}"

    def finished(self, bench: Bench) -> bool:
        """Whether it needs no more training."""
        return not self.trained or (self.folder(bench) / "model.safetensors").is_file()

    def settings(self, bench: Bench) -> "Settings":
        """Of the optimiser: Adam as the papers have it, with a cosine and without a warm-up."""
        from inphase.settings import Settings

        training = training_of(self.model)
        return Settings(
            steps=bench.steps or training.steps_for(len(self.videos)),
            batch=training.batch,
            learning_rate=1e-4,
            weight_decay=1e-5,
            warm_up=0,
            clip=10.0,
            optimiser="adam",
            seed=self.seed,
        )

    def check(self, bench: Bench) -> None:
        """Check that a run in its folder is the one that would be trained.

        Raises:
            InputError: If it is another one.
        """
        file = self.folder(bench) / "config.json"
        if not self.trained or not file.is_file():
            return
        there, wanted = json.loads(file.read_text()), self._config(bench)
        other = [name for name in _ALIKE if _differ(there.get(name), wanted[name])]
        if other:
            raise InputError(
                f"{file.parent} holds a run with other {', '.join(other)}: give another folder of "
                "runs, or the same --steps and data as then"
            )

    def model_for(self, bench: Bench) -> "Encoder":
        """Train, go on with or load the model.

        Raises:
            NotBuilt: If there is no such method yet.
            TrainingError: If training fails.
            Interrupted: After Ctrl-C.
        """
        from inphase.encoders.encoder import Encoder, FrameFeatures

        if not self.trained:
            weights = "random" if self.model.method == "random" else "pretrained"
            return Encoder(FrameFeatures(bench.backbone, weights))
        if not self.finished(bench):
            self._train(bench)
        return Encoder.load(self.folder(bench))

    def _train(self, bench: Bench) -> None:
        from inphase.train import fit

        folder = self.folder(bench)
        try:
            fit(
                self.videos,
                self.method()[0],
                plus=self.plus(),
                labels=self.labels,
                out=folder,
                frame_features=self._frame_features(bench),
                architecture=self.model.architecture,
                views=VIEWS,
                finetune=self.model.finetune,
                settings=self.settings(bench),
                device=bench.device,
                resume=(folder / "config.json").is_file(),
                progress=bench.progress,
            )
        except Interrupted:
            raise Interrupted(
                f"stopped while training {folder}, which is kept: run the same command to go on"
            ) from None

    def _frame_features(self, bench: Bench) -> "FrameFeatures":
        from inphase.encoders.backbones import FROM_SCRATCH
        from inphase.encoders.encoder import FrameFeatures

        weights = "random" if self.model.backbone == FROM_SCRATCH else "pretrained"
        pooling = self.model.architecture.pooling
        return FrameFeatures(self.model.backbone or bench.backbone, weights, pooling=pooling)

    def _config(self, bench: Bench) -> dict[str, Any]:
        from inphase.settings import written, written_sum
        from inphase.train import with_what_methods_need

        methods = [self.method()[0], *(method for method, _ in self.plus())]

        return {
            "method": written(methods[0]),
            "plus": written_sum(self.plus()),
            "settings": asdict(self.settings(bench)),
            "views": VIEWS,
            "finetune": self.model.finetune,
            "frame_features": asdict(self._frame_features(bench)),
            "architecture": asdict(with_what_methods_need(self.model.architecture, methods)),
            "videos": [video.name for video in self.videos],
        }


def _differ(there: Any, wanted: Any) -> bool:
    """Whether a setting is another one; settings that a version did not have yet do not count."""
    wanted = json.loads(json.dumps(wanted))
    if isinstance(there, dict) and isinstance(wanted, dict):
        return any(there[name] != wanted[name] for name in there.keys() & wanted.keys())
    return there is not None and there != wanted
