import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from inphase.data.collection import find
from inphase.data.rendered.circles import MOTIONS
from inphase.data.rendered.classes import (
    CLASSES,
    Example,
    examples,
    load_phases,
    make_classes,
    render_example,
)
from inphase.data.video import Video
from inphase.errors import InputError

SMALL = (32, 44)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("motion")
    make_classes(made, "motion", videos_per_class=3, frames=30, size=SMALL, progress=False)
    return made


@pytest.fixture(scope="module")
def many() -> dict[str, np.ndarray]:
    """Phases of 300 videos of every class of motion."""
    drawn = examples("motion", videos_per_class=300, frames=60)
    return {
        name: np.stack([each.phase for each in drawn if each.activity == name])
        for name in CLASSES["motion"]
    }


def number(example: Example) -> str:
    return example.name[-3:]


# What is drawn -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", CLASSES)
def test_there_are_eight_classes_of_equal_size_and_a_third_is_test(kind: str):
    drawn = examples(kind, videos_per_class=6)
    assert len(CLASSES[kind]) == 8
    assert Counter(each.activity for each in drawn) == dict.fromkeys(CLASSES[kind], 6)
    tests = Counter(each.activity for each in drawn if each.split == "test")
    assert tests == dict.fromkeys(CLASSES[kind], 2)


def test_looks_of_motion_do_not_depend_on_the_class():
    for k in ("001", "002", "003"):
        same = [e for e in examples("motion", videos_per_class=3) if number(e) == k]
        assert [each.motion for each in same] == list(CLASSES["motion"])
        assert all(each.plan is same[0].plan for each in same)
        assert len({float(each.phase[0]) for each in same}) == 1
        assert not same[0].plan.view.mirrored


def test_motions_of_appearance_do_not_depend_on_the_class():
    drawn = examples("appearance", videos_per_class=40)
    for k in range(40):
        same = [each for each in drawn if number(each) == f"{k + 1:03d}"]
        assert all(np.array_equal(each.phase, same[0].phase) for each in same)
        people = {each.plan.scene.person.shirt for each in same}
        assert len(people) == 8
        assert len({id(each.plan.view) for each in same}) == 1
    assert {each.motion for each in drawn} == set(MOTIONS)


@pytest.mark.parametrize("name", CLASSES["motion"])
def test_every_picture_of_the_loop_is_as_likely_in_every_class(name: str, many: dict):
    stats = pytest.importorskip("scipy.stats")
    phases = many[name]
    assert phases.min() >= 0 and phases.max() < 2 * np.pi
    for frame in (0, 20, 59):
        # Half a step is added: of 360 steps the test would see the first as a jump.
        where = phases[:, frame] / (2 * np.pi) + 0.5 / 360
        assert stats.kstest(where, "uniform").pvalue > 0.01


def test_a_seed_and_a_number_give_the_same_video_in_sets_of_any_size():
    few, many = (
        examples("motion", videos_per_class=n, frames=4, size=SMALL, seed=3) for n in (3, 5)
    )
    ours = {each.name: each for each in many}
    for each in few:
        np.testing.assert_array_equal(each.phase, ours[each.name].phase)
    for a, b in zip(few[:2], many[:2], strict=True):
        np.testing.assert_array_equal(render_example(a), render_example(b))
    other = examples("motion", videos_per_class=3, frames=4, seed=4)
    assert not np.array_equal(other[0].phase, few[0].phase)


# What is seen ------------------------------------------------------------------------------------


def test_a_circle_ends_where_it_began_and_is_nowhere_else_the_same():
    example = next(e for e in examples("motion", videos_per_class=3) if e.motion == "forward_slow")
    circle = Example(example.name, example.plan, "", np.arange(24) * 2 * np.pi / 24)
    shown = render_example(circle).astype(float)
    differences = np.abs(shown[:, None] - shown).mean(axis=(2, 3, 4))
    # The smallest difference of two moments is that of neighbours.
    apart = np.abs(np.subtract.outer(np.arange(24), np.arange(24)))
    near = np.minimum(apart, 24 - apart) == 1
    assert differences[near].min() > 0.3
    assert differences[(apart > 0) & ~near].min() > differences[near].min()


def test_a_moment_decodes_alike_in_every_class_and_at_every_place_in_a_file(folder: Path):
    phases = load_phases(folder)
    seen: dict[float, bytes] = {}
    again = 0
    for name in (name for name in phases if name.endswith("001")):
        for phase, frame in zip(phases[name], Video(folder / f"{name}.mp4").frames(), strict=True):
            shown = frame.tobytes()
            again += float(phase) in seen
            assert seen.setdefault(float(phase), shown) == shown
    assert again > 20
    assert len(set(seen.values())) > 0.9 * len(seen)


def right(kind: str) -> float:
    """How many frames of test videos fall to the mean of their class, in raw pixels."""
    drawn = examples(kind, videos_per_class=9, frames=4, size=SMALL)
    sides = {}
    for split in ("train", "test"):
        own = [each for each in drawn if each.split == split]
        pixels = np.concatenate([render_example(each) for each in own]).reshape(len(own) * 4, -1)
        labels = np.repeat([CLASSES[kind].index(each.activity) for each in own], 4)
        sides[split] = pixels.astype(float), labels
    (known, classes), (asked, truth) = sides["train"], sides["test"]
    means = np.stack([known[classes == c].mean(axis=0) for c in range(8)])
    # The nearest mean; the square of what is asked for is the same for all.
    distance = (means**2).sum(axis=1) - 2 * asked @ means.T
    return float((distance.argmin(axis=1) == truth).mean())


def test_stills_of_motion_are_at_chance_and_those_of_appearance_above():
    assert right("motion") < 0.22
    assert right("appearance") > 0.3


# What is written ---------------------------------------------------------------------------------


def test_a_folder_gives_class_and_split_of_every_video_as_its_table_does(folder: Path):
    videos = find(folder, strict=True, cache=False)
    assert len(videos) == 24
    for video in videos:
        assert video.name.split("/")[:2] == [video.split, video.activity]
        assert len(video) == 30
        assert video.size == SMALL
    assert Counter(video.split for video in videos) == {"train": 16, "test": 8}
    table = find(folder / "videos.csv", strict=True, cache=False)
    facts = [{(v.name, v.path, v.activity, v.split) for v in each} for each in (videos, table)]
    assert facts[0] == facts[1]


def test_the_truth_is_what_files_show(folder: Path):
    phases = load_phases(folder)
    drawn = examples("motion", videos_per_class=3, frames=30, size=SMALL)
    assert list(phases) == [each.name for each in drawn]
    for each in drawn[:2]:
        np.testing.assert_array_equal(phases[each.name], each.phase)
        read = Video(folder / f"{each.name}.mp4").frames().astype(float)
        assert np.abs(read - render_example(each)).mean() < 8
    with np.load(folder / "truth.npz") as arrays:
        assert arrays["classes"].tolist() == [each.activity for each in drawn]
        assert arrays["motions"].tolist() == [each.motion for each in drawn]


def test_what_is_there_is_not_made_again_and_never_overwritten(folder: Path):
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.*")}
    settings = {"frames": 30, "size": SMALL, "progress": False}
    assert len(make_classes(folder, "motion", videos_per_class=3, **settings)) == 24
    with pytest.raises(InputError, match="give another folder"):
        make_classes(folder, "motion", videos_per_class=4, **settings)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.*")} == before
    assert json.loads((folder / "rendered.json").read_text())["classes"] == "motion"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"kind": "sound"}, "choose one of motion, appearance"),
        ({"videos_per_class": 2}, "give 3 or more"),
        ({"frames": 1}, "give 2 or more"),
        ({"size": (63, 64)}, "even height and width"),
        ({"fps": 0}, "positive number"),
    ],
)
def test_settings_that_cannot_be_used_are_named(settings: dict, words: str):
    with pytest.raises(InputError, match=words):
        examples(**({"kind": "motion", "videos_per_class": 3} | settings))


def test_a_folder_of_something_else_has_no_phases(tmp_path: Path):
    with pytest.raises(InputError, match="rendered classes"):
        load_phases(tmp_path)
    np.savez(tmp_path / "truth.npz", videos=["00"])
    with pytest.raises(InputError, match="another rendered set"):
        load_phases(tmp_path)
