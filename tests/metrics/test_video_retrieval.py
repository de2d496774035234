import sys

import numpy as np
import pytest

from inphase.errors import InputError
from inphase.metrics import video_retrieval


def collection(n, seed, classes=4):
    random = np.random.default_rng(seed)
    videos = [random.normal(size=(random.integers(1, 6), 8)) for _ in range(n)]
    return videos, random.integers(0, classes, n)


@pytest.mark.parametrize("standardise", [True, False])
def test_equal_to_scikit_learns_neighbours(standardise):
    neighbors = pytest.importorskip("sklearn.neighbors")
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    (queries, asked), (gallery, known) = collection(30, 0), collection(50, 1)
    x = np.stack([z.mean(axis=0) for z in gallery])
    q = np.stack([z.mean(axis=0) for z in queries])
    if standardise:
        scaler = preprocessing.StandardScaler().fit(x)
        x, q = scaler.transform(x), scaler.transform(q)
    search = neighbors.NearestNeighbors(metric="cosine").fit(x)
    expected = {
        k: (known[search.kneighbors(q, k)[1]] == asked[:, None]).any(axis=1).mean()
        for k in (1, 5, 20)
    }
    found = video_retrieval(queries, asked, gallery, known, ks=(1, 5, 20), standardise=standardise)
    assert found == pytest.approx(expected, abs=1e-12)
    assert found[1] < found[5] <= found[20]


def test_a_class_that_the_gallery_lacks_is_never_found():
    gallery = [np.eye(3)[:1], np.eye(3)[1:2]]
    found = video_retrieval(gallery, np.array([7, 1]), gallery, np.array([0, 1]), ks=(1, 2))
    assert found == {1: 0.5, 2: 0.5}


def test_videos_without_a_class_are_not_asked_and_never_right():
    videos = [np.eye(3)[:1], np.eye(3)[1:2]]
    classes = np.array([-1, 1])
    assert video_retrieval(videos, classes, videos, classes, ks=(1,)) == {1: 1.0}
    assert video_retrieval(videos, np.array([1, -1]), videos, classes, ks=(1, 2)) == {1: 0, 2: 1}


@pytest.mark.parametrize("value", [0.0, 0.3])
def test_a_collapsed_embedding_finds_the_first_of_the_gallery(value):
    videos = [np.full((2, 4), value)] * 3
    classes = np.array([0, 1, 2])
    assert video_retrieval(videos, classes, videos, classes, ks=(1, 2, 3)) == {
        1: pytest.approx(1 / 3),
        2: pytest.approx(2 / 3),
        3: 1,
    }


def test_many_queries_are_taken_in_blocks(monkeypatch):
    (queries, asked), (gallery, known) = collection(30, 2), collection(50, 3)
    whole = video_retrieval(queries, asked, gallery, known)
    # The name in the package is the function's.
    monkeypatch.setattr(sys.modules["inphase.metrics.video_retrieval"], "_CELLS", 100)
    assert video_retrieval(queries, asked, gallery, known) == whole


@pytest.mark.parametrize("ks", [(), (0,), (1, 4)])
def test_numbers_of_neighbours_beyond_the_gallery_are_refused(ks):
    videos, classes = collection(3, 0)
    with pytest.raises(InputError, match="ks must be from 1 to 3"):
        video_retrieval(videos, classes, videos, classes, ks=ks)


def test_input_that_does_not_fit_together_is_refused():
    videos, classes = collection(3, 0)
    with pytest.raises(InputError, match="query videos and classes"):
        video_retrieval(videos, classes[:2], videos, classes, ks=(1,))
    with pytest.raises(InputError, match="one model"):
        video_retrieval(videos, classes, [z[:, :4] for z in videos], classes, ks=(1,))
    with pytest.raises(InputError, match="No query"):
        video_retrieval(videos, np.full(3, -1), videos, classes, ks=(1,))
