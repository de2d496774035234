"""The published numbers read, are numbers, and are those of the papers."""

import re
from pathlib import Path

import pytest

from inphase.errors import InputError
from inphase.evaluation.published.paper_tables import (
    FILE,
    paper_table,
    published,
    read_tables,
)


@pytest.fixture(scope="module")
def tables():
    return published()


def test_a_table_is_found_by_its_id_and_others_are_named():
    assert paper_table("carl-1").data == "Penn Action"
    with pytest.raises(InputError, match="no table 'carl-99': use one of lav-1, "):
        paper_table("carl-99")


def test_the_benchmarks_folder_shows_the_same_file():
    beside = Path(__file__).parents[3] / "benchmarks" / "paper_tables.md"
    if not beside.is_symlink():
        pytest.skip("this checkout has no symbolic links")
    assert beside.resolve() == FILE.resolve()


def value(table, metric, *row):
    """The cell of the one row that starts with these cells."""
    (found,) = (cells for cells in table.rows if cells[: len(row)] == row)
    return found[table.columns.index(metric)]


def test_every_table_of_the_file_reads(tables):
    headings = re.findall(r"^## (.+)$", FILE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert [*tables, "Not legible"] == headings
    numbers = {
        "lav": range(1, 11),
        "lrprop": range(1, 5),
        "carl": range(1, 16),
        "vava": (1, 2, 3, 5, 6, "7a", "7b", "7c"),
        "temporal-transformations": range(1, 5),
    }
    assert list(tables) == [f"{paper}-{k}" for paper, ks in numbers.items() for k in ks]


def test_an_id_tells_paper_and_table_number(tables):
    for name, table in tables.items():
        assert table.id == name
        assert name.split("-")[-1] == re.sub(r"[ ()]", "", table.table)
        assert name.split("-")[0] == re.split(r"[ ,:]", table.paper.lower())[0]


def test_the_method_comes_first_and_numbers_last(tables):
    for table in tables.values():
        assert table.columns[0] == "method"
        assert table.metrics
        assert table.columns[-len(table.metrics) :] == table.metrics
        assert len(set(table.columns)) == len(table.columns)
        assert all(row[0] for row in table.rows)


def test_numbers_parse(tables):
    for table in tables.values():
        for row in table.rows:
            assert len(row) == len(table.columns)
            for cell in row[-len(table.metrics) :]:
                assert cell == "" or float(cell) >= 0


def test_numbers_have_the_size_of_their_unit(tables):
    of_one = ("progression", "tau", "rand_index")
    others = ("speed [samples/s]", "memory [GB]", "sync_mae")
    for table in tables.values():
        for metric in table.metrics:
            at_most = 1 if metric in of_one else 100
            cells = (row[table.columns.index(metric)] for row in table.rows)
            printed = [float(cell) for cell in cells if cell]
            assert max(printed) <= at_most, (table.id, metric)
            # A fraction under a percent heading passes the line above.
            assert metric in of_one + others or min(printed) > 1, (table.id, metric)


def test_metrics_have_one_spelling(tables):
    listed = FILE.read_text(encoding="utf-8").split("\nMetrics: ")[1].split("\n\n")[0]
    used = {re.split(r"@| \[", name)[0] for table in tables.values() for name in table.metrics}
    assert used == set(re.findall(r"`(\w+)`", listed))


@pytest.mark.parametrize(
    ("table", "metric", "row", "printed"),
    [
        ("lav-1", "tau", ("S-DTW",), "0.2144"),
        ("lav-2", "classification@0.1", ("LAV + TCC", "Pouring"), "92.78"),
        ("lav-4", "AP@15", ("LAV", "Penn Action"), "78.90"),
        ("lav-10", "progression", ("TCN",), "0.1909"),
        ("lrprop-1", "AP@10", ("LRProp",), "90.33"),
        ("lrprop-2", "classification@0.75", ("LRProp",), "93.17"),
        ("lrprop-3", "classification@0.05", ("LRProp", "same + sdtw"), "86.66"),
        ("lrprop-4", "dtw_accuracy", ("LRProp", "clean and jerk"), "83.59"),
        ("carl-1", "classification", ("TCC", "Joint"), "74.39"),
        ("carl-1", "progression", ("GTA",), "0.789"),
        ("carl-3", "rand_index", ("CARL-WS",), "0.732"),
        ("carl-5", "sub_action_classification", ("CARL-WS", "FineGym288"), "36.86"),
        ("carl-6", "tau", ("CARL-WS",), "0.973"),
        ("carl-14", "sub_action_classification@0.5", ("Supervised",), "48.75"),
        ("vava-1", "AP@5", ("VAVA", "COIN"), "36.53"),
        ("vava-3", "progression", ("GTA",), ""),
        ("vava-5", "classification@1.0", ("VAVA", "Attend NBA Skills Challenge"), "66.29"),
        ("vava-6", "classification@0.1", ("VAVA", "gamma", "0.1"), "27.73"),
        ("temporal-transformations-3", "sync_mae", ("Temporal Transformations",), "1.61"),
        ("temporal-transformations-4", "retrieval@1", ("PRP",), "22.8"),
    ],
)
def test_a_number_is_the_one_printed(tables, table, metric, row, printed):
    assert value(tables[table], metric, *row) == printed


SMALL = """# Any title

## tcc-1

- paper: TCC: authors, title
- table: 1
- data: Pouring
- note: one: two

| method | data | tau |
| --- | --- | ---: |
| TCC | | 0.5 |
| SAL | Pouring | |

## Not legible

- Nothing.
"""


def test_a_small_file_reads_cell_for_cell(tmp_path):
    file = tmp_path / "tables.md"
    file.write_text(SMALL, encoding="utf-8")
    (table,) = read_tables(file).values()
    assert (table.id, table.paper, table.note) == ("tcc-1", "TCC: authors, title", "one: two")
    assert table.columns == ("method", "data", "tau")
    assert table.metrics == ("tau",)
    assert table.rows == (("TCC", "", "0.5"), ("SAL", "Pouring", ""))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (SMALL + SMALL, "two tables tcc-1"),
        (SMALL.replace("| TCC | |", "| TCC |"), "3 columns, but 2 cells"),
        (SMALL.replace("- data: Pouring\n", ""), "states paper, table, note"),
    ],
)
def test_a_broken_file_is_named(tmp_path, wrong, message):
    file = tmp_path / "tables.md"
    file.write_text(wrong, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        read_tables(file)
