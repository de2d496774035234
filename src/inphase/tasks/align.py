"""Line videos up: which moment of one video is which moment of another."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar, overload

import numpy as np
from jaxtyping import Float, Float32, Float64, Int, Integer, Real

from inphase.embeddings import Embeddings
from inphase.errors import InputError
from inphase.warping.dtw import dtw

Seconds = TypeVar("Seconds", float, Real[np.ndarray, "..."])


@dataclass(frozen=True, eq=False)
class Alignment:
    """A video lined up with a reference. All times are seconds in the file they belong to.

    Attributes:
        reference: Name of the reference.
        video: Name of the video that was lined up with it.
        reference_times: Frame times of the reference (N,).
        times: Frame times of the video (M,).
        path: Matched frames (K, 2), reference frame and own frame; monotone, from (0, 0) to
            (N-1, M-1), every frame of both at least once.
        cost: Cosine distance of each match (K,), 0 (same direction) to 2.
        similarity: Cosine similarity (N, M) of every reference frame with every own frame.
    """

    reference: str
    video: str
    reference_times: Float64[np.ndarray, " n"]
    times: Float64[np.ndarray, " m"]
    path: Int[np.ndarray, "k 2"]
    cost: Float[np.ndarray, " k"]
    similarity: Float32[np.ndarray, "n m"]

    def to_other(self, seconds: Seconds) -> Seconds:
        """Own time at the same moment of the activity as a time of the reference.

        Piecewise linear through one knot per reference frame, at the mean time of the own frames
        matched with it; so it never decreases. Before the first and after the last reference
        frame it stays at the value there.
        """
        matched = _means(self.path[:, 0], self.times[self.path[:, 1]])
        return np.interp(seconds, self.reference_times, matched)  # pyright: ignore[reportReturnType]

    def to_reference(self, seconds: Seconds) -> Seconds:
        """Time of the reference at the same moment of the activity as an own time.

        Made like `to_other` with the videos changed about. The two undo each other only where
        frames match one to one: where one video waits, many times go with one.
        """
        matched = _means(self.path[:, 1], self.reference_times[self.path[:, 0]])
        return np.interp(seconds, self.times, matched)  # pyright: ignore[reportReturnType]

    @property
    def frame_cost(self) -> Float64[np.ndarray, " m"]:
        """Mean match cost of each own frame (M,): high where the reference has nothing like it."""
        return _means(self.path[:, 1], self.cost)


def _means(
    frame: Integer[np.ndarray, " k"], value: Float[np.ndarray, " k"]
) -> Float64[np.ndarray, "_"]:
    """Mean value of each frame; every frame occurs."""
    return np.bincount(frame, weights=value) / np.bincount(frame)


@overload
def align(reference: Embeddings, others: Embeddings) -> Alignment: ...
@overload
def align(reference: Embeddings, others: Mapping[str, Embeddings]) -> dict[str, Alignment]: ...
def align(
    reference: Embeddings, others: Mapping[str, Embeddings] | Embeddings
) -> Alignment | dict[str, Alignment]:
    """Line one or many videos up with a reference.

    Dynamic time warping on the cosine distance between frame embeddings (`inphase.warping.dtw`).
    The first frames are matched with each other and so are the last ones: videos should begin and
    end at about the same moment of the activity.

    Args:
        reference: Embeddings of the video whose clock the others are put on.
        others: Embeddings of one video, or of many by name.

    Returns:
        One alignment, or one for each of `others` under its name and in its order.

    Raises:
        InputError: If there is nothing to align, or embeddings are of different models or sizes.
    """
    if isinstance(others, Embeddings):
        return _align_pair(reference, others)
    if not others:
        raise InputError(
            f"There is no video to align with '{reference.video}'; give at least one other."
        )
    return {name: _align_pair(reference, other) for name, other in others.items()}


def _align_pair(reference: Embeddings, other: Embeddings) -> Alignment:
    _check_comparable(reference, other)
    similarity = reference.normalised.values @ other.normalised.values.T
    np.clip(similarity, -1, 1, out=similarity)
    # Equal frames must cost the same to the last bit, or rounding would choose the path in a
    # still scene: six digits are what float32 products are good for.
    cost = np.round(1 - similarity, 6)
    path = dtw(cost).path
    return Alignment(
        reference=reference.video,
        video=other.video,
        reference_times=reference.times,
        times=other.times,
        path=path,
        cost=cost[path[:, 0], path[:, 1]],
        similarity=similarity,
    )


def _check_comparable(reference: Embeddings, other: Embeddings) -> None:
    if reference.model and other.model and reference.model != other.model:
        raise InputError(
            f"'{reference.video}' was embedded with model {reference.model} and '{other.video}' "
            f"with {other.model}; embed both with one model."
        )
    sizes = reference.values.shape[1], other.values.shape[1]
    if sizes[0] != sizes[1]:
        raise InputError(
            f"'{reference.video}' has {sizes[0]}-dimensional embeddings and '{other.video}' "
            f"{sizes[1]}-dimensional ones; embed both with one model."
        )
