"""How fast a whole protocol is evaluated: CARL's, on embeddings of Penn Action's size.

    python benchmarks/evaluate.py --actions 13 --out benchmarks/evaluate.md

The embeddings are made here: 1,140 training and 966 validation videos of 13 actions, 18 to 663
frames, 128 numbers each. Against inphase stands the protocol as it is usually written, a call of
SciPy or scikit-learn for every pair or video, on the same arrays. One thread, its CPU time, the two
sides in turns. The classifier has rows of its own: scikit-learn fits embeddings in float32 as they
are, inphase in float64. Memory is the peak of a fresh process that holds all embeddings and
evaluates them with inphase.
"""

import os

# Read by BLAS, OpenMP and numba when they are loaded, hence before all other imports.
os.environ.update(
    dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
)

import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import tyro
from scipy.spatial.distance import cdist
from scipy.stats import kendalltau
from sklearn.linear_model import LinearRegression, LogisticRegression

from inphase import metrics
from inphase.metrics.retrieval_precision import retrieval_precisions

# Videos (train, val) of each action, as CARL splits Penn Action, and its number of phases.
ACTIONS = (
    (103, 63, 4), (113, 57, 3), (69, 71, 2), (134, 85, 3), (40, 42, 6), (87, 77, 3), (56, 56, 4),
    (102, 106, 2), (98, 101, 2), (50, 50, 2), (111, 115, 4), (79, 74, 3), (98, 69, 4),
)  # fmt: skip
DIM, STRIDE, KS = 128, 2, (5, 10, 15)

Videos = list[np.ndarray]


@dataclass
class Options:
    """How many of the 13 actions, and where to write the table."""

    actions: int = 13
    out: Path | None = None


@dataclass(frozen=True)
class Action:
    """Embeddings and labels of one action."""

    train: Videos
    train_labels: Videos
    val: Videos
    val_labels: Videos


def made(number: int) -> Action:
    """Videos that walk along one random curve, each at its own pace, with noise."""
    random = np.random.default_rng(number)
    train, val, phases = ACTIONS[number]
    knots = random.standard_normal((2 * phases + 1, DIM))

    def videos(count: int) -> tuple[Videos, Videos]:
        frames, labels = [], []
        for length in np.clip(random.lognormal(4.2, 0.5, count), 18, 663).astype(int):
            steps = np.sort(random.random(length))
            place = steps * 2 * phases
            low = place.astype(int)
            share = (place - low)[:, None]
            curve = (1 - share) * knots[low] + share * knots[low + 1]
            z = curve + 0.7 * random.standard_normal(curve.shape)
            frames.append((z / np.linalg.norm(z, axis=1, keepdims=True)).astype(np.float32))
            labels.append(np.minimum((steps * phases).astype(int), phases - 1))
        return frames, labels

    return Action(*videos(train), *videos(val))


# As it is usually written --------------------------------------------------------------------


def plain_tau(action: Action) -> list[float]:
    val = [each[::STRIDE] for each in action.val]
    taus = []
    for i, query in enumerate(val):
        for j, other in enumerate(val):
            if i != j:
                nearest = cdist(query, other, "sqeuclidean").argmin(1)
                taus.append(kendalltau(np.arange(len(query)), nearest)[0])
    return [float(np.nanmean(taus))]


def plain_retrieval(action: Action) -> list[float]:
    val = [each[::STRIDE] for each in action.val]
    labels = [each[::STRIDE] for each in action.val_labels]
    found: list[list[float]] = [[] for _ in KS]
    for i, query in enumerate(val):
        others = np.concatenate([each for j, each in enumerate(val) if j != i])
        theirs = np.concatenate([each for j, each in enumerate(labels) if j != i])
        order = np.argsort(cdist(query, others, "sqeuclidean"), axis=1, kind="stable")
        for k, values in zip(KS, found, strict=True):
            values.append(float((theirs[order[:, :k]] == labels[i][:, None]).mean()))
    return [float(np.mean(values)) for values in found]


def plain_progression(action: Action) -> list[float]:
    phases = 1 + max(int(each.max()) for each in action.train_labels)

    def targets(labels: Videos) -> np.ndarray:
        rows = []
        for each in labels:
            # TCC's rule: the last frame of a phase; of a missing one the first later frame.
            ends = []
            for phase in range(phases - 1):
                own, later = np.flatnonzero(each == phase), np.flatnonzero(each > phase)
                last = later[0] if len(later) else len(each) - 1
                ends.append(own[-1] if len(own) else last)
            rows.append((np.arange(len(each))[:, None] - np.array(ends)) / len(each))
        return np.concatenate(rows)

    x, x_val = (np.concatenate(each).astype(np.float64) for each in (action.train, action.val))
    y, y_val = targets(action.train_labels), targets(action.val_labels)
    scores = [
        LinearRegression().fit(x, y[:, k]).score(x_val, y_val[:, k]) for k in range(phases - 1)
    ]
    return [float(np.mean(scores))]


def plain_classification(action: Action, dtype: type = np.float32) -> list[float]:
    labels = np.concatenate(action.train_labels)
    # As in `phase_classification`: two classes with one weight vector take twice the C.
    model = LogisticRegression(C=2.0 if len(np.unique(labels)) == 2 else 1.0, max_iter=100_000)
    x, x_val = (np.concatenate(each, dtype=dtype) for each in (action.train, action.val))
    return [model.fit(x, labels).score(x_val, np.concatenate(action.val_labels))]


def plain_classification_in_float64(action: Action) -> list[float]:
    return plain_classification(action, np.float64)


# Ours ------------------------------------------------------------------------------------------


def our_tau(action: Action) -> list[float]:
    return [metrics.kendalls_tau(action.val, stride=STRIDE)]


def our_retrieval(action: Action) -> list[float]:
    found = retrieval_precisions(action.val, action.val_labels, ks=KS, stride=STRIDE)
    return [float(found[k]) for k in KS]


def our_progression(action: Action) -> list[float]:
    four = action.train, action.train_labels, action.val, action.val_labels
    return [metrics.phase_progression(*four)]


def our_classification(action: Action) -> list[float]:
    four = action.train, action.train_labels, action.val, action.val_labels
    return [metrics.phase_classification(*four, classifier="logistic")]


IN_FLOAT64 = "classification, scikit-learn in float64"
PARTS: dict[str, tuple[Callable[[Action], list[float]], Callable[[Action], list[float]]]] = {
    "Kendall's tau": (our_tau, plain_tau),
    "AP@5/10/15": (our_retrieval, plain_retrieval),
    "progression": (our_progression, plain_progression),
    "classification": (our_classification, plain_classification),
    IN_FLOAT64: (our_classification, plain_classification_in_float64),
}
# What is summed up; the classification is counted once.
SUMS = {
    "all but the classifier": ("Kendall's tau", "AP@5/10/15", "progression"),
    "all": ("Kendall's tau", "AP@5/10/15", "progression", "classification"),
}


def peak_memory(actions: int) -> float:
    """Peak resident memory, in GB, of this process once it has evaluated all with inphase."""
    for action in [made(number) for number in range(actions)]:
        for ours, _ in PARTS.values():
            ours(action)
    # Counted in kB, but in bytes on macOS.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        1e9 if sys.platform == "darwin" else 1e6
    )


def main(options: Options) -> None:
    # First, since a process can take over the peak of the one that starts it.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as fresh:
        memory = fresh.submit(peak_memory, options.actions).result()
    spent = {part: np.zeros(2) for part in PARTS}
    worst = dict.fromkeys(PARTS, 0.0)
    for both in PARTS.values():
        for function in both:
            function(made(4))  # Compiles and imports.
    for number in range(options.actions):
        action = made(number)
        for part, both in PARTS.items():
            values = []
            for side, function in enumerate(both):
                start = time.thread_time()
                values.append(function(action))
                spent[part][side] += time.thread_time() - start
            worst[part] = max(worst[part], float(np.abs(np.subtract(*values)).max()))
        print(f"action {number + 1} of {options.actions}: {spent}", flush=True)
    text = table(spent, worst, options.actions, memory)
    print(text)
    if options.out:
        options.out.write_text(text)


def table(
    spent: dict[str, np.ndarray], worst: dict[str, float], actions: int, memory: float
) -> str:
    """Each part, all without the classifier, and all."""
    lines = [
        f"CARL's protocol on {actions} of 13 made actions of Penn Action's size; CPU seconds of "
        f"one thread. Peak memory of inphase alone: {memory:.2f} GB.\n",
        "| | inphase | SciPy and scikit-learn | times faster | largest difference |",
        "|---|---|---|---|---|",
    ]
    for part, (ours, plain) in spent.items():
        lines.append(
            f"| {part} | {ours:.2f} | {plain:.2f} | {plain / ours:.1f} | {worst[part]:.0e} |"
        )
    for name, parts in SUMS.items():
        ours, plain = np.sum([spent[part] for part in parts], axis=0)
        lines.append(f"| {name} | {ours:.2f} | {plain:.2f} | {plain / ours:.1f} | |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main(tyro.cli(Options, description=__doc__))
