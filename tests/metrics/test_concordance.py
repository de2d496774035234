import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inphase.metrics.concordance import concordance
from inphase.warping.routes import forced

pytest.importorskip("numba")

routes = pytest.mark.parametrize("route", ["reference", "numba"])


@routes
@given(st.lists(st.integers(0, 9), max_size=30))
def test_counts_are_those_of_all_pairs(route, sequence):
    signs = [int(np.sign(b - a)) for a, b in itertools.combinations(sequence, 2)]
    with forced(route):
        found = concordance(np.array(sequence, dtype=np.int64), 10)
    assert found == (sum(signs), signs.count(0))


@routes
def test_long_sequences_are_counted_as_scipy_does(route):
    stats = pytest.importorskip("scipy.stats")
    sequence = np.random.default_rng(0).integers(0, 400, 3000) + np.arange(3000) // 10
    with forced(route):
        balance, ties = concordance(sequence, int(sequence.max()) + 1)
    every = len(sequence) * (len(sequence) - 1) // 2
    tau = balance / np.sqrt(every * (every - ties))
    expected = stats.kendalltau(np.arange(len(sequence)), sequence).statistic
    assert tau == pytest.approx(expected, abs=1e-12)


@routes
def test_a_sequence_in_order_and_one_against_it(route):
    with forced(route):
        assert concordance(np.arange(2000), 2000) == (1999000, 0)
        assert concordance(np.arange(2000)[::-1].copy(), 2000) == (-1999000, 0)
        assert concordance(np.zeros(5, dtype=np.int64), 1) == (0, 10)
