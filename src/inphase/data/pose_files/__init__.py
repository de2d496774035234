"""Keypoints in the files that pose estimators and their users write."""

from inphase.data.pose_files.by_format import SUFFIXES, read_poses

__all__ = ["SUFFIXES", "read_poses"]
