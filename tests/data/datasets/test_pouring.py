"""Pouring, from its TFRecords and as plain videos."""

import numpy as np
import pytest

from inphase.data.collection import find, inspect
from inphase.data.datasets import load, pouring, recognise
from inphase.errors import InputError

LABELS = [0, 0, 1, 2, 2, 3, 4]


@pytest.fixture
def root(tmp_path, pack):
    folder = tmp_path / "pouring_tfrecords"
    pack(folder / "pouring_train-0-of-2.tfrecord", ("a_real", 7, LABELS), ("b_fake", 3, [0, 1, 4]))
    pack(folder / "pouring_val-0-of-1.tfrecord", ("c_real", 4, [0, 1, 2]))
    return folder


def test_videos_splits_and_labels_are_those_of_the_records(root):
    dataset = load(root)
    assert {v.name: v.split for v in dataset.videos} == {
        "a_real": "train",
        "b_fake": "train",
        "c_real": "val",
    }
    video = dataset.split("train")[0]
    assert dataset.frame_labels(video).tolist() == LABELS
    assert dataset.phases_of(video) == tuple(f"phase {k}" for k in range(5))
    assert len(dataset.key_events[""]) == 4  # one fewer than phases
    assert list(dataset.segments(video))[1] == (
        pytest.approx(2 / 30),
        pytest.approx(0.1),
        "phase 1",
    )


def test_frames_are_unpacked_as_they_are_and_once(root):
    video = load(root).videos[0]
    grey = video.frames()[:, 8, 8, 0].astype(int)
    assert np.abs(grey - 10 * np.arange(7)).max() <= 2
    first = root / "frames" / "a_real" / "000000.jpg"
    before = first.stat().st_mtime_ns
    load(root)
    assert first.stat().st_mtime_ns == before
    assert not [path for path in (root / "frames").iterdir() if path.name.startswith(".")]


def test_one_label_too_few_leaves_the_others_in_place(root):
    dataset = load(root)
    assert dataset.frame_labels(dataset.split("val")[0]).tolist() == [0, 1, 2, 2]
    assert any("c_real" in note for note in dataset.notes)


def test_a_missing_shard_is_told_with_its_address(root):
    assert [each.where for each in load(root).missing] == [
        "https://storage.googleapis.com/tcc-pouring/pouring_train-1-of-2.tfrecord"
    ]


def test_check_unpacks_nothing_and_says_how_to(root):
    report = inspect(root)
    assert report.videos == []
    assert any("3 videos" in note and "unpacks them" in note for note in report.notes)
    assert not (root / "frames").exists()
    with pytest.raises(InputError, match="unpacks them"):
        find(root)
    load(root)
    assert len(inspect(root).videos) == 3


def test_damage_is_found_while_unpacking(root):
    file = root / "pouring_val-0-of-1.tfrecord"
    data = bytearray(file.read_bytes())
    data[-40] ^= 1
    file.write_bytes(data)
    assert recognise(root)
    with pytest.raises(InputError, match="damaged"):
        load(root)
    assert not (root / "frames" / "c_real").exists()


def test_a_record_of_something_else_is_refused(tmp_path, messages, write_records):
    message = messages.SequenceExample()
    message.context.feature["image"].bytes_list.value.append(b"x")
    write_records(tmp_path / "pouring_train-0-of-2.tfrecord", [message.SerializeToString()])
    with pytest.raises(InputError, match="record 0 is no video"):
        load(tmp_path)


def test_plain_videos_have_splits_but_no_labels(tmp_path, movie):
    movie(tmp_path / "train" / "a.mp4")
    movie(tmp_path / "val" / "b.mp4")
    dataset = pouring.load(tmp_path)
    assert [(v.name, v.split) for v in dataset.videos] == [("train/a", "train"), ("val/b", "val")]
    assert dataset.labels == {}
    assert any("phases come with the TFRecords" in note for note in dataset.notes)
    (tmp_path / "train.pkl").write_bytes(b"")
    assert any("pickles" in note for note in pouring.load(tmp_path).notes)
