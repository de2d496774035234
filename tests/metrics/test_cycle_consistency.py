import itertools

import numpy as np
import pytest

from inphase.errors import InputError
from inphase.metrics import cycle_consistency
from inphase.metrics.inputs import squared_distances


def walks(lengths=(30, 45, 21, 8), seed=0, dimensions=3):
    random = np.random.default_rng(seed)
    return [random.normal(size=(n, dimensions)).cumsum(axis=0) for n in lengths]


def sent(frames, cycle):
    """Where each frame of the first video of a cycle ends."""
    at = np.arange(len(frames[cycle[0]]))
    for here, there in itertools.pairwise(cycle):
        at = squared_distances(frames[here], frames[there]).argmin(axis=1)[at]
    return at


@pytest.mark.parametrize(("stride", "tolerance"), [(1, 1), (2, 1), (1, 0), (1, 3)])
def test_two_ways_are_there_and_back(stride, tolerance):
    frames = [z[::stride] for z in walks()]
    shares = [
        (abs(sent(frames, (u, v, u)) - np.arange(len(frames[u]))) <= tolerance).mean()
        for u, v in itertools.permutations(range(4), 2)
    ]
    got = cycle_consistency(walks(), stride=stride, tolerance=tolerance)
    assert got == pytest.approx(np.mean(shares), abs=1e-12)


@pytest.mark.parametrize(("stride", "tolerance"), [(1, 1), (2, 1), (1, 0), (1, 3)])
def test_three_ways_must_come_back_both_ways_round(stride, tolerance):
    frames = [z[::stride] for z in walks(seed=1)]
    shares = []
    for u, v, w in itertools.permutations(range(4), 3):
        own = np.arange(len(frames[u]))
        back = abs(sent(frames, (u, v, w, u)) - own) <= tolerance
        other_way = abs(sent(frames, (u, w, v, u)) - own) <= tolerance
        shares.append((back & other_way).mean())
    got = cycle_consistency(walks(seed=1), ways=3, stride=stride, tolerance=tolerance)
    assert got == pytest.approx(np.mean(shares), abs=1e-12)


def test_with_three_videos_every_cycle_has_one_third_video():
    frames = walks((9, 14, 6), seed=2)
    shares = []
    for u, v, w in itertools.permutations(range(3), 3):
        both = [
            abs(sent(frames, (u, *way, u)) - np.arange(len(frames[u]))) for way in ((v, w), (w, v))
        ]
        shares.append((np.maximum(*both) <= 1).mean())
    assert cycle_consistency(frames, ways=3) == pytest.approx(np.mean(shares), abs=1e-12)


@pytest.mark.parametrize("ways", [2, 3])
def test_the_same_video_always_comes_back(ways):
    assert cycle_consistency([walks()[0]] * 3, ways=ways, tolerance=0) == 1


@pytest.mark.parametrize("ways", [2, 3])
def test_a_collapsed_embedding_comes_back_to_the_first_frame(ways):
    flat = [np.full((n, 5), 0.1) for n in (4, 8, 1)]
    # The first two frames are within one of it: of 4, of 8, and the single one of 1.
    assert cycle_consistency(flat, ways=ways) == pytest.approx((2 / 4 + 2 / 8 + 1) / 3)


def test_a_clock_comes_back_nearly_always():
    clock = [np.linspace(0, 1, n)[:, None] for n in (40, 61, 50)]
    assert cycle_consistency(clock) > 0.99


@pytest.mark.parametrize(
    ("setting", "reason"),
    [({"ways": 4}, "2 or 3"), ({"tolerance": -1}, "0 frames"), ({"stride": 0}, "stride")],
)
def test_settings_out_of_range_are_refused(setting, reason):
    with pytest.raises(InputError, match=reason):
        cycle_consistency(walks(), **setting)


def test_too_few_videos_are_refused():
    with pytest.raises(InputError, match="two or more"):
        cycle_consistency(walks()[:1])
    with pytest.raises(InputError, match="3 videos at a time"):
        cycle_consistency(walks()[:2], ways=3)
