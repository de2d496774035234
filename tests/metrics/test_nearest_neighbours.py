import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inphase.metrics import nearest_neighbours as module
from inphase.metrics.inputs import squared_distances
from inphase.metrics.nearest_neighbours import neighbours_in_other_videos
from inphase.warping.routes import forced


@pytest.fixture(scope="module", params=["reference", "numba"], autouse=True)
def route(request):
    """All that is said here holds with and without numba."""
    if request.param == "numba":
        pytest.importorskip("numba")
    with forced(request.param):
        yield


def assert_exact(frames, k):
    """As all float64 distances and a stable sort have it."""
    whole = np.concatenate(frames)
    video = np.repeat(np.arange(len(frames)), [len(each) for each in frames])
    found = list(neighbours_in_other_videos(frames, k))
    assert [each.shape for each in found] == [(len(each), k) for each in frames]
    for number, neighbours in enumerate(found):
        distances = squared_distances(frames[number], whole)
        distances[:, video == number] = np.inf
        expected = np.argsort(distances, axis=1, kind="stable")[:, :k]
        assert neighbours.tolist() == expected.tolist()


def walks(lengths=(40, 61, 25), dimensions=16, seed=0):
    random = np.random.default_rng(seed)
    return [random.normal(size=(n, dimensions)).cumsum(axis=0) for n in lengths]


@pytest.mark.parametrize("k", [1, 4, 15, 65])
def test_neighbours_are_those_of_float64_distances(k):
    assert_exact(walks(), k)


@pytest.mark.parametrize("k", [1, 7, 15])
def test_so_are_those_among_very_many_frames(k):
    random = np.random.default_rng(1)
    assert_exact([random.normal(size=(n, 8)) for n in (700, 900, 3, 1100)], k)


@pytest.mark.parametrize("apart", [1e-3, 1e-6, 1e-10, 1e-14])
def test_frames_that_float32_cannot_tell_apart_are_told_apart(apart):
    random = np.random.default_rng(2)
    frame, far = random.normal(size=64), 100 * random.normal(size=(5, 64))
    near = [frame + apart * random.normal(size=(n, 64)) for n in (30, 50)]
    assert_exact(near, 5)
    assert_exact([np.concatenate([far, each]) for each in near], 5)


@pytest.mark.parametrize("scale", [1e-150, 1e-30, 1e30, 1e130])
def test_any_scale_will_do(scale):
    assert_exact([each * scale for each in walks(seed=3)], 5)


@given(
    st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=6), min_size=2, max_size=4),
    st.integers(1, 4),
)
def test_of_frames_as_near_the_first_are_taken(videos, k):
    frames = [np.array(video, dtype=float)[:, None] for video in videos]
    total = sum(len(video) for video in videos)
    if all(total - len(video) >= k for video in videos):
        assert_exact(frames, k)


def test_still_scenes_and_a_collapsed_embedding():
    random = np.random.default_rng(4)
    still = [np.repeat(random.normal(size=(6, 32)), 7, axis=0) for _ in range(3)]
    assert_exact([*still, still[0]], 15)
    assert_exact([np.tile(random.normal(size=32), (n, 1)) for n in (20, 33)], 15)


def test_one_video_may_end_with_the_frame_that_the_next_begins_with():
    ramp = np.arange(5.0)[:, None]
    assert_exact([ramp, ramp[::-1], ramp], 4)


def test_videos_without_frames_are_passed_over():
    ramp = np.arange(5.0)[:, None]
    found = list(neighbours_in_other_videos([ramp[:0], ramp, ramp[:0], ramp, ramp[:0]], 2))
    assert [len(each) for each in found] == [0, 5, 0, 5, 0]
    assert found[1][:, 0].tolist() == [5, 6, 7, 8, 9]


def test_long_videos_are_taken_in_blocks(monkeypatch):
    monkeypatch.setattr(module, "_CELLS", 500)
    assert_exact(walks(seed=5), 5)
