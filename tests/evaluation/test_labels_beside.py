"""Labels from a named file, or from `phases.csv` beside the videos."""

import pytest

from inphase.errors import InputError
from inphase.evaluation.labels_beside import labels_beside


def test_phases_csv_is_looked_for_beside_the_videos(folder):
    for videos in (folder, folder / "00.mp4"):
        assert {name.removesuffix(".mp4") for name in labels_beside(videos)} == {
            "00",
            "01",
            "02",
            "03",
        }


def test_a_named_file_goes_before(folder, tmp_path):
    own = tmp_path / "own.csv"
    own.write_text("video,start,end,label\n00,0,1,down\n")
    assert list(labels_beside(folder, own)) == ["00"]


def test_without_labels_there_is_one_sentence(folder, tmp_path):
    with pytest.raises(InputError, match="name their file with --labels"):
        labels_beside(tmp_path)
    with pytest.raises(InputError, match="there is no labels file"):
        labels_beside(folder, tmp_path / "no.csv")
