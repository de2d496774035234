"""What the warping kernels are measured against: calls of other packages, as they document them.

Where a package takes costs or a distance, it also gets those of a matrix product: on its own it
spends most of its time on distances. Packages that are not installed are left out.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from jaxtyping import Float

Distance = Callable[[Any, Any], Any]


@dataclass(frozen=True)
class Peer:
    """A call of another package.

    Attributes:
        package: What it is installed as.
        call: The call that is measured, as its user would write it.
        run: The call. Soft: batches of embeddings to a sum of values. Hard: two embeddings, in
            the form that `prepare` gives them, to a path.
        prepare: How to lay embeddings out for the package, outside the measurement.
        product: Whether it is given a distance by matrix product.
    """

    package: str
    call: str
    run: Callable
    prepare: Callable = lambda x: x
    product: bool = False


def product_distance(x: Any, y: Any) -> Any:
    """Squared Euclidean distances (B, N, M) of torch tensors, by a matrix product."""
    squares = (x * x).sum(-1)[:, :, None] + (y * y).sum(-1)[:, None]
    return squares - 2 * (x @ y.mT)


def product_distance_of_arrays(
    x: Float[np.ndarray, "n d"], y: Float[np.ndarray, "m d"]
) -> Float[np.ndarray, "n m"]:
    """Squared Euclidean distances, by a matrix product, in as few passes as NumPy allows."""
    cost = x @ y.T
    cost *= -2
    cost += np.square(x).sum(1)[:, None]
    cost += np.square(y).sum(1)
    return np.maximum(cost, 0, out=cost)


def missing(packages: tuple[str, ...]) -> list[str]:
    """Those that are not installed here."""
    return [package for package in packages if find_spec(package) is None]


def soft_peers(gamma: float, distance: Distance = product_distance) -> list[Peer]:
    """Soft-DTW of torch tensors (B, N, D), (B, M, D), summed over the batch."""
    makers = {"ddtw": _ddtw, "pysdtw": _pysdtw, "tslearn": _tslearn_soft}
    return [make(gamma, distance) for name, make in makers.items() if not missing((name,))]


def tslearn_as_documented(gamma: float) -> Peer:
    """Soft-DTW of tslearn with the distance it takes by itself."""
    loss = importlib.import_module("tslearn.metrics").SoftDTWLossPyTorch(gamma=gamma)
    call = "tslearn `SoftDTWLossPyTorch(gamma=gamma)(x, y)`"
    return Peer("tslearn", call, lambda x, y: loss(x, y).sum())


def hard_peers() -> list[Peer]:
    """Path of the cheapest alignment of two arrays (N, D), (M, D)."""
    makers = {
        "aeon": _aeon,
        "librosa": _librosa,
        "dtaidistance": _dtaidistance,
        "tslearn": _tslearn_hard,
    }
    return [peer for name, make in makers.items() if not missing((name,)) for peer in make()]


def _ddtw(gamma: float, distance: Distance) -> Peer:
    loss = importlib.import_module("ddtw").SDTW(gamma=gamma, normalization="none")
    call = "ddtw `SDTW(gamma=gamma, normalization='none')(C=product_distance(x, y))`"
    # Its value is the mean of the batch.
    return Peer("ddtw", call, lambda x, y: loss(C=distance(x, y)) * len(x), product=True)


def _pysdtw(gamma: float, distance: Distance) -> Peer:
    loss = importlib.import_module("pysdtw").SoftDTW(
        gamma=gamma, dist_func=distance, use_cuda=False
    )
    call = "pysdtw `SoftDTW(gamma=gamma, dist_func=product_distance, use_cuda=False)(x, y)`"
    return Peer("pysdtw", call, lambda x, y: loss(x, y).sum(), product=True)


def _tslearn_soft(gamma: float, distance: Distance) -> Peer:
    loss = importlib.import_module("tslearn.metrics").SoftDTWLossPyTorch(
        gamma=gamma, dist_func=distance
    )
    call = "tslearn `SoftDTWLossPyTorch(gamma=gamma, dist_func=product_distance)(x, y)`"
    return Peer("tslearn", call, lambda x, y: loss(x, y).sum(), product=True)


def _aeon() -> list[Peer]:
    path = importlib.import_module("aeon.distances").dtw_alignment_path
    return [
        Peer(
            "aeon",
            "aeon `dtw_alignment_path(x, y)`, (channels, time)",
            path,
            lambda x: np.ascontiguousarray(x.T),
        ),
        Peer(
            "aeon",
            "aeon `dtw_alignment_path(x.T, y.T)`, views of (time, channels)",
            path,
            lambda x: x.T,
        ),
    ]


def _librosa() -> list[Peer]:
    dtw = importlib.import_module("librosa").sequence.dtw
    return [
        Peer(
            "librosa",
            "librosa `sequence.dtw(X=x.T, Y=y.T, metric='sqeuclidean')`",
            lambda x, y: dtw(X=x, Y=y, metric="sqeuclidean"),
            lambda x: x.T,
        ),
        Peer(
            "librosa",
            "librosa `sequence.dtw(C=product_distance(x, y))`",
            lambda x, y: dtw(C=product_distance_of_arrays(x, y)),
            product=True,
        ),
    ]


def _dtaidistance() -> list[Peer]:
    dtw_ndim = importlib.import_module("dtaidistance.dtw_ndim")
    return [
        Peer(
            "dtaidistance",
            "dtaidistance `dtw_ndim.warping_path(x, y, use_c=True)`, float64",
            lambda x, y: dtw_ndim.warping_path(x, y, use_c=True),
            lambda x: x.astype(np.float64),
        )
    ]


def _tslearn_hard() -> list[Peer]:
    metrics = importlib.import_module("tslearn.metrics")
    return [
        Peer(
            "tslearn",
            "tslearn `dtw_path(x, y)`, float64",
            metrics.dtw_path,
            lambda x: x.astype(np.float64),
        ),
        Peer(
            "tslearn",
            "tslearn `dtw_path_from_metric(product_distance(x, y), metric='precomputed')`",
            lambda x, y: metrics.dtw_path_from_metric(
                product_distance_of_arrays(x, y), metric="precomputed"
            ),
            product=True,
        ),
    ]
