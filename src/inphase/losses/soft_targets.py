"""Distributions over frames: what one should be, and the cross-entropy to what it is."""

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor

# A logit without a share. Not -inf, which times a target of 0 would be NaN.
NEVER = -1e30


def time_target(
    closeness: Float[Tensor, "pairs a b"], columns: Bool[Tensor, "pairs b"]
) -> Float[Tensor, "pairs a b"]:
    """Distribution over the real columns, for each row, that has these logits."""
    return closeness.masked_fill(~columns[:, None], -math.inf).softmax(-1)


def cross_entropy(
    similarity: Float[Tensor, "pairs a b"],
    target: Float[Tensor, "pairs a b"],
    rows: Bool[Tensor, "pairs a"],
    columns: Bool[Tensor, "pairs b"],
    negatives: Float[Tensor, "pairs a c"] | None = None,
) -> Float[Tensor, " pairs"]:
    """Mean over real rows of the cross-entropy of two distributions over the columns.

    Args:
        similarity: Logits of the distribution that is learned.
        target: The distribution that it should be.
        rows: True where a row is real.
        columns: True where a column is real.
        negatives: Logits of further columns, which should have no share.
    """
    logits = similarity.masked_fill(~columns[:, None], NEVER)
    if negatives is not None:
        logits = torch.cat([logits, negatives], -1)
    predicted = logits.log_softmax(-1)[..., : target.shape[-1]]
    return mean_of_rows(-(target * predicted).sum(-1), rows)


def mean_of_rows(
    values: Float[Tensor, "pairs a"], rows: Bool[Tensor, "pairs a"]
) -> Float[Tensor, " pairs"]:
    """Mean of the values of real rows."""
    return (values * rows).sum(-1) / rows.sum(-1)
