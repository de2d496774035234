"""Every printed row is either something inphase can be asked for, or says why it is not."""

from dataclasses import replace

import pytest

from inphase.data.datasets import finegym, penn_action
from inphase.encoders.architecture import CARL, Blocks, Convolutional
from inphase.errors import InputError
from inphase.evaluation.published.data import SOURCES
from inphase.evaluation.published.models import (
    TRAINING,
    UNTRAINED,
    NotBuilt,
    method_of,
    training_of,
)
from inphase.evaluation.published.paper_tables import paper_table, published
from inphase.evaluation.published.plans import Ask, ask_of, data_of, plan_of
from inphase.methods import METHODS, SCL

NOT = {f"temporal-transformations-{number}" for number in range(1, 5)}
METHOD_NAMES = {
    "scl", "pcl", "lav", "lrprop", "vava", "tcc", "gta", "tcn", "shuffle-and-learn", "simclr",
    "supervised",
}  # fmt: skip


Rows = dict[tuple[str, ...], Ask]
Reasons = dict[tuple[str, ...], str]


def read(name: str) -> tuple[Rows, Reasons]:
    """By what comes before its numbers, what each row asks for; and why others cannot be."""
    table = paper_table(name)
    rows, reasons = {}, {}
    for cells in table.rows:
        key = cells[: len(cells) - len(table.metrics)]
        try:
            rows[key] = ask_of(table, table.named(cells))
        except NotBuilt as reason:
            reasons[key] = str(reason)
    return rows, reasons


def asks(name: str) -> Rows:
    return read(name)[0]


@pytest.mark.parametrize("name", sorted(set(published()) - NOT))
def test_every_row_has_its_data_and_either_a_model_or_a_short_reason(name):
    table = paper_table(name)
    assert plan_of(table).encoder
    for cells in table.rows:
        assert data_of(table, table.named(cells)) in SOURCES
    rows, reasons = read(name)
    assert rows
    assert {each.model.method for each in rows.values()} <= METHOD_NAMES | set(UNTRAINED)
    assert all(0 < len(reason) < 60 for reason in reasons.values())


@pytest.mark.parametrize("name", sorted(NOT))
def test_other_tables_say_in_a_sentence_why_they_cannot_be_reproduced(name):
    with pytest.raises(InputError, match=f"{name} cannot be reproduced by --table: "):
        plan_of(paper_table(name))


def test_one_model_for_all_activities_or_one_each_as_the_table_says():
    rows = asks("carl-1")
    assert {key[1]: each.joint for key, each in rows.items()} == {
        "Per-action": False,
        "Joint": True,
    }
    assert {key[0]: each.joint for key, each in asks("carl-2").items()} == {
        "TCN": False, "TCC": False, "LAV": False, "CARL-SS": True, "CARL-WS": True,
    }  # fmt: skip
    assert not any(each.joint for each in asks("lrprop-4").values())
    assert asks("lrprop-4")["LRProp", "tennis forhand"].activity == "tennis forhand"


def test_settings_that_a_row_changes_are_changed_and_no_others():
    rows = asks("carl-11")
    assert rows["CARL-SS", "0.1", "10"].model.label == "scl"  # shares the run of carl-1
    warm = rows["CARL-SS", "1.0", "10"].model
    assert warm.label == "scl-temperature-1.0-variance-10.0"
    method, lacking = method_of(warm, "penn_action")
    assert method == SCL(frames=80, temperature=1.0, variance=10.0)
    assert lacking == []
    assert asks("carl-8")["CARL-SS", "1"].model.architecture == replace(CARL, layers=1)
    assert asks("carl-8")["CARL-SS", "3"].model.architecture == CARL
    assert read("carl-8")[1]["CARL-SS", ""] == "number of layers not legible"
    assert asks("carl-9")["CARL-SS", "Block5"].model.finetune
    simclr = asks("carl-7")["CARL-SS", "FVE", "SimCLR"].model
    assert (simclr.method, simclr.label) == ("simclr", "simclr")
    frame_wise = asks("carl-7")["CARL-SS", "ResNet50", "SCL"].model
    assert frame_wise.architecture == replace(CARL, layers=0, position="none")


def test_tables_of_single_losses_switch_the_others_off():
    assert asks("lav-1")["S-DTW", "Individual"].model.options == {"regulariser": "none"}
    assert asks("lav-1")["S-DTW + C-IDM", "Combined"].model.label == "lav"
    assert asks("lav-3")["LAV + TCC", "Pouring"].model.label == "lav+tcc"
    switched = asks("lrprop-3")["LRProp", "same + sdtw"].model
    assert switched.label == "lrprop-propagation_weight-0.0"
    assert asks("vava-6")["VAVA", "lambda2", "1.0"].model.options == {"prior_weight": 1.0}
    assert asks("vava-6")["VAVA", "lambda2", "0.1"].model.label == "vava"
    assert asks("vava-7b")["VAVA", "0.7^2"].model.options == {"variance": 0.49}
    assert asks("vava-7b")["VAVA", "Learned"].model.options == {"learn_variance": True}
    assert method_of(asks("vava-7b")["VAVA", "Learned"].model, "coin")[0].learnt == ("variance",)
    assert asks("vava-7c")["VAVA", "Beta"].model.options == {"prior": "beta"}


def test_networks_from_scratch_are_the_papers_own():
    scratch = asks("lav-10")["TCC",]
    assert (scratch.joint, scratch.model.backbone, scratch.model.finetune) == (True, "vgg-m", True)
    assert scratch.model.architecture == Convolutional(context=2, stride=15)
    assert scratch.model.label == "tcc-vgg-m"
    rows = asks("vava-2")
    assert rows["TCC", "Penn Action"] == scratch  # shares its run
    assert not rows["VAVA", "COIN"].joint
    assert rows["LAV", "IKEA ASM, background"].model.architecture == Convolutional(2, 8)
    blocks = asks("vava-7a")["VAVA", "R3D-18"].model
    assert (blocks.architecture, blocks.backbone) == (Blocks(context=5), "pixels")


def test_lrprop_has_the_settings_of_each_activity():
    pytest.importorskip("inphase.losses.lrprop")
    model = asks("lrprop-4")["LRProp", "tennis serve"].model
    method, lacking = method_of(model, "penn_action", "tennis_serve")
    assert (method.frames, getattr(method, "soft_dtw_weight", None)) == (40, 0.003)
    assert lacking == []
    assert method_of(model, "pouring")[0].frames == 240


def test_a_setting_that_cannot_be_says_why():
    table = paper_table("carl-13")
    asked = ask_of(table, table.named(table.rows[0]))
    with pytest.raises(NotBuilt, match="cannot be set so: alpha must be "):
        method_of(asked.model, "finegym99")


def test_a_method_or_a_setting_that_is_not_built_says_so(monkeypatch):
    monkeypatch.setitem(METHODS, "pcl", SCL)
    table = paper_table("carl-12")
    changed = ask_of(table, table.named(table.rows[1])).model
    with pytest.raises(NotBuilt, match="^not built yet: pcl has no setting positive$"):
        method_of(changed, "penn_action")
    monkeypatch.delitem(METHODS, "pcl")
    with pytest.raises(NotBuilt, match="^not built yet$"):
        method_of(changed, "penn_action")


def test_training_is_the_papers():
    carl = asks("carl-1")["CARL-SS", "Joint", "None"].model
    assert training_of(carl).steps_for(1140) == 300 * 285  # 300 epochs of 4 videos
    assert method_of(carl, "penn_action")[0] == SCL(frames=80, variance=10.0)
    assert method_of(carl, "pouring")[0].frames == 240
    tcc = asks("carl-10")["TCC†",].model
    assert tcc.label == "tcc-as-carl"
    assert training_of(tcc).steps_for(1140) == 300 * 285
    assert "variance" not in training_of(tcc).options("penn_action")
    assert set(TRAINING) == METHOD_NAMES


def test_lav_leaves_two_actions_out_and_finegym_takes_the_last_stage():
    actions = SOURCES["Penn Action, 11 actions"].options["actions"]
    assert set(penn_action.ACTIONS) - set(actions) == {"baseball_swing", "tennis_forehand"}
    assert SOURCES["Penn Action, 11 actions"].activities == len(actions)
    assert SOURCES["FineGym99"].options == {"classes": 99, "stages": "last"}
    assert SOURCES["FineGym99"].activities == len(finegym.EVENTS)
