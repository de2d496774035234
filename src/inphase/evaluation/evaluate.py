"""Score models on labelled videos under a named protocol, with controls beside every score."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from inphase.data.poses import PoseTrack
from inphase.data.sources import list_videos
from inphase.data.video import Video
from inphase.device import pick_device
from inphase.encoders.encoder import CONFIG, Encoder
from inphase.errors import InputError
from inphase.evaluation.activities import Activity, Labels, activities
from inphase.evaluation.intervals import Comparison, interval, redrawn
from inphase.evaluation.lines import CLOCKS, Extracted, Line, Look, in_order, lines_of
from inphase.evaluation.protocols import Protocol, protocol_of
from inphase.evaluation.result import Result, Row, beyond, versions
from inphase.evaluation.scores import ERRORS, UNLABELLED, Embedded, score
from inphase.phase_labels import learns_labels

Source = Encoder | Path | str


def evaluate(
    model: Source | Sequence[Source],
    videos: Sequence[Video],
    labels: Labels,
    *,
    against: Source | Sequence[Source | Sequence[Source]] | None = None,
    protocol: str | Protocol = "carl",
    metrics: Sequence[str] | None = None,
    stride: int | None = None,
    phases: Sequence[str] | Mapping[str, Sequence[str]] | None = None,
    controls: bool = True,
    seed: int = 0,
    draws: int = 2000,
    device: str = "auto",
    progress: bool = True,
) -> Result:
    """Score a model, or several, on labelled videos.

    Videos are scored within their activity. Where an activity has videos of the splits train and
    val (or test, if there is no val), labels are learnt from the first and the others are scored;
    else every labelled video is scored, against all others or left out in turn.

    The controls: elapsed and normalised time (the clock), untrained features of the same backbone,
    and the same model on shuffled, reversed and frozen frames and on random sub-clips.

    Args:
        model: A run folder, `imagenet`, `random` or an encoder; several, or a folder of run
            folders, are taken as seeds of one model.
        videos: With different names.
        labels: Segments by video, or a number for each frame, below 0 for none.
        against: Another model, or several, each of them as `model` may be; the first is compared
            with each on the same videos.
        protocol: The name of one of `PROTOCOLS`, or your own.
        metrics: Other metrics than the protocol's, of `inphase.evaluation.protocols.METRICS`.
        stride: Another stride than the protocol's.
        phases: Names of the labels in order, of all activities or by activity (under "" of all
            others), if that cannot be told from the labels.
        controls: Whether to score the controls, too; the clock is there always.
        seed: Of shuffling, of sub-clips, of few-shot choices, of K-means and of the bootstrap.
        draws: How often videos are drawn anew for the intervals.
        device: Where to embed.
        progress: Show progress bars.

    Raises:
        InputError: If there is no model, no labelled video, or nothing that can be measured.
    """
    fixed = protocol_of(protocol, metrics=tuple(metrics) if metrics else None, stride=stride)
    if draws < 1:
        raise InputError(f"draws must be at least 1, not {draws}")
    models = _named([_loaded(each) for each in (model, *_several(against))])
    groups = activities(videos, labels, phases)
    features = Extracted(
        [video for each in groups for video in each.videos], pick_device(device), progress
    )
    for encoder in [encoder for each in models for encoder in each.encoders]:
        features.of(encoder)
    if features.lost:
        groups = activities([v for v in videos if v.name not in features.lost], labels, phases)
    lines = []
    for each in models:
        shown = each.name, each.kind, each.encoders
        lines += lines_of(*shown, features, fixed.normalise, seed, controls)
    lines = in_order(lines, seed, controls)
    notes = _measure(lines, groups, fixed, seed, progress)
    notes += _views_of(groups, fixed) + _learnt_from(models, groups)
    return _result(lines, groups, fixed, models, notes, seed, draws)


# Models ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Model:
    """A row of the table: a model, or several seeds of one, with what each was loaded from."""

    name: str
    kind: str
    sources: list[str]
    encoders: list[Encoder]


def _several(against: Source | Sequence[Source | Sequence[Source]] | None) -> list:
    if against is None:
        return []
    return [against] if isinstance(against, Encoder | str | Path) else list(against)


def _loaded(model: Source | Sequence[Source]) -> list[tuple[str, Encoder]]:
    """Encoders with what they are called: one, or seeds of one model."""
    if isinstance(model, Encoder):
        return [("model", model)]
    if isinstance(model, str | Path):
        folder = Path(model)
        runs = [] if (folder / CONFIG).exists() else sorted(folder.glob(f"*/{CONFIG}"))
        sources = [str(run.parent) for run in runs] or [str(model)]
        return _alike([(source, Encoder.load(source)) for source in sources], folder)
    if not model:
        raise InputError("there is no model to evaluate: give a run folder, or imagenet or random")
    return [found for each in model for found in _loaded(each)]


def _alike(runs: list[tuple[str, Encoder]], folder: Path) -> list[tuple[str, Encoder]]:
    """Seeds of one model have all but the seed in common.

    Raises:
        InputError: If the runs of a folder are of several methods or learned from other videos.
    """
    for fact in ("method", "plus", "videos"):
        if any(each.config.get(fact) != runs[0][1].config.get(fact) for _, each in runs):
            raise InputError(
                f"the runs in {folder} are no seeds of one model, as their {fact} differs: give "
                f"them one by one, as in {' '.join(source for source, _ in runs[:2])}"
            )
    return runs


def _named(models: Sequence[Sequence[tuple[str, Encoder]]]) -> list[_Model]:
    """Call each by the name of its run folder; where that is not clear, by all of its path."""
    short = [Path(each[0][0]).name for each in models]
    if len(set(short)) < len(short):
        short = [each[0][0] for each in models]
    if len(set(short)) < len(short):
        short = [f"{name} ({number})" for number, name in enumerate(short, 1)]
    return [
        _Model(
            name + f" ({len(each)} seeds)" * (len(each) > 1),
            "against" if number else "model",
            [source for source, _ in each],
            [encoder for _, encoder in each],
        )
        for number, (name, each) in enumerate(zip(short, models, strict=True))
    ]


def _learnt_from(models: Sequence[_Model], groups: Sequence[Activity]) -> list[str]:
    """Say which models were trained on videos that are scored here, and whether from labels."""
    scored = {_content(group.videos[k]) for group in groups for k in group.scored}
    encoders = {s: e for each in models for s, e in zip(each.sources, each.encoders, strict=True)}
    notes = []
    for source, encoder in encoders.items():
        listed = Path(source) / "videos.csv"
        if listed.is_file():
            trained = {_content(video) for video in list_videos(listed)[0]}
            if shared := len(scored & trained):
                labelled = learns_labels(encoder.config)
                notes.append(
                    f"{Path(source).name} was trained, with{'' if labelled else 'out'} labels, on "
                    f"{shared} of the {len(scored)} scored files"
                    + (": its scores say nothing of new videos" if labelled else "")
                )
    return notes


def _content(video: Video) -> tuple[Path, str]:
    """What tells whether two videos show the same: their file, and of poses the track in it."""
    return video.path.resolve(), video.track if isinstance(video, PoseTrack) else ""


def _views_of(groups: Sequence[Activity], protocol: Protocol) -> list[str]:
    """Say where views would be scored apart, but are not told apart."""
    blind = [group.name for group in groups if not group.views]
    if not (protocol.across_views and blind):
        return []
    where = f" of {', '.join(blind)}" if len(blind) < len(groups) else ""
    return [
        f"scores from view to view{where} are left out, as videos do not tell two views apart: "
        "give each its view (ego or exo) as its group"
    ]


# Scores ------------------------------------------------------------------------------------------


def _measure(
    lines: list[Line], groups: list[Activity], protocol: Protocol, seed: int, progress: bool
) -> list[str]:
    """Fill the scores of all lines; returns what was left out and why."""
    reasons: dict[tuple[str, str], dict[str, None]] = {}
    with tqdm(total=len(lines) * len(groups), desc="scores", disable=not progress) as bar:
        for number, group in enumerate(groups):
            for line in lines:
                for look in line.looks:
                    found, missing = score(_embedded(group, look), protocol, seed)
                    for metric, each in found.items():
                        by_activity = line.scores.setdefault(metric, {})
                        by_activity.setdefault(number, []).append(each)
                    for reason in missing.items():
                        reasons.setdefault(reason, {})[group.name] = None
                bar.update()
    said = [_left_out(metric, why, list(names)) for (metric, why), names in reasons.items()]
    if not lines[0].scores:
        raise InputError("nothing could be measured: " + "; ".join(said))
    return said


def _left_out(metric: str, why: str, activities_of: list[str]) -> str:
    where = f" of {', '.join(activities_of)}" if any(activities_of) else ""
    return f"{metric}{where} is left out: {why}"


def _embedded(group: Activity, look: Look) -> Embedded:
    seen = [look(*each) for each in zip(group.videos, group.labels, strict=True)]
    values, labels = [each for each, _ in seen], [each for _, each in seen]
    return Embedded(values, labels, group.folds, group.scored, len(group.phases), group.views)


def _result(
    lines: list[Line],
    groups: list[Activity],
    protocol: Protocol,
    models: Sequence[_Model],
    notes: list[str],
    seed: int,
    draws: int,
) -> Result:
    columns = list(lines[0].scores)
    rows = [_row(line, groups, seed, draws) for line in lines]
    clocks = [(line, row) for line, row in zip(lines, rows, strict=True) if line.name in CLOCKS]
    best = {}
    for metric in columns:
        sign = -1 if metric in ERRORS else 1
        known = [each for each in clocks if metric in each[1].scores]
        if known and metric not in UNLABELLED:
            best[metric] = max(known, key=lambda each: sign * each[1].scores[metric])  # noqa: B023
    against_clock = {}
    for line, row in zip(lines, rows, strict=True):
        if line.kind == "control":
            continue
        shared = [metric for metric in best if metric in row.scores]
        for metric in shared:
            value, time = row.scores[metric], best[metric][1].scores[metric]
            row.beyond[metric] = beyond(value, time, error=metric in ERRORS)
        against_clock[row.name] = [
            _compared(metric, line, best[metric][0], seed, draws) for metric in shared
        ]
    first, *others = [line for line in lines if line.kind != "control"]
    comparisons = [
        _compared(metric, first, other, seed, draws)
        for other in others
        for metric in columns
        if metric in other.scores
    ]
    return Result(
        protocol=protocol,
        rows=rows,
        metrics=columns,
        against_clock=against_clock,
        comparisons=comparisons,
        data=_data(groups),
        models=[
            {
                "row": each.name,
                "source": source,
                "digest": encoder.digest,
                "seed": encoder.config.get("settings", {}).get("seed"),
            }
            for each in models
            for source, encoder in zip(each.sources, each.encoders, strict=True)
        ],
        seed=seed,
        draws=draws,
        versions=versions(),
        notes=notes,
    )


def _row(line: Line, groups: list[Activity], seed: int, draws: int) -> Row:
    by_activity: dict[str, dict[str, float]] = {group.name: {} for group in groups}
    row = Row(line.name, line.kind, by_activity, {})
    for metric, activities_of in line.scores.items():
        values = np.array([[s.value for s in each] for each in activities_of.values()])
        for number, each in zip(activities_of, values, strict=True):
            by_activity[groups[number].name][metric] = float(each.mean())
        of_models = values.mean(axis=0)
        row.scores[metric] = float(of_models.mean())
        if len(of_models) > 1:
            row.spread[metric] = float(of_models.std(ddof=1))
        if line.kind != "control":
            row.intervals[metric] = interval(redrawn(activities_of, draws, seed))
            # Activities are independent of each other; the seeds of a model see the same labels.
            margins = [[s.margin for s in each] for each in activities_of.values()]
            if all(margin is not None for each in margins for margin in each):
                of_each = np.mean(np.array(margins, np.float64), axis=1)
                row.margins[metric] = float(np.linalg.norm(of_each) / len(of_each))
    return row


def _compared(metric: str, first: Line, second: Line, seed: int, draws: int) -> Comparison:
    """The first less the second, on the same draws of the videos of activities that both have."""
    one, other = first.scores[metric], second.scores[metric]
    shared = [number for number in one if number in other]
    one, other = ({k: scores[k] for k in shared} for scores in (one, other))
    values = [
        float(np.mean([np.mean([s.value for s in each]) for each in scores.values()]))
        if scores
        else math.nan
        for scores in (one, other)
    ]
    difference = redrawn(one, draws, seed) - redrawn(other, draws, seed)
    by = values[0] - values[1]
    return Comparison(first.name, second.name, metric, by, interval(difference), metric in ERRORS)


def _data(groups: list[Activity]) -> dict[str, Any]:
    digest = hashlib.blake2b("".join(g.digest for g in groups).encode(), digest_size=8)
    return {
        "digest": digest.hexdigest(),
        "activities": {
            group.name: {
                "split": group.split,
                "train": len(group.train),
                "scored": len(group.scored),
                "frames": sum(len(each) for each in group.labels),
                "labelled_frames": sum(int((each >= 0).sum()) for each in group.labels),
                "phases": list(group.phases),
                "views": {name: len(videos) for name, videos in group.views.items()},
            }
            for group in groups
        },
    }
