"""Labelled stretches of a video, and the labels of its frames."""

from pathlib import Path

import numpy as np
import pytest

from inphase.data.labels import UNLABELLED, LabelIndex, Segments, labels_of
from inphase.data.video import Video
from inphase.errors import InputError

SWING = Segments.of([(0.0, 1.0, "up"), (1.5, 2.0, "down"), (2.0, 3.0, "up")])


def test_segments_are_ordered_by_start():
    assert Segments.of([(2, 3, "b"), (0, 1, "a")]) == Segments.of([(0, 1, "a"), (2, 3, "b")])
    assert list(SWING)[1] == (1.5, 2.0, "down")
    assert len(SWING) == 3
    assert SWING.names == ("up", "down")


@pytest.mark.parametrize("row", [(1.0, 0.5, "a"), (0.0, np.inf, "a"), (np.nan, 1.0, "a")])
def test_a_segment_ends_after_it_starts(row: tuple[float, float, str]):
    with pytest.raises(InputError, match=r"segment 1 \(a\)"):
        Segments.of([(0.0, 1.0, "b"), row])


def test_columns_of_unequal_length_are_refused():
    with pytest.raises(InputError, match="1, 1 and 2"):
        Segments(np.zeros(1), np.ones(1), ("a", "b"))


def test_segments_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        SWING.start[0] = 3


def test_the_start_is_inside_and_the_end_is_not():
    times = [-0.1, 0.0, 0.99, 1.0, 1.4, 1.5, 2.0, 2.9, 3.0]
    assert SWING.at(times).tolist() == [-1, 0, 0, -1, -1, 1, 0, 0, -1]
    assert UNLABELLED == -1


def test_times_written_with_six_decimals_find_their_frame():
    rows = Segments.of([(0.333333, 0.666667, "a"), (0.666667, 1.0, "b")])
    assert rows.at(np.arange(4) / 3).tolist() == [-1, 0, 1, -1]


def test_labels_are_numbered_as_asked_and_others_are_none():
    assert SWING.at([0.5, 1.7], ["down"]).tolist() == [-1, 0]
    assert SWING.at([[0.5], [1.7]], ["down", "up"]).tolist() == [[1], [0]]


def test_of_segments_that_overlap_the_one_that_starts_last_counts():
    rows = Segments.of([(0, 10, "whole"), (2, 4, "part"), (2, 3, "detail")])
    assert [rows.label[k] for k in rows.at([1, 2.5, 3.5, 5])] == [
        "whole", "detail", "part", "whole",
    ]  # fmt: skip


def test_a_moment_labels_no_time_but_is_kept():
    rows = Segments.of([(1.0, 1.0, "impact")])
    assert rows.at([1.0]).tolist() == [-1]
    assert list(rows) == [(1.0, 1.0, "impact")]


def test_neighbouring_frames_are_joined():
    times = np.array([0.0, 0.1, 0.3, 0.6])
    words = Segments.of_frames(["a", "a", "b", "a"], times, 1.0)
    assert list(words) == [(0.0, 0.3, "a"), (0.3, 0.6, "b"), (0.6, 1.0, "a")]
    numbers = Segments.of_frames(np.array([1, -1, -1, 0]), times, 1.0, ["a", "b"])
    assert list(numbers) == [(0.0, 0.1, "b"), (0.6, 1.0, "a")]
    assert len(Segments.of_frames([], [], 0.0)) == 0
    assert len(Segments.of_frames(np.array([-1, -1]), [0.0, 1.0], 2.0)) == 0
    with pytest.raises(InputError, match="2 labels do not fit 1 frames"):
        Segments.of_frames(["a", "b"], [0.0], 1.0)


def test_frames_to_segments_and_back_when_the_rate_varies():
    generator = np.random.default_rng(0)
    times = np.cumsum(generator.uniform(0.01, 0.1, 200))
    labels = generator.integers(-1, 3, 20).repeat(10)
    rows = Segments.of_frames(labels, times, times[-1] + 0.1, ["a", "b", "c"])
    assert (rows.at(times, ["a", "b", "c"]) == labels).all()


def test_segments_can_be_shifted_cut_filled_and_dropped():
    assert SWING.shifted(1.0).start.tolist() == [1.0, 2.5, 3.0]
    assert list(SWING.within(0.5, 1.75)) == [(0.5, 1.0, "up"), (1.5, 1.75, "down")]
    assert list(SWING.within(1.0, 1.5)) == []
    assert [row[2] for row in SWING.without("up")] == ["down"]
    assert list(SWING.filled("rest", 0.0, 4.0).without("up", "down")) == [
        (1.0, 1.5, "rest"),
        (3.0, 4.0, "rest"),
    ]
    overlapping = Segments.of([(0, 3, "a"), (1, 2, "b")])
    assert overlapping.filled("rest", 0.0, 3.0) == overlapping


def test_a_moment_is_cut_away_outside_and_kept_inside():
    rows = Segments.of([(1, 1, "a"), (2, 2, "b"), (3, 3, "c")])
    assert rows.within(2, 3).label == ("b",)


def test_no_segments_label_nothing():
    assert Segments.of([]).at([0.0, 1.0]).tolist() == [-1, -1]
    assert Segments.of([]).names == ()


@pytest.mark.parametrize(
    "key", ["sub/a", "sub/a.mp4", "a", "a.mp4", "./sub/a.mp4", "data/sub/a.mov", "sub\\a.mp4"]
)
def test_a_video_is_found_however_its_file_is_written(key: str):
    video = Video(Path("/data/sub/a.mp4"), name="sub/a")
    assert labels_of({"b": SWING.without("up"), key: SWING}, video) is SWING


def test_the_name_counts_first_and_then_the_longest():
    video = Video(Path("/data/sub/a.mp4"), name="sub/a")
    other, wrong = SWING.without("up"), Segments.of([])
    assert labels_of({"a": wrong, "sub/a.mp4": SWING, "c/sub/a": wrong}, video) is SWING
    assert labels_of({"data/sub/a": wrong, "sub/a": other}, video) is other


def test_another_video_is_not_found():
    video = Video(Path("/data/take.2.mp4"))
    assert labels_of({"take": SWING, "2": SWING, "sub/take.2": SWING}, video) is None
    assert labels_of({"take.2": SWING}, video) is SWING


class Read(dict):
    """Labels that count how many of their keys are looked at."""

    looks = 0

    def __iter__(self):
        for key in super().__iter__():
            self.looks += 1
            yield key


def test_each_of_5000_videos_finds_its_own_labels_and_their_keys_are_read_once():
    written = ("{0}", "{0}.mp4", "set/{0}.avi", "./{0}", "videos\\set\\{0}.mp4")
    own = [Segments.of([(k, k + 1, "a")]) for k in range(5000)]
    labels = Read({written[k % 5].format(f"take.{k}"): own[k] for k in range(5000)})
    index = LabelIndex(labels)
    for k in range(5000):
        assert index.of(Video(Path(f"/data/videos/set/take.{k}.mp4"))) is own[k]
    assert index.of(Video(Path("/data/videos/set/take.5000.mp4"))) is None
    assert labels.looks < 2 * 5000


def test_of_keys_that_differ_in_their_suffix_alone_one_counts_whatever_their_order():
    video, other = Video(Path("/data/a.mp4"), name="video"), Segments.of([])
    assert labels_of({"a.mp4": SWING, "a": other}, video) is SWING
    assert labels_of({"a": other, "a.mp4": SWING}, video) is SWING
