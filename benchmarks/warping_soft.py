"""Soft-DTW, forward and backward, distance included: D = 128, gamma 0.1, float32."""

import multiprocessing
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from interleaved import interleaved
from warping_peers import Peer, missing, soft_peers, tslearn_as_documented
from warping_rows import Row, faster

# Batch and frames; rounds; how much faster than the best peer.
BATCHES = (
    ((1, 40), 60, 1.8),
    ((2, 80), 40, 2.5),
    ((8, 240), 9, 4.0),
    ((32, 240), 7, 4.0),
    ((4, 1000), 5, 4.0),
)
GAMMA, DIM, LONG = 0.1, 128, 5000
OURS = f"inphase `soft_dtw(x, y, gamma={GAMMA})`"


def batches() -> Iterator[Row]:
    """Batches of pairs against all peers and, once, against the products that no one can avoid."""
    import torch

    torch.set_num_threads(1)
    for (batch, frames), rounds, target in BATCHES:
        x, y = embeddings(batch, frames)
        calls = {OURS: ours, **{peer.call: peer.run for peer in soft_peers(GAMMA)}}
        documented = None
        if frames >= 240 and not missing(("tslearn",)):
            documented = tslearn_as_documented(GAMMA)
            calls[documented.call] = documented.run
        if (batch, frames) == (32, 240):
            calls[FLOOR] = products_alone
        steps = {name: step(call, x, y) for name, call in calls.items()}
        times = interleaved(steps, rounds)
        mine, case = times.pop(OURS), f"soft-DTW ({batch}, {frames}, {frames})"
        for name, theirs in times.items():
            if name == FLOOR:
                share = mine / theirs
                row = faster(case, mine, name, theirs)
                yield Row(
                    case, row.ours, name, row.theirs, share, "at most 1.5 times", share <= 1.5
                )
            elif documented and name == documented.call:
                yield faster(case, mine, name, theirs, 80)
            else:
                yield faster(case, mine, name, theirs, target)


def long_pair() -> Iterator[Row]:
    """A pair of 5000 x 5000 frames: whole, in strips, in a band, and by pysdtw."""
    import torch

    torch.set_num_threads(1)
    x, y = embeddings(1, LONG)
    strips = step(ours, x, y)

    def whole() -> None:
        with matrix_kept():
            strips()

    calls = {"strips": strips, "whole": whole, "band": step(banded, x, y)}
    peers = {peer.call: step(peer.run, x, y) for peer in soft_peers(GAMMA) if of_pysdtw(peer)}
    times = interleaved({**calls, **peers}, 3)
    mine, case = times["strips"], f"soft-DTW (1, {LONG}, {LONG})"
    for name in peers:
        yield faster(case, mine, name, times[name], 5)
    kept = "inphase, with the whole matrix kept"
    row = faster(case, mine, kept, times["whole"])
    # Equal times differ by chance.
    yield Row(case, row.ours, kept, row.theirs, row.factor, "no slower (±5 %)", row.factor >= 0.95)
    band = "inphase `soft_dtw(..., band=0.1)`"
    yield faster(f"{band} at {LONG}", times["band"], "inphase without a band", mine, 4)


def memory() -> Iterator[Row]:
    """Memory that a long pair takes beside what there was before, each in a process of its own."""
    if not Path("/proc/self/clear_refs").exists():
        print("memory: left out, as it is read from Linux's /proc")
        return
    mine, case = in_new_process(extra_memory), f"extra memory, soft-DTW (1, {LONG}, {LONG})"
    if missing(("pysdtw",)):
        yield Row(case, f"{mine:.0f} MB", "", "", float("nan"), "at most 64 MB", mine <= 64)
        return
    theirs = in_new_process(extra_memory_of_pysdtw)
    (name,) = (peer.call for peer in soft_peers(GAMMA) if of_pysdtw(peer))
    megabytes = f"{mine:.0f} MB", name, f"{theirs:.0f} MB"
    yield Row(case, *megabytes, theirs / mine, "at most 64 MB", mine <= 64)


def precision() -> Iterator[Row]:
    """Largest error of float32 gradients by the costs, against float64, the costs being the same.

    Over pairs of 240 and of 1000 frames, related (the second is the first at another speed, with
    noise) and not, of norm 1 and 10, and gammas 0.1, 0.01, 0.001.
    """
    import torch

    torch.set_num_threads(1)
    worst: dict[str, tuple[float, str]] = {}
    for frames, related, norm in product((240, 1000), (True, False), (1, 10)):
        cost = costs(frames, related, norm)
        for gamma in (0.1, 0.01, 0.001):
            exact = gradient(of_costs, cost.double(), gamma, reference=True)
            calls: dict[str, Callable] = {OURS: of_costs}
            for peer in soft_peers(gamma, distance=given):
                calls[peer.call] = partial(of_peer, peer)
            for name, call in calls.items():
                error = (gradient(call, cost, gamma).double() - exact).abs().max().item()
                where = f"{frames} frames, norm {norm}, gamma {gamma}"
                if not error <= worst.get(name, (-1.0,))[0]:
                    worst[name] = error, where
    mine, _ = worst.pop(OURS)
    case = "worst error of float32 gradients"
    for name, (error, where) in worst.items():
        package = name.split(" ")[0]
        yield Row(
            case,
            f"{mine:.1e}",
            f"{package}, given the costs ({where})",
            f"{error:.1e}",
            error / mine,
            "below 1e-3",
            mine < 1e-3,
        )


def ours(x: Any, y: Any) -> Any:
    from inphase.warping import soft_dtw

    return soft_dtw(x, y, gamma=GAMMA).sum()


def given(cost: Any, _: Any) -> Any:
    """In a distance's place: costs that are there already."""
    return cost


def of_peer(peer: Peer, cost: Any, gamma: float) -> Any:
    """The peer made for this gamma, with `given` for a distance."""
    return peer.run(cost, cost)


def banded(x: Any, y: Any) -> Any:
    from inphase.warping import soft_dtw

    return soft_dtw(x, y, gamma=GAMMA, band=0.1).sum()


def of_costs(cost: Any, gamma: float) -> Any:
    from inphase.warping import soft_dtw_from_cost

    return soft_dtw_from_cost(cost, gamma=gamma).sum()


FLOOR = "torch: three matrix products and autograd, nothing else"


def products_alone(x: Any, y: Any) -> Any:
    """Products of embeddings, and of two matrices of that size with them on the way back."""
    import torch

    class Products(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, y: Any) -> Any:
            products = torch.bmm(x, y.mT)
            ctx.save_for_backward(x, y, products)
            return products[:, -1, -1].sum()

        @staticmethod
        def backward(ctx: Any, *gradients: Any) -> Any:
            x, y, products = ctx.saved_tensors
            return torch.bmm(products, y), torch.bmm(products.mT, x)

    return Products.apply(x, y)


def step(call: Callable, x: Any, y: Any) -> Callable[[], None]:
    """Forward and backward, as in training."""

    def run() -> None:
        x.grad = y.grad = None
        call(x, y).backward()

    return run


def embeddings(batch: int, frames: int) -> tuple[Any, Any]:
    """Two batches of random frames of length 1 that require gradients."""
    import torch
    from torch.nn import functional as F

    torch.manual_seed(0)
    first, second = (F.normalize(torch.randn(batch, frames, DIM), dim=-1) for _ in range(2))
    return first.requires_grad_(), second.requires_grad_()


def costs(frames: int, related: bool, norm: float) -> Any:
    """Squared distances (1, N, N) in float32 of two videos whose frames have that norm."""
    import torch
    from torch.nn import functional as F

    torch.manual_seed(0)
    smooth = F.normalize(torch.randn(frames, DIM).cumsum(0), dim=-1)
    slower = (torch.linspace(0, 1, frames) ** 1.5 * (frames - 1)).long()
    other = (
        smooth[slower] + 0.02 * torch.randn(frames, DIM) if related else torch.randn(frames, DIM)
    )
    x, y = norm * smooth.double(), norm * F.normalize(other, dim=-1).double()
    return torch.cdist(x, y).square()[None].float()


def gradient(call: Callable, cost: Any, gamma: float, reference: bool = False) -> Any:
    """Gradient of a value by the costs; from the torch reference in float64 if asked for."""
    from inphase.warping.routes import forced, pick

    leaf = cost.clone().requires_grad_()
    with forced("reference" if reference else pick()):
        call(leaf, gamma).backward()
    return leaf.grad


@contextmanager
def matrix_kept() -> Iterator[None]:
    """Have long pairs computed as short ones are, with all that they need at once."""
    from inphase.warping import soft_dtw_pairs

    before, soft_dtw_pairs.KEPT = soft_dtw_pairs.KEPT, LONG * LONG
    try:
        yield
    finally:
        soft_dtw_pairs.KEPT = before


def of_pysdtw(peer: Peer) -> bool:
    return peer.package == "pysdtw"


def in_new_process(measure: Callable[[], float]) -> float:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(measure).result()


def extra_memory() -> float:
    return most_memory(ours)


def extra_memory_of_pysdtw() -> float:
    (run,) = (peer.run for peer in soft_peers(GAMMA) if of_pysdtw(peer))
    return most_memory(run)


def most_memory(call: Callable) -> float:
    """Most megabytes held during forward and backward, less those held before."""
    import torch

    torch.set_num_threads(1)
    step(call, *embeddings(1, 300))()  # Compiles; buffers of small pairs.
    x, y = embeddings(1, LONG)
    for each in (x, y):  # Held by any caller, before or after.
        each.grad = torch.zeros_like(each)
    run = step(call, x, y)
    Path("/proc/self/clear_refs").write_text("5")  # The highest so far is now.
    before = status("VmRSS")
    run()
    return (status("VmHWM") - before) / 1e3


def status(name: str) -> float:
    """A number of kilobytes from Linux's account of this process."""
    (found,) = re.findall(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return float(found)
