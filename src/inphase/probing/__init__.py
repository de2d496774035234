"""What a network over clips knows of time: tasks it was not trained for, on its features."""

from inphase.probing.before_after import BeforeAfter, tell_before_from_after
from inphase.probing.guided_backpropagation import Saliency, saliency
from inphase.probing.recognition import Recognition, recognise
from inphase.probing.retrieval import Retrieval, retrieve_videos
from inphase.probing.synchronisation import Synchronisation, synchronise

__all__ = [
    "BeforeAfter",
    "Recognition",
    "Retrieval",
    "Saliency",
    "Synchronisation",
    "recognise",
    "retrieve_videos",
    "saliency",
    "synchronise",
    "tell_before_from_after",
]
