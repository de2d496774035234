"""What the models of a row score, in the columns of the paper's table."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from inphase.data.video import Video
from inphase.embeddings import unit_rows
from inphase.errors import InputError
from inphase.evaluation.controls import clock
from inphase.evaluation.protocols import Protocol
from inphase.evaluation.published.columns import SUB_ACTION, Column, in_columns
from inphase.evaluation.reproduction.data import Material
from inphase.phase_labels import learns_labels

if TYPE_CHECKING:
    from inphase.encoders.encoder import Encoder

CLOCK = "clock, normalised"
# Of the linear layer on sub-actions, for embeddings learnt with and without labels: CARL's code.
_RATES = {True: 0.1, False: 50.0}

Scores = dict[str, dict[str, float]]  # by activity, then by metric
Values = dict[str, Float[np.ndarray, "_ _"]]


@dataclass(eq=False)
class Scorer:
    """Scores models on one data set, and the clock beside the first of them.

    Attributes:
        material: The data set.
        columns: Of the table.
        protocol: None if the table has no metric of a protocol.
        device: Where to embed.
        progress: Whether to show bars.
        clocks: By name of the clock its scores by column, once models have been scored.
        notes: What could not be measured, and why.
    """

    material: Material
    columns: Sequence[Column]
    protocol: Protocol | None
    device: str
    progress: bool
    clocks: dict[str, dict[str, float]] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)
    _clock: Scores = field(default_factory=dict)

    def score(self, models: Sequence[tuple[Sequence[str], "Encoder"]]) -> dict[str, float]:
        """Score the models of one seed, each on its activities; mean over activities."""
        found: Scores = {}
        for activities, model in models:
            found |= self._protocol_scores(activities, model)
        scores = _mean(found)
        names = [name for activities, _ in models for name in activities]
        self.clocks |= {CLOCK: self._clock_scores(names)}
        if any(column.metric == SUB_ACTION for column in self.columns):
            embedded: Values = {}
            for activities, model in models:
                embedded |= self._embedded(activities, model)
            scores |= self._sub_action(embedded, _RATES[learns_labels(models[0][1].config)])
        return in_columns(self.columns, scores)

    def _protocol_scores(self, activities: Sequence[str], model: "Encoder") -> Scores:
        if self.protocol is None:
            return {}
        from inphase.evaluation.evaluate import evaluate

        result = evaluate(
            model,
            self.material.videos(activities),
            self.material.labels,
            protocol=self.protocol,
            phases=self.material.phases,
            controls=False,
            draws=1,
            device=self.device,
            progress=self.progress,
        )
        self.notes |= dict.fromkeys(result.notes)
        self._clock |= result.row(CLOCK).activities
        return result.row("model").activities

    def _clock_scores(self, activities: Sequence[str]) -> dict[str, float]:
        """Of all activities that were scored so far: rows may be of one alone."""
        scores = _mean(self._clock)
        if any(column.metric == SUB_ACTION for column in self.columns) and not self.clocks:
            videos = self.material.videos(activities)
            scores |= self._sub_action(
                {video.name: clock(video.times, normalised=True) for video in videos}, _RATES[False]
            )
        return {**self.clocks.get(CLOCK, {}), **in_columns(self.columns, scores)}

    def _embedded(self, activities: Sequence[str], model: "Encoder") -> Values:
        from inphase.tasks.embed import embed

        made = embed(
            model, self.material.videos(activities), device=self.device, progress=self.progress
        )
        return {name: unit_rows(each.values) for name, each in made.items()}

    def _sub_action(self, values: Values, rate: float) -> dict[str, float]:
        from inphase import metrics

        videos = [v for v in self.material.videos(self.material.activities) if v.name in values]
        train, val = (_of_split(values, self, videos, split) for split in ("train", "val"))
        found = {}
        for column in self.columns:
            if column.metric == SUB_ACTION:
                try:
                    found[column.score] = metrics.sub_action_classification(
                        *train, *val, fraction=column.at or 1.0, learning_rate=rate
                    )
                except InputError as error:
                    self.notes |= {f"{column.name} is left out: {error}": None}
        return found


def _of_split(
    values: Values, scorer: Scorer, videos: Sequence[Video], split: str
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    names = [video.name for video in videos if video.split == split]
    names = [name for name in names if name in scorer.material.labels]
    return [values[name] for name in names], [scorer.material.labels[name] for name in names]


def _mean(scores: Scores) -> dict[str, float]:
    """Over activities; NaN if one has none."""
    names = dict.fromkeys(metric for each in scores.values() for metric in each)
    return {
        name: float(np.mean([each.get(name, math.nan) for each in scores.values()]))
        for name in names
    }
