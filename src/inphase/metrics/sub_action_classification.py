"""Sub-action classification: FineGym's protocol, one linear layer over single frames."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float, Float32, Integer

from inphase.errors import InputError
from inphase.metrics.frame_classifiers import labelled_together
from inphase.metrics.inputs import checked_split, labelled_only


def sub_action_classification(
    train: Sequence[Float[np.ndarray, "..."]],
    train_labels: Sequence[Integer[np.ndarray, "..."]],
    val: Sequence[Float[np.ndarray, "..."]],
    val_labels: Sequence[Integer[np.ndarray, "..."]],
    *,
    classes: int | None = None,
    fraction: float | int = 1.0,
    epochs: int = 100,
    learning_rate: float | int = 50.0,
    seed: int = 0,
) -> float:
    r"""Accuracy, on the frames of val videos, of a linear layer trained on those of train videos.

    The layer minimises the mean cross-entropy of the labelled frames of 10 videos at a time,
    shuffled anew each epoch (what is left of an epoch waits for the next), by SGD with
    momentum .9, weight decay 1e-6 and, in epoch e of E, the learning rate

    $$\tfrac12 \eta\, (1 + \cos \pi e / E) .$$

    It starts as PyTorch's does, uniform within $\pm D^{-1/2}$. The score is that after the last
    epoch, over the frames of all val videos together. Frames with a label below 0 are left out on
    both sides.

    Range 0 to 1, higher is better. Pitfalls: the learning rate is for embeddings of unit length,
    others can diverge; frequent classes dominate; it depends a little on the seed.

    Source: Chen et al., CARL, CVPR 2022 (code): FineGym99 and 288, 100 epochs, rate 50 for
    self-supervised and .1 for supervised embeddings. Here videos without a labelled frame are not
    drawn, and fewer than 10 videos make a batch of their own, where there nothing is learnt.

    Args:
        train: Frames of each train video (T, D), as given.
        train_labels: Sub-action of each frame (T,).
        val: Frames of each val video (T, D).
        val_labels: Sub-action of each frame (T,).
        classes: Number of classes, 99 or 288; the largest label + 1 if None.
        fraction: Share of the train videos used, the first ones, but at least 10.
        epochs: Number of epochs E.
        learning_rate: Learning rate at the start.
        seed: Of the start and the order.

    Raises:
        InputError: If the input does not fit together, no frame is labelled on a side, a setting
            is out of range, or training diverges.
    """
    if not 0 < fraction <= 1:
        raise InputError(f"fraction must be above 0 and at most 1, not {fraction}.")
    if epochs < 1 or not learning_rate > 0:
        raise InputError(
            f"epochs must be 1 or more and learning_rate above 0, not {epochs} and {learning_rate}."
        )
    frames, labels, held_out, truth = checked_split(train, train_labels, val, val_labels)
    count = max(_BATCH, int(fraction * len(frames)))
    frames, labels = labelled_only(frames[:count], labels[:count])
    x_val, y_val = labelled_together(held_out, truth)
    drawn = [
        (values.astype(np.float32), label.astype(np.int64))
        for values, label in zip(frames, labels, strict=True)
        if len(label)
    ]
    if not drawn:
        raise InputError("No frame of the train videos has a label of 0 or more to learn from.")
    largest = max(int(label.max()) for _, label in [*drawn, (x_val, y_val)])
    classes = largest + 1 if classes is None else classes
    if classes <= largest:
        raise InputError(f"classes must be above the largest label, {largest}, not {classes}.")
    random = np.random.default_rng(seed)
    layer = _Layer(drawn[0][0].shape[1], classes, random)
    for epoch in range(epochs):
        rate = learning_rate * (1 + math.cos(math.pi * epoch / epochs)) / 2
        with np.errstate(all="ignore"):  # What diverges is told below.
            for x, y in _batches(drawn, random):
                layer.step(x, y, rate)
    if not np.isfinite(layer.weights).all():
        raise InputError(
            f"Training diverged at learning rate {learning_rate}; scale the embeddings to unit "
            "length or lower it."
        )
    scores = layer.scores(x_val.astype(np.float32))
    return float((scores.argmax(axis=1) == y_val).mean())


_BATCH = 10
_MOMENTUM = np.float32(0.9)
_DECAY = np.float32(1e-6)

Drawn = list[tuple[Float32[np.ndarray, "_ _"], Integer[np.ndarray, "_"]]]


def _batches(
    videos: Drawn, random: np.random.Generator
) -> Iterator[tuple[Float32[np.ndarray, "n d"], Integer[np.ndarray, " n"]]]:
    order = random.permutation(len(videos))
    size = min(_BATCH, len(videos))
    for start in range(0, len(videos) - size + 1, size):
        batch = [videos[video] for video in order[start : start + size]]
        yield np.concatenate([x for x, _ in batch]), np.concatenate([y for _, y in batch])


class _Layer:
    """Weights (D + 1, C), the last row of which is the bias, and their momentum."""

    def __init__(self, dimensions: int, classes: int, random: np.random.Generator):
        bound = 1 / math.sqrt(dimensions)
        self.weights = random.uniform(-bound, bound, (dimensions + 1, classes)).astype(np.float32)
        self._momentum = np.zeros_like(self.weights)

    def scores(self, x: Float32[np.ndarray, "n d"]) -> Float32[np.ndarray, "n c"]:
        return x @ self.weights[:-1] + self.weights[-1]

    def step(
        self, x: Float32[np.ndarray, "n d"], y: Integer[np.ndarray, " n"], rate: float
    ) -> None:
        """One step of SGD, as PyTorch takes it, down the mean cross-entropy of the frames."""
        share = self.scores(x)
        share -= share.max(axis=1, keepdims=True)
        np.exp(share, out=share)
        share /= share.sum(axis=1, keepdims=True)
        share[np.arange(len(y)), y] -= 1
        share /= np.float32(len(y))
        gradient = np.concatenate([x.T @ share, share.sum(axis=0, keepdims=True)])
        gradient += _DECAY * self.weights
        self._momentum = _MOMENTUM * self._momentum + gradient
        self.weights = self.weights - np.float32(rate) * self._momentum
