"""A result in numbers, words and files."""

import csv
import json
import math
from dataclasses import replace

import pytest

from inphase.errors import InputError
from inphase.evaluation.intervals import Comparison, Interval
from inphase.evaluation.protocols import PROTOCOLS
from inphase.evaluation.result import Result, Row, beyond


@pytest.fixture
def result() -> Result:
    model = Row(
        "my_run",
        "model",
        {"squat": {"AP@5": 0.8, "progression": -2e6, "tau": 0.9}},
        {"AP@5": 0.8, "progression": -2e6, "tau": 0.9},
        {"AP@5": 0.02},
        {"AP@5": Interval(0.7, 0.85)},
        {"AP@5": 0.6, "progression": math.nan},
        {"AP@5": 0.01},
    )
    clock = Row("clock, normalised", "control", {"squat": {"AP@5": 0.5}}, {"AP@5": 0.5})
    return Result(
        protocol=PROTOCOLS["carl"],
        rows=[model, clock],
        metrics=["AP@5", "progression", "tau"],
        against_clock={"my_run": [Comparison("A", "B", "AP@5", 0.3, Interval(0.2, 0.4))]},
        comparisons=[],
        data={"digest": "d", "activities": {"squat": {"scored": 12, "split": "12 videos"}}},
        models=[{"row": "my_run", "digest": "m"}],
        seed=0,
        draws=100,
        versions={},
        notes=["a note"],
    )


def test_beyond_the_clock_by_hand():
    assert beyond(0.75, 0.5) == 0.5
    assert beyond(0.25, 0.5) == -0.5
    assert beyond(0.05, 0.2, error=True) == pytest.approx(0.75)
    assert beyond(0.3, 0.2, error=True) == pytest.approx(-0.5)
    assert math.isnan(beyond(1.0, 1.0)) and math.isnan(beyond(0.0, 0.0, error=True))


def test_a_model_surely_better_than_the_clock_gets_no_warning(result):
    assert not any("clock on" in line or "adds nothing" in line for line in result.sentences)


def test_a_model_that_adds_nothing_is_told_in_one_sentence(result):
    unsure = Comparison("A", "B", "AP@5", 0.01, Interval(-0.1, 0.1))
    said = replace(result, against_clock={"my_run": [unsure]}).sentences
    assert sum("my_run adds nothing to the clock" in line for line in said) == 1


def test_scores_that_are_not_surely_better_are_named(result):
    unsure = Comparison("A", "B", "progression", 0.01, Interval(-0.1, 0.1))
    both = {"my_run": [*result.against_clock["my_run"], unsure]}
    said = replace(result, against_clock=both).sentences
    assert "my_run is not surely better than the clock on progression" in said


def test_the_printed_table(result):
    lines = str(result).splitlines()
    assert lines.pop(0).startswith("Protocol carl, data d, seed 0. squat: 12 videos.")
    assert lines.pop(0) == ""
    assert lines[0].split() == ["AP@5", "progression", "tau"]
    assert lines[1].split() == ["my_run", "0.800", "±", "0.020", "<", "-10", "0.900"]
    assert lines[2].split() == ["95", "%", "0.700", "to", "0.850", "-", "-"]
    assert lines[3].split() == ["95", "%", "of", "episodes", "±", "0.010", "-", "-"]
    assert lines[4].split() == ["beyond", "the", "clock", "0.600", "-", "-"]
    assert lines[5].split() == ["clock,", "normalised", "0.500", "-", "-"]
    assert lines[-1] == "- a note"


def test_the_four_files_say_the_same(result, tmp_path):
    written = {path.suffix: path.read_text() for path in result.save(tmp_path / "new")}
    plain = json.loads(written[".json"])
    assert plain["rows"][0]["scores"]["AP@5"] == 0.8
    assert plain["rows"][0]["beyond"]["progression"] is None
    assert "a note" in plain["sentences"]
    assert "| my_run | 0.800 ± 0.020 | < -10 | 0.900 |" in written[".md"]
    assert r"my\_run & 0.800 $\pm$ 0.020 & $<$ -10 & 0.900 \\" in written[".tex"]
    rows = list(csv.DictReader(written[".csv"].splitlines()))
    mean = next(row for row in rows if row["activity"] == "mean" and row["row"] == "my_run")
    assert (mean["metric"], mean["score"], mean["low"]) == ("AP@5", "0.8", "0.7")
    assert (mean["sd"], mean["episodes"], mean["beyond_clock"]) == ("0.02", "0.01", "0.6")
    assert any(row["activity"] == "squat" for row in rows)


def test_rows_are_found_by_name(result):
    assert result.row("clock, normalised").kind == "control"
    with pytest.raises(InputError, match="no row 'clock', only my_run, clock, normalised"):
        result.row("clock")
