"""COIN: six activities, split by a seed."""

import json
from collections import Counter

import pytest

from inphase.data.collection import inspect
from inphase.data.datasets import coin, load
from inphase.data.video import Video
from inphase.errors import InputError

STEPS = {"212": "take out the drive", "211": "open the cover", "216": "put in the new one"}


def entry(activity: str, subset: str = "training", **more) -> dict:
    steps = [("211", [0.4, 1.0]), ("212", [1.0, 1.6]), ("216", [2.0, 2.4]), ("212", [2.4, 2.8])]
    return {
        "class": activity,
        "recipe_type": 131,
        "video_url": "https://www.youtube.com/embed/x",
        "duration": 3.0,
        "start": 0.2,
        "end": 2.9,
        "subset": subset,
        "annotation": [
            {"id": key, "segment": segment, "label": STEPS[key]} for key, segment in steps
        ],
    } | more


def write(root, database) -> None:
    (root / "COIN.json").write_text(json.dumps({"database": database}))


@pytest.fixture
def root(tmp_path, movie):
    database = {f"disk{k}": entry("ReplaceHardDisk") for k in range(10)}
    database |= {f"cable{k}": entry("MakeRJ45Cable", "validation") for k in range(5)}
    database |= {"smoothie": entry("MakeStrawberrySmoothie")}
    write(tmp_path, database)
    for name in database:
        if name != "disk3":
            movie(tmp_path / "videos" / "131" / f"{name}.mp4")
    return tmp_path


def test_the_activities_of_the_paper_alone(root):
    dataset = load(root)
    assert dataset.activities == ["MakeRJ45Cable", "ReplaceHardDisk"]
    assert Counter(v.activity for v in dataset.videos) == {"MakeRJ45Cable": 5, "ReplaceHardDisk": 9}
    assert len(coin.ACTIVITIES) == 6


def test_three_fifths_of_each_activity_train_and_a_seed_tells_which(root):
    first, again, other = (load(root, seed=seed) for seed in (0, 0, 1))
    assert len(first.split("train", "MakeRJ45Cable")) == 3
    assert len(first.split("val", "MakeRJ45Cable")) == 2
    assert first.videos == again.videos
    assert first.videos != other.videos


def test_a_video_that_is_not_there_leaves_the_split_of_the_others(root, movie):
    before = {v.name: v.split for v in load(root).videos}
    movie(root / "videos" / "131" / "disk3.mp4")
    after = {v.name: v.split for v in load(root).videos}
    assert Counter(split for name, split in after.items() if "disk" in name) == {
        "train": 6,
        "val": 4,
    }
    assert before.items() < after.items()


def test_the_published_subsets_on_request(root):
    dataset = load(root, seed=None)
    assert {v.activity for v in dataset.split("train")} == {"ReplaceHardDisk"}
    assert {v.activity for v in dataset.split("val")} == {"MakeRJ45Cable"}


def test_steps_are_labels_in_the_order_of_their_ids_and_the_rest_is_background(root):
    dataset = load(root)
    video = dataset.videos[0]
    names = ("background", "open the cover", "take out the drive", "put in the new one")
    assert dataset.phases_of(video) == names
    labels = dataset.frame_labels(video)
    assert labels[[0, 12, 27, 45, 55, 65, 74]].tolist() == [0, 1, 2, 0, 3, 2, 0]
    starts = [start for start, *_ in dataset.segments(video)]
    assert starts == [0.0, 0.4, 1.0, 1.6, 2.0, 2.4, 2.8]


def test_without_background_it_has_no_label(root):
    dataset = load(root, background=False)
    video = dataset.videos[0]
    assert dataset.phases_of(video)[0] == "open the cover"
    assert dataset.frame_labels(video)[[0, 12, 45]].tolist() == [-1, 0, -1]


def test_trimmed_videos_keep_file_time(root):
    dataset = load(root, trimmed=True)
    video = dataset.videos[0]
    assert (video.start, video.end) == (0.2, 2.9)
    whole = load(root)
    ours = whole.frame_labels(whole.videos[0])[video.index.times.searchsorted(0.2 - 1e-6) :]
    assert dataset.frame_labels(video).tolist() == ours[: len(video)].tolist()


def test_missing_videos_and_activities_are_told(root):
    told = [str(each) for each in load(root).missing]
    assert any("1 video (disk3) of the 10 of ReplaceHardDisk" in each for each in told)
    assert any("annotations of CleanHamsterCage" in each for each in told)
    assert any("youtube" in note for note in inspect(root).notes)


def test_a_class_is_found_however_it_is_spelt(tmp_path, movie):
    write(tmp_path, {"a": entry("Clean_Hamster_cage")})
    movie(tmp_path / "a.mp4")
    assert load(tmp_path).videos == [
        Video(tmp_path / "a.mp4", name="a", activity="CleanHamsterCage", split="train")
    ]


def test_a_wrong_annotation_is_named(root):
    write(root, {"cable0": entry("MakeRJ45Cable", annotation=[{"id": "1", "segment": [3]}])})
    with pytest.raises(InputError, match="video cable0, annotation 0"):
        load(root)
    (root / "COIN.json").write_text('{\n"database": oops}')
    with pytest.raises(InputError, match="line 2: is not JSON"):
        load(root)
