"""Training methods: how each looks at a batch of videos, and which loss it lowers."""

from inphase.methods.alignment import GTA, LAV, PCL, TCC, VAVA, LRProp
from inphase.methods.classification import ShuffleAndLearn, Supervised
from inphase.methods.clips import (
    CLIP_METHODS,
    ActionLabels,
    ClipMethod,
    ClipOrder,
    ClipShuffle,
    Rotation,
    TemporalTransformations,
)
from inphase.methods.contrastive import SCL, TCN, SimCLR
from inphase.methods.method import Method

METHODS: dict[str, type[Method]] = {
    "scl": SCL,
    "pcl": PCL,
    "lav": LAV,
    "lrprop": LRProp,
    "vava": VAVA,
    "tcc": TCC,
    "gta": GTA,
    "tcn": TCN,
    "shuffle-and-learn": ShuffleAndLearn,
    "simclr": SimCLR,
    "supervised": Supervised,
}


def name_of(method: Method | ClipMethod) -> str:
    """The name of a method on the command line."""
    known = {**METHODS, **CLIP_METHODS}
    return next((name for name, kind in known.items() if kind is type(method)), "custom")


__all__ = [
    "CLIP_METHODS",
    "GTA",
    "LAV",
    "METHODS",
    "PCL",
    "SCL",
    "TCC",
    "TCN",
    "VAVA",
    "ActionLabels",
    "ClipMethod",
    "ClipOrder",
    "ClipShuffle",
    "LRProp",
    "Method",
    "Rotation",
    "ShuffleAndLearn",
    "SimCLR",
    "Supervised",
    "TemporalTransformations",
    "name_of",
]
