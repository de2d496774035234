import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inphase.metrics.concordance import concordances
from inphase.warping.routes import forced

pytest.importorskip("numba")

routes = pytest.mark.parametrize("route", ["reference", "numba"])
numbers = st.lists(st.integers(0, 9), max_size=30)


@routes
@given(st.lists(numbers, max_size=4))
def test_counts_are_those_of_all_pairs(route, sequences):
    signs = [
        [int(np.sign(b - a)) for a, b in itertools.combinations(each, 2)] for each in sequences
    ]
    with forced(route):
        balances, ties = concordances([np.array(each, dtype=np.int64) for each in sequences])
    assert balances.tolist() == [sum(each) for each in signs]
    assert ties.tolist() == [each.count(0) for each in signs]


@routes
def test_long_sequences_are_counted_as_scipy_does(route):
    stats = pytest.importorskip("scipy.stats")
    random = np.random.default_rng(0)
    sequences = [random.integers(0, 400, n) + np.arange(n) // 10 for n in (3000, 100, 2, 700)]
    with forced(route):
        balances, ties = concordances(sequences)
    for sequence, balance, tied in zip(sequences, balances, ties, strict=True):
        every = len(sequence) * (len(sequence) - 1) // 2
        tau = balance / np.sqrt(every * (every - tied))
        expected = stats.kendalltau(np.arange(len(sequence)), sequence).statistic
        assert tau == pytest.approx(expected, abs=1e-12)


@routes
def test_a_sequence_in_order_and_one_against_it(route):
    order = np.arange(2000)
    with forced(route):
        balances, ties = concordances([order, order[::-1], np.zeros(5, dtype=np.int64), order])
    assert balances.tolist() == [1999000, -1999000, 0, 1999000]
    assert ties.tolist() == [0, 0, 10, 0]
