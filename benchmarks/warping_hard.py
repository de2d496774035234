"""Paths of hard DTW from embeddings, and Kendall's tau over all pairs of videos: NumPy alone."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeAlias

import numpy as np
from interleaved import interleaved, seconds
from jaxtyping import Float32
from warping_peers import hard_peers, missing
from warping_rows import Row, duration, faster

from inphase.metrics.kendalls_tau import kendalls_tau
from inphase.warping.dtw import dtw_from_embeddings

Videos: TypeAlias = list[Float32[np.ndarray, "_ d"]]

# How much faster than each package, as its documentation has it; rounds by frames.
TARGETS = {"aeon": 3, "librosa": 7, "dtaidistance": 12, "tslearn": 12}
OURS = "inphase"
ROUNDS = {240: 41, 1000: 9, 5000: 3}


def paths() -> Iterator[Row]:
    """Cheapest path of two videos, D = 128, float32 in, distance included."""
    for frames, rounds in ROUNDS.items():
        x, y = (video(frames, seed) for seed in (0, 1))
        peers = hard_peers()
        calls = {OURS: partial(dtw_from_embeddings, x, y)}
        for peer in peers:
            calls[peer.call] = partial(peer.run, peer.prepare(x), peer.prepare(y))
        times = interleaved(calls, rounds)
        for peer in peers:
            target = None if peer.product else TARGETS[peer.package]
            case = f"hard DTW with path, {frames} x {frames}"
            yield faster(case, times[OURS], peer.call, times[peer.call], target)


def taus() -> Iterator[Row]:
    """Mean tau-b over all ordered pairs of 100 videos of about 200 frames."""
    if missing(("scipy",)):
        return
    random = np.random.default_rng(0)
    videos = [walk(int(frames), random) for frames in random.integers(170, 239, 100)]
    kendalls_tau(videos[:3])  # Compiles.
    before, value = timed(kendalls_tau, videos)
    theirs, exact = timed(scipy_tau, videos)
    after, _ = timed(kendalls_tau, videos)
    mine, apart = (before + after) / 2, abs(value - exact)
    yield Row(
        "Kendall's tau, 9900 pairs of videos",
        duration(mine),
        f"SciPy, `cdist`, `argmin`, `kendalltau` for each pair (apart: {apart:.0e})",
        duration(theirs),
        theirs / mine,
        "8 times faster, equal to 1e-12",
        theirs / mine >= 8 and apart <= 1e-12,
    )


def timed(tau: Callable[[Videos], float], videos: Videos) -> tuple[float, float]:
    """Seconds that it takes, and its value."""
    values: list[float] = []
    return seconds(lambda: values.append(tau(videos))), values[0]


def scipy_tau(videos: Videos) -> float:
    """As the published evaluation code has it."""
    from scipy.spatial.distance import cdist
    from scipy.stats import kendalltau

    taus = []
    for i, query in enumerate(videos):
        for j, candidate in enumerate(videos):
            if i != j:
                nearest = np.argmin(cdist(query, candidate, "sqeuclidean"), axis=1)
                taus.append(kendalltau(np.arange(len(nearest)), nearest)[0])
    return float(np.mean(taus))


def video(frames: int, seed: int) -> Float32[np.ndarray, "t d"]:
    return np.random.default_rng(seed).normal(size=(frames, 128)).astype(np.float32)


def walk(frames: int, random: np.random.Generator) -> Float32[np.ndarray, "t d"]:
    """Embeddings that change little from frame to frame, of length 1."""
    steps = random.normal(size=(frames, 128)).cumsum(0)
    return (steps / np.linalg.norm(steps, axis=1, keepdims=True)).astype(np.float32)
