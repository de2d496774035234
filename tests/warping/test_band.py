"""The Sakoe-Chiba band, against its inequality and against all paths."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from inphase.errors import InputError
from inphase.warping.band import bounds, diagonals, frames
from inphase.warping.extent import extent


def allowed(n, m, width):
    """The inequality of the docstring, cell by cell."""
    i, j = np.arange(n)[:, None], np.arange(m)
    return abs(i * (m - 1) - j * (n - 1)) <= width * min(n - 1, m - 1)


def cells(low, high, m):
    j = np.arange(m)
    return (low[:, None] <= j) & (j < high[:, None])


def a_path_fits(inside):
    reached = np.zeros_like(inside)
    for i, j in np.ndindex(inside.shape):
        before = reached[max(i - 1, 0) : i + 1, max(j - 1, 0) : j + 1].any()
        reached[i, j] = inside[i, j] and (before or (i, j) == (0, 0))
    return reached[-1, -1]


sides = some.integers(1, 12)


@given(sides, sides, some.integers(0, 14))
@settings(max_examples=200)
def test_bounds_are_the_inequality_and_are_refused_only_if_no_path_fits(n, m, width):
    inside = allowed(n, m, width)
    if not a_path_fits(inside):
        with pytest.raises(InputError, match="no path fits"):
            bounds(n, m, width)
        return
    low, high = bounds(n, m, width)
    np.testing.assert_array_equal(cells(low, high, m), inside)
    assert (np.diff(low) >= 0).all() and (np.diff(high) >= 0).all()


@given(sides, sides, some.integers(0, 14))
@settings(max_examples=100)
def test_a_band_is_the_same_for_the_swapped_pair(n, m, width):
    try:
        inside = cells(*bounds(n, m, width), m)
    except InputError:
        with pytest.raises(InputError):
            bounds(m, n, width)
    else:
        np.testing.assert_array_equal(cells(*bounds(m, n, width), n), inside.T)


@given(sides, sides, some.integers(0, 14))
@settings(max_examples=100)
def test_diagonals_name_the_rows_that_are_allowed_on_each(n, m, width):
    try:
        low, high = bounds(n, m, width)
    except InputError:
        low, high = bounds(n, m)
    first, stop = diagonals(low, high)
    inside = cells(low, high, m)
    assert len(first) == n + m - 1
    for k in range(n + m - 1):
        expected = [i for i in range(n) if 0 <= k - i < m and inside[i, k - i]]
        assert list(range(first[k], stop[k])) == expected


def test_for_equal_lengths_it_is_the_distance_from_the_diagonal():
    i = np.arange(9)
    np.testing.assert_array_equal(cells(*bounds(9, 9, 2), 9), abs(i[:, None] - i) <= 2)


def test_the_narrowest_band_that_fits_is_named_and_fits():
    with pytest.raises(InputError, match="band=49 or wider"):
        bounds(2, 100, 48)
    bounds(2, 100, 49)


def test_a_share_is_of_the_longer_side_rounded_up():
    assert frames(30, 100, 0.07) == 7
    assert frames(100, 30, 0.071) == 8
    assert frames(40, 50, 1.0) == 50
    assert frames(40, 50, 1) == 1


def test_no_band_allows_every_cell():
    assert cells(*bounds(3, 5), 5).all()
    assert cells(*bounds(3, 5, 1.0), 5).all()


@pytest.mark.parametrize("band", [-1, 0.0, 1.5, True, float("nan")])
def test_what_is_no_band_is_refused(band):
    with pytest.raises(InputError, match="band must be"):
        frames(10, 10, band)


def test_an_extent_holds_each_pair_in_its_own_lengths_and_band():
    rows, columns = np.array([4, 2, 3]), np.array([5, 5, 1])
    inside = extent(rows, columns, 4, 2).inside(5)
    for b in range(3):
        expected = np.zeros((4, 5), dtype=bool)
        expected[: rows[b], : columns[b]] = allowed(rows[b], columns[b], 2)
        np.testing.assert_array_equal(inside[b], expected)


def test_one_frame_and_the_whole_as_a_share_are_not_confused():
    lengths = np.array([6])
    assert extent(lengths, lengths, 6, 1).inside(6).sum() == 16
    assert extent(lengths, lengths, 6, 1.0).inside(6).all()
