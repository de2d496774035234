import importlib
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from inphase.errors import InputError
from inphase.metrics import kendalls_tau
from inphase.warping.dtw import dtw
from inphase.warping.routes import forced

# The module; its name in the package is the function.
module = importlib.import_module("inphase.metrics.kendalls_tau")
stats = pytest.importorskip("scipy.stats")
distance = pytest.importorskip("scipy.spatial.distance")


@pytest.fixture(scope="module", params=["reference", "numba"], autouse=True)
def route(request):
    """All that is said here holds with and without numba."""
    if request.param == "numba":
        pytest.importorskip("numba")
    with forced(request.param):
        yield


def videos(lengths=(30, 45, 21), seed=0, dimensions=8):
    """Random walks: neighbouring frames are alike, so that ties occur."""
    random = np.random.default_rng(seed)
    return [random.normal(size=(n, dimensions)).cumsum(0).astype(np.float32) for n in lengths]


def published(embeddings, stride=1):
    """The loop of the published code, with SciPy."""
    taus = []
    for first, second in itertools.permutations(embeddings, 2):
        nearest = distance.cdist(first[::stride], second[::stride], "sqeuclidean").argmin(1)
        # SciPy gives NaN where tau is undefined.
        taus.append(stats.kendalltau(np.arange(len(nearest)), nearest).statistic)
    return np.nanmean(taus)


def published_tau(embeddings, pair):
    first, second = pair
    nearest = distance.cdist(embeddings[first], embeddings[second], "sqeuclidean").argmin(1)
    return stats.kendalltau(np.arange(len(nearest)), nearest).statistic


def plain_tau_a(nearest):
    signs = [np.sign(b - a) for a, b in itertools.combinations(nearest, 2)]
    return np.mean(signs)


@pytest.mark.parametrize("frames", [1, 70, 100])
def test_pairs_counted_a_few_at_a_time_are_no_others(monkeypatch, frames):
    embeddings = [*videos(), np.ones((1, 8), dtype=np.float32)]
    expected = published(embeddings[:3])
    assert kendalls_tau(embeddings[:3]) == pytest.approx(expected, abs=1e-12)
    of_all = [kendalls_tau(embeddings, undefined=each) for each in ("drop", "zero")]
    monkeypatch.setattr(module, "_FRAMES", frames)
    assert kendalls_tau(embeddings[:3]) == pytest.approx(expected, abs=1e-12)
    assert [kendalls_tau(embeddings, undefined=each) for each in ("drop", "zero")] == of_all


@pytest.mark.parametrize("stride", [1, 2, 5])
def test_tau_b_is_scipys_mean_over_ordered_pairs(stride):
    embeddings = videos()
    assert kendalls_tau(embeddings, stride=stride) == pytest.approx(
        published(embeddings, stride), abs=1e-12
    )


def test_unit_length_embeddings_of_many_videos():
    embeddings = videos(range(40, 60), seed=1, dimensions=64)
    embeddings = [z / np.linalg.norm(z, axis=1, keepdims=True) for z in embeddings]
    assert kendalls_tau(embeddings) == pytest.approx(published(embeddings), abs=1e-12)


def test_pairs_are_averaged_as_often_and_that_way_about_as_they_are_given():
    embeddings = videos(seed=2)
    pairs = [(2, 0), (0, 1), (2, 0), (1, 1), (1, 0)]
    expected = np.mean([published_tau(embeddings, pair) for pair in pairs])
    assert kendalls_tau(embeddings, pairs=pairs) == pytest.approx(expected, abs=1e-12)


def test_long_videos_are_counted_in_blocks_without_loss():
    embeddings = videos((1100, 1300), dimensions=2)
    assert kendalls_tau(embeddings) == pytest.approx(published(embeddings), abs=1e-12)


@given(st.lists(st.integers(0, 5), min_size=2, max_size=12))
def test_tau_a_counts_ties_as_nothing(nearest):
    query = np.array(nearest, dtype=float)[:, None]
    candidate = np.arange(6.0)[:, None]
    got = kendalls_tau([query, candidate], variant="a", pairs=[(0, 1)])
    assert got == pytest.approx(plain_tau_a(nearest), abs=1e-12)


@given(arrays(np.float64, st.tuples(st.integers(2, 9), st.just(1)), elements=st.integers(0, 3)))
def test_ties_of_distance_go_to_the_first_frame(query):
    candidate = np.array([[0.0], [0.0], [1.0], [3.0], [1.0]])
    nearest = np.array([[0, 2, 2, 3][int(x)] for x in query[:, 0]])
    expected = stats.kendalltau(np.arange(len(nearest)), nearest).statistic
    got = kendalls_tau([query, candidate], pairs=[(0, 1)])
    assert got == pytest.approx(0 if np.isnan(expected) else expected, abs=1e-12)


def test_a_clock_without_pixels_is_nearly_perfect():
    clock = [np.linspace(0, 1, n)[:, None] for n in (40, 61, 100)]
    assert kendalls_tau(clock) > 0.98


def test_reversed_videos_score_minus_one():
    order = np.arange(10.0)[:, None]
    assert kendalls_tau([order, order[::-1]]) == pytest.approx(-1)
    assert kendalls_tau([order, order], variant="a") == pytest.approx(1)


def test_pairs_without_a_defined_tau_are_left_out():
    order, frozen, single = np.arange(10.0)[:, None], np.full((7, 1), 0.3), np.zeros((1, 1))
    embeddings = [order, order, frozen, single]
    # Only the two ordered videos have a nearest frame that changes.
    assert kendalls_tau(embeddings) == 1
    assert kendalls_tau(embeddings, pairs=[(0, 2), (0, 1)]) == 1


def test_pairs_without_a_defined_tau_count_as_zero_if_asked():
    order, frozen, single = np.arange(10.0)[:, None], np.full((7, 1), 0.3), np.zeros((1, 1))
    embeddings = [order, order, frozen, single]
    # Of twelve pairs only the two of the ordered videos have a nearest frame that changes.
    assert kendalls_tau(embeddings, undefined="zero") == pytest.approx(2 / 12)
    assert kendalls_tau(embeddings, undefined="zero", pairs=[(0, 2), (0, 1)]) == 0.5


@pytest.mark.parametrize("variant", ["a", "b"])
def test_dtw_corresponds_by_the_middle_of_the_frames_joined(variant):
    embeddings = videos((20, 33, 9), seed=5)
    taus = []
    for first, second in itertools.permutations(embeddings, 2):
        path = dtw(distance.cdist(first, second, "sqeuclidean")).path
        middle = [path[path[:, 0] == i, 1].mean() for i in range(len(first))]
        if variant == "a":
            taus.append(plain_tau_a(middle))
        else:
            taus.append(stats.kendalltau(np.arange(len(first)), middle).statistic)
    got = kendalls_tau(embeddings, variant=variant, correspondence="dtw")
    assert got == pytest.approx(np.mean(taus), abs=1e-12)


def test_dtw_never_goes_back_so_even_reversed_videos_score_well():
    order = np.arange(10.0)[:, None]
    assert kendalls_tau([order, order[::-1]], correspondence="dtw") > 0


def test_dtw_pairs_are_averaged_as_often_and_that_way_about_as_they_are_given():
    embeddings = videos((20, 33, 9), seed=6)
    pairs = [(2, 0), (0, 1), (2, 0), (1, 0)]
    expected = [kendalls_tau(embeddings, correspondence="dtw", pairs=[pair]) for pair in pairs]
    got = kendalls_tau(embeddings, correspondence="dtw", pairs=pairs)
    assert got == pytest.approx(np.mean(expected), abs=1e-12)


@pytest.mark.parametrize("variant", ["a", "b"])
def test_a_collapsed_embedding_scores_zero_whatever_its_rounding(variant):
    frame = np.random.default_rng(0).normal(size=128).astype(np.float32)
    assert kendalls_tau([np.tile(frame, (n, 1)) for n in (50, 83)], variant=variant) == 0


@pytest.mark.parametrize("setting", [{"variant": "c"}, {"correspondence": "c"}, {"undefined": "c"}])
def test_unknown_settings_are_refused(setting):
    with pytest.raises(InputError, match=f"{next(iter(setting))} must be .* not 'c'"):
        kendalls_tau(videos(), **setting)
