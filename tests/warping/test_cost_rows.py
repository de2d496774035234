import numpy as np
import pytest

from inphase.warping import cost_rows
from inphase.warping.cost_rows import FromEmbeddings, Given, block_rows, rounded


def walk(frames, seed, dtype=np.float32):
    return np.random.default_rng(seed).normal(size=(frames, 16)).cumsum(axis=0).astype(dtype)


def whole(costs):
    n, m = costs.shape
    starts = range(0, n, costs.rows)
    blocks = [costs.block(start, min(start + costs.rows, n), 0, m).copy() for start in starts]
    return rounded(np.concatenate(blocks), costs.grain)


@pytest.mark.parametrize(("dtype", "precise"), [(np.float32, 2e-6), (np.float64, 4e-15)])
def test_squared_distances_are_right_to_the_rounding_of_their_type(dtype, precise, monkeypatch):
    monkeypatch.setattr(cost_rows, "_CELLS", 64)
    x, y = walk(150, 0, dtype), walk(90, 1, dtype)
    exact = np.square(x[:, None].astype(np.float64) - y[None]).sum(-1)
    costs = FromEmbeddings(x, y, "squared_euclidean")
    assert costs.rows == 64
    assert np.abs(whole(costs) - exact).max() < precise * exact.max()


def test_cosine_distances_are_one_less_the_cosine():
    x, y = walk(50, 2), walk(60, 3)
    cosine = (x @ y.T) / np.linalg.norm(x, axis=1)[:, None] / np.linalg.norm(y, axis=1)
    costs = whole(FromEmbeddings(x, y, "cosine"))
    assert np.abs(costs - (1 - cosine)).max() < 2e-6
    # Their length says nothing, however long or short.
    assert np.array_equal(costs, whole(FromEmbeddings(x * 2.0**60, y * 2.0**-60, "cosine")))


@pytest.mark.parametrize("distance", ["squared_euclidean", "cosine"])
def test_equal_frames_cost_the_same_wherever_they_are_and_nothing_of_each_other(distance):
    frames = walk(5, 4)
    number = np.random.default_rng(0).integers(0, 5, 301)
    costs = whole(FromEmbeddings(frames[number], frames[number[:217]], distance))
    for a in range(5):
        assert (costs[number == a][:, number[:217] == a] == 0).all()
    assert (costs >= 0).all()


def test_frames_that_are_all_the_same_cost_nothing():
    x = np.tile(walk(1, 5), (33, 1))
    assert (whole(FromEmbeddings(x, x[:7], "squared_euclidean")) == 0).all()
    assert (whole(FromEmbeddings(0 * x, 0 * x, "squared_euclidean")) == 0).all()


def test_a_part_of_the_columns_is_that_part():
    x, y = walk(40, 6), walk(50, 7)
    costs = FromEmbeddings(x, y, "squared_euclidean")
    part = rounded(costs.block(8, 20, 13, 37), costs.grain)
    assert np.allclose(part, whole(costs)[8:20, 13:37], atol=2 * costs.grain, rtol=0)


def test_a_matrix_is_not_copied_if_it_need_not_be():
    cost = np.random.default_rng(0).random((70, 80))
    assert np.shares_memory(Given(cost).block(0, 70, 0, 80), cost)
    assert Given(cost).rows == 70
    assert Given(np.asfortranarray(np.ones((10_000, 1000)))).rows < 2000
    assert np.array_equal(Given(cost.T).block(3, 20, 10, 60), cost.T[3:20, 10:60])
    assert Given(cost.astype(np.float16)).block(0, 4, 0, 4).dtype == np.float32
    assert Given(np.eye(4, dtype=np.int16)).block(0, 4, 0, 4).dtype == np.float64


@pytest.mark.parametrize(("n", "m"), [(1, 1), (3, 10**6), (10**6, 3), (20_000, 20_000)])
def test_blocks_are_whole_fours_of_bounded_size(n, m):
    rows = block_rows(n, m)
    assert rows == n or rows % 4 == 0
    assert rows * m <= max(cost_rows._CELLS, 64 * m)
