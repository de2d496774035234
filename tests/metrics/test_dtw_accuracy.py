import itertools

import numpy as np
import pytest

from inphase.errors import InputError
from inphase.metrics import dtw_accuracy


def plain(first, second, labels, other_labels):
    """DTW by recursion over costs, with the cells of the path counted."""
    best = {(-1, -1): (0.0, [])}
    for i, j in np.ndindex(len(first), len(second)):
        came = [(i - 1, j - 1), (i - 1, j), (i, j - 1)]
        cost, path = min((best[cell] for cell in came if cell in best), key=lambda one: one[0])
        best[i, j] = cost + float(((first[i] - second[j]) ** 2).sum()), [*path, (i, j)]
    links = best[len(first) - 1, len(second) - 1][1]
    return np.mean([labels[i] == other_labels[j] for i, j in links])


@pytest.mark.parametrize("stride", [1, 2])
def test_mean_over_ordered_pairs_of_the_share_of_links_with_equal_labels(stride):
    random = np.random.default_rng(0)
    embeddings = [random.normal(size=(n, 3)) for n in (12, 17, 9)]
    labels = [np.sort(random.integers(0, 3, len(one))) for one in embeddings]
    expected = np.mean(
        [
            plain(*(embeddings[v][::stride] for v in pair), *(labels[v][::stride] for v in pair))
            for pair in itertools.permutations(range(3), 2)
        ]
    )
    assert dtw_accuracy(embeddings, labels, stride=stride) == pytest.approx(expected, abs=1e-12)


def test_the_same_movement_at_other_speeds_is_perfect():
    phase = np.array([0.0, 1, 2, 3])
    embeddings = [phase.repeat(times)[:, None] for times in ([1, 1, 1, 1], [3, 1, 5, 2])]
    labels = [one[:, 0].astype(int) for one in embeddings]
    assert dtw_accuracy(embeddings, labels) == 1


def test_links_of_unlabelled_frames_are_not_counted():
    embeddings = [np.arange(4.0)[:, None]] * 2
    labels = [np.array([-1, 0, 1, 1]), np.array([0, 0, 0, 1])]
    assert dtw_accuracy(embeddings, labels) == pytest.approx(2 / 3)


def test_a_pair_without_labels_is_left_out():
    embeddings = [np.arange(3.0)[:, None]] * 3
    labels = [np.zeros(3, int), np.zeros(3, int), np.full(3, -1)]
    assert dtw_accuracy(embeddings, labels) == 1


def test_no_labels_at_all_are_refused():
    with pytest.raises(InputError, match="DTW"):
        dtw_accuracy([np.zeros((3, 1))] * 2, [np.full(3, -1)] * 2)
