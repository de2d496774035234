"""One file per loss: pure differentiable functions of embeddings, times and a mask."""

from inphase.losses.scl import scl

__all__ = ["scl"]
