import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inphase.metrics import nearest_frames as module
from inphase.metrics.inputs import squared_distances
from inphase.metrics.nearest_frames import nearest_frames
from inphase.warping.routes import forced

pytest.importorskip("numba")


def assert_exact(frames):
    """Both ways between all videos, and of each with itself, as float64 distances have it."""
    pairs = [(i, j) for j in range(len(frames)) for i in range(j + 1)]
    with forced("numba"):
        found = list(nearest_frames(frames, pairs))
    assert [pair for pair, _, _ in found] == pairs
    for (first, second), forth, back in found:
        distances = squared_distances(frames[first], frames[second])
        assert forth.tolist() == distances.argmin(axis=1).tolist()
        assert back.tolist() == distances.argmin(axis=0).tolist()


def walks(lengths=(40, 61, 25), dimensions=16, seed=0):
    random = np.random.default_rng(seed)
    return [random.normal(size=(n, dimensions)).cumsum(axis=0) for n in lengths]


def test_nearest_frames_are_those_of_float64_distances():
    assert_exact(walks())


def test_both_routes_agree():
    frames = walks(seed=1)
    found = []
    for route in ("reference", "numba"):
        with forced(route):
            found.append([(a.tolist(), b.tolist()) for _, a, b in nearest_frames(frames, [(0, 2)])])
    assert found[0] == found[1]


@pytest.mark.parametrize("apart", [1e-3, 1e-5, 1e-7, 1e-10, 1e-14])
def test_frames_that_float32_cannot_tell_apart_are_told_apart(apart):
    random = np.random.default_rng(2)
    frame = random.normal(size=64)
    assert_exact([frame + apart * random.normal(size=(n, 64)) for n in (30, 50)])
    # The same beside frames that are far away, so that taking away the mean does not help.
    far = 100 * random.normal(size=(5, 64))
    near = [frame + apart * random.normal(size=(n, 64)) for n in (30, 50)]
    assert_exact([np.concatenate([far, each]) for each in near])


@pytest.mark.parametrize("scale", [1e-300, 1e-150, 1e-30, 1e-20, 1e20, 1e30, 1e130])
def test_any_scale_will_do(scale):
    assert_exact([each * scale for each in walks(seed=3)])


def test_far_from_the_origin_no_digits_are_lost():
    assert_exact([1e6 + each for each in walks(seed=4)])


@given(st.lists(st.integers(0, 3), min_size=1, max_size=9), st.integers(0, 2))
def test_the_first_of_equal_frames_is_taken(still, dimension):
    frames = np.zeros((len(still), 3))
    frames[:, dimension] = still
    assert_exact([frames / 3, frames[::-1] / 3 + 0.1])


def test_still_scenes_and_repeated_frames():
    random = np.random.default_rng(5)
    frames = [np.repeat(random.normal(size=(6, 32)), 7, axis=0) for _ in range(2)]
    assert_exact([frames[0], frames[1], frames[0][::-1].copy(), np.tile(frames[1], (2, 1))])


def test_an_embedding_that_is_collapsed():
    assert_exact([np.tile(np.random.default_rng(6).normal(size=128), (n, 1)) for n in (20, 33)])


def test_videos_too_long_for_one_product_are_taken_in_blocks(monkeypatch):
    monkeypatch.setattr(module, "_CELLS", 200)
    assert_exact(walks(seed=7))


@pytest.mark.parametrize(
    "pairs", [[(0, 3), (0, 1), (0, 2)], [(0, 1), (0, 2), (2, 3), (0, 3), (0, 3)], [(3, 0), (3, 1)]]
)
@pytest.mark.parametrize("cells", [2**22, 2500, 200])
def test_pairs_come_in_the_order_asked_for(monkeypatch, pairs, cells):
    monkeypatch.setattr(module, "_CELLS", cells)
    frames = walks((40, 25, 61, 13), seed=8)
    with forced("numba"):
        found = list(nearest_frames(frames, pairs))
    assert [pair for pair, _, _ in found] == pairs
    for (first, second), forth, back in found:
        distances = squared_distances(frames[first], frames[second])
        assert forth.tolist() == distances.argmin(axis=1).tolist()
        assert back.tolist() == distances.argmin(axis=0).tolist()


def test_videos_of_a_single_frame():
    assert_exact([np.ones((1, 4)), np.zeros((1, 4)), np.eye(4)])
