"""The table of the warping kernels says what was reached, and what was not."""

import importlib.util
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def rows():
    path = Path(__file__).parents[2] / "benchmarks" / "warping_rows.py"
    spec = importlib.util.spec_from_file_location("warping_rows", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        # A dataclass looks its module up by name.
        patch.setitem(sys.modules, "warping_rows", module)
        spec.loader.exec_module(module)
    return module


def test_a_target_is_reached_from_just_that_factor_on(rows):
    assert rows.faster("case", 1.0, "peer", 4.0, target=4).reached is True
    assert rows.faster("case", 1.0, "peer", 3.9, target=4).reached is False
    assert rows.faster("case", 1.0, "peer", 4.0).reached is None


def test_the_table_names_a_case_once_and_misses_in_bold(rows):
    slow, free = rows.faster("case", 0.002, "a", 0.004, target=4), rows.faster("case", 1, "b", 2.5)
    *_, first, second = rows.markdown([slow, free]).splitlines()
    assert first == "| case | 2 ms | a | 4 ms | 2 | 4 times faster | **no** |"
    assert second == "|  | 1 s | b | 2.5 s | 2.5 |  |  |"
