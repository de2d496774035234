"""The command line from end to end, as a user types it, and what it says to bad input."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from inphase.cli import main
from inphase.data.rendered import make


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A folder with rendered videos and a short run trained on them."""
    folder = tmp_path_factory.mktemp("place")
    make(folder / "videos", videos=3, size=(64, 64), fps=8.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INPHASE_CACHE", str(folder / "cache"))
        call(patch, "train", folder / "videos", "--out", folder / "run", "--steps", 3, "--views", 1)
    return folder


@pytest.fixture(autouse=True)
def cache(place, monkeypatch):
    monkeypatch.setenv("INPHASE_CACHE", str(place / "cache"))


def call(monkeypatch, *words) -> None:
    monkeypatch.setattr(sys, "argv", ["inphase", *map(str, words)])
    main()


def refused(monkeypatch, capsys, *words, code: int = 1) -> str:
    """Run a command that must fail, and return the one sentence it says."""
    with pytest.raises(SystemExit) as stop:
        call(monkeypatch, *words)
    assert stop.value.code == code
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("inphase: ")]
    assert len(lines) == 1
    return lines[0]


def test_check_tells_what_is_there(place, monkeypatch, capsys):
    call(monkeypatch, "check", place / "videos")
    assert capsys.readouterr().out.startswith("3 videos")


def test_what_to_type_next_is_read_by_a_shell_as_meant(place, monkeypatch, capsys, tmp_path):
    (tmp_path / "my swings").symlink_to(place / "videos")
    call(monkeypatch, "check", tmp_path / "my swings")
    assert f"-> inphase train '{tmp_path}/my swings'" in capsys.readouterr().out


def test_check_writes_a_list_that_train_reads(place, monkeypatch, capsys, tmp_path):
    call(monkeypatch, "check", place / "videos", "--write", tmp_path / "videos.csv")
    call(monkeypatch, "check", tmp_path / "videos.csv", "--json")
    out = capsys.readouterr().out
    assert json.loads(out[out.index("{") :])["videos"]


def test_train_takes_a_method_with_its_settings_and_others_beside_it(place, monkeypatch, tmp_path):
    words = ("train", place / "videos", "--force", "lav", "--steps", 2, "--views", 1)
    call(monkeypatch, *words, "--alpha", 0.5, "--plus", "tcc:0.25", "--out", tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    assert (config["method"]["name"], config["method"]["alpha"]) == ("lav", 0.5)
    assert [(each["method"]["name"], each["weight"]) for each in config["plus"]] == [("tcc", 0.25)]
    entry = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[0])
    assert entry["loss"] == pytest.approx(entry["loss of lav"] + entry["loss of tcc"])


@pytest.mark.parametrize("encoder", ["convolutional", "carl"])
def test_train_takes_other_encoders(place, monkeypatch, tmp_path, encoder):
    words = ("train", place / "videos", "tcc", "--steps", 1, "--views", 0, "--batch", 2)
    call(monkeypatch, *words, "--frames", 2, "--encoder", encoder, "--out", tmp_path)
    call(monkeypatch, "embed", tmp_path, place / "videos" / "00.mp4", "--out", tmp_path / "z")
    assert len(list((tmp_path / "z").glob("*.npz"))) == 1


def test_supervised_training_finds_the_labels_beside_the_videos(place, monkeypatch, tmp_path):
    words = ("train", place / "videos", "supervised", "--steps", 2, "--views", 1)
    call(monkeypatch, *words, "--out", tmp_path)
    assert (tmp_path / "model.safetensors").is_file()


def test_labels_are_read_for_a_run_that_is_gone_on_with(place, monkeypatch, tmp_path):
    """Which method it has stands in the run alone, and need not be typed again."""
    given = {}
    monkeypatch.setattr("inphase.train.fit", lambda *_, **options: given.update(options))
    labels = place / "videos" / "phases.csv"
    words = ("train", place / "videos", "--out", tmp_path, "--resume", "--labels", labels)
    call(monkeypatch, *words)
    assert sorted(given["labels"]) == ["00", "01", "02"]


def test_one_model_for_each_activity(place, monkeypatch, tmp_path):
    names = sorted(path.name for path in (place / "videos").glob("*.mp4"))
    folder = place / "videos"
    rows = [f"{folder / name},{act}" for name, act in zip(names * 2, "aaabbb", strict=True)]
    (tmp_path / "list.csv").write_text("\n".join(["video,activity", *rows]))
    words = ("train", tmp_path / "list.csv", "--per-activity", "--steps", 2, "--views", 1)
    call(monkeypatch, *words, "--out", tmp_path / "runs")
    assert all((tmp_path / "runs" / each / "model.safetensors").is_file() for each in "ab")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("nonsense",), "there is no method 'nonsense': use one of scl"),
        (("--plus", "nonsense"), "there is no method 'nonsense'"),
        (("--plus", "tcc:much"), "METHOD:WEIGHT, not 'tcc:much'"),
        (("--per-activity",), "which activity"),
        (("lav", "--gamma", "0"), "gamma must be above 0"),
        (("lav", "--gamma", "nan"), "gamma must be above 0"),
        (("--per_activity", "lav", "--gamma", "0"), "gamma must be above 0"),
        (("--plus", "tcc:-1"), "the weight of tcc must be"),
        (("lav", "--labels", "phases.csv"), "lav learns nothing from --labels"),
        (("--encoder", "r3d-18", "--backbone", "vgg-m"), "leave out --backbone vgg-m"),
        (("--scene-noise", "-1"), "scene_noise must be 0 or more, not -1"),
    ],
)
def test_train_says_what_it_cannot_do(place, monkeypatch, capsys, tmp_path, words, told):
    given = ("train", place / "videos", *words, "--out", tmp_path)
    assert told in refused(monkeypatch, capsys, *given)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--width", 0), "width of a clip network must be at least 1, not 0"),
        (("--size", 0), "clips 0 pixels high and wide are too small"),
        (("--size", 8), "clips 8 pixels high and wide are too small"),
        (("--learning-rate", 0), "learning_rate must be above 0, not 0"),
        (("--batch", 0), "batch must be at least 1, not 0"),
        (("--epochs", 2, "--batch", 0), "batch must be at least 1, not 0"),
        (("--epochs", 0), "epochs must be at least 1, not 0"),
        (("--fold", 2), "has no fold 2, for it is no data set with several folds"),
        (("--frames", 6), "periodic clips have at least 7 frames, not 6"),
    ],
)
def test_train_of_clip_networks_says_what_it_cannot_do(
    place, monkeypatch, capsys, tmp_path, words, told
):
    given = ("train", place / "videos", "temporal-transformations", *words, "--device", "cpu")
    assert told in refused(monkeypatch, capsys, *given, "--out", tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_run_is_gone_on_with_by_its_own_method(place, monkeypatch, capsys, tmp_path):
    train = ("train", place / "videos")
    tiny = ("--width", 4, "--size", 16, "--device", "cpu")
    call(monkeypatch, *train, "rotation", "--out", tmp_path, "--epochs", 2, "--batch", 2, *tiny)
    # Three videos, seen twice, two a step.
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == 3
    for words, told in (
        (("--out", tmp_path), "the run is of rotation"),
        (("clip-order", "--out", place / "run"), "the run is of scl"),
    ):
        assert told in refused(monkeypatch, capsys, *train, *words, "--resume")
    assert "stands alone" in refused(monkeypatch, capsys, *train, "--plus", "rotation")


def test_of_several_processes_the_first_prints(place, monkeypatch, capsys, tmp_path):
    from inphase.console import done, say

    for rank, told in (("0", "one\ntwo\n"), ("1", "")):
        monkeypatch.setenv("RANK", rank)
        say("one", json=False)
        done("two", {}, json=False)
        assert capsys.readouterr().out == told


def test_embed_writes_values_and_times_once(place, monkeypatch, capsys, tmp_path):
    call(monkeypatch, "embed", place / "run", place / "videos", "--out", tmp_path)
    files = sorted(tmp_path.glob("*.npz"))
    assert [file.stem for file in files] == ["00", "01", "02"]
    with np.load(files[0]) as saved:
        assert saved["values"].shape == (len(saved["times"]), 128)
    before = [file.stat().st_mtime_ns for file in files]
    call(monkeypatch, "embed", place / "run", place / "videos", "--out", tmp_path)
    assert [file.stat().st_mtime_ns for file in files] == before


@pytest.mark.parametrize("reference", ["01", "videos/01.mp4"], ids=["by name", "by file"])
def test_align_writes_everything(place, monkeypatch, capsys, tmp_path, reference):
    reference = reference if reference == "01" else place / reference
    out = tmp_path / "aligned"
    call(monkeypatch, "align", place / "run", reference, place / "videos", "--out", out)
    assert capsys.readouterr().out.startswith("2 videos to line up with 01")
    written = {str(path.relative_to(out)) for path in out.rglob("*")}
    assert {"page.html", "aligned.mp4", "warp.csv", "similarity/00.png"} <= written
    assert refused(monkeypatch, capsys, "align", "imagenet", "01", place / "videos", "--out", out)


def test_align_takes_saved_embeddings(place, monkeypatch, capsys, tmp_path):
    call(monkeypatch, "embed", "random", place / "videos", "--out", tmp_path / "saved")
    capsys.readouterr()
    arguments = ("align", "random", "02", tmp_path / "saved", "--out", tmp_path / "a", "--json")
    call(monkeypatch, *arguments)
    assert json.loads(capsys.readouterr().out)["reference"] == "02"


def test_a_reference_from_elsewhere_is_put_in_front(place, monkeypatch, capsys, tmp_path):
    make(tmp_path / "other", videos=1, seed=9, size=(64, 64), fps=8.0)
    coach = tmp_path / "other" / "00.mp4"
    arguments = ("align", place / "run", coach, place / "videos", "--out", tmp_path / "a")
    call(monkeypatch, *arguments)
    assert capsys.readouterr().out.startswith("3 videos to line up with")


def test_evaluate_prints_a_table_and_writes_four_files(place, monkeypatch, capsys, tmp_path):
    out = tmp_path / "evaluation"
    words = ("evaluate", place / "run", place / "videos", "--metrics", "retrieval", "tau")
    call(monkeypatch, *words, "--out", out, "--draws", 50)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "3 of 3 videos with labels"
    assert any(line.startswith("clock, normalised") for line in lines)
    assert any(line.startswith("run: shuffled frames") for line in lines)
    assert lines[-1].startswith(f"wrote {out}") and "-> inphase align" in lines[-1]
    suffixes = ("json", "md", "csv", "tex")
    assert {path.name for path in out.iterdir()} == {f"evaluation.{suffix}" for suffix in suffixes}
    assert "--force" in refused(monkeypatch, capsys, *words, "--out", out)


def test_evaluate_compares_two_models_for_scripts(place, monkeypatch, capsys, tmp_path):
    words = ("evaluate", place / "run", "random", place / "videos", "--no-controls")
    call(monkeypatch, *words, "--metrics", "retrieval", "--out", tmp_path, "--json")
    result = json.loads(capsys.readouterr().out)
    assert result == json.loads((tmp_path / "evaluation.json").read_text())
    assert [row["name"] for row in result["rows"]][:2] == ["run", "random"]
    assert [each["metric"] for each in result["comparisons"]] == ["AP@5", "AP@10", "AP@15"]
    pairs = {(each["first"], each["second"]) for each in result["comparisons"]}
    assert pairs == {("run", "random")}


def test_methods_are_listed_with_their_papers(monkeypatch, capsys):
    call(monkeypatch, "methods")
    assert "scl" in capsys.readouterr().out


def test_a_run_in_the_way_is_not_replaced(place, monkeypatch, capsys):
    message = refused(monkeypatch, capsys, "train", place / "videos", "--out", place / "run")
    assert "--force" in message


def test_bad_input_gets_one_sentence(place, monkeypatch, capsys, tmp_path):
    empty, texts = tmp_path / "empty", tmp_path / "texts"
    empty.mkdir()
    texts.mkdir()
    (texts / "note.mp4").write_text("not a video")
    videos = place / "videos"
    assert "empty" in refused(monkeypatch, capsys, "train", empty)
    assert "nowhere" in refused(monkeypatch, capsys, "check", tmp_path / "nowhere")
    assert "note.mp4" in _all_of(monkeypatch, capsys, "train", texts)
    assert "at least 2 videos" in refused(monkeypatch, capsys, "train", videos / "00.mp4")
    assert "no model" in refused(monkeypatch, capsys, "embed", tmp_path / "no", videos)
    assert "there is no reference" in refused(
        monkeypatch, capsys, "align", "random", "ghost", videos, "--out", tmp_path / "x"
    )
    assert "no protocol 'cral'" in refused(
        monkeypatch, capsys, "evaluate", "random", videos, "--protocol", "cral"
    )
    assert "videos last" in refused(monkeypatch, capsys, "evaluate", videos, "random")
    assert "only 'random'" in refused(monkeypatch, capsys, "evaluate", "random")
    assert "no model nope" in refused(monkeypatch, capsys, "evaluate", "random", "nope", videos)
    assert "no labels" in refused(monkeypatch, capsys, "evaluate", "random", texts)
    assert "no labels file" in refused(
        monkeypatch, capsys, "evaluate", "random", videos, "--labels", tmp_path / "no.csv"
    )
    assert "no encoder" in refused(
        monkeypatch, capsys, "train", videos, "--encoder", "big", "--out", tmp_path / "y"
    )


def _all_of(monkeypatch, capsys, *words) -> str:
    with pytest.warns(UserWarning) as warned, pytest.raises(SystemExit):
        call(monkeypatch, *words)
    return str(warned[0].message) + capsys.readouterr().err


def test_a_mistyped_command_is_told_by_the_shell_too():
    run = subprocess.run(
        [sys.executable, "-m", "inphase.cli", "chek"], capture_output=True, text=True
    )
    assert run.returncode == 2 and run.stdout + run.stderr


def test_a_reader_that_has_seen_enough_is_no_error():
    script = "from inphase.cli import main; import sys; sys.argv = ['inphase', 'methods']; main()"
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([sys.executable, "-c", script], stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")
