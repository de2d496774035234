"""Whole tables on a miniature data set: trained, scored, beside the paper's numbers."""

import json
import math

import pytest

import inphase.train
from inphase.errors import InputError, Interrupted, TrainingError
from inphase.evaluation.reproduction import reproduce
from inphase.methods import METHODS, PCL, SCL
from inphase.runs import Run


@pytest.fixture
def runs(tmp_path):
    return tmp_path / "runs"


@pytest.fixture(scope="module", autouse=True)
def only_scl():
    """As if no other method were built, whichever are."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(METHODS):
            if name != "scl":
                patch.delitem(METHODS, name)
        yield


def table(name, runs, data, **settings):
    settings = {"steps": 2, "device": "cpu", "progress": False} | settings
    return reproduce(name, runs, data, **settings)


def row(result, *printed):
    (found,) = (each for each in result.rows if each.printed[: len(printed)] == printed)
    return found


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="module")
def carl_1(kept, penn):
    return table("carl-1", kept, penn, seeds=2)


def test_a_row_is_trained_for_each_seed_and_scored_in_the_units_of_the_table(carl_1, kept):
    filled = row(carl_1, "CARL-SS", "Joint")
    assert set(filled.found) == {"classification", "progression", "tau"}
    assert all(len(values) == 2 for values in filled.found.values())
    assert 50 < filled.found["classification"][0] <= 100
    assert -1 <= filled.found["tau"][0] <= 1
    folders = [kept / "penn_action" / "scl" / "all" / f"seed-{seed}" for seed in (0, 1)]
    assert filled.runs == [str(folder) for folder in folders]
    configs = [json.loads((folder / "config.json").read_text()) for folder in folders]
    assert [config["settings"]["seed"] for config in configs] == [0, 1]
    assert configs[0]["videos"] == ["0001", "0002", "0005", "0006"]
    assert configs[0]["method"]["variance"] == 10  # the paper's
    assert configs[0]["architecture"]["mixer"] == "transformer"


def test_rows_whose_method_is_not_built_say_so_and_keep_the_papers_numbers(carl_1):
    others = [each for each in carl_1.rows if each.printed[0] != "CARL-SS"]
    assert len(others) == 8
    assert {each.reason for each in others} == {"not built yet"}
    assert row(carl_1, "GTA", "Joint").printed[-1] == "0.748"


def test_the_printed_table_holds_both_numbers_the_clock_and_what_was_not_as_in_the_paper(carl_1):
    text, markdown = str(carl_1), carl_1.markdown()
    for shown in (text, markdown):
        assert "93.07" in shown and "not built yet" in shown and "clock, normalised" in shown
        assert "CARL's transformer on frozen features of efficientnet-lite0" in shown
        assert "4 train and 4 val videos of 2 of the 13 activities" in shown
        assert "smaller version: 2 steps" in shown and "2 seeds" in shown
    widths = {line.count("|") for line in markdown.splitlines() if line.startswith("|")}
    assert widths == {8}


def test_it_is_saved_as_markdown_and_json(carl_1, tmp_path):
    markdown, facts = carl_1.save(tmp_path / "out")
    assert markdown.read_text() == carl_1.markdown()
    result = json.loads(facts.read_text())
    assert result["table"] == "carl-1"
    assert result["facts"]["protocols"]["Penn Action"]["classifier"] == "logistic"
    assert result["rows"][4]["found"]["tau"] == row(carl_1, "CARL-SS").found["tau"]


def test_finished_runs_are_used_again_by_every_table(carl_1, kept, penn, monkeypatch):
    monkeypatch.setattr(inphase.train, "fit", None)
    again = row(table("carl-3", kept, penn, seeds=2), "CARL-SS")
    assert again.runs == row(carl_1, "CARL-SS").runs
    assert set(again.found) == {"one_shot_classification", "rand_index"}
    assert max(again.found["rand_index"]) <= 1 < min(again.found["one_shot_classification"])


def test_a_run_of_other_settings_in_the_way_is_told_before_anything_is_trained(carl_1, kept, penn):
    with pytest.raises(InputError, match=r"seed-0 holds a run with other settings: .*--steps"):
        table("carl-1", kept, penn, steps=3)


def test_an_interrupted_run_says_how_to_go_on_and_goes_on(runs, penn, monkeypatch):
    fit, calls = inphase.train.fit, []

    def interrupted(*arguments, **settings):
        Run(settings["out"]).begin({}, [], force=True)
        raise Interrupted("stopped after 1 of 2 steps; go on with: --out RUN --resume")

    def spy(*arguments, **settings):
        calls.append(settings["resume"])
        return fit(*arguments, **{**settings, "resume": False, "force": True})

    monkeypatch.setattr(inphase.train, "fit", interrupted)
    with pytest.raises(Interrupted, match="kept: run the same command to go on"):
        table("carl-1", runs, penn)
    monkeypatch.setattr(inphase.train, "fit", spy)
    assert row(table("carl-1", runs, penn), "CARL-SS").found
    assert calls == [True]


def test_one_model_per_activity_where_the_paper_has_it(runs, penn, monkeypatch):
    monkeypatch.setitem(METHODS, "tcn", SCL)
    result = table("lav-6", runs, penn)
    filled = row(result, "TCN")
    assert [path.rpartition("/tcn/")[2] for path in filled.runs] == ["bowl/seed-0", "pushup/seed-0"]
    config = json.loads((runs / "penn_action/tcn/pushup/seed-0/config.json").read_text())
    assert config["videos"] == ["0005", "0006"]
    assert math.isfinite(filled.found["classification"][0])


def test_a_row_of_one_activity_is_scored_on_it_alone(runs, penn, monkeypatch):
    monkeypatch.setitem(METHODS, "lrprop", SCL)
    result = table("lrprop-4", runs, penn)
    assert row(result, "LRProp", "bowl").found["tau [%]"][0] > 1  # percent
    assert row(result, "LRProp", "squat").reason == "no data of this activity"
    assert [path.split("/")[-2] for path in row(result, "LRProp", "pushup").runs] == ["pushup"]


def test_a_model_with_a_class_token_is_used_again_too(runs, penn, monkeypatch):
    monkeypatch.setitem(METHODS, "pcl", PCL)
    first = row(table("carl-1", runs, penn), "CARL-WS")
    config = json.loads((runs / "penn_action/pcl/all/seed-0/config.json").read_text())
    assert config["architecture"]["class_token"]
    assert row(table("carl-1", runs, penn), "CARL-WS").found == first.found


@pytest.mark.slow
def test_networks_from_scratch_learn_from_pixels(runs, penn, monkeypatch, tmp_path):
    monkeypatch.setenv("INPHASE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setitem(METHODS, "tcn", SCL)
    result = table("lav-10", runs, penn, steps=1)
    assert "Encoder here: VGG-M from scratch" in str(result)
    assert math.isfinite(row(result, "TCN").found["classification"][0])
    config = json.loads((runs / "penn_action/tcn-vgg-m/all/seed-0/config.json").read_text())
    assert config["frame_features"]["backbone"] == "vgg-m"
    assert config["architecture"]["kind"] == "convolutional" and config["finetune"]
    monkeypatch.setattr(inphase.train, "fit", None)
    assert row(table("lav-10", runs, penn, steps=1), "TCN").found  # is used again


def test_models_without_training_need_no_run_and_absent_data_sets_are_named(runs, penn):
    result = table("lav-2", runs, penn.parent, seeds=3)  # the folder that holds the data set's
    filled = row(result, "Imagenet Features", "Penn Action")
    assert filled.runs == ["imagenet", "imagenet"]  # of two activities; seeds change nothing
    assert len(filled.found["classification@0.5"]) == 1
    assert row(result, "Imagenet Features", "Pouring").reason == "no data, see below"
    assert "Pouring; published at https://storage.googleapis.com/tcc-pouring/" in str(result)
    assert not runs.exists()


def test_training_that_fails_is_said_in_its_row(runs, penn, monkeypatch):
    def fails(*arguments, **settings):
        raise TrainingError("all frames have the same embedding")

    monkeypatch.setattr(inphase.train, "fit", fails)
    result = table("carl-1", runs, penn)
    assert row(result, "CARL-SS").reason == "failed, see below"
    assert "CARL-SS, Joint, None on Penn Action: all frames have the same embedding" in result.notes


def test_what_is_to_be_done_is_told_first(runs, penn):
    said = []
    table("carl-1", runs, penn, seeds=2, tell=said.append)
    assert said == [
        "1 of 9 rows can be filled; 2 runs to train, 4 steps in all",
        "CARL-SS, Joint, None on Penn Action",
    ]


def test_without_the_data_it_says_what_is_missing_and_where_it_is_published(runs, tmp_path, penn):
    with pytest.raises(InputError, match="Penn Action; published at .*PennAction"):
        table("carl-1", runs, tmp_path)
    bare = tmp_path / "Penn_Action"
    (bare / "frames").mkdir(parents=True)
    with pytest.raises(InputError, match="penn_action_labels .*published at"):
        table("carl-1", runs, bare)
    with pytest.raises(InputError, match="no folder"):
        table("carl-1", runs, tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("carl-99", {}, "no table 'carl-99'"),
        ("temporal-transformations-2", {}, "by --table: its networks see whole clips.*motion.py"),
        ("carl-1", {"seeds": 0}, "seeds must be at least 1"),
        ("carl-1", {"steps": 0}, "steps must be at least 1"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(name, settings, message, runs, penn):
    with pytest.raises(InputError, match=message):
        table(name, runs, penn, **settings)
