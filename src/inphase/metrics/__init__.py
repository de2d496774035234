"""Metrics of per-frame embeddings: pure functions on arrays, one per file.

Most take a list of embeddings (T, D), one per video, and a list of labels (T,) where they need
them, and return a number. Embeddings are compared as given, by squared Euclidean distance.
`alignment_error` takes a path and the truth.
"""

from inphase.metrics.alignment_error import AlignmentError, alignment_error
from inphase.metrics.dtw_accuracy import dtw_accuracy
from inphase.metrics.kendalls_tau import kendalls_tau
from inphase.metrics.one_shot_classification import one_shot_classification
from inphase.metrics.progress_error import progress_error
from inphase.metrics.retrieval_precision import retrieval_precision

__all__ = [
    "AlignmentError",
    "alignment_error",
    "dtw_accuracy",
    "kendalls_tau",
    "one_shot_classification",
    "progress_error",
    "retrieval_precision",
]
