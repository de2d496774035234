"""Costs between all frames of two videos, by matrix product: (B, N, M), never (B, N, M, D)."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F


def squared_euclidean(
    x: Float[Tensor, "b n d"], y: Float[Tensor, "b m d"]
) -> Float[Tensor, "b n m"]:
    r"""Squared Euclidean distances $\lVert x_i - y_j \rVert^2$ (no half), never below 0.

    As $\lVert x_i \rVert^2 + \lVert y_j \rVert^2 - 2 x_i \cdot y_j$, whose rounding is about the
    precision of the type times the squared norms: 1e-7 for unit vectors in float32. What rounding
    puts below 0 is lifted to 0, but passes its gradient, so that all derivatives are right where
    frames are the same.
    """
    squares = (x * x).sum(-1)[:, :, None] + (y * y).sum(-1)[:, None]
    distances = torch.baddbmm(squares, x, y.mT, alpha=-2)
    return distances - distances.detach().clamp(max=0)


def cosine(x: Float[Tensor, "b n d"], y: Float[Tensor, "b m d"]) -> Float[Tensor, "b n m"]:
    r"""Cosine distances $1 - \cos(x_i, y_j)$, from 0 to 2; 1 to a frame of zeros.

    Half the squared Euclidean distance of the normalised frames.
    """
    distances = 1 - F.normalize(x, dim=-1) @ F.normalize(y, dim=-1).mT
    return distances - distances.detach().clamp(max=0)
