"""What a run was asked for survives being written down."""

import json
from dataclasses import asdict, fields, replace

import pytest

from inphase.encoders.architecture import FrameLevel
from inphase.encoders.encoder import FrameFeatures
from inphase.errors import InputError
from inphase.methods import METHODS, PCL, SCL, TCC, Method
from inphase.settings import Settings, check_weights, restored, written, written_sum


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


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf")])
def test_weights_that_are_of_no_use_are_told(weight):
    with pytest.raises(InputError, match="the weight of tcc must be a number of 0 or more"):
        check_weights([(SCL(), 1.0), (TCC(), weight)])
