import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from inphase.metrics.label_runs import label_runs


@given(st.lists(st.integers(-1, 2), min_size=1, max_size=15))
def test_runs_are_those_of_groupby(labels):
    expected = [(label, len(list(frames))) for label, frames in itertools.groupby(labels)]
    found = label_runs(np.array(labels))
    assert list(zip(found.labels, found.ends - found.starts, strict=True)) == expected
    assert found.starts.tolist() == [0, *found.ends[:-1]]
    assert found.ends[-1] == len(labels)
