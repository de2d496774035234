"""Methods for clip networks: what they ask, and which settings make no sense."""

from typing import get_args

import pytest

from inphase.errors import InputError
from inphase.methods import (
    CLIP_METHODS,
    METHODS,
    ActionLabels,
    ClipOrder,
    ClipShuffle,
    Rotation,
    TemporalTransformations,
    name_of,
)
from inphase.methods.clips import Transformation
from inphase.views import pretexts, retime


def test_the_paper_asks_for_four_transformations_and_four_speeds():
    method = TemporalTransformations()
    assert method.heads() == {"motion": 4, "speed": 4}
    assert method.kappas == (0, 1, 2, 3) and method.frames == 16
    assert (method.copies, method.joined) == (4, 1)


def test_equation_1_adds_up_what_each_transformation_costs_and_the_speed():
    method = TemporalTransformations()
    assert (method.weight("motion"), method.weight("speed")) == (4, 1)
    assert TemporalTransformations(transformations=("speed", "warp")).weight("motion") == 2
    assert ClipOrder().weight("order") == 1


def test_transformations_are_those_that_can_be_drawn():
    assert TemporalTransformations().transformations == retime.TRANSFORMATIONS
    assert get_args(Transformation) == retime.TRANSFORMATIONS
    assert TemporalTransformations().frames == retime.CLIP
    assert TemporalTransformations().speeds == retime.SPEEDS


@pytest.mark.parametrize(
    ("transformations", "speed_loss", "heads"),
    [
        (("speed",), True, {"speed": 4}),
        (("speed", "random"), False, {"motion": 2}),
        (("speed", "warp"), True, {"motion": 2, "speed": 4}),
        (("random", "periodic", "warp"), False, {"motion": 3}),
    ],
)
def test_rows_of_the_ablation_ask_for_what_they_have(transformations, speed_loss, heads):
    method = TemporalTransformations(transformations=transformations, speed_loss=speed_loss)
    assert method.heads() == heads
    assert method.copies == len(transformations)


def test_one_speed_is_not_asked_for():
    assert TemporalTransformations(speeds=1).heads() == {"motion": 4}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"transformations": ("speed", "speed")}, "each once"),
        ({"transformations": ("random", "warp")}, "not among random, warp"),
        ({"transformations": ("speed",), "speed_loss": False}, "nothing to tell apart"),
        ({"transformations": ("speed",), "speeds": 1}, "nothing to tell apart"),
        ({"transformations": (), "speed_loss": False}, "nothing to tell apart"),
        ({"speeds": 0}, "speeds must be at least 1"),
        ({"frames": 6}, "at least 7 frames, not 6"),
        ({"frames": 1, "transformations": ("speed", "warp")}, "at least 2, not 1"),
    ],
)
def test_transformations_that_cannot_be_told_apart_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        TemporalTransformations(**settings)


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        (ClipOrder, {"clips": 1}, "clips must be 2 to 5"),
        (ClipOrder, {"clips": 6}, "clips must be 2 to 5"),
        (ClipOrder, {"gap": -1}, "gap must be 0 or more"),
        (ClipShuffle, {"frames": 2}, "at least 3"),
        (Rotation, {"frames": 0}, "at least 1"),
        (ActionLabels, {"kappa": -1}, "kappa must be 0 or more"),
    ],
)
def test_settings_that_make_no_sense_are_told(kind, settings, message):
    with pytest.raises(InputError, match=message):
        kind(**settings)


def test_three_clips_have_six_orders():
    assert ClipOrder().heads() == {"order": 6} and ClipOrder().joined == 3
    assert ClipOrder(clips=4).heads() == {"order": 24}


@pytest.mark.parametrize("classes", [0, 1])
def test_labels_need_two_activities(classes):
    with pytest.raises(InputError, match=f"{classes} activities cannot be told apart"):
        ActionLabels().heads(classes)
    assert ActionLabels().heads(101) == {"activity": 101}


@pytest.mark.parametrize("name", CLIP_METHODS)
def test_every_method_has_a_paper_a_name_and_a_pretext(name):
    method = CLIP_METHODS[name]()
    assert method.paper and name_of(method) == name
    assert method.pretext in pretexts.PRETEXTS
    assert isinstance(method, pretexts.Pretext)
    assert type(method).__doc__


def test_methods_of_frames_and_of_clips_have_different_names():
    assert not METHODS.keys() & CLIP_METHODS.keys()
