"""Dynamic programming and transport on cost matrices: which frame goes with which.

NumPy and hard: `dtw`, `dtw_from_embeddings`, `dtw_cost`, `drop_dtw`. Torch and differentiable:
all others. Batched, with lengths, masked: what is past a length never changes a result.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inphase.warping.barycenter import barycenter
    from inphase.warping.drop_dtw import drop_dtw, percentile_drop_cost, soft_drop_dtw
    from inphase.warping.dtw import WarpingPath, dtw, dtw_cost, dtw_from_embeddings
    from inphase.warping.gromov_wasserstein import fused_gromov_wasserstein
    from inphase.warping.smooth_dtw import SmoothPath, contrastive_cost, smooth_dtw
    from inphase.warping.soft_dtw import (
        soft_alignment,
        soft_alignment_from_cost,
        soft_dtw,
        soft_dtw_divergence,
        soft_dtw_from_cost,
    )
    from inphase.warping.transport import transport

# Public name -> its file; loaded when first asked for, since `dtw` needs no torch.
_HOMES = {
    "SmoothPath": "smooth_dtw",
    "WarpingPath": "dtw",
    "barycenter": "barycenter",
    "contrastive_cost": "smooth_dtw",
    "drop_dtw": "drop_dtw",
    "dtw": "dtw",
    "dtw_cost": "dtw",
    "dtw_from_embeddings": "dtw",
    "fused_gromov_wasserstein": "gromov_wasserstein",
    "percentile_drop_cost": "drop_dtw",
    "smooth_dtw": "smooth_dtw",
    "soft_alignment": "soft_dtw",
    "soft_alignment_from_cost": "soft_dtw",
    "soft_drop_dtw": "drop_dtw",
    "soft_dtw": "soft_dtw",
    "soft_dtw_divergence": "soft_dtw",
    "soft_dtw_from_cost": "soft_dtw",
    "transport": "transport",
}

__all__ = [
    "SmoothPath",
    "WarpingPath",
    "barycenter",
    "contrastive_cost",
    "drop_dtw",
    "dtw",
    "dtw_cost",
    "dtw_from_embeddings",
    "fused_gromov_wasserstein",
    "percentile_drop_cost",
    "smooth_dtw",
    "soft_alignment",
    "soft_alignment_from_cost",
    "soft_drop_dtw",
    "soft_dtw",
    "soft_dtw_divergence",
    "soft_dtw_from_cost",
    "transport",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'inphase.warping' has no attribute '{name}'")
    return getattr(import_module(f"inphase.warping.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__


class _Room(ModuleType):
    """Where a function and its file have one name, the function goes by it.

    Importing the file `dtw.py` would otherwise put the module in the function's place.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Room
