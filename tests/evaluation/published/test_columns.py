"""Headings of papers' tables in our own words."""

import pytest

from inphase.evaluation.published.columns import column_of, in_columns, protocol_for
from inphase.evaluation.published.paper_tables import published

NOT_MEASURED = {
    "speed", "memory", "action_recognition", "before_after_accuracy", "sync_accuracy", "sync_mae",
    "retrieval",
}  # fmt: skip


@pytest.mark.parametrize(
    ("heading", "score", "shown"),
    [
        ("classification", "classification@1", 50),
        ("classification@0.05", "classification@0.05", 50),
        ("classification@1.0", "classification@1", 50),
        ("progression", "progression", 0.5),
        ("progression [%]", "progression", 50),
        ("tau", "tau", 0.5),
        ("tau [%]", "tau", 50),
        ("AP@15", "AP@15", 50),
        ("dtw_accuracy", "DTW accuracy", 50),
        ("rand_index", "Rand index", 0.5),
        ("one_shot_classification", "one-shot", 50),
    ],
)
def test_a_heading_names_a_score_and_its_unit(heading, score, shown):
    assert in_columns([column_of(heading)], {score: 0.5}) == {heading: shown}


def test_every_heading_is_measured_or_known_not_to_be():
    for table in published().values():
        for heading in table.metrics:
            column = column_of(heading)
            what = heading.split("@")[0].split(" ")[0]
            assert bool(column.score) == (what not in NOT_MEASURED), heading


def test_a_protocol_takes_the_shares_and_neighbours_of_the_table():
    headings = ("tau [%]", "AP@1", "AP@20", "classification@0.05", "classification@1.0")
    protocol = protocol_for("lrprop", [column_of(each) for each in headings], 5)
    assert protocol is not None
    assert set(protocol.metrics) == {"classification", "retrieval", "tau"}
    assert protocol.fractions == (0.05, 1.0)
    assert protocol.retrieval_k == (1, 20)
    assert protocol.stride == 1  # the given one is of carl alone
    carl = protocol_for("carl", [column_of("tau")], 5)
    assert carl is not None and carl.stride == 5
    assert protocol_for("carl", [column_of("sub_action_classification")], 2) is None
