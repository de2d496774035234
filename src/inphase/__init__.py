"""inphase: learn what moment of an activity every video frame shows, and line videos up.

Example:
    videos = inphase.find("squats/")
    model = inphase.fit(videos, out="runs/squats")
    embeddings = inphase.embed(model, videos)
    alignments = inphase.align(embeddings["coach"], embeddings)
    inphase.save_alignments(alignments, videos, "aligned/")
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inphase.data.collection import find, inspect
    from inphase.data.video import Video
    from inphase.embeddings import Embeddings
    from inphase.encoders.encoder import Encoder
    from inphase.errors import InputError
    from inphase.evaluation.evaluate import evaluate
    from inphase.evaluation.result import Result
    from inphase.methods import METHODS, SCL
    from inphase.show.export import save_alignments
    from inphase.tasks.align import Alignment, align
    from inphase.tasks.embed import embed
    from inphase.train import fit

__version__ = "0.1.0"

# Public name -> the module it lives in; loaded when first asked for, so that starting is fast.
_HOMES = {
    "find": "data.collection",
    "inspect": "data.collection",
    "Video": "data.video",
    "fit": "train",
    "Encoder": "encoders.encoder",
    "embed": "tasks.embed",
    "Embeddings": "embeddings",
    "align": "tasks.align",
    "Alignment": "tasks.align",
    "save_alignments": "show.export",
    "evaluate": "evaluation.evaluate",
    "Result": "evaluation.result",
    "METHODS": "methods",
    "SCL": "methods",
    "InputError": "errors",
}

__all__ = [
    "METHODS",
    "SCL",
    "Alignment",
    "Embeddings",
    "Encoder",
    "InputError",
    "Result",
    "Video",
    "align",
    "embed",
    "evaluate",
    "find",
    "fit",
    "inspect",
    "save_alignments",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'inphase' has no attribute '{name}'")
    return getattr(import_module(f"inphase.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
