"""Rendered activities with exactly known phases and time warps: demo, test bed and benchmark."""

from inphase.data.rendered.film import ACTIVITIES, Look, Plan, View, frames, picture, plan, render
from inphase.data.rendered.folder import load_truth, make
from inphase.data.rendered.level import Level, level
from inphase.data.rendered.timing import Piece, Truth

__all__ = [
    "ACTIVITIES",
    "Level",
    "Look",
    "Piece",
    "Plan",
    "Truth",
    "View",
    "frames",
    "level",
    "load_truth",
    "make",
    "picture",
    "plan",
    "render",
]
