import itertools

import numpy as np
import pytest

from inphase.errors import InputError
from inphase.metrics import one_shot_classification


def random_videos(seed=0, lengths=(20, 33, 11)):
    random = np.random.default_rng(seed)
    return [random.normal(size=(n, 4)) for n in lengths], [
        random.integers(0, 3, n) for n in lengths
    ]


@pytest.mark.parametrize("stride", [1, 3])
def test_equal_to_scikit_learns_one_nearest_neighbour(stride):
    neighbors = pytest.importorskip("sklearn.neighbors")
    embeddings, labels = random_videos()
    scores = []
    for query, labelled in itertools.permutations(range(3), 2):
        model = neighbors.KNeighborsClassifier(n_neighbors=1)
        model.fit(embeddings[labelled][::stride], labels[labelled][::stride])
        scores.append(model.score(embeddings[query][::stride], labels[query][::stride]))
    got = one_shot_classification(embeddings, labels, stride=stride)
    assert got == pytest.approx(np.mean(scores), abs=1e-12)


def test_a_pair_is_query_then_labelled():
    embeddings = [np.array([[0.0], [1.0]]), np.array([[0.0]])]
    labels = [np.array([0, 1]), np.array([0])]
    assert one_shot_classification(embeddings, labels, pairs=[(0, 1)]) == 0.5
    assert one_shot_classification(embeddings, labels, pairs=[(1, 0)]) == 1


def test_frames_without_a_label_are_neither_asked_nor_found():
    embeddings = [np.array([[0.0], [5.0]]), np.array([[0.0], [1.0], [5.0]])]
    labels = [np.array([1, -1]), np.array([-1, 1, 2])]
    assert one_shot_classification(embeddings, labels, pairs=[(0, 1)]) == 1
    assert one_shot_classification(embeddings, labels, pairs=[(1, 0)]) == 0.5


def test_pairs_are_averaged_as_often_as_they_are_given():
    embeddings, labels = random_videos(seed=1)
    pairs = [(0, 1), (2, 1), (0, 1), (1, 0), (1, 1)]
    expected = [one_shot_classification(embeddings, labels, pairs=[pair]) for pair in pairs]
    got = one_shot_classification(embeddings, labels, pairs=pairs)
    assert got == pytest.approx(np.mean(expected), abs=1e-12)


def test_videos_without_labels_are_left_out():
    embeddings, labels = random_videos(seed=2)
    two = one_shot_classification(embeddings[1:], labels[1:])
    labels[0][:] = -1
    assert one_shot_classification(embeddings, labels) == two
    assert one_shot_classification(embeddings, labels, pairs=[(0, 1), (1, 2), (2, 1)]) == two


def test_of_equally_near_frames_the_first_is_taken():
    embeddings = [np.zeros((3, 1)), np.ones((4, 1))]
    labels = [np.array([0, 0, 1]), np.array([1, 0, 0, 0])]
    assert one_shot_classification(embeddings, labels, pairs=[(0, 1)]) == 1 / 3
    assert one_shot_classification(embeddings, labels, pairs=[(1, 0)]) == 3 / 4


def test_no_labels_at_all_are_refused():
    with pytest.raises(InputError, match="both sides"):
        one_shot_classification([np.zeros((3, 1))] * 2, [np.zeros(3, int), np.full(3, -1)])
