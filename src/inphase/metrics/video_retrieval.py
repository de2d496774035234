"""Video retrieval: is a video of the same class among the nearest ones?"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Float64, Integer

from inphase.errors import InputError
from inphase.metrics.inputs import Frames, checked_embeddings

# Similarities at once: 32 MB.
_CELLS = 2**22


def video_retrieval(
    queries: Sequence[Float[np.ndarray, "..."]],
    query_classes: Integer[np.ndarray, "..."],
    gallery: Sequence[Float[np.ndarray, "..."]],
    gallery_classes: Integer[np.ndarray, "..."],
    *,
    ks: Sequence[int] = (1, 5, 10, 20, 50),
    standardise: bool = True,
) -> dict[int, float]:
    """Share of query videos that have one of their class among the k nearest gallery videos.

    A video is the mean of its embeddings over time. Each dimension is standardised by the mean
    and standard deviation of the gallery's videos; nearest is by cosine similarity, the first of
    equals. Queries of a class below 0 are left out, gallery videos of such a class never count.

    Range 0 to 1, higher is better, and higher for larger k. Pitfalls: one hit is enough, so large
    k flatter; scene and background retrieve well without any motion.

    Source: Jenni et al., Temporal Transformations, ECCV 2020, section 4.4, after Büchler et al.,
    ECCV 2018: UCF101, queries from test split 1, gallery train split 1.

    Args:
        queries: Embeddings of each query video (T, D): clips, frames, or a single one (1, D).
        query_classes: Class of each query video (N,).
        gallery: Embeddings of each video that is searched (T, D).
        gallery_classes: Class of each (M,).
        ks: Numbers of neighbours, each from 1 to M.
        standardise: Whether dimensions are standardised first.

    Returns:
        The share for each k.

    Raises:
        InputError: If the input does not fit together, no query has a class, or a k is not
            1 to M.
    """
    for side, videos, classes in (
        ("query", queries, query_classes),
        ("gallery", gallery, gallery_classes),
    ):
        if classes.shape != (len(videos),):
            raise InputError(
                f"There are {len(videos)} {side} videos and classes of shape {classes.shape}; "
                "give one class per video."
            )
    asked, searched = (_means(checked_embeddings(each, least=1)) for each in (queries, gallery))
    if asked.shape[1] != searched.shape[1]:
        raise InputError(
            f"The queries have {asked.shape[1]} dimensions and the gallery {searched.shape[1]}; "
            "embed all with one model."
        )
    if not ks or not all(1 <= k <= len(searched) for k in ks):
        raise InputError(f"ks must be from 1 to {len(searched)}, the gallery's videos, not {ks}.")
    if not (query_classes >= 0).any():
        raise InputError("No query video has a class of 0 or more to look for.")
    if standardise:
        mean, spread = searched.mean(axis=0), searched.std(axis=0)
        # A dimension that never varies in the gallery says nothing there, and is left as it is.
        spread[spread == 0] = 1.0
        asked, searched = (asked - mean) / spread, (searched - mean) / spread
    first_hit = _first_hits(asked, query_classes, searched, gallery_classes)[query_classes >= 0]
    return {k: float((first_hit < k).mean()) for k in ks}


def _means(videos: Frames) -> Float64[np.ndarray, "n d"]:
    return np.stack([frames.mean(axis=0) for frames in videos])


def _first_hits(
    queries: Float64[np.ndarray, "n d"],
    query_classes: Integer[np.ndarray, " n"],
    gallery: Float64[np.ndarray, "m d"],
    gallery_classes: Integer[np.ndarray, " m"],
) -> Integer[np.ndarray, " n"]:
    """Rank, from 0, of the nearest gallery video of each query's class; m where there is none."""
    queries, gallery = _unit(queries), _unit(gallery)
    ranks = np.full(len(queries), len(gallery))
    rows = max(1, _CELLS // len(gallery))
    for start in range(0, len(queries), rows):
        block = slice(start, start + rows)
        order = np.argsort(-(queries[block] @ gallery.T), axis=1, kind="stable")
        hits = gallery_classes[order] == query_classes[block, None]
        ranks[block] = np.where(hits.any(axis=1), hits.argmax(axis=1), len(gallery))
    return ranks


def _unit(vectors: Float64[np.ndarray, "n d"]) -> Float64[np.ndarray, "n d"]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1.0)
