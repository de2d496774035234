"""Cycle consistency: does a frame, sent through other videos by nearest frames, come back?"""

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
from jaxtyping import Bool, Float, Integer

from inphase.errors import InputError
from inphase.metrics.inputs import Frames, checked_embeddings, mean_of_defined
from inphase.metrics.nearest_frames import nearest_frames


def cycle_consistency(
    embeddings: Sequence[Float[np.ndarray, "..."]],
    *,
    ways: int = 2,
    stride: int = 1,
    tolerance: int = 1,
) -> float:
    """Share of frames that come back to within a frame of where they set out.

    Two ways: from a frame of video U to its nearest frame in V and from there to the nearest in
    U. Three ways: U to V to W to U, and U to W to V to U, both of which must come back. Nearest
    is by squared Euclidean distance, the first of equals. Mean over the frames of U, then over
    all ordered pairs or triples of different videos.

    Range 0 to 1, higher is better. Pitfalls: a clock, which knows elapsed time alone, comes back
    nearly always; going to a longer video and back is easier than the other way; videos of one or
    two frames always come back.

    Source: Zakka et al., XIRL, CoRL 2021 (code), after Aytar et al., NeurIPS 2018. With a stride
    its code compares a strided with an unstrided index; here both are strided.

    Args:
        embeddings: Frames of each video (T, D), in order, compared as given.
        ways: 2 or 3.
        stride: Use every `stride`-th frame.
        tolerance: How many (strided) frames off still counts as back.

    Raises:
        InputError: If the embeddings cannot be compared, there are fewer videos than ways, or a
            setting is another.
    """
    cycles = shares_of_cycles(embeddings, ways, stride, tolerance)
    return mean_of_defined((share for _, share in cycles), "There are no cycles.")


def shares_of_cycles(
    embeddings: Sequence[Float[np.ndarray, "..."]], ways: int, stride: int, tolerance: int
) -> Iterator[tuple[int, float]]:
    """Yield, for each cycle, the video that it sets out from and the share that comes back.

    Raises:
        InputError: As `cycle_consistency`.
    """
    if ways not in (2, 3):
        raise InputError(f"ways must be 2 or 3, not {ways}.")
    if tolerance < 0:
        raise InputError(f"tolerance must be 0 frames or more, not {tolerance}.")
    frames = checked_embeddings(embeddings, stride, least=ways)
    yield from _two_ways(frames, tolerance) if ways == 2 else _three_ways(frames, tolerance)


def _two_ways(frames: Frames, tolerance: int) -> Iterator[tuple[int, float]]:
    for pair, forth, back in nearest_frames(frames, combinations(range(len(frames)), 2)):
        for video, there, home in zip(pair, (forth, back), (back, forth), strict=True):
            yield video, float(_is_back(home[there], np.arange(len(there)), tolerance).mean())


def _three_ways(frames: Frames, tolerance: int) -> Iterator[tuple[int, float]]:
    """For one video U at a time, all V and W at once."""
    begins = np.cumsum([0, *(len(each) for each in frames)])
    # Nearest frame in each video of each frame of all, numbered through all videos.
    nearest = np.empty((len(frames), begins[-1]), dtype=np.int32)
    for (first, second), forth, back in nearest_frames(frames, combinations(range(len(frames)), 2)):
        nearest[second, begins[first] : begins[first + 1]] = begins[second] + forth
        nearest[first, begins[second] : begins[second + 1]] = begins[first] + back
    for video in range(len(frames)):
        own = np.arange(begins[video], begins[video + 1])
        others = [other for other in range(len(frames)) if other != video]
        back = np.zeros((len(others), len(others), len(own)), dtype=np.bool_)
        for place, second in enumerate(others):
            third = [other for other in others if other != second]
            home = nearest[video, nearest[np.ix_(third, nearest[second, own])]]
            back[place, np.arange(len(others)) != place] = _is_back(home, own, tolerance)
        both = back & back.swapaxes(0, 1)
        shares = both.mean(axis=2)
        for share in shares[~np.eye(len(others), dtype=np.bool_)].tolist():
            yield video, share


def _is_back(
    home: Integer[np.ndarray, "*n"], own: Integer[np.ndarray, " t"], tolerance: int
) -> Bool[np.ndarray, "*n"]:
    return np.abs(home - own) <= tolerance
