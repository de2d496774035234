"""IKEA ASM: the drawer shelf, with and without background."""

import json

import pytest

from inphase.data.collection import inspect
from inphase.data.datasets import load
from inphase.errors import InputError

FIRST = "Kallax_Shelf_Drawer/0001_black_table_02_01_2019_08_16_14_00"
SECOND = "Kallax_Shelf_Drawer/0007_white_floor_02_04_2019_08_19_17_47"
ABSENT = "Kallax_Shelf_Drawer/0009_oak_floor_02_04_2019_08_19_17_47"
TABLE = "Lack_Side_Table/0001_black_table_02_01_2019_08_16_14_00"


def entry(subset: str, *rows: tuple[int, int, str]) -> dict:
    annotation = [{"segment": [start, end], "label": label} for start, end, label in rows]
    return {"subset": subset, "annotation": annotation}


@pytest.fixture
def root(tmp_path, movie, images):
    movie(tmp_path / FIRST / "dev3" / "images" / "scan_video.avi")  # 75 frames
    images(tmp_path / SECOND / "dev3" / "images", 12)
    images(tmp_path / SECOND / "dev1" / "images", 5)
    images(tmp_path / TABLE / "dev3" / "images", 5)
    database = {
        # Frame 25 was alone with its label, so the release's export lost it.
        FIRST: entry(
            "training", (0, 9, "NA"), (10, 24, "pick up leg"), (26, 59, "NA"), (60, 73, "spin leg")
        ),
        SECOND: entry("testing", (0, 4, "spin leg"), (5, 11, "NA")),
        ABSENT: entry("testing", (0, 4, "other")),
        TABLE: entry("training", (0, 4, "flip table")),
    }
    place = tmp_path / "annotations" / "action_annotations"
    place.mkdir(parents=True)
    (place / "gt_segments.json").write_text(json.dumps({"version": "1.3", "database": database}))
    return tmp_path


def test_the_shelf_alone_with_its_splits(root):
    dataset = load(root)
    assert [(v.name.split("_")[0], v.split, len(v)) for v in dataset.videos] == [
        ("0001", "train", 75),
        ("0007", "val", 12),
    ]
    assert [video.group for video in dataset.videos] == ["0001", "0007"]
    assert dataset.phases_of(dataset.videos[0]) == ("NA", "other", "pick up leg", "spin leg")


def test_segments_include_both_ends(root):
    dataset = load(root)
    labels = dataset.frame_labels(dataset.videos[0])
    assert labels[[9, 10, 24]].tolist() == [0, 2, 2]
    assert labels[[25, 26]].tolist() == [-1, 0]  # the lost frame has no label
    assert labels[[59, 60, 73, 74]].tolist() == [0, 3, 3, 3]  # one frame more than labels


def test_without_background_its_frames_have_no_label(root):
    dataset = load(root, background=False)
    assert dataset.phases_of(dataset.videos[1]) == ("other", "pick up leg", "spin leg")
    assert dataset.frame_labels(dataset.videos[1]).tolist() == [2] * 5 + [-1] * 7
    assert [label for *_, label in dataset.segments(dataset.videos[1])] == ["spin leg"]


def test_other_cameras_and_furniture(root):
    assert [len(v) for v in load(root, camera="dev1").videos] == [5]
    assert [v.activity for v in load(root, furniture="Lack_Side_Table").videos] == [
        "Lack_Side_Table"
    ]


def test_what_is_missing_is_told(root):
    (missing,) = load(root).missing
    assert ABSENT in missing.what
    assert missing.where == "https://ikeaasm.github.io/"
    assert any(ABSENT in note for note in inspect(root).notes)


def test_the_lists_of_scans_give_the_split_without_annotations(root):
    (root / "annotations" / "action_annotations" / "gt_segments.json").unlink()
    lists = root / "indexing_files"
    lists.mkdir()
    (lists / "train_cross_env.txt").write_text(f"{FIRST}\n{TABLE}\n")
    (lists / "test_cross_env.txt").write_text(f"{SECOND}\n")
    dataset = load(root)
    assert [v.split for v in dataset.videos] == ["train", "val"]
    assert dataset.labels == {}
    assert "gt_segments.json" in dataset.missing[0].what


def test_a_segment_that_runs_backwards_is_named(root):
    file = root / "annotations" / "action_annotations" / "gt_segments.json"
    file.write_text(json.dumps({"database": {FIRST: entry("training", (9, 3, "spin leg"))}}))
    with pytest.raises(InputError, match=f"video {FIRST}: spin leg runs from frame 9"):
        load(root)
