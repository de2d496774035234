"""Pretexts: which frames an example shows, and that its answer is right."""

from collections import Counter
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inphase.methods import (
    CLIP_METHODS,
    ActionLabels,
    ClipOrder,
    ClipShuffle,
    Rotation,
    TemporalTransformations,
)
from inphase.views.pretexts import NOT_ASKED, Example, examples

MOTIONS = ("speed", "random", "periodic", "warp")


def drawn(method, length, seed=0, **given) -> list[Example]:
    return examples(method, length, np.random.default_rng(seed), **given)


@given(
    name=st.sampled_from(sorted(CLIP_METHODS)),
    length=st.integers(1, 400),
    kappa=st.integers(0, 3),
    seed=st.integers(0, 1000),
)
def test_examples_show_frames_of_the_video_and_ask_what_their_heads_can_answer(
    name, length, kappa, seed
):
    method = CLIP_METHODS[name]()
    heads = method.heads(5)
    found = drawn(method, length, seed, kappa=kappa, label=3)
    assert len(found) == method.copies
    for example in found:
        assert example.indices.shape == (method.joined, 16)
        assert example.indices.dtype == np.int64
        assert example.indices.min() >= 0 and example.indices.max() < length
        assert set(example.targets) == set(heads)
        for head, target in example.targets.items():
            assert NOT_ASKED <= target < heads[head]


@pytest.mark.parametrize("name", CLIP_METHODS)
def test_the_same_seed_draws_the_same(name):
    one, two = (drawn(CLIP_METHODS[name](), 200, 5) for _ in range(2))
    for a, b in zip(one, two, strict=True):
        assert (a.indices == b.indices).all() and (a.targets, a.turns) == (b.targets, b.turns)


@pytest.mark.parametrize("kappa", range(4))
def test_each_transformation_is_shown_under_its_own_number(kappa):
    speed, random, periodic, warp = drawn(TemporalTransformations(), 300, kappa=kappa)
    assert [each.targets["motion"] for each in (speed, random, periodic, warp)] == [0, 1, 2, 3]
    assert (np.diff(speed.indices[0]) == 2**kappa).all()
    assert sorted(np.diff(np.sort(random.indices[0]))) == [1] * 15
    assert (np.diff(random.indices[0]) < 0).any()
    signs = np.sign(np.diff(periodic.indices[0]))
    assert signs[0] == 1 and signs[-1] == -1
    gaps = np.diff(warp.indices[0])
    assert gaps.min() >= 1 and gaps.max() <= 8 and len(set(gaps.tolist())) > 1


def test_numbers_follow_the_transformations_that_were_asked_for():
    method = TemporalTransformations(transformations=("warp", "speed"))
    warp, speed = drawn(method, 300, kappa=0)
    assert (warp.targets["motion"], speed.targets["motion"]) == (0, 1)
    assert (np.diff(speed.indices[0]) == 1).all()


def test_the_sped_up_clip_alone_is_asked_for_its_speed():
    speeds = [each.targets["speed"] for each in drawn(TemporalTransformations(), 300, kappa=3)]
    assert speeds == [3, NOT_ASKED, NOT_ASKED, NOT_ASKED]


@pytest.mark.parametrize(("length", "largest"), [(30, 0), (31, 1), (60, 1), (61, 2), (121, 3)])
def test_a_short_video_is_asked_for_the_speed_that_it_allows(length, largest):
    speed, *_ = drawn(TemporalTransformations(), length, kappa=3)
    assert speed.targets["speed"] == largest
    assert (np.diff(speed.indices[0]) == 2**largest).all()


def test_all_speeds_are_drawn_alike():
    method = TemporalTransformations(transformations=("speed",))
    count = Counter(drawn(method, 200, seed)[0].targets["speed"] for seed in range(400))
    assert sorted(count) == [0, 1, 2, 3] and min(count.values()) > 70


@given(length=st.integers(1, 30), seed=st.integers(0, 1000))
def test_clips_that_look_alike_have_no_different_answers(length, seed):
    """In short videos: none skipped, the way back cut off, a warp of nothing, a still picture."""
    for method in (TemporalTransformations(), ClipShuffle()):
        answers = {}
        for each in drawn(method, length, seed, kappa=0):
            head = "motion" if "motion" in each.targets else "shuffled"
            if each.targets[head] != NOT_ASKED:
                answers.setdefault(tuple(each.indices[0].tolist()), set()).add(each.targets[head])
        assert all(len(each) == 1 for each in answers.values())


def test_a_video_of_one_frame_is_not_asked_what_was_done_to_it():
    motions = [each.targets["motion"] for each in drawn(TemporalTransformations(), 1)]
    assert motions == [0, NOT_ASKED, NOT_ASKED, NOT_ASKED]


def test_a_warp_that_cannot_skip_a_frame_is_not_asked():
    assert drawn(TemporalTransformations(), 16)[3].targets["motion"] == NOT_ASKED
    assert drawn(TemporalTransformations(), 17)[3].targets["motion"] == 3


@given(length=st.integers(64, 400), seed=st.integers(0, 1000))
def test_clips_lie_eight_frames_apart_and_their_order_is_the_answer(length, seed):
    (example,) = drawn(ClipOrder(), length, seed)
    assert (np.diff(example.indices) == 1).all()
    starts = example.indices[:, 0]
    # Which clip of the video, counted in time, is shown first, second and third.
    places = np.argsort(np.argsort(starts))
    assert list(permutations(range(3)))[example.targets["order"]] == tuple(places)
    assert np.diff(np.sort(starts)).tolist() == [24, 24]


def test_all_orders_and_all_starts_are_drawn():
    found = [drawn(ClipOrder(), 70, seed)[0] for seed in range(400)]
    orders = Counter(each.targets["order"] for each in found)
    assert sorted(orders) == list(range(6)) and min(orders.values()) > 40
    assert {int(each.indices.min()) for each in found} == set(range(7))


@pytest.mark.parametrize(
    ("length", "apart"), [(64, 24), (63, 23), (48, 16), (47, 15), (18, 1), (17, 0), (3, 0)]
)
def test_in_short_videos_the_gap_shrinks_then_clips_overlap_then_nothing_is_asked(length, apart):
    (example,) = drawn(ClipOrder(), length)
    assert np.diff(np.sort(example.indices[:, 0])).tolist() == [apart, apart]
    assert (example.targets["order"] == NOT_ASKED) == (apart == 0)


@pytest.mark.parametrize(("length", "step"), [(127, 2), (126, 1)])
def test_a_sped_up_order_slows_down_before_the_gap_shrinks(length, step):
    (example,) = drawn(ClipOrder(kappa=1), length)
    assert (np.diff(example.indices) == step).all()
    assert np.diff(np.sort(example.indices[:, 0])).tolist() == [24 * step] * 2


def test_a_clip_and_its_shuffled_copy_show_the_same_frames():
    for seed in range(50):
        straight, shuffled = drawn(ClipShuffle(frames=3), 40, seed)
        assert (straight.targets, shuffled.targets) == ({"shuffled": 0}, {"shuffled": 1})
        assert (np.diff(straight.indices[0]) == 1).all()
        assert not (np.diff(shuffled.indices[0]) == 1).all()
        assert set(straight.indices[0]) == set(shuffled.indices[0])


def test_a_still_is_not_asked_for_its_order():
    assert {each.targets["shuffled"] for each in drawn(ClipShuffle(), 1)} == {NOT_ASKED}


def test_one_clip_is_shown_in_all_four_turns():
    found = drawn(Rotation(), 100)
    assert [each.turns for each in found] == [0, 1, 2, 3]
    assert [each.targets for each in found] == [{"turns": k} for k in range(4)]
    assert all((each.indices == found[0].indices).all() for each in found)


def test_labels_are_handed_on_and_three_frames_skipped():
    (example,) = drawn(ActionLabels(), 100, label=7)
    assert example.targets == {"activity": 7}
    assert (np.diff(example.indices[0]) == 4).all()
    (unknown,) = drawn(ActionLabels(), 100)
    assert unknown.targets == {"activity": NOT_ASKED}
