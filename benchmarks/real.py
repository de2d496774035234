"""Every method on real data under one protocol, each with all its controls.

    python benchmarks/real.py RUNS --data DATA --out benchmarks/real.md

One model of each method and set is trained into RUNS, or taken from there. DATA is the folder that
holds `golf/`, `pushups/` and `penn_action_pose/`. Golf is scored with each video left out in turn;
push-ups learn from the repetitions of some sources and are scored on those of others; Penn Action's
joints on the official split, one model for four actions, labels as `pose_phases` says. `supervised`
is left out: on golf it would learn the labels that are scored.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import tyro
from methods import chosen
from pose_phases import ACTIONS, direction
from protocols import Excerpt, repetitions

import inphase
from inphase.data.datasets import load
from inphase.data.labels import Segments
from inphase.data.video import Video
from inphase.encoders.encoder import Encoder, FrameFeatures
from inphase.errors import TrainingError
from inphase.evaluation.activities import Labels
from inphase.evaluation.labels_beside import labelled
from inphase.evaluation.tables import markdown
from inphase.memory import keep_freed_memory
from inphase.methods import METHODS
from inphase.settings import Settings
from inphase.threads import wait_briefly
from inphase.train import fit

MEASURED = ("progression", "retrieval", "dtw_accuracy", "one_shot", "progress_error", "tau")


@dataclass
class Options:
    """What to run on, and where runs and tables are."""

    runs: tyro.conf.Positional[Path]
    data: Path
    sets: tuple[str, ...] = ("golf", "pushups", "penn-pose")
    methods: tuple[str, ...] = tuple(each for each in METHODS if each != "supervised")
    steps: int = 300
    out: Path | None = None


@dataclass(frozen=True)
class Set:
    """Labelled videos under a title.

    Attributes:
        title: Of the table.
        videos: To learn from and to score, told apart by their splits.
        labels: Of those that have any.
        phases: In order, if labels are numbers.
        features: What the encoder sees of a frame.
        stride: Compare every so-manieth frame.
        classify: Whether to classify frames too: an SVC takes hours on tens of thousands of them.
    """

    title: str
    videos: list[Video]
    labels: Labels
    phases: Sequence[str] | None = None
    features: FrameFeatures = FrameFeatures()  # noqa: RUF009 (frozen)
    stride: int = 1
    classify: bool = False

    @property
    def train(self) -> list[Video]:
        """What may be learnt from."""
        return [video for video in self.videos if video.split in ("", "train")]


def golf(data: Path) -> Set:
    """Eight swings, five of them labelled."""
    found = labelled(data / "golf")
    return Set("Golf", found.videos, found.labels, stride=2, classify=True)


def pushups(data: Path) -> Set:
    """Single repetitions, split by source; of those to score every fourth, for time's sake.

    Each is labelled on its own: neighbours share a frame, which is the end of one and the start of
    the other.
    """
    every = repetitions(data)
    chosen = [one for one in every if one.split == "train"]
    chosen += [one for one in every if one.split == "test"][::4]
    videos = [
        replace(Excerpt(one, one.start, one.end).video(data), name=one.id, split=one.split)
        for one in chosen
    ]
    labels = {
        one.id: Segments.of([(one.start, one.bottom, "down"), (one.bottom, one.end, "up")])
        for one in chosen
    }
    title = "Push-ups, split by source, every fourth test repetition"
    return Set(title, videos, labels, phases=("down", "up"))


def penn_pose(data: Path) -> Set:
    """Joints of four actions."""
    videos = load(data / "penn_action_pose", actions=tuple(ACTIONS)).videos
    labels = {video.name: direction(video) for video in videos}
    title = "Penn Action's joints: squat, push-up, pull-up, jumping jacks"
    return Set(title, videos, labels, ("one way", "back"), FrameFeatures("pose"), 2)


SETS = {"golf": golf, "pushups": pushups, "penn-pose": penn_pose}


def model_of(given: Set, method: str, folder: Path, steps: int) -> Encoder | None:
    """A trained model, from the folder if it is there; None if training collapsed."""
    if (folder / "model.safetensors").is_file():
        return Encoder.load(folder)
    main, plus = chosen(method, 80)
    try:
        return fit(
            given.train,
            main,
            plus=plus,
            labels=given.labels,
            out=folder,
            frame_features=given.features,
            settings=Settings(steps=steps),
            progress=False,
            force=True,
        )
    except TrainingError as error:
        print(f"{method}: {error}", flush=True)
        return None


def tables(given: Set, models: dict[str, Encoder]) -> str:
    """A table for each model with its controls."""
    text = f"\n# {given.title}\n"
    for name, model in models.items():
        result = inphase.evaluate(
            model,
            given.videos,
            given.labels,
            protocol="lrprop",
            metrics=(*MEASURED, *(["classification"] if given.classify else [])),
            stride=given.stride,
            phases=given.phases,
            draws=500,
            progress=False,
        )
        text += f"\n## {name}\n\n{markdown(result)}"
        print(f"{given.title}: {name}", flush=True)
    return text


def main(options: Options) -> None:
    keep_freed_memory()
    wait_briefly()
    text = f"One model of each method, {options.steps} steps; LRProp's protocol.\n"
    for name in options.sets:
        given = SETS[name](options.data)
        models = {
            method: model_of(given, method, options.runs / name / method, options.steps)
            for method in options.methods
        }
        backbone = given.features.backbone
        untrained = {
            "untrained": Encoder(FrameFeatures(backbone)),
            "random": Encoder(FrameFeatures(backbone, weights="random")),
        }
        if backbone == "pose":  # joints have no weights
            del untrained["random"]
        text += tables(given, untrained | {k: each for k, each in models.items() if each})
        if options.out:
            options.out.write_text(text)
    print(text)


if __name__ == "__main__":
    main(tyro.cli(Options, description=__doc__))
