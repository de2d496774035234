"""FineGym: events as videos, elements as labels."""

import json

import pytest

from inphase.data.collection import inspect
from inphase.data.datasets import finegym, load
from inphase.errors import InputError

VIDEO, OTHER = "0LtLS9wROrk", "Ab_E_cdefgh"  # YouTube's ids may hold what divides the names
FLOOR, VAULT, BARE = "E_000001_000002", "E_000000_000001", "E_000002_000003"


@pytest.fixture
def root(tmp_path):
    annotations = {
        VIDEO: {
            FLOOR: {
                "event": 2,
                "timestamps": [[1.0, 2.6]],
                "segments": {
                    "A_0000_0000": {"stages": 1, "timestamps": [[0.2, 0.6]]},
                    "A_0000_0001": {"stages": 1, "timestamps": [[0.8, 1.2]]},
                    "A_0001_0001": {"stages": 1, "timestamps": [[1.3, 1.4]]},
                },
            },
            BARE: {"event": 4, "timestamps": [[2.0, 3.0]], "segments": None},
        },
        OTHER: {
            VAULT: {
                "event": 1,
                "timestamps": [[0.0, 1.6]],
                "segments": {
                    "A_0000_0001": {
                        "stages": 3,
                        "timestamps": [[0.04, 0.4], [0.4, 0.8], [0.8, 1.2]],
                    }
                },
            }
        },
    }
    (tmp_path / "finegym_annotation_info_v1.0.json").write_text(json.dumps(annotations))
    # The third element of the floor routine is in no class of 99.
    (tmp_path / "gym99_train_element_v1.0.txt").write_text(
        f"{VIDEO}_{FLOOR}_A_0000_0000 58\n{VIDEO}_{FLOOR}_A_0000_0001 70\n"
    )
    (tmp_path / "gym99_val_element.txt").write_text(f"{OTHER}_{VAULT}_A_0000_0001 0\n")
    names = [f"Clabel: {k:3}; set:  1; Glabel: {k + 1:3}; (VT) vault {k}" for k in range(99)]
    names[58] = "Clabel:  58; set: 33; Glabel: 290; (BB) salto backward tucked"
    names[70] = "Clabel:  70; set: 35; Glabel: 359; (BB) salto backward tucked"
    (tmp_path / "gym99_categories.txt").write_text("\n".join(names) + "\n")
    return tmp_path


@pytest.fixture
def downloads(root, movie):
    """Whole videos."""
    movie(root / "FineGym_Raw_database" / f"{VIDEO}.mp4")
    movie(root / "FineGym_Raw_database" / f"{OTHER}.mkv")
    return root


def test_a_video_is_an_event_with_an_element_cut_at_its_boundaries(downloads):
    dataset = load(downloads)
    assert [(v.name, v.start, v.end, v.split, v.activity, len(v)) for v in dataset.videos] == [
        (f"{VIDEO}_{FLOOR}", 1.0, 2.6, "train", "floor exercise", 40),
        (f"{OTHER}_{VAULT}", 0.0, 1.6, "val", "vault", 40),
    ]
    assert dataset.missing == []


def test_elements_are_labels_in_time_from_the_events_start(downloads):
    dataset = load(downloads)
    labels = dataset.frame_labels(dataset.videos[0])
    assert labels[[4, 5, 14, 15, 20, 29, 30, 33]].tolist() == [-1, 58, 58, -1, 70, 70, -1, -1]
    assert [start for start, *_ in dataset.segments(dataset.videos[0])] == [1.2, 1.8]


def test_classes_of_one_name_stay_apart(downloads):
    names = load(downloads).phases[""]
    assert names[58] == "58 (BB) salto backward tucked"
    assert names[70] == "70 (BB) salto backward tucked"
    assert len(set(names)) == 99


def test_a_vault_is_labelled_from_its_first_stage_or_as_carl_does_in_its_last(downloads):
    vault = load(downloads).split("val")[0]
    assert list(load(downloads).segments(vault))[0][:2] == (0.04, 1.2)
    assert list(load(downloads, stages="last").segments(vault))[0][:2] == (0.8, 1.2)


@pytest.mark.parametrize("name", [f"{VIDEO}_{FLOOR}.mp4", f"{VIDEO}/{FLOOR}.mp4"])
def test_videos_cut_already_are_taken_whole(root, movie, name: str):
    movie(root / "processed_videos" / name)
    dataset = load(root)
    (video,) = dataset.videos
    assert (video.start, len(video)) == (None, 75)
    assert [start for start, *_ in dataset.segments(video)] == [0.2, 0.8]


def test_missing_videos_and_files_are_told(root):
    (root / "gym99_categories.txt").unlink()
    dataset = load(root)
    assert [each.where for each in dataset.missing] == [
        "https://sdolivia.github.io/FineGym/resources/dataset/gym99_categories.txt",
        "https://sdolivia.github.io/FineGym/",
    ]
    assert "2 events" in dataset.missing[1].what
    assert dataset.phases[""][:2] == ("0", "1")
    assert any("gym99_categories.txt" in note for note in inspect(root).notes)


def test_288_classes_have_files_of_their_own(downloads):
    told = [each.what for each in load(downloads, classes=288).missing]
    assert told[:2] == ["gym288_train_element_v1.0.txt", "gym288_val_element.txt"]


def test_an_event_of_a_split_that_is_not_annotated_is_noted(downloads):
    file = downloads / "gym99_val_element.txt"
    file.write_text(file.read_text() + f"{VIDEO}_E_000009_000010_A_0000_0001 3\n")
    dataset = load(downloads)
    assert len(dataset.videos) == 2
    assert any("not annotated: 1 event (" in note for note in dataset.notes)


def test_an_event_in_both_splits_stays_in_train(downloads):
    file = downloads / "gym99_val_element.txt"
    file.write_text(file.read_text() + f"{VIDEO}_{FLOOR}_A_0001_0001 3\n")
    dataset = load(downloads)
    assert [video.split for video in dataset.videos] == ["train", "val"]
    assert dataset.notes == [f"{VIDEO}_{FLOOR} is in both splits; it is kept in train"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [(f"{VIDEO}_{FLOOR} 3", "line 2: expected"), (f"{VIDEO}_{FLOOR}_A_0000_0000 99", "class 99")],
)
def test_a_wrong_line_is_named(downloads, line: str, reason: str):
    file = downloads / "gym99_val_element.txt"
    file.write_text(file.read_text() + line)
    with pytest.raises(InputError, match=reason):
        load(downloads)


def test_an_element_without_times_is_named(downloads):
    file = downloads / "gym99_train_element_v1.0.txt"
    file.write_text(f"{VIDEO}_{BARE}_A_0000_0001 3\n")
    with pytest.raises(InputError, match=f"{VIDEO}_{BARE}: has no times of element A_0000_0001"):
        load(downloads)


def test_the_counts_are_the_papers():
    assert finegym.COUNTS == {"train": 3182, "val": 1442}
