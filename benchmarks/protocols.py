"""Protocols on real videos: labels by real frame times, pairs and scores.

`golf`: every second frame; all ordered pairs of the five labelled swings.
`push-ups`: 250 random pairs (seed 0) of a test repetition with a train repetition, whole or with
U(0, .3) of the length cut from either end. Progress runs 0 to .5 from top to bottom and .5 to 1
back up, even in time.

Clock numbers with these functions are those of the data's README with the *normalised* clock (0 at
the first frame, 1 at the last one embedded).
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float64, Int64

from inphase import metrics
from inphase.data.label_files import read_labels
from inphase.data.labels import ROUNDING, Segments
from inphase.data.video import Video
from inphase.embeddings import Embeddings
from inphase.evaluation.controls import clock as elapsed_time

if TYPE_CHECKING:
    from inphase.encoders.encoder import Encoder

Scores = dict[str, float]

GOLF_PHASES = ("Setup", "Takeaway", "Backswing", "Downswing", "Follow-through")
DOWN, UP = 0, 1


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


# Golf --------------------------------------------------------------------------------------------


def golf_segments(data: Path) -> dict[str, Segments]:
    """What happens when in each labelled swing, by video name."""
    known = read_labels(data / "golf" / "phases.csv")
    return {Path(name).stem: segments for name, segments in known.items()}


def golf_labels(times: Float64[np.ndarray, " t"], segments: Segments) -> Int64[np.ndarray, " t"]:
    """Phase of each frame, below 0 outside all."""
    return segments.at(times + ROUNDING, GOLF_PHASES)


def score_golf(
    embeddings: Mapping[str, Embeddings],
    segments: Mapping[str, Segments],
    *,
    unit_norm: bool = True,
) -> Scores:
    """Scores over all ordered pairs of the labelled swings; other embeddings are not looked at."""
    chosen = [embeddings[name] for name in segments]
    values = _values(chosen, unit_norm)
    labels = [
        golf_labels(each.times, segments[name]) for name, each in zip(segments, chosen, strict=True)
    ]
    return {
        "DTW accuracy": metrics.dtw_accuracy(values, labels, stride=2),
        "one-shot": metrics.one_shot_classification(values, labels, stride=2),
        "AP@5": metrics.retrieval_precision(values, labels, k=5, stride=2),
        "tau": metrics.kendalls_tau(values, stride=2),
    }


# Push-ups ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Repetition:
    """One push-up, from the top down and back up. Times are seconds of the clip."""

    id: str  # "correct/correct1#0"
    clip: str  # "correct/correct1"
    start: float
    bottom: float
    end: float
    split: str

    def labels(self, times: Float64[np.ndarray, " t"]) -> Int64[np.ndarray, " t"]:
        """DOWN or UP for each frame."""
        return np.where(times >= self.bottom - ROUNDING, UP, DOWN)

    def progress(self, times: Float64[np.ndarray, " t"]) -> Float64[np.ndarray, " t"]:
        """0 at the first top, .5 at the bottom, 1 at the second top, even in time between."""
        return np.interp(times, (self.start, self.bottom, self.end), (0, 0.5, 1))


@dataclass(frozen=True)
class Excerpt:
    """A part [start, end) of a repetition."""

    repetition: Repetition
    start: float
    end: float

    @property
    def name(self) -> str:
        """Names the repetition and the part of it, in seconds of the clip."""
        return f"{self.repetition.id}@{self.start:.4f}-{self.end:.4f}"

    def video(self, data: Path) -> Video:
        """The excerpt as a video of its own: a model sees nothing outside it."""
        path = data / "pushups" / "videos" / f"{self.repetition.clip}.mp4"
        start, end = max(0.0, self.start - ROUNDING), self.end - ROUNDING
        return Video(path, start=start, end=end, name=self.name)


Pairs = list[tuple[Excerpt, Excerpt]]


def repetitions(data: Path) -> list[Repetition]:
    """All repetitions of the clean clips."""
    folder = data / "pushups"
    bottoms = {
        row["id"]: float(row["end"])
        for row in _rows(folder / "phases.csv")
        if row["label"] == "down"
    }
    return [
        Repetition(
            id=row["id"],
            clip=row["id"].rsplit("#", 1)[0],
            start=float(row["start"]),
            bottom=bottoms[row["id"]],
            end=float(row["end"]),
            split=row["split"],
        )
        for row in _rows(folder / "reps.csv")
    ]


def pushup_pairs(data: Path, *, cut: float = 0, count: int = 250, seed: int = 0) -> Pairs:
    """Random pairs (test, train), with U(0, cut) of the length cut from either end of both.

    The same repetitions are drawn whatever `cut` is.
    """
    every = repetitions(data)
    random = np.random.default_rng(seed)
    test, train = ([one for one in every if one.split == split] for split in ("test", "train"))
    first, second = random.integers(len(test), size=count), random.integers(len(train), size=count)
    cuts = random.uniform(0, cut, size=(count, 2, 2))
    return [
        (_excerpt(test[i], *cuts[pair, 0]), _excerpt(train[j], *cuts[pair, 1]))
        for pair, (i, j) in enumerate(zip(first, second, strict=True))
    ]


def _excerpt(whole: Repetition, from_start: float, from_end: float) -> Excerpt:
    length = whole.end - whole.start
    return Excerpt(whole, whole.start + from_start * length, whole.end - from_end * length)


def excerpts(*pairs: Pairs) -> list[Excerpt]:
    """Every excerpt of these pairs, once, to embed each on its own."""
    return list({one.name: one for each in pairs for pair in each for one in pair}.values())


def cut_out(clips: Mapping[str, Embeddings], pairs: Pairs) -> dict[str, Embeddings]:
    """Embeddings of excerpts taken from those of whole clips.

    The model has seen the whole clip, so that of a sub-clip it knows what was cut: embed excerpts
    on their own (`Excerpt.video`) for the honest number.
    """
    return {
        one.name: clips[one.repetition.clip].between(one.start - ROUNDING, one.end - ROUNDING)
        for one in excerpts(pairs)
    }


def embed_excerpts(
    encoder: "Encoder", clips: Sequence[Video], parts: Iterable[Excerpt]
) -> dict[str, Embeddings]:
    """Embed each excerpt on its own: the temporal model is given its frames and no others.

    The backbone looks at single frames, so their features may come from the whole clips, where
    each frame is computed once however many excerpts it is in.
    """
    from inphase.features import extract

    found = extract(clips, encoder.backbone, views=0, pooling=encoder.frame_features.pooling)
    embedded = {}
    for one in parts:
        clip = found[one.repetition.clip]
        low, high = np.searchsorted(clip.times, (one.start - ROUNDING, one.end - ROUNDING))
        times = clip.times[low:high]
        values = encoder.encode(np.asarray(clip.values[0][low:high], np.float32), times)
        embedded[one.name] = Embeddings(values, times, one.name, model=encoder.digest)
    return embedded


def score_pushups(
    embeddings: Mapping[str, Embeddings], pairs: Pairs, *, unit_norm: bool = True
) -> Scores:
    """Scores over pairs of excerpts, from the embeddings of each excerpt by its name.

    The nearest-frame accuracy labels the test repetition from the train one.
    """
    used = excerpts(pairs)
    number = {one.name: index for index, one in enumerate(used)}
    numbered = [(number[first.name], number[second.name]) for first, second in pairs]
    chosen = [embeddings[one.name] for one in used]
    values = _values(chosen, unit_norm)
    labels = [one.repetition.labels(each.times) for one, each in zip(used, chosen, strict=True)]
    progress = [one.repetition.progress(each.times) for one, each in zip(used, chosen, strict=True)]
    return {
        "DTW accuracy": metrics.dtw_accuracy(values, labels, pairs=numbered),
        "nearest frame": metrics.one_shot_classification(values, labels, pairs=numbered),
        "progress error": metrics.progress_error(values, progress, pairs=numbered),
        "tau": metrics.kendalls_tau(values, pairs=numbered),
    }


# Both --------------------------------------------------------------------------------------------


def clock(videos: Iterable[Video], *, normalised: bool = True) -> dict[str, Embeddings]:
    """Embeddings that are elapsed time alone, no pixels; score them with `unit_norm=False`."""
    return {
        video.name: Embeddings(
            elapsed_time(video.times, normalised=normalised), video.times, video.name
        )
        for video in videos
    }


def _values(chosen: list[Embeddings], unit_norm: bool) -> list[np.ndarray]:
    return [each.normalised.values if unit_norm else each.values for each in chosen]
