import itertools
import sys
import tracemalloc
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from inphase.errors import InputError
from inphase.warping.dtw import dtw, dtw_cost, dtw_from_embeddings
from inphase.warping.routes import forced

STEPS = {(1, 1), (1, 0), (0, 1)}

costs = st.tuples(st.integers(1, 12), st.integers(1, 12)).flatmap(
    # Few distinct values, so that ties are the rule.
    lambda shape: arrays(np.float64, shape, elements=st.integers(-2, 4).map(float))
)


@pytest.fixture(scope="module", params=["reference", "numba"], autouse=True)
def route(request):
    """All that is said here holds on either route."""
    if request.param == "numba":
        pytest.importorskip("numba")
    with forced(request.param):
        yield request.param


@cache
def every_path(n: int, m: int):
    """All monotone paths through an (n, m) matrix."""
    if (n, m) == (1, 1):
        return [[(0, 0)]]
    return [
        [*path, (n - 1, m - 1)]
        for i, j in STEPS
        if n > i and m > j
        for path in every_path(n - i, m - j)
    ]


def every_open_path(n: int, m: int, open_begin: bool, open_end: bool):
    """All monotone paths through all rows, between the columns that they may begin and end in."""
    for begin in range(m if open_begin else 1):
        for end in range(begin if open_end else m - 1, m):
            for path in every_path(n, end - begin + 1):
                yield [(i, begin + j) for i, j in path]


def cheapest_of(cost, paths):
    return min(paths, key=lambda path: sum(cost[cell] for cell in path))


def loops(cost: np.ndarray) -> float:
    total = np.full(np.add(cost.shape, 1), np.inf)
    total[0, 0] = 0
    for i, j in np.ndindex(cost.shape):
        total[i + 1, j + 1] = cost[i, j] + min(total[i, j], total[i, j + 1], total[i + 1, j])
    return total[-1, -1]


@pytest.mark.parametrize("shape", list(itertools.product(range(1, 7), repeat=2)))
def test_the_path_is_the_cheapest_of_all_paths(shape):
    cost = np.random.default_rng(sum(shape)).normal(size=shape)
    assert_cheapest(dtw(cost), cost, every_path(*shape))
    assert dtw_cost(cost[None])[0] == dtw(cost).cost


def assert_cheapest(found, cost, paths):
    cheapest = cheapest_of(cost, paths)
    assert found.path.tolist() == [list(cell) for cell in cheapest]
    assert found.cost == pytest.approx(sum(cost[cell] for cell in cheapest), abs=1e-12)


OPEN = [(True, False), (False, True), (True, True)]


@pytest.mark.parametrize(("open_begin", "open_end"), OPEN)
def test_open_ends_leave_out_columns_if_that_is_cheaper(open_begin, open_end):
    ends = {"open_begin": open_begin, "open_end": open_end}
    for n, m in itertools.product(range(1, 7), range(1, 7)):
        cost = np.random.default_rng(n + m).normal(0.3, size=(n, m))
        found = dtw(cost, **ends)
        assert_cheapest(found, cost, every_open_path(n, m, open_begin, open_end))
        assert dtw_cost(cost[None], **ends)[0] == found.cost


def test_a_subsequence_has_both_ends_open():
    cost = np.random.default_rng(3).random((5, 30))
    both, found = dtw(cost, open_begin=True, open_end=True), dtw(cost, subsequence=True)
    assert found.path.tolist() == both.path.tolist()
    assert 0 < found.path[0, 1] <= found.path[-1, 1] < 29


@pytest.mark.parametrize(("open_begin", "open_end"), [(False, False), *OPEN])
def test_a_band_holds_the_path(open_begin, open_end):
    ends = {"open_begin": open_begin, "open_end": open_end}
    for n, m, band in itertools.product(range(1, 7), range(1, 7), range(4)):
        cost = np.random.default_rng(n + m).normal(0.3, size=(n, m))

        def inside(path, n=n, m=m, width=band):
            shorter = min(n - 1, m - 1)
            return all(abs(i * (m - 1) - j * (n - 1)) <= width * shorter for i, j in path)

        paths = list(filter(inside, every_open_path(n, m, open_begin, open_end)))
        if any(path[0][1] == 0 and path[-1][1] == m - 1 for path in paths):
            assert_cheapest(dtw(cost, band=band, **ends), cost, paths)
        else:
            with pytest.raises(InputError, match="band"):
                dtw(cost, band=band, **ends)


def test_a_band_may_be_a_share_of_the_longer_side():
    cost = np.random.default_rng(4).random((50, 80))
    assert dtw(cost, band=0.1).path.tolist() == dtw(cost, band=8).path.tolist()
    assert dtw(cost, band=0.1).cost > dtw(cost).cost
    assert dtw(cost, band=1.0).cost == dtw(cost).cost


@given(costs, st.booleans(), st.booleans())
def test_open_paths_are_monotone_and_cost_what_they_say(cost, open_begin, open_end):
    found = dtw(cost, open_begin=open_begin, open_end=open_end)
    assert open_begin or found.path[0, 1] == 0
    assert open_end or found.path[-1, 1] == cost.shape[1] - 1
    assert found.path[[0, -1], 0].tolist() == [0, cost.shape[0] - 1]
    assert {tuple(step) for step in np.diff(found.path, axis=0).tolist()} <= STEPS
    assert cost[tuple(found.path.T)].sum() == found.cost <= dtw(cost).cost


@given(costs)
def test_the_path_is_monotone_from_corner_to_corner_and_costs_what_it_says(cost):
    found = dtw(cost)
    assert found.path[0].tolist() == [0, 0]
    assert found.path[-1].tolist() == [cost.shape[0] - 1, cost.shape[1] - 1]
    assert {tuple(step) for step in np.diff(found.path, axis=0).tolist()} <= STEPS
    assert cost[tuple(found.path.T)].sum() == found.cost == loops(cost)


@settings(max_examples=20)
@given(costs)
def test_changing_rows_and_columns_about_changes_no_cost(cost):
    assert dtw(cost.T).cost == dtw(cost).cost


def test_a_large_matrix_costs_what_plain_loops_say():
    cost = np.random.default_rng(0).random((150, 90)).astype(np.float32)
    assert dtw(cost).cost == pytest.approx(loops(cost.astype(np.float64)), rel=1e-14)


def test_equal_to_dtaidistance_on_series():
    dtaidistance = pytest.importorskip("dtaidistance")
    random = np.random.default_rng(1)
    x, y = random.normal(size=80), random.normal(size=60)
    ours = dtw((x[:, None] - y[None]) ** 2)
    assert ours.cost == pytest.approx(dtaidistance.dtw.distance(x, y) ** 2)
    assert ours.path.tolist() == [list(cell) for cell in dtaidistance.dtw.warping_path(x, y)]


def test_equal_to_librosa():
    librosa = pytest.importorskip("librosa")
    cost = np.random.default_rng(2).random((40, 70))
    total, path = librosa.sequence.dtw(C=cost)
    assert dtw(cost).cost == pytest.approx(total[-1, -1])
    assert dtw(cost).path.tolist() == path[::-1].tolist()


def test_a_subsequence_is_librosas():
    librosa = pytest.importorskip("librosa")
    cost = np.random.default_rng(5).random((20, 90))
    total, path = librosa.sequence.dtw(C=cost, subseq=True)
    found = dtw(cost, subsequence=True)
    assert found.cost == pytest.approx(total[-1].min())
    assert found.path.tolist() == path[::-1].tolist()


def test_a_band_of_a_square_pair_is_dtaidistances_window():
    dtaidistance = pytest.importorskip("dtaidistance")
    random = np.random.default_rng(6)
    x, y = random.normal(size=(2, 70)).cumsum(1)
    ours = dtw((x[:, None] - y[None]) ** 2, band=5)
    # Its window counts the middle.
    assert ours.cost == pytest.approx(dtaidistance.dtw.distance(x, y, window=6) ** 2)
    assert ours.cost > dtw((x[:, None] - y[None]) ** 2).cost


def test_of_equal_paths_the_diagonal_is_taken():
    assert dtw(np.zeros((4, 4))).path.tolist() == [[0, 0], [1, 1], [2, 2], [3, 3]]
    assert dtw(np.zeros((2, 4))).path.tolist() == [[0, 0], [0, 1], [0, 2], [1, 3]]


def test_without_a_diagonal_the_row_step_wins_the_tie():
    # To (2, 2), by (1, 2) or (2, 1) at the same cost: the last step goes along the rows.
    dear_diagonal = np.array([[0, 0, 5], [0, 9, 0], [5, 0, 0]], dtype=float)
    assert dtw(dear_diagonal).path.tolist()[-2:] == [[1, 2], [2, 2]]


def test_at_open_ends_the_shortest_path_to_the_first_end_is_taken():
    assert dtw(np.zeros((2, 5)), subsequence=True).path.tolist() == [[0, 0], [1, 0]]
    assert dtw(np.zeros((2, 5)), open_begin=True).path.tolist() == [[0, 3], [1, 4]]


def test_sums_do_not_lose_digits_of_float32_costs():
    cost = np.full((1, 3000), 0.1, dtype=np.float32)
    assert dtw(cost).cost == pytest.approx(3000 * float(np.float32(0.1)), rel=1e-12)


def test_whole_number_costs_do_not_overflow():
    assert dtw(np.full((20, 20), 255, dtype=np.uint8)).cost == 20 * 255


def test_memory_is_about_a_byte_a_cell():
    cost = np.random.default_rng(0).random((1500, 1500), dtype=np.float32)
    tracemalloc.start()
    dtw(cost)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * cost.size


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", "uint16"])
def test_any_real_type_and_any_strides(dtype):
    cost = np.random.default_rng(7).integers(0, 2, (90, 61)).astype(dtype)
    expected = dtw(cost.astype(np.float64))
    for each in (cost, np.asfortranarray(cost), np.repeat(cost, 2, axis=1)[:, ::2]):
        assert dtw(each).cost == expected.cost
        assert dtw(each).path.tolist() == expected.path.tolist()


def distances(x, y, distance="squared_euclidean"):
    x, y = x.astype(np.float64), y.astype(np.float64)
    if distance == "squared_euclidean":
        return np.square(x[:, None] - y[None]).sum(-1)
    x, y = (z / np.linalg.norm(z, axis=1, keepdims=True) for z in (x, y))
    return 1 - x @ y.T


def walk(frames, seed, dimensions=8, dtype: type = np.float32):
    steps = np.random.default_rng(seed).normal(size=(frames, dimensions))
    return (steps.cumsum(axis=0) + 5).astype(dtype)


KINDS = pytest.mark.parametrize("distance", ["squared_euclidean", "cosine"])


@KINDS
@pytest.mark.parametrize("ends", [{}, {"subsequence": True}, {"band": 0.3}, {"open_end": True}])
@pytest.mark.parametrize("shape", [(1, 1), (7, 90), (90, 7), (121, 94)])
def test_embeddings_give_the_path_of_their_distances(shape, ends: dict, distance):
    if "band" in ends and min(shape) == 7:
        ends = {"band": 40}
    x, y = walk(shape[0], 1, dtype=np.float64), walk(shape[1], 2, dtype=np.float64)
    expected = dtw(distances(x, y, distance), **ends)
    found = dtw_from_embeddings(x, y, distance=distance, **ends)
    assert found.cost == pytest.approx(expected.cost, rel=1e-9, abs=1e-9)
    assert found.path.tolist() == expected.path.tolist()
    # In float32 another path may be the cheapest, by a hair: a rounding in each of its cells.
    x, y = x.astype(np.float32), y.astype(np.float32)
    found = dtw_from_embeddings(x, y, distance=distance, **ends)
    hair = 2e-6 * max(1, distances(x, y, distance).max()) * len(found.path)
    assert found.cost == pytest.approx(expected.cost, abs=hair, rel=1e-5)


@KINDS
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int32])
def test_embeddings_of_any_type(dtype, distance):
    x, y = walk(30, 3, dtype=dtype), walk(40, 4, dtype=dtype)
    expected = dtw(distances(x, y, distance)).cost
    assert dtw_from_embeddings(x, y, distance=distance).cost == pytest.approx(expected, rel=1e-4)


@KINDS
def test_in_a_still_scene_the_rule_for_ties_holds(distance):
    x = np.repeat(walk(4, 5, dimensions=128), 25, axis=0)
    y = np.repeat(walk(4, 6, dimensions=128), 25, axis=0)
    steps = np.diff(dtw_from_embeddings(x, x, distance=distance).path, axis=0)
    assert (steps == 1).all()
    still = dtw_from_embeddings(x[:25], y[:25], distance=distance).path
    assert still.tolist() == [[i, i] for i in range(25)]


def test_far_from_the_origin_distances_keep_their_digits():
    x, y = walk(60, 7), walk(50, 8)
    far = dtw_from_embeddings(x + 4096, y + 4096)
    # The sums x + 4096 are rounded themselves.
    assert far.cost == pytest.approx(dtw(distances(x + 4096, y + 4096)).cost, rel=1e-5)


def test_a_frame_of_zeros_has_no_direction_and_costs_one():
    assert dtw_from_embeddings(np.zeros((1, 3)), np.ones((1, 3)), distance="cosine").cost == 1


def test_a_block_of_rows_after_another(monkeypatch):
    whole = dtw_from_embeddings(walk(301, 9), walk(280, 10))
    banded = dtw_from_embeddings(walk(301, 9), walk(280, 10), band=30)
    monkeypatch.setattr("inphase.warping.cost_rows._CELLS", 1)
    x, y = walk(301, 9), walk(280, 10)
    assert dtw_from_embeddings(x, y).path.tolist() == whole.path.tolist()
    assert dtw_from_embeddings(x, y, band=30).path.tolist() == banded.path.tolist()


@pytest.mark.parametrize("options", [{}, {"band": 0.4}, {"subsequence": True}])
def test_lengths_are_the_same_as_slices(options):
    random = np.random.default_rng(11)
    costs = random.random((6, 31, 40)).astype(np.float32)
    n, m = [31, 17, 1, 4, 30, 9], [40, 22, 1, 5, 33, 11]
    for pair, rows, columns in zip(costs, n, m, strict=True):
        pair[rows:], pair[:, columns:] = np.nan, np.inf
    expected = [
        dtw(pair[:rows, :columns], **options).cost
        for pair, rows, columns in zip(costs, n, m, strict=True)
    ]
    assert dtw_cost(costs, n, np.array(m), **options).tolist() == expected


def test_many_pairs_at_once(monkeypatch):
    # By its name `inphase.warping.dtw` is the function.
    monkeypatch.setattr(sys.modules["inphase.warping.dtw"], "_WORTH_THREADS", 1000)
    costs = np.random.default_rng(12).random((9, 120, 130))
    assert dtw_cost(costs).tolist() == [dtw(cost).cost for cost in costs]
    assert dtw_cost(costs[:0]).tolist() == []


@pytest.mark.parametrize("lengths", [[1, 2], [0, 1, 1], [1, 1, 5], [1.0, 1.0, 1.0], [-1, 1, 1]])
def test_lengths_that_do_not_fit_are_refused(lengths):
    with pytest.raises(InputError, match="x_lengths must be"):
        dtw_cost(np.zeros((3, 4, 5)), np.array(lengths))


def test_costs_that_are_no_batch_are_refused():
    with pytest.raises(InputError, match="B, N, M"):
        dtw_cost(np.zeros((4, 5)))
    with pytest.raises(InputError, match="finite"):
        dtw_cost(np.full((1, 4, 5), np.nan))


def test_a_sum_that_overflows_is_refused():
    with pytest.raises(InputError, match="overflows"):
        dtw(np.full((9, 9), 1e308))
    with pytest.raises(InputError, match="overflows"):
        dtw(np.full((9, 9), -1e308))
    with pytest.raises(InputError, match="too large"):
        dtw_from_embeddings(np.eye(3, dtype=np.float32) * 1e25, np.eye(3, dtype=np.float32))


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (np.zeros((0, 3)), np.zeros((4, 3)), "at least one frame"),
        (np.zeros((4, 3)), np.zeros((4, 0)), "at least one frame"),
        (np.zeros(3), np.zeros((4, 3)), "at least one frame"),
        (np.zeros((4, 3)), np.zeros((4, 2)), "3-dimensional"),
        (np.full((4, 3), np.nan), np.zeros((4, 3)), "x holds NaN"),
        (np.zeros((4, 3)), np.full((4, 3), np.inf), "y holds NaN"),
    ],
)
def test_embeddings_that_cannot_be_compared_are_refused(x, y, words):
    with pytest.raises(InputError, match=words):
        dtw_from_embeddings(x, y)


def test_an_unknown_distance_is_refused():
    with pytest.raises(InputError, match="'manhattan'"):
        dtw_from_embeddings(np.zeros((4, 3)), np.zeros((4, 3)), distance="manhattan")


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_no_frames_are_refused(shape):
    with pytest.raises(InputError, match="at least one frame"):
        dtw(np.zeros(shape))


@pytest.mark.parametrize("shape", [(), (3,), (2, 3, 3)])
def test_anything_but_a_matrix_is_refused(shape):
    with pytest.raises(InputError, match="cost matrix"):
        dtw(np.zeros(shape))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_costs_that_are_not_finite_are_refused(bad):
    cost = np.zeros((3, 4))
    cost[1, 2] = bad
    with pytest.raises(InputError, match="finite"):
        dtw(cost)
