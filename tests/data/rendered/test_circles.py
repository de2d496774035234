import numpy as np
import pytest

from inphase.data.rendered.circles import FAST, MOTIONS, SLOW, TEMPO, circles

SPEEDS = (1, 2, 4, 8)
CLIP = 16


def courses(motion: str, count: int, frames: int = 136, first: int = 0) -> np.ndarray:
    return np.stack([circles(motion, frames, seed) for seed in range(first, first + count)])


def steps(motion: str, speed: int, count: int, first: int = 0) -> np.ndarray:
    """Turns from picture to picture of one clip a video, all that can be seen: in [-1/2, 1/2)."""
    clips = courses(motion, count, first=first)[:, : CLIP * speed : speed]
    return (np.diff(clips, axis=1) + 0.5) % 1 - 0.5


@pytest.mark.parametrize("motion", MOTIONS)
def test_every_frame_is_uniform_on_the_circle(motion: str):
    stats = pytest.importorskip("scipy.stats")
    where = courses(motion, 400) % 1
    for frame in (0, 15, 135):
        assert stats.kstest(where[:, frame], "uniform").pvalue > 0.01
    # One frame of each video, as a clip of repeated stills has it.
    at_random = np.random.default_rng(0).integers(where.shape[1], size=len(where))
    assert stats.kstest(where[np.arange(len(where)), at_random], "uniform").pvalue > 0.01


@pytest.mark.parametrize("motion", MOTIONS)
def test_over_time_a_video_sees_all_of_the_circle_alike(motion: str):
    long = courses(motion, 1, frames=round(20 * SLOW))[0]
    share, _ = np.histogram(long % 1, bins=10, range=(0, 1))
    np.testing.assert_allclose(share / len(long), 0.1, atol=0.03)


def test_all_motions_of_a_seed_begin_at_the_same_place():
    starts = np.array([courses(motion, 20)[:, 0] for motion in MOTIONS])
    assert (starts == starts[0]).all()
    assert len(set(starts[0])) == 20


def test_a_seed_gives_the_same_course_again():
    np.testing.assert_array_equal(
        circles("forward_slow", 50, 3), circles("forward_slow", 136, 3)[:50]
    )


def test_backward_is_forward_the_other_way_round():
    for rate in ("slow", "fast", "halting"):
        there, back = (circles(f"{way}_{rate}", 136, 5) for way in ("forward", "backward"))
        np.testing.assert_allclose(there - there[0], back[0] - back)


def test_a_circle_takes_as_many_frames_as_said():
    for rate, period in (("slow", SLOW), ("fast", FAST), ("halting", SLOW)):
        lasts = [1000 / (c[-1] - c[0]) for c in courses(f"forward_{rate}", 60, frames=1001)]
        assert np.median(lasts) == pytest.approx(period, rel=0.02)
        assert min(lasts) > period * np.exp(-TEMPO) * 0.97
        assert max(lasts) < period * np.exp(TEMPO) * 1.03


@pytest.mark.parametrize("speed", SPEEDS)
def test_the_direction_shows_at_every_speed(speed: int):
    for rate in ("slow", "fast", "halting"):
        for way, sign in (("forward", 1), ("backward", -1)):
            turned = sign * steps(f"{way}_{rate}", speed, 100)
            assert (turned > -1e-9).all()


@pytest.mark.parametrize("speed", SPEEDS)
def test_slow_and_fast_differ_at_every_speed(speed: int):
    slow, fast = (steps(f"forward_{rate}", speed, 100).mean(1) for rate in ("slow", "fast"))
    assert fast.min() > 2.3 * slow.max()


def test_slow_at_one_speed_is_not_fast_at_another():
    rates = sorted((np.log2(speed / period)) for speed in SPEEDS for period in (SLOW, FAST))
    assert np.diff(rates).min() > 2 * 2 * TEMPO / np.log(2)


@pytest.mark.parametrize(("speed", "least"), [(1, 0.7), (4, 0.97), (8, 0.9)])
def test_a_clip_tells_its_class(speed: int, least: float):
    train, test = (
        [steps(m, speed, n, first) for m in MOTIONS] for n, first in ((200, 0), (20, 200))
    )
    known, asked = np.concatenate(train), np.concatenate(test)
    nearest = np.abs(asked[:, None] - known).sum(axis=2).argmin(axis=1)
    assert (nearest // 200 == np.arange(len(asked)) // 20).mean() > least
