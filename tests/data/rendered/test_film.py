from dataclasses import replace

import numpy as np
import pytest

from inphase.data.rendered import ACTIVITIES, Piece, Plan, level, picture, plan, render
from inphase.errors import InputError

SMALL = (64, 64)


def steady(video: Plan, seconds: float) -> Plan:
    """The same video with phases of equal length."""
    count = len(video.scene.phases)
    return replace(video, pieces=tuple(Piece(seconds, p, float(p), p + 1.0) for p in range(count)))


@pytest.mark.parametrize("activity", ACTIVITIES)
def test_there_is_a_picture_for_every_moment_of_the_truth(activity: str):
    frames, truth = render(plan(activity, seed=0, size=SMALL))
    assert frames.shape == (len(truth.times), *SMALL, 3)
    assert len(truth.phases) >= 5
    assert frames.std(axis=0).max() > 20


@pytest.mark.parametrize("activity", ACTIVITIES)
def test_the_same_moment_is_the_same_picture_however_fast_it_is_reached(activity: str):
    video = plan(activity, seed=0, difficulty=0, size=SMALL, fps=10.0)
    slow, fast = render(steady(video, 0.4)), render(steady(video, 0.2))
    np.testing.assert_allclose(slow[1].phase_time[::2], fast[1].phase_time)
    np.testing.assert_array_equal(slow[0][::2], fast[0])
    np.testing.assert_array_equal(slow[0][6], picture(video, 1.5))


@pytest.mark.parametrize("activity", ACTIVITIES)
def test_every_moment_differs_from_the_one_before(activity: str):
    video = steady(plan(activity, seed=0, difficulty=0), 0.3)
    frames, _ = render(replace(video, fps=20.0))
    changed = (np.abs(np.diff(frames.astype(int), axis=0)) > 8).any(axis=-1).sum(axis=(1, 2))
    assert changed.min() >= 5


def test_a_seed_gives_the_same_video_again():
    first, second = (render(plan(seed=3, difficulty=1.0, size=SMALL)) for _ in range(2))
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1].phase_time, second[1].phase_time)


def test_seeds_differ_in_timing_view_and_looks():
    videos = [plan(seed=seed, difficulty=0.5) for seed in range(30)]
    assert len({video.pieces for video in videos}) == 30
    azimuths = np.array([video.view.azimuth for video in videos])
    assert azimuths.max() - azimuths.min() > 60
    assert {video.view.mirrored for video in videos} == {True, False}
    shirts = np.array([video.scene.person.shirt for video in videos])
    assert shirts.std(axis=0).min() > 25
    assert len({video.look.wall.pattern for video in videos}) > 2


@pytest.mark.parametrize("activity", ACTIVITIES)
def test_phase_lengths_vary_by_half_their_mean_or_more(activity: str):
    for difficulty in (0.1, 0.25):
        videos = [plan(activity, seed=seed, difficulty=difficulty) for seed in range(250)]
        seconds = np.array([[piece.seconds for piece in video.pieces] for video in videos])
        variation = seconds.std(axis=0) / seconds.mean(axis=0)
        assert variation.mean() >= 0.5
        assert variation.min() >= 0.4  # of 250 draws


def test_at_the_default_time_rises_steadily_and_at_difficulty_0_nothing_varies():
    for seed in range(10):
        time = plan(seed=seed).truth.phase_time
        assert (np.diff(time) > 0).all()
        assert time[0] == 0
    assert plan(seed=0, difficulty=0).pieces == plan(seed=1, difficulty=0).pieces


def test_hard_videos_have_pauses_idle_time_cuts_and_repeats():
    videos = [plan(seed=seed, difficulty=1.0) for seed in range(30)]
    steps = [np.diff(video.truth.phase_time) for video in videos]
    assert all((video.truth.labels == -1).any() for video in videos)
    assert any((step == 0).any() for step in steps)
    assert any((step < 0).any() for step in steps)
    assert any((step >= 1).any() for step in steps)
    assert level(1.0).distractors > 0


def test_an_idle_person_does_something_else():
    video = plan(seed=0, difficulty=0, size=SMALL)
    idle = replace(video, pieces=(Piece(1.0, -1, 0.0, 0.0), *video.pieces))
    frames, truth = render(idle)
    assert np.isnan(truth.phase_time[:15]).all()
    np.testing.assert_array_equal(frames[0], frames[15])
    assert np.abs(frames[7].astype(int) - frames[0]).max() > 40


def test_a_mirrored_view_is_the_mirror_image():
    video = plan(seed=0, difficulty=0, size=SMALL)
    mirrored = replace(video, view=replace(video.view, mirrored=True))
    np.testing.assert_array_equal(picture(mirrored, 3.5), picture(video, 3.5)[:, ::-1])


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"activity": "juggling"}, "choose one of pouring, clean_and_jerk"),
        ({"size": (63, 64)}, "even height and width"),
        ({"fps": 0.0}, "positive number"),
        ({"difficulty": 1.5}, "from 0 to 1"),
    ],
)
def test_settings_that_cannot_be_used_are_named(settings: dict, words: str):
    with pytest.raises(InputError, match=words):
        plan(**({"activity": "pouring", "seed": 0} | settings))
