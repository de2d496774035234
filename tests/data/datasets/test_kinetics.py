"""Kinetics: tables with clips named by id and time, or folders of splits and classes."""

import pytest

from inphase.data.collection import inspect
from inphase.data.datasets import kinetics, load, recognise
from inphase.errors import InputError

HEADER = "label,youtube_id,time_start,time_end,split\n"
TRAIN = '"air drumming",_dbcJuKJQNs,40,50,train\n"playing guitar (left)",-3B32lodo2M,0,10,train\n'
VALIDATE = '"air drumming",--nQbRBEz2s,104,114,validate\n'


@pytest.fixture
def tables(tmp_path):
    """The tables alone."""
    root = tmp_path / "k"
    (root / "annotations").mkdir(parents=True)
    (root / "annotations" / "train.csv").write_text(HEADER + TRAIN)
    (root / "annotations" / "validate.csv").write_text(HEADER + VALIDATE)
    return root


@pytest.fixture
def cut(tables, movie):
    """Clips named by id and time, in folders of classes or not."""
    movie(tables / "train" / "air_drumming" / "_dbcJuKJQNs_000040_000050.mp4")
    movie(tables / "train" / "playing_guitar_left" / "-3B32lodo2M_000000_000010.mp4")
    movie(tables / "val" / "--nQbRBEz2s_000104_000114.mp4")
    return tables


def test_videos_have_the_class_of_the_table_and_its_split(cut):
    dataset = load(cut)
    assert [(v.name, v.activity, v.group, v.split, v.start) for v in dataset.videos] == [
        ("_dbcJuKJQNs_000040_000050", "air drumming", "_dbcJuKJQNs", "train", None),
        ("-3B32lodo2M_000000_000010", "playing guitar (left)", "-3B32lodo2M", "train", None),
        ("--nQbRBEz2s_000104_000114", "air drumming", "--nQbRBEz2s", "val", None),
    ]
    assert dataset.missing == [] and dataset.notes == []
    assert dataset.labels == {} and dataset.phases == {}


def test_check_counts_splits_and_classes_and_reads_the_files(cut):
    report = inspect(cut)
    assert report.notes == ["Kinetics: 2 train, 1 val videos of 2 activities"]
    assert [len(video) for video in report.videos] == [75] * 3


def test_missing_videos_are_named_and_counted_by_split(cut):
    (cut / "train" / "air_drumming" / "_dbcJuKJQNs_000040_000050.mp4").unlink()
    (cut / "val" / "--nQbRBEz2s_000104_000114.mp4").unlink()
    assert [str(each) for each in load(cut).missing] == [
        f"1 video (_dbcJuKJQNs_000040_000050) of the 2 train; published at {kinetics.URL}",
        f"1 video (--nQbRBEz2s_000104_000114) of the 1 val; published at {kinetics.URL}",
    ]


def test_files_named_by_the_id_that_end_before_their_clip_begins_are_cut_already(tables, movie):
    for name in ("_dbcJuKJQNs", "-3B32lodo2M"):
        movie(tables / "videos" / f"{name}.mp4")
    dataset = load(tables)
    assert [(v.name, v.start) for v in dataset.videos] == [
        ("_dbcJuKJQNs_000040_000050", None),
        ("-3B32lodo2M_000000_000010", None),
    ]
    assert dataset.notes == ["2 of the files are named by the id alone and taken to be cut already"]
    assert [v.start for v in load(tables, whole=True).videos] == [40, 0]


def test_whole_downloads_are_cut_at_the_annotated_times(tables, movie):
    (tables / "annotations" / "train.csv").write_text(HEADER + "dancing,_dbcJuKJQNs,1,2,train\n")
    movie(tables / "videos" / "_dbcJuKJQNs.mp4")
    dataset = load(tables)
    (video,) = dataset.videos
    assert (video.name, video.start, video.end, len(video)) == (
        "_dbcJuKJQNs_000001_000002",
        1,
        2,
        25,
    )
    assert "whole downloads" in dataset.notes[0]
    assert len(load(tables, whole=False).videos[0]) == 75


def test_a_broken_file_does_not_tell_whether_downloads_are_whole(tables, movie):
    movie(tables / "videos" / "_dbcJuKJQNs.mp4")
    (tables / "videos" / "--nQbRBEz2s.mp4").write_bytes(b"no video")
    assert {v.start for v in load(tables).videos} == {None}
    report = inspect(tables)
    assert [path.stem for path, _ in report.bad] == ["--nQbRBEz2s"]


def test_a_table_without_labels_or_splits_goes_by_its_name(tables, movie):
    table = tables / "kinetics-400_test.csv"
    table.write_text("youtube_id,time_start,time_end\n-0WZKTu0xiI,5,15\n")
    movie(tables / "test" / "-0WZKTu0xiI_000005_000015.mp4")
    (video,) = load(tables).split("test")
    assert video.activity == ""


def test_a_test_split_held_out_is_one_of_test(tables):
    rows = "dancing,abcdefghijk,0,10,holdout_test\n"
    (tables / "kinetics_600_holdout_test.csv").write_text(HEADER + rows)
    assert [each.what for each in load(tables).missing][-1].endswith("of the 1 test")


def test_a_clip_listed_twice_counts_once(cut):
    again = TRAIN.replace("air drumming", "drumming")
    (cut / "kinetics_600_train.csv").write_text(HEADER + again)
    dataset = load(cut)
    assert [v.activity for v in dataset.videos][0] == "air drumming"
    assert len(dataset.videos) == 3
    assert dataset.notes == [
        "1 clip (_dbcJuKJQNs_000040_000050) listed again with another class or split; "
        "the first counts"
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("dancing,,0,10,train", "youtube_id is empty"),
        ("dancing,abcdefghijk,soon,10,train", "time_start is `soon`, not a number of seconds"),
        ("dancing,abcdefghijk", "time_start is ``, not a number"),
        ("dancing,abcdefghijk,10,10,train", "the clip runs from 10 to 10 s"),
        ("dancing,abcdefghijk,0,10,learn", "split is `learn`, not one of train, val"),
    ],
)
def test_a_wrong_row_is_named(cut, row: str, reason: str):
    (cut / "annotations" / "train.csv").write_text(HEADER + TRAIN + row + "\n")
    with pytest.raises(InputError, match=f"train.csv, line 4: {reason}"):
        load(cut)


@pytest.mark.parametrize("space", [" ", "_"])
def test_without_tables_folders_tell_splits_and_classes(tmp_path, movie, space: str):
    movie(tmp_path / "train_256" / f"air{space}drumming" / "_dbcJuKJQNs_000040_000050.mp4")
    movie(tmp_path / "val_256" / f"air{space}drumming" / "--nQbRBEz2s_000104_000114.mp4")
    movie(tmp_path / "replacement" / "-3B32lodo2M_000000_000010.mp4")
    dataset = recognise(tmp_path)
    assert dataset is not None
    assert [(v.name, v.activity, v.group, v.split) for v in dataset.videos] == [
        ("--nQbRBEz2s_000104_000114", "air drumming", "--nQbRBEz2s", "val"),
        ("_dbcJuKJQNs_000040_000050", "air drumming", "_dbcJuKJQNs", "train"),
    ]
    assert [each.where for each in dataset.missing] == [kinetics.ANNOTATIONS_URL]
    assert "1 video (-3B32lodo2M_000000_000010) left out" in dataset.notes[0]


def test_other_folders_of_splits_and_classes_are_kinetics_by_name_alone(tmp_path, movie):
    for root in (tmp_path / "mine", tmp_path / "kinetics400"):
        movie(root / "train" / "walk" / "a.mp4")
    assert recognise(tmp_path / "mine") is None
    found = recognise(tmp_path / "kinetics400")
    assert found is not None and found.videos[0].activity == "walk"


def test_as_many_classes_as_a_version_name_it(tables):
    rows = "".join(f"class {k},id_{k:08},0,10,train\n" for k in range(400))
    (tables / "annotations" / "train.csv").write_text(HEADER + rows)
    (tables / "annotations" / "validate.csv").unlink()
    dataset = load(tables)
    assert dataset.name == "Kinetics-400"
    assert "400 videos (id_00000000_000000_000010, " in dataset.missing[0].what
