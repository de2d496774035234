"""What is found at a file, a folder, a list or a CSV, and what is said about it."""

import json
import os
import shutil
import struct
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from inphase.data import collection
from inphase.data.collection import find, inspect, write_csv
from inphase.data.video import Video, VideoError
from inphase.errors import InputError


@pytest.fixture
def place(tmp_path, clips):
    """Puts copies of a small clip at the places named, below a fresh folder."""
    root = tmp_path / "squats"
    source = clips.of("short gop").path
    root.mkdir()

    def put(*names: str) -> Path:
        for number, name in enumerate(names):
            target = root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            # A trailing box that players skip gives every copy its own content.
            target.write_bytes(source.read_bytes() + struct.pack(">I4sI", 12, b"free", number))
        return root

    return put


def _images(folder: Path, count: int = 3) -> None:
    folder.mkdir(parents=True)
    for i in range(count):
        Image.fromarray(np.full((12, 16, 3), 40 * i, np.uint8)).save(folder / f"{i}.jpg")


# What is found


def test_one_file_is_one_video(place):
    root = place("a.mov")
    assert find(root / "a.mov") == [Video(root / "a.mov", name="a")]
    assert find(str(root / "a.mov")) == [Video(root / "a.mov", name="a")]


def test_folders_give_the_split_and_the_activity(place):
    root = place("train/squat/a.mov", "val/squat/b.mov", "test/c.mov", "squat/deep/d.mov", "e.mov")
    found = {video.name: (video.split, video.activity) for video in find(root)}
    assert found == {
        "train/squat/a": ("train", "squat"),
        "val/squat/b": ("val", "squat"),
        "test/c": ("test", ""),
        "squat/deep/d": ("", "squat/deep"),
        "e": ("", ""),
    }


def test_files_come_in_natural_order(place):
    root = place("clip10.mov", "clip9.mov", "clip1.mov")
    assert [video.name for video in find(root)] == ["clip1", "clip9", "clip10"]


def test_hidden_files_and_other_files_are_ignored(place):
    root = place("a.mov", ".b.mov", ".cache/c.mov")
    (root / "notes.txt").write_text("x")
    report = inspect(root)
    assert [video.name for video in report.videos] == ["a"]
    assert report.bad == [] and report.notes == []


def test_a_link_that_leads_back_up_ends(place):
    root = place("sub/a.mov")
    (root / "sub" / "up").symlink_to(root, target_is_directory=True)
    assert len(find(root)) == 1


def test_an_empty_folder_says_what_was_looked_for(tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(InputError, match=r"no videos found among 1 other files.*\.mp4"):
        find(tmp_path)


def test_a_folder_without_permission_is_named(place, monkeypatch):
    """Tests may run as root, whom no permission stops: the refusal is played."""
    root = place("a.mov", "shut/b.mov")
    scan = os.scandir

    def scandir(folder):
        if Path(folder).name == "shut":
            raise PermissionError(13, "Permission denied", str(folder))
        return scan(folder)

    monkeypatch.setattr(os, "scandir", scandir)
    report = inspect(root)
    assert [video.name for video in report.videos] == ["a"]
    assert report.notes == [f"{root / 'shut'} cannot be opened: Permission denied"]
    with pytest.raises(InputError, match="no videos found; .*shut cannot be opened"):
        find(root / "shut")


def test_a_missing_source_is_named(tmp_path):
    with pytest.raises(InputError, match="nowhere: there is no such file or folder"):
        find(tmp_path / "nowhere")
    with pytest.raises(InputError, match="empty list"):
        find([])


def test_a_list_takes_files_folders_and_videos(place):
    root = place("one/a.mov", "two/a.mov", "b.mov")
    videos = find([root / "one" / "a.mov", str(root / "two"), Video(root / "b.mov", end=1.0)])
    assert [video.name for video in videos] == ["one/a", "two/a", "b"]
    assert videos[2].end == 1.0


def test_names_are_unique(place, clips):
    root = place("a.mov", "b.mov")
    shutil.copy(root / "a.mov", root / "a.mp4")
    assert [video.name for video in inspect(root).videos] == ["a.mov", "a.mp4", "b"]


def test_leaf_folders_of_images_are_videos_if_a_rate_is_given(tmp_path):
    _images(tmp_path / "train" / "squat" / "p1")
    _images(tmp_path / "train" / "squat" / "p2", count=5)
    videos = find(tmp_path, fps=10)
    assert [video.name for video in videos] == ["train/squat/p1", "train/squat/p2"]
    assert [(v.split, v.activity, v.fps, len(v)) for v in videos] == [
        ("train", "squat", 10, 3),
        ("train", "squat", 10, 5),
    ]
    assert [video.name for video in find(tmp_path / "train" / "squat" / "p1", fps=10)] == ["p1"]


def test_folders_of_images_without_a_rate_are_noted(place):
    root = place("a.mov")
    _images(root / "frames")
    report = inspect(root)
    assert len(report.videos) == 1
    assert "1 folder of images left out" in report.notes[0] and "--fps" in report.notes[0]
    with pytest.raises(InputError, match="--fps"):
        find(root / "frames")


# CSV


def _csv(root: Path, text: str) -> Path:
    (root / "videos.csv").write_text(text, encoding="utf-8")
    return root / "videos.csv"


def test_a_csv_names_files_relative_to_itself_and_parts_of_them(place):
    root = place("sub/a.mov", "b.mov")
    path = _csv(
        root,
        "\ufeffVideo, start,end,activity,group,split,capture_fps,mood\n"
        "sub/a.mov,0.5,1.5,squat,cam 1,train,240,happy\n"
        "sub/a.mov,1.5,,squat,cam 1,val,,\n"
        "\n"
        "b.mov,,,,,,,\n",
    )
    assert find(path) == [
        Video(root / "sub/a.mov", 0.5, 1.5, None, "sub/a#1", "squat", "cam 1", "train", 240.0),
        Video(root / "sub/a.mov", 1.5, None, None, "sub/a#2", "squat", "cam 1", "val"),
        Video(root / "b.mov", name="b"),
    ]


def test_a_csv_may_be_separated_by_semicolons(place):
    root = place("a.mov")
    assert find(_csv(root, "video;start;end\na.mov;0.5;1.0\n"))[0].end == 1.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,start\na.mov,0\n", "has no column `video` but file, start"),
        ("video,start,end\na.mov,0,1\na.mov,zero,1\n", "row 3: start is `zero`, not a number"),
        ("video,start,end\na.mov,nan,1\n", "row 2: start is `nan`, not a number"),
        ("video,start,end\na.mov,2,2\n", r"row 2: end \(2.0 s\) does not come after start"),
        ("video,end\na.mov,0\n", "row 2: end"),
        ("video,start\na.mov,-1\n", "row 2: start is -1.0 s, before the video begins"),
        ("video,capture_fps\na.mov,0\n", "row 2: capture_fps is 0.0, but must be above 0"),
        ("video,start\n,1\n", "row 2: the column `video` is empty"),
        ("video,name\na.mov,x\na.mov,x\n", "2 rows are named x"),
        ("video,start\n", "names no videos"),
        ("", "has no column `video`"),
    ],
)
def test_a_wrong_csv_names_the_row_and_the_reason(place, text, message):
    with pytest.raises(InputError, match=message):
        find(_csv(place("a.mov"), text))


def test_an_interval_outside_its_file_is_bad_but_the_others_stay(place):
    path = _csv(place("a.mov"), "video,start\na.mov,0\na.mov,100\n")
    report = inspect(path)
    assert [video.start for video in report.videos] == [0.0]
    assert "no frame from 100" in report.bad[0][1]


def test_what_is_written_is_read_back_equal(place):
    root = place("train/a.mov", "b.mov", "c.mov")
    _images(root / "frames")
    videos = find(root, fps=12.5)
    write_csv(root / "videos.csv", videos)
    assert find(root / "videos.csv") == videos
    third = 1 / 3
    parts = [
        Video(root / "b.mov", third, 2 * third, name="b#1", group="p, 1", capture_fps=240.0),
        Video(root / "b.mov", 2 * third, name="mine"),
    ]
    write_csv(root / "parts.csv", parts)
    assert find(root / "parts.csv") == parts
    write_csv(root / "elsewhere" / "parts.csv", parts)
    assert find(root / "elsewhere" / "parts.csv") == parts


def test_a_plain_csv_has_only_the_columns_that_are_used(place):
    root = place("a.mov")
    write_csv(root / "videos.csv", find(root))
    assert (root / "videos.csv").read_text() == "video\na.mov\n"


# Broken, odd and slow files


def test_one_broken_file_is_named_and_the_rest_goes_on(place):
    root = place("a.mov", "b.mov")
    (root / "broken.mp4").write_text("nothing")
    with pytest.warns(UserWarning, match=r"left out .*broken\.mp4: not a video"):
        assert [video.name for video in find(root)] == ["a", "b"]
    with pytest.raises(VideoError, match=r"broken\.mp4: not a video"):
        find(root, strict=True)
    (path, reason) = inspect(root).bad[0]
    assert path == root / "broken.mp4" and reason.startswith("not a video")


def test_nothing_usable_is_an_error(tmp_path):
    (tmp_path / "broken.mp4").write_text("nothing")
    assert str(inspect(tmp_path)).startswith("No usable videos; 1 bad.")
    with pytest.raises(InputError, match="none of its 1"), pytest.warns(UserWarning):
        find(tmp_path)


def test_a_cut_file_is_used_as_far_as_it_goes_with_a_word(tmp_path, clips):
    front = {"movflags": "faststart"}
    clips.encode(tmp_path / "whole.mp4", height=192, width=320, container=front)
    clips.cut(tmp_path / "cut.mp4", tmp_path / "whole.mp4", 0.6)
    with pytest.warns(UserWarning, match=r"cut\.mp4: ends early: \d+ of 75 frames decode"):
        cut, whole = find(tmp_path)
    assert len(cut) < len(whole)


def test_copies_are_noted_as_odd(place):
    root = place("a.mov")
    shutil.copy(root / "a.mov", root / "z.mov")
    path = _csv(root, "video,start\na.mov,0\na.mov,1\n")
    assert inspect(root).odd == [(root / "z.mov", f"the same content as {root / 'a.mov'}")]
    assert inspect(path).odd == []


def test_pauses_and_single_frames_are_noted_as_odd(tmp_path, clips):
    clips.encode(tmp_path / "one.mp4", count=1)
    pause = [*range(0, 800, 40), *range(5000, 5800, 40)]
    clips.encode(tmp_path / "pause.mp4", count=40, milliseconds=pause)
    odd = {path.name: reason for path, reason in inspect(tmp_path).odd}
    assert odd == {
        "one.mp4": "holds a single frame",
        "pause.mp4": "no frame for 4.2 s from 0.8 s on",
    }


def test_likely_slow_motion_is_named_with_its_evidence(tmp_path, clips):
    clips.encode(tmp_path / "fast.mp4", rate=240)
    clips.encode(tmp_path / "jump_slow-mo.mp4")
    tagged = clips.encode(
        tmp_path / "phone.mp4", rate=30, container={"movflags": "use_metadata_tags"}
    )
    with (
        av.open(str(tagged)) as old,
        av.open(tmp_path / "phone2.mp4", "w", options={"movflags": "use_metadata_tags"}) as new,
    ):
        new.metadata["com.android.capture.fps"] = "240"
        copy = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(video=0):
            if packet.dts is not None:
                packet.stream = copy
                new.mux(packet)
    tagged.unlink()
    slow = {path.name: reason for path, reason in inspect(tmp_path).slow}
    assert slow.keys() == {"fast.mp4", "jump_slow-mo.mp4", "phone2.mp4"}
    assert slow["fast.mp4"].startswith("240 fps")
    assert slow["phone2.mp4"].startswith("recorded at 240 fps, plays at 30")
    assert all("capture_fps" in reason for reason in slow.values())
    settled = [Video(tmp_path / name, capture_fps=240.0) for name in slow]
    assert inspect(settled).slow == []


def test_the_report_reads_well(tmp_path, clips):
    for name in ("a.mp4", "b.mp4"):
        clips.encode(tmp_path / name, count=50, options={"crf": str(20 + ord(name[0]) % 9)})
    milliseconds = [0, 40, 60, 150, 200]
    clips.encode(tmp_path / "c.mp4", count=5, height=64, milliseconds=milliseconds)
    clips.encode(tmp_path / "d.mp4", rate=120, count=120, height=64)
    (tmp_path / "e.mp4").touch()
    lines = str(inspect(tmp_path)).splitlines()
    assert lines[0] == "4 videos, 5.2 s.  96p x 2, 64p x 2.  25 fps x 2, variable x 1, 120 fps x 1."
    assert lines[1].split(maxsplit=2) == ["bad", str(tmp_path / "e.mp4"), "the file is empty"]
    assert lines[2].split()[:2] == ["slow?", str(tmp_path / "d.mp4")]
    assert len(lines) == 3


def test_the_report_is_ready_for_json(place):
    root = place("train/a.mov")
    (root / "broken.mp4").touch()
    facts = json.loads(json.dumps(inspect(root).as_dict()))
    assert facts["videos"][0]["name"] == "train/a"
    assert facts["videos"][0]["frames"] == 75
    assert facts["videos"][0]["seconds"] == pytest.approx(3.0)
    assert facts["bad"] == [{"path": str(root / "broken.mp4"), "reason": "the file is empty"}]


# The cache


@pytest.fixture
def reads(monkeypatch) -> list[str]:
    """Names of the files that are really read."""
    names = []

    def index_file(path: Path):
        names.append(path.name)
        return original(path)

    original = collection.index_file
    monkeypatch.setattr(collection, "index_file", index_file)
    return names


def test_unchanged_files_are_read_once(place, reads):
    root = place("a.mov", "b.mov")
    first = inspect(root)
    again = inspect(root)
    assert sorted(reads) == ["a.mov", "b.mov"]
    assert again.videos == first.videos and str(again) == str(first)
    for video, same in zip(first.videos, again.videos, strict=True):
        np.testing.assert_array_equal(video.times, same.times)
        np.testing.assert_array_equal(video.frames([50], size=32), same.frames([50], size=32))
        assert video.digest == same.digest == Video(video.path).digest


def test_every_kind_of_index_is_remembered_exactly(clip, reads):
    first, again = find(clip.path)[0].index, find(clip.path)[0].index
    assert len(reads) == 1
    for name in vars(first):
        np.testing.assert_array_equal(getattr(again, name), getattr(first, name))
    assert again.tick == first.tick and again.turn == first.turn


def test_changed_and_new_files_are_read_again(place, reads):
    root = place("a.mov", "b.mov")
    find(root)
    reads.clear()
    (root / "b.mov").write_bytes((root / "b.mov").read_bytes() + bytes(8))
    shutil.copy(root / "a.mov", root / "c.mov")
    find(root)
    assert sorted(reads) == ["b.mov", "c.mov"]


def test_looking_at_one_file_does_not_forget_its_neighbours(place, reads):
    root = place("a.mov", "b.mov")
    find(root / "a.mov")
    find(root / "b.mov")
    find(root)
    assert sorted(reads) == ["a.mov", "b.mov"]


@pytest.mark.parametrize("damage", [b"", b"rubbish", None])
def test_a_damaged_cache_is_ignored_and_rewritten(place, reads, own_cache, damage):
    root = place("a.mov")
    find(root)
    (file,) = own_cache.rglob("*.npz")
    data = file.read_bytes()
    middle = len(data) // 2
    file.write_bytes(data[:middle] + bytes(40) + data[middle + 40 :] if damage is None else damage)
    find(root)
    find(root)
    assert reads == ["a.mov", "a.mov"]


def test_without_cache_nothing_is_written_or_recalled(place, reads, own_cache):
    root = place("a.mov")
    find(root, cache=False)
    find(root, cache=False)
    assert reads == ["a.mov", "a.mov"]
    assert not own_cache.exists()


def test_a_cache_that_cannot_be_written_is_no_error(place, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("INPHASE_CACHE", str(tmp_path / "file"))
    assert len(find(place("a.mov"))) == 1


def test_real_videos_are_all_found(real_data):
    report = inspect(real_data / "golf")
    assert len(report.videos) == 8 and report.bad == []
    assert all(video.size == (640, 360) for video in report.videos)
