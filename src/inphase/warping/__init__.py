"""Dynamic programming on cost matrices: which frame of one video goes with which of another."""

from inphase.warping.dtw import WarpingPath, dtw

__all__ = ["WarpingPath", "dtw"]
