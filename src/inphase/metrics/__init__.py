"""Metrics of per-frame embeddings: pure functions on arrays, one per file.

Most take a list of embeddings (T, D), one per video, and a list of labels (T,) where they need
them, and return a number. Embeddings are compared as given, by squared Euclidean distance; a label
below 0 says that a frame has none. `alignment_error` and `enclosed_area_error` take a path and the
truth, `segmentation_scores` labels alone. Classifiers, clusters and intervals need the extra
`metrics`.
"""

from inphase.metrics.alignment_error import AlignmentError, alignment_error
from inphase.metrics.canonical_time import canonical_time
from inphase.metrics.cycle_consistency import cycle_consistency
from inphase.metrics.dtw_accuracy import dtw_accuracy
from inphase.metrics.enclosed_area_error import enclosed_area_error
from inphase.metrics.few_shot_classification import FewShotScore, few_shot_classification
from inphase.metrics.kendalls_tau import kendalls_tau
from inphase.metrics.key_events import key_events
from inphase.metrics.one_shot_classification import one_shot_classification
from inphase.metrics.phase_classification import phase_classification
from inphase.metrics.phase_progression import phase_progression
from inphase.metrics.progress_error import progress_error
from inphase.metrics.rand_index import rand_index
from inphase.metrics.retrieval_average_precision import retrieval_average_precision
from inphase.metrics.retrieval_precision import retrieval_precision, retrieval_precisions
from inphase.metrics.segmentation_scores import SegmentationScores, segmentation_scores
from inphase.metrics.sub_action_classification import sub_action_classification
from inphase.metrics.video_retrieval import video_retrieval

__all__ = [
    "AlignmentError",
    "FewShotScore",
    "SegmentationScores",
    "alignment_error",
    "canonical_time",
    "cycle_consistency",
    "dtw_accuracy",
    "enclosed_area_error",
    "few_shot_classification",
    "kendalls_tau",
    "key_events",
    "one_shot_classification",
    "phase_classification",
    "phase_progression",
    "progress_error",
    "rand_index",
    "retrieval_average_precision",
    "retrieval_precision",
    "retrieval_precisions",
    "segmentation_scores",
    "sub_action_classification",
    "video_retrieval",
]
