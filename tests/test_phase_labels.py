"""Every phase of every activity has a number of its own."""

from pathlib import Path

import numpy as np
import pytest

from inphase.data.labels import Segments
from inphase.data.poses import Poses, PoseTrack
from inphase.errors import InputError
from inphase.methods import METHODS, SCL, Supervised
from inphase.phase_labels import learns_labels, numbered
from inphase.settings import written, written_sum


def track(name: str, activity: str, frames: int = 6) -> PoseTrack:
    poses = Poses.of(np.zeros((frames, 2, 2), np.float32))
    return PoseTrack(Path(f"{name}.npz"), fps=1.0, name=name, activity=activity, known_poses=poses)


def test_the_same_word_is_another_phase_in_another_activity():
    videos = [track("one", "squat"), track("two", "jump"), track("three", "squat")]
    labels = {
        "one": Segments.of([(0, 2, "down"), (2, 5, "up")]),
        "two": Segments.of([(1, 3, "up"), (3, 6, "land")]),
        "three": Segments.of([(0, 6, "up")]),
    }
    numbers, names = numbered(videos, labels)
    assert names == ("jump land", "jump up", "squat down", "squat up")
    assert [each.tolist() for each in numbers] == [
        [2, 2, 3, 3, 3, -1],
        [-1, 1, 1, 0, 0, 0],
        [3] * 6,
    ]


def test_numbers_of_frames_do_as_well_and_so_do_videos_without_any():
    videos = [track("one", ""), track("two", ""), track("three", "other")]
    labels = {"one": np.array([4, 4, -1, 12, 12, 4]), "two": np.array([12] * 6)}
    numbers, names = numbered(videos, labels)
    assert names == ("12", "4")
    assert [each.tolist() for each in numbers] == [[1, 1, -1, 0, 0, 1], [0] * 6, [-1] * 6]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({}, "none of the 1 videos has any: name a file with --labels"),
        ({"one": np.full(6, -1)}, "none of the 1 videos has any"),
        ({"one": np.zeros(5, np.int64)}, "one has 5 labels and 6 frames"),
    ],
)
def test_what_cannot_be_learnt_from_is_told(labels, message):
    with pytest.raises(InputError, match=message):
        numbered([track("one", "")], labels)


def test_a_model_is_from_labels_if_any_of_its_methods_learns_them():
    assert [name for name, kind in METHODS.items() if kind().learns_labels] == ["supervised"]
    assert learns_labels({"method": written(Supervised())})
    assert learns_labels({"method": written(SCL()), "plus": written_sum([(Supervised(), 0.1)])})
    assert not learns_labels({"method": written(SCL()), "plus": []})
    assert not learns_labels({"method": {"name": "custom"}}) and not learns_labels({})
