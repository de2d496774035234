"""What `methods.py` trains and scores on: rendered videos, golf, push-ups, Penn Action's poses."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from pose_phases import ACTIONS, direction
from protocols import (
    Excerpt,
    clock,
    embed_excerpts,
    excerpts,
    golf_segments,
    pushup_pairs,
    repetitions,
    score_golf,
    score_pushups,
)

import inphase
from inphase import metrics
from inphase.data.datasets import load
from inphase.data.labels import Segments
from inphase.data.rendered import ACTIVITIES, make
from inphase.data.video import Video
from inphase.demo import median_error
from inphase.embeddings import Embeddings
from inphase.encoders.encoder import Encoder, FrameFeatures

Scores = dict[str, float]
ModelOf = Callable[[str], Encoder]


class Task:
    """Videos to learn from, by activity, each with a model of its own; and how models are scored.

    Attributes:
        title: Of the table.
        train: Videos by activity.
        labels: For the supervised method, by activity.
        features: What the encoder sees of a frame.
        learns_what_is_scored: Whether the videos learnt from are those scored.
    """

    title: str
    train: dict[str, list[Video]]
    labels: dict[str, Mapping[str, Segments]]
    features = FrameFeatures()
    learns_what_is_scored = False

    def __init__(self, data: Path | None, seed: int):
        raise NotImplementedError

    def score(self, model: ModelOf) -> Scores:
        """Score models of all activities."""
        raise NotImplementedError

    def clock(self, *, normalised: bool) -> Scores:
        """Score elapsed time."""
        raise NotImplementedError


class Rendered(Task):
    """Sixteen videos of each rendered activity, drawn anew for every seed, embedded whole."""

    title = "Rendered: median error in frames over all ordered pairs"
    learns_what_is_scored = True

    def __init__(self, data: Path | None, seed: int):
        self.scratch = tempfile.TemporaryDirectory()
        self.folders = {name: Path(self.scratch.name) / name for name in ACTIVITIES}
        for name, folder in self.folders.items():
            make(folder, activity=name, videos=16, seed=seed)
        self.train = {name: inphase.find(folder) for name, folder in self.folders.items()}
        self.labels = {}
        for name, folder in self.folders.items():
            read = load(folder, "folder")
            self.labels[name] = {video.name: read.segments(video) for video in read.videos}

    def score(self, model: ModelOf) -> Scores:
        """Median error of each activity."""
        return {
            name: median_error(
                inphase.embed(model(name), videos, progress=False), self.folders[name]
            )
            for name, videos in self.train.items()
        }

    def clock(self, *, normalised: bool) -> Scores:
        """Median error of each activity; elapsed time is turned on the same half circle."""
        found = {}
        for name, videos in self.train.items():
            longest = max(video.duration for video in videos)
            turned = {}
            for video in videos:
                passed = video.times - video.times[0]
                angle = np.pi * passed / (passed[-1] if normalised else longest)
                values = np.stack([np.cos(angle), np.sin(angle)], axis=1)
                turned[video.name] = Embeddings(values, video.times, video.name)
            found[name] = median_error(turned, self.folders[name])
        return found


class Golf(Task):
    """Eight swings to learn from, five with labels to score."""

    title = "Golf: five labelled swings, every second frame, all 20 ordered pairs"
    learns_what_is_scored = True

    def __init__(self, data: Path | None, seed: int):
        assert data is not None
        self.videos = inphase.find(data / "golf")
        self.train = {"": self.videos}
        self.segments = golf_segments(data)
        names = set(self.segments)
        read = load(data / "golf", "folder")
        self.labels = {"": {v.name: read.segments(v) for v in read.videos if v.name in names}}

    def score(self, model: ModelOf) -> Scores:
        """DTW accuracy, one-shot, AP@5, tau."""
        return score_golf(inphase.embed(model(""), self.videos, progress=False), self.segments)

    def clock(self, *, normalised: bool) -> Scores:
        """The same."""
        videos = clock(self.videos, normalised=normalised)
        return score_golf(videos, self.segments, unit_norm=False)


class PushUps(Task):
    """Repetitions of some sources to learn from, those of others to score, as sub-clips.

    AP@5 looks for neighbours among all sub-clips, those of train repetitions included.
    """

    title = "Push-ups: sub-clips of 250 pairs, a test repetition against a train repetition"

    def __init__(self, data: Path | None, seed: int):
        assert data is not None
        self.pairs = pushup_pairs(data, cut=0.3)
        self.parts = excerpts(self.pairs)
        self.scored = [one.video(data) for one in self.parts]
        whole = [
            Excerpt(one, one.start, one.end) for one in repetitions(data) if one.split == "train"
        ]
        self.train = {"": [one.video(data) for one in whole]}
        self.labels = {
            "": {
                one.name: Segments.of(
                    [
                        (one.start, one.repetition.bottom, "down"),
                        (one.repetition.bottom, one.end, "up"),
                    ]
                )
                for one in whole
            }
        }
        used = {one.repetition.clip for one in self.parts}
        clips = inphase.find(data / "pushups" / "videos")
        self.shown = [video for video in clips if video.name in used]

    def score(self, model: ModelOf) -> Scores:
        """DTW accuracy, nearest frame, progress error, tau; and AP@5 over all sub-clips."""
        embedded = embed_excerpts(model(""), self.shown, self.parts)
        return score_pushups(embedded, self.pairs) | self._retrieval(
            [embedded[one.name].normalised.values for one in self.parts]
        )

    def clock(self, *, normalised: bool) -> Scores:
        """The same."""
        embedded = clock(self.scored, normalised=normalised)
        values = [embedded[one.name].values for one in self.parts]
        return score_pushups(embedded, self.pairs, unit_norm=False) | self._retrieval(values)

    def _retrieval(self, values: Sequence[np.ndarray]) -> Scores:
        labels = [
            one.repetition.labels(video.times)
            for one, video in zip(self.parts, self.scored, strict=True)
        ]
        return {"AP@5": metrics.retrieval_precision(values, labels, k=5)}


class PennPose(Task):
    """Joints of four actions, a model for each; train videos to learn from, test videos to score.

    The labels, which way the body moves, come from the same joints, see `pose_phases`.
    """

    title = "Penn Action's joints: squat, push-up, pull-up, jumping jacks; mean over actions"
    features = FrameFeatures("pose")

    def __init__(self, data: Path | None, seed: int):
        assert data is not None
        read = load(data / "penn_action_pose", actions=tuple(ACTIONS))
        self.train = {name: read.split("train", name) for name in ACTIONS}
        self.scored = {name: read.split("val", name) for name in ACTIONS}
        self.labels = {
            name: {video.name: _segments(video) for video in videos}
            for name, videos in self.train.items()
        }

    def score(self, model: ModelOf) -> Scores:
        """AP@5, DTW accuracy, one-shot, tau."""
        return self._mean(
            {
                name: [
                    each.normalised.values
                    for each in inphase.embed(model(name), videos, progress=False).values()
                ]
                for name, videos in self.scored.items()
            }
        )

    def clock(self, *, normalised: bool) -> Scores:
        """The same."""
        return self._mean(
            {
                name: [each.values for each in clock(videos, normalised=normalised).values()]
                for name, videos in self.scored.items()
            }
        )

    def _mean(self, values: Mapping[str, list[np.ndarray]]) -> Scores:
        found = []
        for name, each in values.items():
            labels = [direction(video) for video in self.scored[name]]
            found.append(
                {
                    "AP@5": metrics.retrieval_precision(each, labels, k=5, stride=2),
                    "one-shot": metrics.one_shot_classification(each, labels, stride=2),
                    "DTW accuracy": metrics.dtw_accuracy(each, labels, stride=2),
                    "tau": metrics.kendalls_tau(each, stride=2),
                }
            )
        return {key: float(np.mean([each[key] for each in found])) for key in found[0]}


def _segments(video: Video) -> Segments:
    end = float(video.times[0] + video.duration)
    return Segments.of_frames(direction(video), video.times, end, ("one way", "back"))


SETS: dict[str, type[Task]] = {
    "rendered": Rendered,
    "golf": Golf,
    "pushups": PushUps,
    "penn-pose": PennPose,
}
