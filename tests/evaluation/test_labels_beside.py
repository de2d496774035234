"""Labels of a public data set, from a named file, or from `phases.csv` beside the videos."""

import numpy as np
import pytest
from PIL import Image

from inphase.errors import InputError
from inphase.evaluation.activities import activities
from inphase.evaluation.labels_beside import labelled, labels_beside


@pytest.fixture
def penn(tmp_path):
    """A miniature of Penn Action: frames from 1 on, one label too few and one too many."""
    root = tmp_path / "Penn_Action"
    numbers = {
        "train/squats/0001": [0, 0, 1, 2, 3],
        "train/squats/0002": [0, 1, 2, 3],
        "val/squats/0003": [-1, 0, 1, 2, 3, 3],
    }
    for name, labels in numbers.items():
        frames = root / "frames" / name[-4:]
        frames.mkdir(parents=True)
        for k in range(5):
            Image.new("RGB", (8, 8)).save(frames / f"{k + 1:06d}.jpg")
        file = root / "penn_action_labels" / f"{name}.npy"
        file.parent.mkdir(parents=True, exist_ok=True)
        np.save(file, np.array(labels, np.float64))
    return root


def test_a_public_data_set_brings_labels_splits_and_phases(penn):
    found = labelled(penn)
    assert found.dataset == "Penn Action: 2 train, 1 val videos, 3 with labels"
    (squat,) = activities(found.videos, found.labels, found.phases)
    assert (squat.name, squat.folds) == ("squat", [([0, 1], [2])])
    assert [each.tolist() for each in squat.labels] == [
        [0, 0, 1, 2, 3],
        [0, 1, 2, 3, 3],
        [-1, 0, 1, 2, 3],
    ]
    assert squat.phases == ("phase 0", "phase 1", "phase 2", "phase 3")


def test_what_is_missing_of_a_data_set_is_said(penn):
    (penn / "frames" / "0002" / "000001.jpg").parent.rename(penn / "elsewhere")
    assert "missing frames of 1 video (0002)" in labelled(penn).dataset


def test_a_named_file_goes_before_a_data_set(penn, tmp_path):
    own = tmp_path / "own.csv"
    own.write_text("video,start,end,label\n0001,0,1,down\n")
    assert list(labelled(penn, own).labels) == ["0001"] and not labelled(penn, own).phases


def test_a_data_set_without_labels_says_where_they_are_published(tmp_path):
    root = tmp_path / "Penn_Action"
    (root / "frames" / "0001").mkdir(parents=True)
    with pytest.raises(InputError, match="no labels of frames .*published at"):
        labelled(root)


def test_a_data_set_of_whole_videos_has_nothing_to_score(tmp_path):
    (tmp_path / "trainlist01.txt").write_text("Archery/v_Archery_g08_c01.avi 3\n")
    with pytest.raises(
        InputError, match=r"is UCF101 \(fold 1\), which tells no phases .* --labels"
    ):
        labelled(tmp_path)


def test_a_folder_of_videos_has_its_labels_beside(folder, videos):
    found = labelled(folder)
    assert [video.name for video in found.videos] == [video.name for video in videos]
    assert len(found.labels) == 4 and not found.dataset


def test_videos_that_are_not_there_are_said_to_be_missing(tmp_path):
    with pytest.raises(InputError, match="there is no such file"):
        labelled(tmp_path / "nowhere")


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
