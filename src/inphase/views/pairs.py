"""Which videos make a batch: any, some of each activity, twos of one activity, or views of a scene.

Every function takes what each video belongs to and how many videos a batch has, and gives places of
videos. None comes twice while there are enough.
"""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from jaxtyping import Int64

from inphase.errors import InputError

Videos = Int64[np.ndarray, " count"]
Groups = Int64[np.ndarray, "groups together"]
Twos = Int64[np.ndarray, "pairs 2"]


def single(activities: Sequence[str], count: int, generator: np.random.Generator) -> Videos:
    """Draw videos, all equally likely, whatever they show.

    Args:
        activities: Of each video; only their number matters.
        count: Videos in the batch.
        generator: The source of randomness.
    """
    there = len(activities)
    chosen = generator.permutation(there)[:count]
    if there < count:
        chosen = np.concatenate([chosen, generator.integers(there, size=count - there)])
    return chosen.astype(np.int64)


def class_balanced(activities: Sequence[str], count: int, generator: np.random.Generator) -> Videos:
    """Draw an activity, all equally likely, and a video of it; and again, `count` times.

    So activities with few videos weigh as much as those with many.

    Args:
        activities: Of each video.
        count: Videos in the batch.
        generator: The source of randomness.
    """
    kinds = _members(activities)
    drawn = generator.integers(len(kinds), size=count)
    return _dealt(kinds, 1, drawn, generator)[:, 0]


def same_activity(
    activities: Sequence[str],
    count: int,
    generator: np.random.Generator,
    *,
    balanced: bool = False,
    together: int = 2,
) -> Groups:
    """Draw pairs of different videos of the same activity, whatever their viewpoint; or more.

    Source: Haresh et al., LAV, CVPR 2021, section 4: videos of the same action are randomly paired.

    Args:
        activities: Of each video, the same word for all if there is one activity alone. Videos of
            an activity that has too few are left out.
        count: Videos in the batch; what is left after as many groups as there can be is left out.
        generator: The source of randomness.
        balanced: Whether all activities are equally likely, not by their number of pairs.
        together: Videos drawn at once, 2 for pairs.

    Raises:
        InputError: If no activity has so many videos, or `count` is below that.
    """
    return _groups(large_enough(activities, together), count, generator, balanced, together)


def large_enough(activities: Sequence[str], together: int) -> list[list[int]]:
    """Places of the videos of each activity that has enough.

    Raises:
        InputError: If none has.
    """
    kinds = [kind for kind in _members(activities) if len(kind) >= together]
    if not kinds:
        raise InputError(
            f"{together} videos of one activity are needed at a time, but among "
            f"{len(activities)} videos no activity has so many: add videos, or name the "
            "activities alike"
        )
    return kinds


def synchronised(groups: Sequence[str], count: int, generator: np.random.Generator) -> Twos:
    """Draw pairs of different views of the same scene: videos of one group.

    Source: Sermanet et al., Time-Contrastive Networks, ICRA 2018: the multi-view TCN, whose views
    are filmed at the same time.

    Args:
        groups: Of each video; those without a group, and those alone in theirs, are left out.
        count: Videos in the batch, twice the pairs; of an odd number one is left out.
        generator: The source of randomness.

    Raises:
        InputError: If no group has two videos, or `count` is below 2.
    """
    kinds = [kind for kind in _members(groups, skip="") if len(kind) > 1]
    if not kinds:
        raise InputError(
            f"views of one scene are needed, but of {len(groups)} videos no two share a group: "
            "list the videos in a CSV with a column `group`"
        )
    return _groups(kinds, count, generator, balanced=False, together=2)


def _members(names: Sequence[str], skip: str | None = None) -> list[list[int]]:
    """Places of the videos of each name, names in order of appearance."""
    found = defaultdict(list)
    for place, name in enumerate(names):
        if name != skip:
            found[name].append(place)
    return list(found.values())


def _groups(
    kinds: list[list[int]],
    count: int,
    generator: np.random.Generator,
    balanced: bool,
    together: int,
) -> Groups:
    """Draw kinds, by their number of groups or alike, and a group of each."""
    groups = count // together
    if not groups:
        raise InputError(
            f"{together} videos are compared at once, but a batch has {count}: make it larger"
        )
    if balanced:
        drawn = generator.integers(len(kinds), size=groups)
    else:
        every = np.repeat(np.arange(len(kinds)), [len(kind) // together for kind in kinds])
        rounds = -(-groups // len(every))
        drawn = np.concatenate([generator.permutation(every) for _ in range(rounds)])[:groups]
    return _dealt(kinds, together, drawn, generator)


def _dealt(
    kinds: list[list[int]],
    size: int,
    drawn: Int64[np.ndarray, " n"],
    generator: np.random.Generator,
) -> Int64[np.ndarray, "n {size}"]:
    """Deal `size` videos of each kind drawn, from a shuffled stack renewed when it runs out."""
    stacks: dict[int, list[int]] = defaultdict(list)
    hands = []
    for kind in drawn.tolist():
        if len(stacks[kind]) < size:
            stacks[kind] = generator.permutation(kinds[kind]).tolist()
        hands.append([stacks[kind].pop() for _ in range(size)])
    return np.array(hands, np.int64).reshape(-1, size)
