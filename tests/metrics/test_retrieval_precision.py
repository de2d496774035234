import numpy as np
import pytest

from inphase.errors import InputError
from inphase.metrics import retrieval_precision, retrieval_precisions


def random_videos(seed=0, lengths=(20, 33, 11), classes=3):
    random = np.random.default_rng(seed)
    embeddings = [random.normal(size=(n, 4)) for n in lengths]
    return embeddings, [random.integers(0, classes, n) for n in lengths]


@pytest.mark.parametrize(("k", "stride"), [(1, 1), (5, 1), (5, 2), (7, 3)])
def test_equal_to_scikit_learns_neighbours(k, stride):
    neighbors = pytest.importorskip("sklearn.neighbors")
    embeddings, labels = random_videos()
    per_video = []
    for video in range(3):
        others = [other for other in range(3) if other != video]
        candidates = np.concatenate([embeddings[other][::stride] for other in others])
        answers = np.concatenate([labels[other][::stride] for other in others])
        search = neighbors.NearestNeighbors(n_neighbors=k).fit(candidates)
        found = answers[search.kneighbors(embeddings[video][::stride])[1]]
        per_video.append((found == labels[video][::stride, None]).mean())
    assert retrieval_precision(embeddings, labels, k=k, stride=stride) == pytest.approx(
        np.mean(per_video), abs=1e-12
    )


def test_several_k_at_once_are_each_the_same():
    embeddings, labels = random_videos(seed=1)
    found = retrieval_precisions(embeddings, labels, ks=(5, 15, 1), stride=2)
    alone = {k: retrieval_precision(embeddings, labels, k=k, stride=2) for k in (5, 15, 1)}
    assert found == alone


@pytest.mark.parametrize("collapsed", [0.0, 0.1, 1e9])
def test_of_a_collapsed_embedding_the_first_frames_are_found(collapsed):
    embeddings = [np.full((n, 3), collapsed) for n in (4, 6)]
    labels = [np.array([0, 0, 1, 1]), np.array([1, 1, 1, 0, 0, 0])]
    # All find the first two frames of the other video: two of four, and three of six, are right.
    assert retrieval_precision(embeddings, labels, k=2) == 0.5


def test_the_query_s_own_video_is_never_searched():
    # Own frames are nearest and have the same label; the other video has none of it.
    embeddings = [np.zeros((4, 1)), np.ones((4, 1))]
    assert retrieval_precision(embeddings, [np.zeros(4, int), np.ones(4, int)], k=2) == 0


def test_short_videos_weigh_as_much_as_long_ones():
    embeddings = [np.zeros((1, 1)), np.array([[0.0], [9.0], [9.0], [9.0]])]
    labels = [np.array([0]), np.array([0, 1, 1, 1])]
    assert retrieval_precision(embeddings, labels, k=1) == (1 + 1 / 4) / 2


def test_frames_without_a_label_are_neither_asked_nor_found():
    embeddings = [np.array([[0.0], [5.0]]), np.array([[0.0], [1.0], [5.0]])]
    labels = [np.array([1, -1]), np.array([-1, 1, 2])]
    # Video 0: its frame finds label 1. Video 1: both find the only labelled frame, of label 1.
    assert retrieval_precision(embeddings, labels, k=1) == (1 + 1 / 2) / 2


def test_more_neighbours_than_frames_are_refused():
    embeddings, labels = random_videos()
    with pytest.raises(InputError, match="k=60"):
        retrieval_precision(embeddings, labels, k=60)


def test_no_neighbours_are_refused():
    with pytest.raises(InputError, match="at least 1"):
        retrieval_precision(*random_videos(), k=0)
    for ks in ((), (5, 0)):
        with pytest.raises(InputError, match="at least 1"):
            retrieval_precisions(*random_videos(), ks=ks)


def test_no_labels_at_all_are_refused():
    embeddings, labels = random_videos()
    with pytest.raises(InputError, match="label"):
        retrieval_precision(embeddings, [np.full(len(one), -1) for one in labels], k=1)
