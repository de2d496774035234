import sys

import numpy as np
import pytest

from inphase import metrics
from inphase.errors import InputError
from inphase.metrics.inputs import squared_distances


def pair(*shapes):
    return [np.zeros(shape) for shape in shapes]


@pytest.mark.parametrize(
    ("embeddings", "reason"),
    [
        ([], "two or more"),
        (pair((3, 2)), "two or more"),
        (pair((3, 2), (0, 2)), "at least one frame"),
        (pair((3, 2), (3,)), r"\(T, D\)"),
        (pair((3, 2), (3, 4)), "4-dimensional"),
        ([np.zeros((3, 2)), np.full((3, 2), np.nan)], "video 1 hold NaN"),
    ],
)
def test_embeddings_that_cannot_be_compared_are_refused(embeddings, reason):
    with pytest.raises(InputError, match=reason):
        metrics.kendalls_tau(embeddings)


def test_a_stride_below_one_is_refused():
    with pytest.raises(InputError, match="stride"):
        metrics.kendalls_tau(pair((3, 2), (3, 2)), stride=0)


@pytest.mark.parametrize("pairs", [[], [(0, 2)], [(-1, 0)]])
def test_pairs_of_videos_that_are_not_there_are_refused(pairs):
    with pytest.raises(InputError, match="pair"):
        metrics.kendalls_tau(pair((3, 2), (3, 2)), pairs=pairs)


@pytest.mark.parametrize("labels", [[3], [3, 4, 3], [3, 5]])
def test_labels_that_do_not_fit_are_refused(labels):
    labels = [np.zeros(length, dtype=int) for length in labels]
    with pytest.raises(InputError, match="labels"):
        metrics.one_shot_classification(pair((3, 2), (4, 2)), labels)


def test_progress_is_called_progress_when_it_does_not_fit():
    with pytest.raises(InputError, match="progress"):
        metrics.progress_error(pair((3, 2), (4, 2)), [np.zeros(3), np.zeros(3)])


def test_squared_distances_are_scipys():
    distance = pytest.importorskip("scipy.spatial.distance")
    random = np.random.default_rng(0)
    first, second = random.normal(size=(20, 128)), random.normal(size=(31, 128))
    expected = distance.cdist(first, second, "sqeuclidean")
    np.testing.assert_allclose(squared_distances(first, second), expected, rtol=1e-13)


def test_equal_frames_are_at_equal_distance_to_the_last_bit():
    random = np.random.default_rng(0)
    query, frame = random.normal(size=(7, 129)), random.normal(size=129)
    distances = squared_distances(query, np.tile(frame, (37, 1)))
    assert (distances == distances[:, :1]).all()
    assert (squared_distances(query, query).diagonal() == 0).all()


@pytest.mark.parametrize(
    ("module", "score"),
    [
        ("sklearn.svm", lambda z, y: metrics.phase_classification(z, y, z, y)),
        ("sklearn.cluster", lambda z, y: metrics.rand_index(z, y)),
    ],
)
def test_a_missing_extra_is_named_with_the_way_to_install_it(monkeypatch, module, score):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match=r'pip install "inphase\[metrics\]"'):
        score([np.eye(4)], [np.array([0, 0, 1, 1])])
