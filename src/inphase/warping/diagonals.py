"""Anti-diagonals of batched matrices: cells on one do not depend on each other."""

import torch
from jaxtyping import Shaped
from torch import Tensor


def skewed(cells: Shaped[Tensor, "b n m *rest"]) -> Shaped[Tensor, "b k n *rest"]:
    """Lay out by anti-diagonals, k = n + m - 1: cell (i, j) at (i + j, i); the others are void."""
    n, m = cells.shape[1:3]
    i = torch.arange(n, device=cells.device)
    j = torch.arange(n + m - 1, device=cells.device)[:, None] - i
    return cells[:, i, j.clamp(0, m - 1)]


def unskewed(diagonals: Shaped[Tensor, "b k n"], m: int) -> Shaped[Tensor, "b n m"]:
    """Undo `skewed`."""
    i = torch.arange(diagonals.shape[2], device=diagonals.device)[:, None]
    return diagonals[:, i + torch.arange(m, device=diagonals.device), i]
