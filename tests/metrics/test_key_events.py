import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inphase.metrics import key_events

RULES = ["last", "previous", "before", "left_out"]


@given(st.lists(st.integers(1, 4), min_size=2, max_size=5), st.sampled_from(RULES))
def test_each_phase_but_the_last_ends_with_its_last_frame(lengths, rule):
    labels = np.repeat(np.arange(len(lengths)), lengths)
    expected = np.cumsum(lengths)[:-1] - 1
    assert key_events(labels, len(lengths), rule).tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("rule", "labels", "expected"),
    [
        ("last", [0, 0, 2, 2], [1, 2]),
        ("last", [0, 0, 3, 3], [1, 2, 2]),
        ("last", [0, 0, 0, 0], [3, 3]),
        ("last", [2, 2, 2], [1, 1]),
        ("last", [1], [0, 0]),
        ("previous", [0, 0, 2, 2], [1, 1]),
        ("previous", [0, 0, 3, 3], [1, 1, 1]),
        ("previous", [1, 1, 2, 2], [-1, 1]),
        ("before", [0, 0, 2, 2], [1, -1]),
        ("left_out", [0, 0, 2, 2], [1, np.nan]),
    ],
)
def test_the_rules_for_a_missing_phase(rule, labels, expected):
    found = key_events(np.array(labels), len(expected) + 1, rule)
    np.testing.assert_array_equal(found, expected)


def of_2021(labels, phase):
    """TCC's loop."""
    event = len(labels) - 1
    for i in range(1, len(labels)):
        if labels[i] > phase:
            event = i - 1 if labels[i - 1] == phase else i
            break
    return event


@given(st.lists(st.integers(0, 5), min_size=1, max_size=12))
def test_last_is_tccs_rule_where_phases_are_in_order(labels):
    labels = np.sort(labels)
    # But for a video that begins after a phase: there it was over before the second frame.
    expected = [of_2021(labels, phase) for phase in range(5) if phase >= labels[0]]
    assert key_events(labels, 6).tolist()[labels[0] :] == expected


def test_of_a_phase_shown_twice_the_second_end_counts():
    assert key_events(np.array([0, 1, 0, 1, 2]), 3).tolist() == [2, 3]


def test_frames_without_a_label_are_no_phase():
    assert key_events(np.array([-1, 0, -1, 2, -1]), 3).tolist() == [1, 3]
