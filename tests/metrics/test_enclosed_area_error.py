import numpy as np
import pytest

from inphase.errors import InputError
from inphase.metrics import canonical_time, enclosed_area_error
from inphase.metrics.inputs import squared_distances


def published(nearest, reference, own):
    """The loop of the published code, over the steps that both videos show."""
    true = np.zeros((len(reference), len(own)), dtype=bool)
    for step in np.intersect1d(reference, own):
        first, second = np.flatnonzero(reference == step), np.flatnonzero(own == step)
        spread = np.linspace(second[0], second[0] + len(second), len(first), endpoint=False)
        true[first, np.minimum(np.round(spread).astype(int), len(own) - 1)] = True
    area = total = 0
    for i in range(len(reference)):
        if true[i].any():
            area += np.abs(np.flatnonzero(true[i]) - nearest[i]).min()
            total += len(own)
    return area / total


def videos(lengths, seed):
    random = np.random.default_rng(seed)
    labels = [np.repeat(np.arange(3), random.integers(5, n, 3)) for n in lengths]
    return [
        (canonical_time(one) + random.normal(0, 0.3, len(one)))[:, None] for one in labels
    ], labels


@pytest.mark.parametrize("seed", range(5))
def test_equal_to_the_published_code_but_for_rounding_to_whole_frames(seed):
    embeddings, labels = videos((30, 40), seed)
    nearest = squared_distances(*embeddings).argmin(axis=1)
    path = np.column_stack([np.arange(len(nearest)), nearest])
    got = enclosed_area_error(path, *map(canonical_time, labels))
    expected = published(nearest, *labels)
    # A whole frame is at most half a frame off, and at the end one.
    assert got == pytest.approx(expected, abs=0.6 / len(labels[1]))


def test_the_true_path_encloses_nothing_and_one_to_the_end_half():
    time = canonical_time(np.repeat([0, 1], 50))
    true = np.column_stack([np.arange(100)] * 2)
    assert enclosed_area_error(true, time, time) == pytest.approx(0, abs=1e-12)
    to_the_end = np.column_stack([np.arange(100), np.full(100, 99)])
    assert enclosed_area_error(to_the_end, time, time) == pytest.approx(np.arange(100).mean() / 100)


def test_frames_of_moments_that_own_never_shows_are_left_out():
    reference, own = canonical_time(np.array([0, 1, 2])), canonical_time(np.array([0, 2]))
    path = np.array([[0, 0], [1, 0], [2, 0]])
    assert enclosed_area_error(path, reference, own) == pytest.approx((0 + 1) / 2 / 2)


def test_videos_with_nothing_in_common_are_refused():
    with pytest.raises(InputError, match="no moment in common"):
        enclosed_area_error(np.array([[0, 0]]), np.array([0.5]), np.array([2.5]))
