"""One file per loss: pure differentiable functions of embeddings, times and a mask."""

from inphase.losses.gta import gta
from inphase.losses.idm import contrastive_idm, idm, slow_feature
from inphase.losses.lav import lav
from inphase.losses.lrprop import lrprop
from inphase.losses.paired_contrast import paired_contrast
from inphase.losses.pcl import pcl, video_cross_entropy
from inphase.losses.scl import scl
from inphase.losses.shuffle_and_learn import shuffle_and_learn
from inphase.losses.simclr import simclr
from inphase.losses.supervised import supervised
from inphase.losses.tcc import tcc
from inphase.losses.tcn import tcn
from inphase.losses.vava import vava

__all__ = [
    "contrastive_idm",
    "gta",
    "idm",
    "lav",
    "lrprop",
    "paired_contrast",
    "pcl",
    "scl",
    "shuffle_and_learn",
    "simclr",
    "slow_feature",
    "supervised",
    "tcc",
    "tcn",
    "vava",
    "video_cross_entropy",
]
