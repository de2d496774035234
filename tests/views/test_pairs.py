"""Which videos make a batch, over all the collections there may be."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inphase.errors import InputError
from inphase.views.pairs import class_balanced, same_activity, single, synchronised

COLLECTIONS = st.lists(st.sampled_from(["", "squat", "bowl", "jump"]), min_size=1, max_size=30)


def drawn(function, names, count, seed=0, **settings):
    return function(names, count, np.random.default_rng(seed), **settings)


@given(there=st.integers(1, 30), count=st.integers(1, 40), seed=st.integers(0, 99))
def test_single_draws_no_video_twice_while_there_are_enough(there, count, seed):
    chosen = drawn(single, [""] * there, count, seed)
    assert chosen.shape == (count,)
    assert set(chosen) <= set(range(there))
    assert len(set(chosen[:there])) == min(there, count)


@pytest.mark.parametrize("there, count", [(7, 4), (3, 8)])
def test_single_takes_random_numbers_in_an_order_that_keeps_old_runs_as_they_were(there, count):
    generator = np.random.default_rng(5)
    expected = generator.permutation(there)[:count]
    if there < count:
        more = generator.integers(there, size=count - there)
        expected = np.concatenate([expected, more])
    assert drawn(single, [""] * there, count, 5).tolist() == expected.tolist()


@given(names=COLLECTIONS, count=st.integers(1, 20), seed=st.integers(0, 99))
def test_balanced_batches_repeat_a_video_only_when_its_activity_is_used_up(names, count, seed):
    chosen = drawn(class_balanced, names, count, seed)
    assert chosen.shape == (count,)
    times = Counter(chosen.tolist())
    for name in set(names):
        members = [times[place] for place, each in enumerate(names) if each == name]
        assert max(members) - min(members) <= 1


def test_a_rare_activity_comes_as_often_as_a_common_one():
    names = ["squat"] * 90 + ["bowl"] * 10
    chosen = drawn(class_balanced, names, 4000)
    assert 0.45 < np.mean(chosen >= 90) < 0.55


@given(names=COLLECTIONS, count=st.integers(2, 20), seed=st.integers(0, 99), balanced=st.booleans())
def test_pairs_are_two_videos_of_one_activity(names, count, seed, balanced):
    if max(Counter(names).values()) < 2:
        with pytest.raises(InputError, match="no activity has so many"):
            drawn(same_activity, names, count, seed, balanced=balanced)
        return
    pairs = drawn(same_activity, names, count, seed, balanced=balanced)
    assert pairs.shape == (count // 2, 2)
    for one, two in pairs.tolist():
        assert one != two
        assert names[one] == names[two]


@given(names=COLLECTIONS, seed=st.integers(0, 99))
def test_no_video_is_in_two_pairs_while_there_are_enough(names, seed):
    enough = sum(count // 2 for count in Counter(names).values())
    if enough:
        pairs = drawn(same_activity, names, 2 * enough, seed)
        assert len(np.unique(pairs)) == 2 * enough


def test_every_video_but_a_lonely_one_is_paired_with_every_other_in_time():
    names = ["squat", "bowl", "squat", "jump", "bowl", "squat"]
    seen = {
        tuple(sorted(pair)) for seed in range(60) for pair in drawn(same_activity, names, 4, seed)
    }
    assert seen == {(0, 2), (0, 5), (2, 5), (1, 4)}


def test_pairs_come_by_size_of_the_activity_or_alike():
    names = ["squat"] * 36 + ["bowl"] * 4
    shares = [
        np.mean(
            [drawn(same_activity, names, 2, seed, balanced=b)[0, 0] >= 36 for seed in range(500)]
        )
        for b in (False, True)
    ]
    assert shares[0] == pytest.approx(0.1, abs=0.05)
    assert shares[1] == pytest.approx(0.5, abs=0.1)


def test_more_pairs_than_there_are_videos_are_paired_anew():
    pairs = drawn(same_activity, ["squat"] * 4, 40)
    assert len({tuple(sorted(pair)) for pair in pairs.tolist()}) > 2


def test_a_batch_of_one_has_no_pair():
    with pytest.raises(InputError, match="2 videos are compared at once, but a batch has 1"):
        drawn(same_activity, ["squat"] * 4, 1)


@given(count=st.integers(3, 20), seed=st.integers(0, 99), balanced=st.booleans())
def test_more_than_two_are_of_an_activity_that_has_so_many(count, seed, balanced):
    names = ["squat"] * 5 + ["bowl"] * 2 + ["jump"] * 3
    groups = drawn(same_activity, names, count, seed, balanced=balanced, together=3)
    assert groups.shape == (count // 3, 3)
    for group in groups.tolist():
        assert len(set(group)) == 3
        assert {names[each] for each in group} in ({"squat"}, {"jump"})
    with pytest.raises(InputError, match="6 videos of one activity are needed at a time"):
        drawn(same_activity, names, 12, seed, together=6)


@given(groups=COLLECTIONS, count=st.integers(2, 20), seed=st.integers(0, 99))
def test_views_are_of_one_group_and_a_video_without_a_group_has_none(groups, count, seed):
    if max(Counter(name for name in groups if name).values(), default=0) < 2:
        with pytest.raises(InputError, match="no two share a group"):
            drawn(synchronised, groups, count, seed)
        return
    for one, two in drawn(synchronised, groups, count, seed).tolist():
        assert one != two
        assert groups[one] == groups[two] != ""


@pytest.mark.parametrize("function", [single, class_balanced, same_activity, synchronised])
def test_the_same_seed_draws_the_same(function):
    names = ["squat", "bowl"] * 6
    one, two = (drawn(function, names, 4, 3) for _ in range(2))
    assert (one == two).all()
