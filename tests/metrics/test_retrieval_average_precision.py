import numpy as np
import pytest

from inphase.errors import InputError
from inphase.metrics import retrieval_average_precision


def random_videos(seed=0, lengths=(20, 33, 11), classes=3):
    random = np.random.default_rng(seed)
    embeddings = [random.normal(size=(n, 4)) for n in lengths]
    return embeddings, [random.integers(0, classes, n) for n in lengths]


def published(embeddings, labels, k):
    """Query by query and rank by rank."""
    video = np.repeat(np.arange(len(labels)), [len(each) for each in labels])
    frames, phases = np.concatenate(embeddings), np.concatenate(labels)
    total = 0.0
    for i, query in enumerate(frames):
        order = np.argsort(((frames - query) ** 2).sum(axis=1), kind="stable")
        nearest = [j for j in order if video[j] != video[i]][:k]
        relevant = phases[nearest] == phases[i]
        precisions = [relevant[: j + 1].sum() / (j + 1) for j in range(k)]
        if relevant.sum() > 0:
            total += (np.array(precisions) * relevant).sum() / relevant.sum()
    return total / len(frames)


@pytest.mark.parametrize(("k", "stride"), [(1, 1), (10, 1), (5, 2)])
def test_equal_to_the_loop_over_queries_and_ranks(k, stride):
    embeddings, labels = random_videos()
    expected = published([z[::stride] for z in embeddings], [x[::stride] for x in labels], k)
    got = retrieval_average_precision(embeddings, labels, k=k, stride=stride)
    assert got == pytest.approx(expected, abs=1e-12)


def test_rare_phases_that_are_never_found_score_nothing():
    embeddings, labels = random_videos()
    labels[0][:] = 9
    expected = published(embeddings, labels, 10)
    assert retrieval_average_precision(embeddings, labels) == pytest.approx(expected, abs=1e-12)


def test_equal_to_scikit_learns_average_precision_of_the_frames_found():
    score = pytest.importorskip("sklearn.metrics").average_precision_score
    embeddings = [np.zeros((4, 1)), np.array([[1.0], [2.0], [3.0], [4.0]])]
    labels = [np.array([1, 1, 1, 1]), np.array([0, 1, 0, 1])]
    # The first video finds the second in order; the second finds only frames of phase 1.
    found = score([0, 1, 0, 1], [4, 3, 2, 1])
    got = retrieval_average_precision(embeddings, labels, k=4)
    assert got == pytest.approx((4 * found + 0 + 1 + 0 + 1) / 8)


def test_long_videos_weigh_more_than_short_ones():
    embeddings = [np.zeros((1, 1)), np.array([[0.0], [9.0], [9.0], [9.0]])]
    labels = [np.array([0]), np.array([0, 1, 1, 1])]
    assert retrieval_average_precision(embeddings, labels, k=1) == 2 / 5


def test_frames_without_a_label_are_neither_asked_nor_found():
    embeddings = [np.array([[0.0], [5.0]]), np.array([[0.0], [1.0], [5.0]])]
    labels = [np.array([1, -1]), np.array([-1, 1, 2])]
    assert retrieval_average_precision(embeddings, labels, k=1) == pytest.approx(2 / 3)


def test_too_many_neighbours_and_no_labels_are_refused():
    embeddings, labels = random_videos()
    with pytest.raises(InputError, match="k=60"):
        retrieval_average_precision(embeddings, labels, k=60)
    with pytest.raises(InputError, match="label"):
        retrieval_average_precision(embeddings, [np.full(len(one), -1) for one in labels])
