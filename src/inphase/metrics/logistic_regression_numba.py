"""The loss of logistic regression in one pass over the frames, compiled.

Numba cannot compile functions that a type checker has wrapped: hence `no_type_check`.
"""

from typing import no_type_check

import numpy as np
from numba import njit

_BLOCK = 64  # frames that stay in the cache between what is done with them
_SUMS = {"reassoc", "contract", "nsz"}  # sums in any order, several terms at a time


@njit(nogil=True, cache=True, error_model="numpy")
@no_type_check
def loss_and_gradient(flat, x, y, classes):
    """Mean loss and its gradient in float64.

    Args:
        flat: Weights of the last classes, each with its intercept behind it; others have logit 0.
        x: Frames (N, D), float32 or float64.
        y: Class of each.
        classes: How many there are.
    """
    frames, dimensions = x.shape
    weights = flat.reshape(-1, dimensions + 1)
    gradient = np.zeros_like(weights)
    first = classes - len(weights)
    logits = np.zeros((_BLOCK, classes))
    loss = 0.0
    for start in range(0, frames, _BLOCK):
        block = x[start : start + _BLOCK]
        logits[:, :first] = 0.0
        _set_logits(weights, block, logits[:, first:])
        loss += _to_errors(logits[: len(block)], y[start : start + _BLOCK])
        _add_gradient(logits[:, first:], block, gradient)
    return loss / frames, gradient.ravel() / frames


@njit(nogil=True, cache=True, error_model="numpy", fastmath=_SUMS)
@no_type_check
def _set_logits(weights, x, logits):
    dimensions = x.shape[1]
    for i in range(len(x)):
        frame = x[i]
        for k in range(len(weights)):
            row = weights[k]
            total = 0.0
            for d in range(dimensions):
                total += frame[d] * row[d]
            logits[i, k] = total + row[dimensions]


@njit(nogil=True, cache=True, error_model="numpy")
@no_type_check
def _to_errors(logits, y):
    """Make logits shares of the classes, less 1 for the true one, and return the loss."""
    loss = 0.0
    for i in range(len(logits)):
        row = logits[i]
        largest = row.max()
        loss += largest - row[y[i]]
        total = 0.0
        for k in range(len(row)):
            row[k] = np.exp(row[k] - largest)
            total += row[k]
        loss += np.log(total)
        for k in range(len(row)):
            row[k] /= total
        row[y[i]] -= 1.0
    return loss


@njit(nogil=True, cache=True, error_model="numpy", fastmath=_SUMS)
@no_type_check
def _add_gradient(errors, x, gradient):
    """Four frames at a time, so that the gradient is read and written a fourth as often."""
    frames, dimensions = x.shape
    whole = frames - frames % 4
    for k in range(len(gradient)):
        row = gradient[k]
        for i in range(0, whole, 4):
            a, b, c, e = errors[i, k], errors[i + 1, k], errors[i + 2, k], errors[i + 3, k]
            one, two, three, four = x[i], x[i + 1], x[i + 2], x[i + 3]
            for d in range(dimensions):
                row[d] += a * one[d] + b * two[d] + c * three[d] + e * four[d]
            row[dimensions] += a + b + c + e
        for i in range(whole, frames):
            for d in range(dimensions):
                row[d] += errors[i, k] * x[i, d]
            row[dimensions] += errors[i, k]
