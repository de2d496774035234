"""A filled table as people and scripts read it."""

import json

import pytest

from inphase.evaluation.published.paper_tables import PaperTable
from inphase.evaluation.reproduction.table import FilledRow, Reproduction


@pytest.fixture
def filled() -> Reproduction:
    printed = [("TCC", "Joint", "81.35", "0.664"), ("GTA", "Joint", "", "0.7")]
    paper = PaperTable(
        "carl-1", "CARL: title", "1", "Penn Action", "a note",
        ("method", "strategy", "classification", "tau"), ("classification", "tau"), tuple(printed),
    )  # fmt: skip
    rows = [
        FilledRow(printed[0], {"classification": [80.0, 82.0], "tau": [float("nan")] * 2}),
        FilledRow(printed[1], reason="not built yet"),
    ]
    clocks = {"Penn Action": {"clock, normalised": {"tau": 0.99123}}}
    return Reproduction(paper, rows, clocks, ["Set up so."], ["A note."])


def test_ours_stands_below_the_papers_with_the_deviation_over_seeds(filled):
    assert filled.markdown().splitlines() == [
        "# carl-1: CARL: title, table 1",
        "",
        "- Set up so.",
        "",
        "| method | strategy | by | classification | tau |",
        "| --- | --- | --- | ---: | ---: |",
        "| TCC | Joint | paper | 81.35 | 0.664 |",
        "|  |  | inphase | 81.00 ± 1.41 | - |",
        "| GTA | Joint | paper |  | 0.7 |",
        "| not built yet |  | - | - | - |",
        "| clock, normalised |  | inphase | - | 0.991 |",
        "",
        "- A note.",
    ]


def test_only_what_is_far_below_any_use_is_cut_in_percent_too():
    paper = PaperTable(
        "carl-1", "CARL: title", "1", "Penn Action", "a note",
        ("method", "tau [%]", "progression"), ("tau [%]", "progression"), (),
    )  # fmt: skip
    row = FilledRow(("TCC", "", ""), {"tau [%]": [-15.0], "progression": [-15.0]})
    shown = Reproduction(paper, [row], {}, [], []).markdown()
    assert "| inphase | -15.00 | < -10 |" in shown


def test_a_terminal_gets_columns_in_line(filled):
    lines = str(filled).splitlines()
    at = [line.rfind("0.") + 5 for line in lines if line.endswith(("0.664", "0.991"))]
    assert len(set(at)) == 1
    assert lines[7].startswith("  not built yet")


def test_scripts_get_no_word_that_json_lacks(filled, tmp_path):
    _, file = filled.save(tmp_path)
    result = json.loads(file.read_text(), parse_constant=lambda word: pytest.fail(word))
    assert result["rows"][0]["found"] == {"classification": [80.0, 82.0], "tau": [None, None]}
