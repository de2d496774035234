"""`inphase evaluate RUNS DATA --table ID`, as it is typed."""

import json

import pytest

from inphase.cli import main


def call(monkeypatch, *words):
    monkeypatch.setattr("sys.argv", ["inphase", "evaluate", *map(str, words)])
    main()


def refused(monkeypatch, capsys, *words) -> str:
    with pytest.raises(SystemExit):
        call(monkeypatch, *words)
    return capsys.readouterr().err


def test_a_table_is_filled_and_written_beside_the_runs(monkeypatch, capsys, tmp_path, penn):
    words = (tmp_path, penn, "--table", "carl-15", "--steps", 1, "--device", "cpu")
    call(monkeypatch, *words, "--json")
    printed = capsys.readouterr()
    assert json.loads(printed.out) == json.loads((tmp_path / "carl-15.json").read_text())
    for said in (
        "2 of 4 rows can be filled; 2 runs to train, 2 steps in all",
        "carl-15: CARL",
        "needs Kinetics-400",
    ):
        assert said in printed.err
    assert "needs Kinetics-400" in (tmp_path / "carl-15.md").read_text()


def test_what_does_not_go_together_is_said_in_a_sentence(monkeypatch, capsys, tmp_path, penn):
    said = refused(monkeypatch, capsys, tmp_path, "--table", "carl-1")
    assert "give the folder of the runs and that of the data set" in said
    said = refused(monkeypatch, capsys, tmp_path, penn, "--table", "carl-1", "--stride", 2)
    assert "are the paper's" in said
    said = refused(monkeypatch, capsys, tmp_path, penn, "--table", "carl-1", "--protocol", "lav")
    assert "are the paper's" in said
    assert "add --table" in refused(monkeypatch, capsys, "imagenet", penn, "--steps", 2)
    assert "no table 'carl'" in refused(monkeypatch, capsys, tmp_path, penn, "--table", "carl")
    assert "published at" in refused(monkeypatch, capsys, tmp_path, tmp_path, "--table", "lav-8")
