import itertools
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from inphase.errors import InputError
from inphase.warping.dtw import dtw, dtw_cost, dtw_from_embeddings
from inphase.warping.routes import forced

pytest.importorskip("numba")

sizes = st.tuples(st.integers(1, 23), st.integers(1, 23))
bands = st.none() | st.integers(0, 9) | st.floats(0.05, 1)
options = st.fixed_dictionaries(
    {"band": bands, "open_begin": st.booleans(), "open_end": st.booleans()}
)


def assert_routes_agree(function, *arguments, **options):
    """To the last bit of the cost, and to the last cell of the path."""
    try:
        with forced("reference"):
            expected = function(*arguments, **options)
    except InputError as refused:
        with forced("numba"), pytest.raises(InputError) as found:
            function(*arguments, **options)
        assert str(found.value) == str(refused)
        return
    with forced("numba"):
        found = function(*arguments, **options)
    assert found.cost == expected.cost
    assert found.path.tolist() == expected.path.tolist()


@given(sizes.flatmap(lambda s: arrays(np.int64, s, elements=st.integers(-2, 3))), options)
def test_where_ties_are_the_rule_both_routes_take_the_same_path(cost, options):
    assert_routes_agree(dtw, cost.astype(np.float64), **options)


@given(sizes.flatmap(lambda s: arrays(np.float32, s, elements=st.floats(-9, 9, width=32))), options)
def test_sums_are_the_same_to_the_last_bit(cost, options):
    assert_routes_agree(dtw, cost, **options)


@given(sizes, st.integers(0, 99), st.sampled_from(["squared_euclidean", "cosine"]), options)
def test_distances_are_the_same_to_the_last_bit(shape, seed, distance, options):
    random = np.random.default_rng(seed)
    x, y = (random.integers(-1, 2, (n, 2)) + random.random(2, np.float32) for n in shape)
    x, y = x.astype(np.float32), y.astype(np.float32)
    assert_routes_agree(dtw_from_embeddings, x, y, distance=distance, **options)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("band", [None, 0.2, 60])
def test_several_blocks_and_a_group_that_is_not_full(band, dtype, monkeypatch):
    monkeypatch.setattr("inphase.warping.cost_rows._CELLS", 2**14)
    random = np.random.default_rng(0)
    x, y = (random.normal(size=(n, 16)).cumsum(axis=0).astype(dtype) for n in (1031, 770))
    assert_routes_agree(dtw_from_embeddings, x, y, band=band)
    assert_routes_agree(dtw_from_embeddings, x, y, subsequence=True)


def test_groups_of_one_to_four_rows_in_a_band():
    for n, m, band in itertools.product(range(1, 10), range(1, 10), range(4)):
        cost = np.random.default_rng(n * m).integers(0, 3, (n, m)).astype(np.float32)
        assert_routes_agree(dtw, cost, band=band, open_end=True)


def test_memory_is_two_bits_a_cell_and_a_block():
    random = np.random.default_rng(0)
    x, y = random.random((2, 3000, 32), dtype=np.float32)
    dtw_from_embeddings(x[:9], y[:9])
    cost = np.ones((3000, 3000), dtype=np.float32)
    for call, block in ((lambda: dtw_from_embeddings(x, y), 6e6), (lambda: dtw(cost), 1e6)):
        tracemalloc.start()
        call()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < cost.size / 4 + block


def test_a_band_takes_memory_for_its_cells_only():
    x, y = np.random.default_rng(0).random((2, 4000, 8), dtype=np.float32)
    tracemalloc.start()
    dtw_from_embeddings(x, y, band=100)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # 200 of 4,000 columns: 0.2 MB of steps instead of 4, and blocks as narrow.
    assert peak < 2e6


def test_costs_alone_take_no_memory_for_steps():
    costs = np.ones((1, 3000, 3000), dtype=np.float32)
    tracemalloc.start()
    dtw_cost(costs)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1e6


@pytest.mark.slow
def test_an_hour_against_an_hour_fits_in_150_megabytes():
    code = """
import resource
import numpy as np
from inphase.warping.dtw import dtw_from_embeddings
used = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
random = np.random.default_rng(0)
x = random.normal(size=(20_000, 128)).astype(np.float32)
dtw_from_embeddings(x[:9], x[:9])
before = used()
path = dtw_from_embeddings(x, x).path
assert (path[:, 0] == path[:, 1]).all() and len(path) == len(x)
print(used() - before)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 150


def test_neither_torch_nor_numba_is_imported_before_it_is_needed():
    code = "import sys, inphase.warping.dtw; print({'torch', 'numba'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
