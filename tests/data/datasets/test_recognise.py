"""Which data set a folder holds, and what is said of it."""

from pathlib import Path

import numpy as np
import pytest

from inphase.data.collection import inspect
from inphase.data.datasets import DATASETS, Dataset, Missing, load, recognise
from inphase.data.datasets.dataset import stretched
from inphase.data.labels import Segments
from inphase.data.video import Video
from inphase.errors import InputError


def test_an_ordinary_folder_is_no_public_data_set(tmp_path, movie):
    movie(tmp_path / "labels" / "a.mp4")
    (tmp_path / "frames").mkdir()
    (tmp_path / "gt_segments.json").write_text('{"database": {"table/1": {"annotation": []}}}')
    assert recognise(tmp_path) is None
    assert [video.name for video in inspect(tmp_path).videos] == ["labels/a"]
    assert recognise(tmp_path / "labels" / "a.mp4") is None


def test_a_data_set_can_be_named(tmp_path, movie):
    movie(tmp_path / "a.mp4")
    assert load(tmp_path, "pouring").name == "Pouring"
    with pytest.raises(InputError, match="known are pouring, penn_action"):
        load(tmp_path, "sports1m")
    with pytest.raises(InputError, match="no such folder"):
        load(tmp_path / "nowhere")
    assert list(DATASETS)[-1] == "folder"


def test_penn_action_without_labels_says_where_all_is_published(tmp_path, images):
    images(tmp_path / "Penn_Action" / "frames" / "0001", 3, first=1)
    dataset = recognise(tmp_path / "Penn_Action")
    assert dataset is not None
    assert dataset.videos == []
    assert {each.where for each in dataset.missing} == {
        "https://bit.ly/3f73e2w",
        "http://dreamdragon.github.io/PennAction/",
    }


def test_the_report_counts_and_names(tmp_path):
    videos = [
        Video(Path(f"{k}.mp4"), activity="a", split="train" if k else "val") for k in range(3)
    ]
    dataset = Dataset(
        "Toy", videos, {"1": Segments.of([])}, missing=[Missing("2 videos", "https://x.org")]
    )
    assert dataset.report().splitlines() == [
        "Toy: 2 train, 1 val videos, 1 with labels",
        "  missing 2 videos; published at https://x.org",
    ]


def test_without_phases_there_is_no_word_of_labels():
    videos = [Video(Path(f"{k}.avi"), activity=each, split="test") for k, each in enumerate("aab")]
    assert Dataset("Toy", videos).summary == "Toy: 3 test videos of 2 activities"
    unnamed = Video(Path("3.avi"), split="test")
    assert Dataset("Toy", [*videos, unnamed]).summary == "Toy: 4 test videos of 2 activities"
    assert Dataset("Toy", videos, phases={"": ()}).summary.endswith(", 0 with labels")


@pytest.mark.parametrize(("labels", "frames"), [(10, 7), (7, 10), (9, 10), (10, 9), (5, 5), (1, 4)])
def test_labels_are_spread_as_carls_preparation_does(labels: int, frames: int):
    numbers = np.arange(labels)
    ours = stretched(numbers, frames)
    assert len(ours) == frames
    assert ours[0] == 0
    if labels >= frames:  # it takes a label for every frame
        assert ours.tolist() == [int(j * labels / frames) for j in range(frames)]
    else:  # it takes a frame for every label
        kept = [int(j * frames / labels) for j in range(labels)]
        assert ours[kept].tolist() == numbers.tolist()
        assert (np.diff(ours) >= 0).all()
