"""What a run was asked for survives being written down."""

import inspect
import json
import re
from dataclasses import asdict, fields, replace

import pytest
import tyro

from inphase import losses
from inphase.encoders.architecture import Clips, FrameLevel
from inphase.encoders.encoder import FrameFeatures
from inphase.errors import InputError
from inphase.methods import (
    GTA,
    METHODS,
    PCL,
    SCL,
    TCC,
    TCN,
    VAVA,
    Method,
    Rotation,
    ShuffleAndLearn,
    SimCLR,
)
from inphase.settings import (
    Settings,
    check_weights,
    restored,
    restored_clips,
    written,
    written_sum,
)


def changed(kind: type[Method]) -> Method:
    """A method none of whose numbers is the default."""
    numbers = {each.name: each.default for each in fields(kind) if isinstance(each.default, float)}
    return replace(kind(), **{name: number + 0.1 for name, number in numbers.items()})


def config(method, plus=()):
    settings, features = asdict(Settings(steps=7)), asdict(FrameFeatures())
    whole = {"method": written(method), "plus": written_sum(plus), "settings": settings}
    whole |= {"frame_features": features, "architecture": asdict(FrameLevel(hidden=(8, 8)))}
    return json.loads(json.dumps(whole))


@pytest.mark.parametrize("name", METHODS)
def test_every_setting_of_every_method_comes_back(name):
    method = changed(METHODS[name])
    assert method != METHODS[name]()
    read, plus, settings, features, architecture = restored(config(method, [(method, 0.1)]))
    assert read == method and list(plus) == [(method, 0.1)]
    assert (settings, features) == (Settings(steps=7), FrameFeatures())
    assert architecture == FrameLevel(hidden=(8, 8))


def test_the_weight_in_a_sum_is_not_the_methods_own_setting_of_that_name():
    _, plus, *_ = restored(config(SCL(), [(PCL(weight=0.7), 0.5)]))
    assert list(plus) == [(PCL(weight=0.7), 0.5)]


def test_a_method_of_ones_own_cannot_be_read_back():
    class Own(SCL):
        pass

    with pytest.raises(InputError, match="a method of its own"):
        restored(config(Own()))


def test_runs_of_frames_and_of_clips_are_not_taken_for_one_another():
    clips = {"architecture": asdict(Clips()), "method": written(Rotation())}
    with pytest.raises(InputError, match="the run is of rotation: name that method"):
        restored(config(SCL()) | clips)
    with pytest.raises(InputError, match="the run is of scl: name that method"):
        restored_clips(config(SCL()))


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf")])
def test_weights_that_are_of_no_use_are_told(weight):
    with pytest.raises(InputError, match="the weight of tcc must be a number of 0 or more"):
        check_weights([(SCL(), 1.0), (TCC(), weight)])


@pytest.mark.parametrize("name", METHODS)
def test_every_setting_of_a_loss_is_one_of_its_method_with_the_same_default(name):
    from_batch = {"pairs", "videos", "activities", "lengths", "labels", "progress", "step"}
    from_batch |= {"generator", "head", "logits"}
    arguments = inspect.signature(getattr(losses, METHODS[name].loss)).parameters.values()
    taken = {each.name: each.default for each in arguments if each.kind is each.KEYWORD_ONLY}
    expected = {key: value for key, value in taken.items() if key not in from_batch}
    if name == "scl":
        expected["variance"] = 3.0  # and why stands beside it
    assert METHODS[name]().loss_settings() == expected


@pytest.mark.parametrize("name", METHODS)
def test_every_setting_is_told_in_words(name, capsys, monkeypatch):
    """As `inphase train VIDEOS METHOD --help` has it."""
    monkeypatch.setenv("COLUMNS", "999")  # no name is broken
    with pytest.raises(SystemExit):
        tyro.cli(METHODS[name], args=["--help"], config=(tyro.conf.FlagCreatePairsOff,))
    words = [word for word in capsys.readouterr().out.split() if word not in "|│"]  # of the frame
    options = re.findall(
        r"--(?!help)([a-z][a-z-]*) (?:[A-Z]+ |{\S+ )?(.*?) \(default: ", " ".join(words)
    )
    told = {option.removeprefix("no-").replace("-", "_"): words for option, words in options}
    assert told.keys() == {each.name for each in fields(METHODS[name])}
    assert all(words[0].isupper() and words.endswith(".") for words in told.values())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: VAVA(phi=1.5), "phi must be at most 1, not 1.5"),
        (lambda: VAVA(phi=-0.5), "phi must not be negative"),
        (lambda: VAVA(flat=-1.0), "flat must not be negative"),
        (lambda: VAVA(shape_beta=0.0), "shape_beta must be above 0"),
        (lambda: VAVA(iterations=0), "iterations must be above 0"),
        (lambda: VAVA(prior="beta", learn_variance=True), "has no variance to learn"),
        (lambda: SimCLR(window=-1.0), "window must not be negative"),
        (lambda: TCN(gap=-1.0), "gap must not be negative"),
        (lambda: TCN(regulariser=float("nan")), "regulariser must not be negative"),
        (lambda: TCC(delta=0.0), "delta must be above 0"),
        (lambda: TCC(label_smoothing=1.0), "label_smoothing must be below 1"),
        (lambda: TCC(fraction=0.0), "fraction must be above 0"),
        (lambda: TCC(cycle_length=3), "a cycle passes 2 videos"),
        (lambda: ShuffleAndLearn(shuffled=1.2), "shuffled must be at most 1"),
        (lambda: PCL(positive=2.0), "positive must be at most 1"),
        (lambda: SCL(beta=1.2), "beta must be at most 1"),
    ],
)
def test_settings_out_of_range_are_told_at_the_door(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_settings_at_the_end_of_their_range_are_taken():
    VAVA(phi=0.0, flat=0.0, virtual_distance=0.0)
    TCN(window=0.0, gap=0.0, regulariser=0.0)
    ShuffleAndLearn(shuffled=0.0)
    TCC(label_smoothing=0.0, cycles="stochastic", cycle_length=3)


@pytest.mark.parametrize(("method", "name"), [(GTA(), "reduction"), (SCL(), "variant")])
def test_a_word_that_is_no_choice_is_told_at_the_door(method, name):
    object.__setattr__(method, name, "none")  # the constructor's types are checked in tests
    with pytest.raises(InputError, match=f"{name} is one of '.*', not 'none'"):
        method.__post_init__()
