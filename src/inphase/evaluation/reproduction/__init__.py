"""A paper's table again: trained, scored, and set below the paper's own numbers."""

from inphase.evaluation.reproduction.reproduce import reproduce
from inphase.evaluation.reproduction.table import Reproduction

__all__ = ["Reproduction", "reproduce"]
