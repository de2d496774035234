"""Rendered activities with exactly known phases and time warps: demo, test bed and benchmark."""

from inphase.data.rendered.classes import CLASSES, load_phases, make_classes
from inphase.data.rendered.film import ACTIVITIES, Look, Plan, View, frames, picture, plan, render
from inphase.data.rendered.folder import load_truth, make
from inphase.data.rendered.level import Level, level
from inphase.data.rendered.timing import Piece, Truth

__all__ = [
    "ACTIVITIES",
    "CLASSES",
    "Level",
    "Look",
    "Piece",
    "Plan",
    "Truth",
    "View",
    "frames",
    "level",
    "load_phases",
    "load_truth",
    "make",
    "make_classes",
    "picture",
    "plan",
    "render",
]
