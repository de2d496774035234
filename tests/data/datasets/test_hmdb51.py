"""HMDB51: class folders of AVIs, a list for each class and fold, and what is absent."""

from pathlib import Path

import pytest

from inphase.data.collection import inspect
from inphase.data.datasets import hmdb51, load, recognise
from inphase.errors import InputError

# Names as published hold brackets, several underscores, and signs.
CLIPS = {
    "brush_hair": ["April_09_brush_hair_u_nm_np1_ba_goo_0", "Brushing_(long)_brush_hair_1"],
    "wave": ["21_wave_u_nm_np1_fr_goo_5", "#20060723_wave_f_cm_np1_ba_med_0", "A&B_wave_h_0"],
}
NUMBERS = {1: [1, 2, 0], 2: [2, 1, 1], 3: [0, 1, 2]}


def write_lists(folder: Path) -> None:
    folder.mkdir(parents=True)
    for activity, clips in CLIPS.items():
        for fold, numbers in NUMBERS.items():
            lines = [f"{clip}.avi {k} \n" for clip, k in zip(clips, numbers, strict=False)]
            (folder / f"{activity}_test_split{fold}.txt").write_text("".join(lines))


@pytest.fixture
def root(tmp_path, avi):
    write_lists(tmp_path / "hmdb" / "testTrainMulti_7030_splits")
    for activity, clips in CLIPS.items():
        for clip in clips:
            avi(tmp_path / "hmdb" / "hmdb51_org" / activity / f"{clip}.avi")
    return tmp_path / "hmdb"


def test_one_is_train_two_is_test_and_none_is_left_out(root):
    dataset = load(root)
    assert [(v.name, v.activity, v.split) for v in dataset.videos] == [
        ("brush_hair/April_09_brush_hair_u_nm_np1_ba_goo_0", "brush_hair", "train"),
        ("brush_hair/Brushing_(long)_brush_hair_1", "brush_hair", "test"),
        ("wave/21_wave_u_nm_np1_fr_goo_5", "wave", "train"),
        ("wave/#20060723_wave_f_cm_np1_ba_med_0", "wave", "test"),
    ]
    assert dataset.notes == ["1 video (wave/A&B_wave_h_0) left out: in neither split of fold 1"]
    assert dataset.labels == {} and dataset.phases == {}


def test_a_fold_has_a_division_of_its_own(root):
    assert [v.split for v in load(root, fold=2).videos] == [
        "test",
        "train",
        "test",
        "train",
        "train",
    ]
    with pytest.raises(InputError, match="folds 1, 2 and 3, not 0"):
        load(root, fold=0)


def test_check_counts_splits_and_classes_and_reads_the_files(root):
    report = inspect(root)
    assert report.notes[0] == "HMDB51 (fold 1): 2 train, 2 test videos of 2 activities"
    assert [len(video) for video in report.videos] == [75] * 4


def test_the_folder_of_the_classes_finds_the_lists_beside_it(root):
    assert load(root / "hmdb51_org").videos == load(root).videos
    renamed = (root / "hmdb51_org").rename(root / "videos")
    assert len(load(renamed).videos) == 4
    assert recognise(renamed / "wave") is None


def test_missing_clips_and_classes_are_told(root):
    (root / "hmdb51_org" / "wave" / "21_wave_u_nm_np1_fr_goo_5.avi").unlink()
    told = [str(each) for each in load(root).missing]
    assert told == [
        f"1 video (wave/21_wave_u_nm_np1_fr_goo_5) of the 4; published at {hmdb51.URL}",
        f"the lists of 49 of the 51 classes of fold 1; published at {hmdb51.LISTS_URL}",
    ]


def test_a_clip_is_not_taken_from_another_class(root):
    clip = root / "hmdb51_org" / "wave" / "21_wave_u_nm_np1_fr_goo_5.avi"
    clip.rename(root / "hmdb51_org" / "brush_hair" / clip.name)
    assert len(load(root).videos) == 3


def test_without_lists_the_clips_have_no_split(root):
    (root / "testTrainMulti_7030_splits").rename(root.parent / "elsewhere")
    dataset = load(root / "hmdb51_org")
    assert dataset.summary == "HMDB51: 5 videos of 2 activities"
    assert [each.where for each in dataset.missing] == [hmdb51.LISTS_URL]


@pytest.mark.parametrize("line", ["clip.avi 3", "clip.avi", "clip.mp4 1", "1"])
def test_a_foreign_line_is_named(root, line: str):
    file = root / "testTrainMulti_7030_splits" / "wave_test_split1.txt"
    file.write_text(file.read_text() + line + "\n")
    with pytest.raises(InputError, match=f"wave_test_split1.txt, line 4: .* not `{line}`"):
        load(root)


def test_the_counts_are_those_of_seventy_and_thirty_a_class():
    assert hmdb51.COUNTS == (70 * hmdb51.CLASSES, 30 * hmdb51.CLASSES)
