"""Thread-CPU time of several calls, in turns, so that all meet the same weather."""

import random
import time
from collections.abc import Callable, Mapping

import numpy as np

# Seconds of a turn: a quick call is repeated to fill it.
TURN = 0.005


def interleaved(
    calls: Mapping[str, Callable[[], object]], rounds: int, budget: float = 12.0
) -> dict[str, float]:
    """Median seconds of each call, after one that is not counted.

    Each round has one turn for each call, in another order each time, so that none always runs
    with the caches that the same other one left.

    Args:
        calls: What to measure, by name.
        rounds: Turns of each.
        budget: Seconds after which a slow call has no more turns; it has at least one.
    """
    repeats, spent = {}, {}
    for name, call in calls.items():
        call()  # Compiles.
        spent[name] = seconds(call)
        repeats[name] = max(1, round(TURN / max(spent[name], 1e-9)))
    times: dict[str, list[float]] = {name: [] for name in calls}
    order = list(calls)
    shuffle = random.Random(0).shuffle
    for _ in range(rounds):
        shuffle(order)
        for name in order:
            if times[name] and spent[name] > budget:
                continue
            turn = seconds(calls[name], repeats[name])
            times[name].append(turn / repeats[name])
            spent[name] += turn
    return {name: float(np.median(each)) for name, each in times.items()}


def seconds(call: Callable[[], object], repeats: int = 1) -> float:
    """CPU time of this thread for some calls."""
    start = time.thread_time()
    for _ in range(repeats):
        call()
    return time.thread_time() - start
