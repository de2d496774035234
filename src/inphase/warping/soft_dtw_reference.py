"""Soft-DTW in plain torch, one anti-diagonal at a time: any device, any order of derivative."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from inphase.warping.extent import Extent

# A cost in units of gamma that no path takes, and yet far from overflow when summed.
OUTSIDE = 1e30


def soft_dtw_reference(
    cost: Float[Tensor, "b n m"], gamma: float, extent: Extent
) -> Float[Tensor, " b"]:
    r"""Value of each pair: the soft minimum over all paths of the sum of their costs.

    With $R_{ij}$ the value of the pair cut after frames i and j,

    $$R_{ij} = c_{ij} - \gamma \log \sum_{(p, q) \in \{(i-1, j-1), (i-1, j), (i, j-1)\}}
    \exp(-R_{pq} / \gamma).$$

    Made of operations that autograd knows, so that derivatives of any order are right. It computes
    in float64 where the device has it, whatever the type of `cost`, because float32 sums divided
    by gamma leave few digits for the gradient. Cells outside `extent` are never used: not their
    values, not even NaN, and their number does not change a bit of the result.

    Source: Cuturi and Blondel, "Soft-DTW", ICML 2017, algorithm 1. Deviation: none.
    """
    inside = torch.from_numpy(extent.inside(cost.shape[2])).to(cost.device)
    scaled = cost if cost.device.type == "mps" else cost.double()
    # A second `where`, after the division, would let NaN through to the gradient.
    scaled = torch.where(inside, scaled, OUTSIDE * gamma) / gamma
    batch, n, m = cost.shape
    ends = (extent.rows + extent.columns - 2).tolist()
    last_row = torch.from_numpy(extent.rows).to(cost.device)
    pairs = torch.arange(batch, device=cost.device)
    end_of = torch.tensor(ends, device=cost.device)

    outside = scaled.new_full((batch, 1), OUTSIDE)
    now = scaled.new_full((batch, n + 1), OUTSIDE)
    last = torch.cat([torch.zeros_like(outside), now[:, 1:]], 1)
    value = scaled.new_zeros(batch)
    for k, costs in enumerate(_anti_diagonals(scaled)[: max(ends) + 1]):
        before, last = last, now
        steps = torch.stack([before[:, :-1], last[:, :-1], last[:, 1:]])
        # The shift drops out of value and derivatives: as a constant, it leaves softmax weights.
        least = steps.detach().amin(0)
        now = torch.cat([outside, costs + least - (least - steps).exp().sum(0).log()], 1)
        if k in ends:
            value = torch.where(end_of == k, now[pairs, last_row], value)
    return (value * gamma).to(cost.dtype)


def _anti_diagonals(cells: Float[Tensor, "b n m"]) -> tuple[Float[Tensor, "b n"], ...]:
    """Cell (i, j) at row i of the (i + j)-th; other places lie outside."""
    batch, n, m = cells.shape
    # With n cells more in each row, and read with a pitch one shorter, row i moves right by i.
    flat = F.pad(cells, (0, n), value=OUTSIDE).reshape(batch, -1)[:, :-n]
    return flat.reshape(batch, n, n + m - 1).permute(2, 0, 1).contiguous().unbind()
