"""Training methods: how each looks at a batch of videos, and which loss it lowers."""

from inphase.methods.alignment import GTA, LAV, PCL, TCC, VAVA, LRProp
from inphase.methods.classification import ShuffleAndLearn, Supervised
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


def name_of(method: Method) -> str:
    """The name of a method on the command line."""
    return next((name for name, kind in METHODS.items() if kind is type(method)), "custom")


__all__ = [
    "GTA",
    "LAV",
    "METHODS",
    "PCL",
    "SCL",
    "TCC",
    "TCN",
    "VAVA",
    "LRProp",
    "Method",
    "ShuffleAndLearn",
    "SimCLR",
    "Supervised",
    "name_of",
]
