import csv

import numpy as np
import pytest

from inphase.errors import InputError
from inphase.show.warp_table import save_warp


def test_one_row_a_link_in_seconds(numbered, matched, tmp_path):
    reference, other = numbered("reference", 4, rate=10), numbered("other", 6, rate=20)
    own = [[0], [1, 2], [3], [4, 5]]
    alignments = {
        "other": matched(reference, other, own),
        "again": matched(reference, other, own),
    }
    path = save_warp(alignments, tmp_path / "new" / "warp.csv")
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["video", "reference_time", "own_time", "cost"]
    assert [row["video"] for row in rows] == ["other"] * 6 + ["again"] * 6
    np.testing.assert_allclose(
        [float(row["reference_time"]) for row in rows[:6]], [0, 0.1, 0.1, 0.2, 0.3, 0.3], atol=1e-6
    )
    np.testing.assert_allclose(
        [float(row["own_time"]) for row in rows[:6]], np.arange(6) / 20, atol=1e-6
    )
    np.testing.assert_allclose([float(row["cost"]) for row in rows], 0.1, atol=1e-6)


def test_a_folder_that_cannot_be_made_is_said_in_a_sentence(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="warp.csv cannot be written"):
        save_warp({}, tmp_path / "file" / "warp.csv")
