"""Pair-wise position propagation: when each frame of one video is shown in the other."""

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from inphase.warping import dtw


@torch.no_grad()
def propagated_times(
    cost: Float[Tensor, "pairs a b"],
    times: tuple[Float[Tensor, "pairs a"], Float[Tensor, "pairs b"]],
    lengths: tuple[Int64[Tensor, " pairs"], Int64[Tensor, " pairs"]],
) -> tuple[Float[Tensor, "pairs a"], Float[Tensor, "pairs b"]]:
    r"""Carry the frames of either side to the times of the other, along the cheapest path.

    Frame i of the first side is at $s_{\pi(i)}$, the time of the first frame that a hard DTW path
    matches it with on the second side; likewise the other way round. The path is found on the CPU,
    pair by pair, and nothing of it has a gradient.

    Source: Bar-Shalom, Leifman, Elad, Rivlin (LRProp), 2023, equations 5 to 7.

    Args:
        cost: Cost of matching frame i of the first side with frame j of the second.
        times: Of the frames of the first side, and of the second.
        lengths: Real frames of each pair, of the first side and of the second.

    Returns:
        Times on the second side of the first side's frames, and the reverse; of padding any.
    """
    costs = cost.cpu().numpy()
    firsts = np.zeros(costs.shape[:2], dtype=np.int64)
    seconds = np.zeros(costs.shape[::2], dtype=np.int64)
    for pair, (rows, columns) in enumerate(torch.stack(lengths, 1).tolist()):
        path = dtw(costs[pair, :rows, :columns]).path
        firsts[pair, :rows] = _first_match(path[:, 0], path[:, 1])
        seconds[pair, :columns] = _first_match(path[:, 1], path[:, 0])
    of_first, of_second = times
    device = cost.device
    return (
        of_second.gather(1, torch.from_numpy(firsts).to(device)),
        of_first.gather(1, torch.from_numpy(seconds).to(device)),
    )


def _first_match(
    frames: Int64[np.ndarray, " links"], matches: Int64[np.ndarray, " links"]
) -> Int64[np.ndarray, " frames"]:
    """The smallest match of each frame, where both never fall."""
    return matches[np.flatnonzero(np.diff(frames, prepend=-1))]
