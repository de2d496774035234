import itertools
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from inphase.errors import InputError
from inphase.warping import dtw

STEPS = {(1, 1), (1, 0), (0, 1)}

costs = st.tuples(st.integers(1, 12), st.integers(1, 12)).flatmap(
    # Few distinct values, so that ties are the rule.
    lambda shape: arrays(np.float64, shape, elements=st.integers(-2, 4).map(float))
)


def every_path(n: int, m: int):
    """All monotone paths through an (n, m) matrix."""
    if (n, m) == (1, 1):
        yield [(0, 0)]
        return
    for i, j in STEPS:
        if n > i and m > j:
            for path in every_path(n - i, m - j):
                yield [*path, (n - 1, m - 1)]


def loops(cost: np.ndarray) -> float:
    total = np.full(np.add(cost.shape, 1), np.inf)
    total[0, 0] = 0
    for i, j in np.ndindex(cost.shape):
        total[i + 1, j + 1] = cost[i, j] + min(total[i, j], total[i, j + 1], total[i + 1, j])
    return total[-1, -1]


@pytest.mark.parametrize("shape", list(itertools.product(range(1, 7), repeat=2)))
def test_the_path_is_the_cheapest_of_all_paths(shape):
    cost = np.random.default_rng(sum(shape)).normal(size=shape)
    cheapest = min(every_path(*shape), key=lambda path: sum(cost[cell] for cell in path))
    found = dtw(cost)
    assert found.path.tolist() == [list(cell) for cell in cheapest]
    assert found.cost == pytest.approx(sum(cost[cell] for cell in cheapest), abs=1e-12)


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


def test_of_equal_paths_the_diagonal_is_taken():
    assert dtw(np.zeros((4, 4))).path.tolist() == [[0, 0], [1, 1], [2, 2], [3, 3]]
    assert dtw(np.zeros((2, 4))).path.tolist() == [[0, 0], [0, 1], [0, 2], [1, 3]]


def test_without_a_diagonal_the_row_step_wins_the_tie():
    # To (2, 2), by (1, 2) or (2, 1) at the same cost: the last step goes along the rows.
    dear_diagonal = np.array([[0, 0, 5], [0, 9, 0], [5, 0, 0]], dtype=float)
    assert dtw(dear_diagonal).path.tolist()[-2:] == [[1, 2], [2, 2]]


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
