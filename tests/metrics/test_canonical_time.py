import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inphase.metrics import canonical_time


def test_each_phase_runs_evenly_from_its_number_to_the_next():
    found = canonical_time(np.array([0, 0, 1, 1, 1, 1, 2]))
    np.testing.assert_allclose(found, [0, 0.5, 1, 1.25, 1.5, 1.75, 2])


def test_background_has_no_time_and_parts_a_phase():
    found = canonical_time(np.array([-1, 1, 1, -2, 1, -1]))
    np.testing.assert_allclose(found, [np.nan, 1, 1.5, np.nan, 1, np.nan])


@given(st.lists(st.integers(-1, 3), min_size=1, max_size=20))
def test_the_phase_is_the_whole_part(labels):
    found = canonical_time(np.array(labels))
    assert np.floor(found[~np.isnan(found)]).tolist() == [each for each in labels if each >= 0]
    assert np.isnan(found).tolist() == [each < 0 for each in labels]


@pytest.mark.parametrize(("length", "expected"), [(0, []), (1, [3.0])])
def test_short_videos(length, expected):
    assert canonical_time(np.full(length, 3)).tolist() == expected
