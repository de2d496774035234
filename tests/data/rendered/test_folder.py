import csv
from pathlib import Path

import numpy as np
import pytest

from inphase.data.rendered import load_truth, make, plan, render
from inphase.data.video import Video
from inphase.errors import InputError
from inphase.metrics.alignment_error import alignment_error
from inphase.warping.dtw import dtw


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("rendered")
    make(made, videos=3, size=(64, 64))
    return made


def test_files_have_the_frames_and_times_of_the_truth(folder: Path):
    truths = load_truth(folder)
    assert list(truths) == ["00", "01", "02"]
    for name, truth in truths.items():
        np.testing.assert_allclose(Video(folder / f"{name}.mp4").times, truth.times, atol=1e-6)


def test_files_show_what_was_rendered(folder: Path):
    frames, truth = render(plan(seed=1, size=(64, 64)))
    np.testing.assert_array_equal(load_truth(folder)["01"].phase_time, truth.phase_time)
    read = Video(folder / "01.mp4").frames()
    assert np.abs(read.astype(float) - frames).mean() < 12


def test_segments_are_written_in_seconds(folder: Path):
    with (folder / "phases.csv").open() as file:
        rows = list(csv.DictReader(file))
    for name, truth in load_truth(folder).items():
        mine = [row for row in rows if row["video"] == name]
        assert [row["label"] for row in mine] == list(truth.phases)
        np.testing.assert_allclose(
            [float(row["start"]) for row in mine],
            [start for start, _, _ in truth.segments()],
            atol=1e-6,
        )


def test_what_is_there_is_not_made_again_and_never_overwritten(folder: Path):
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert len(make(folder, videos=3, size=(64, 64))) == 3
    with pytest.raises(InputError, match="give another folder"):
        make(folder, videos=2, size=(64, 64))
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_a_run_that_was_cut_short_is_taken_up(tmp_path: Path):
    settings = {"videos": 2, "size": (32, 32), "difficulty": 0.0}
    paths = make(tmp_path, **settings)
    whole = paths[1].read_bytes()
    paths[1].unlink()
    (tmp_path / "truth.npz").unlink()
    make(tmp_path, **settings)
    assert paths[1].read_bytes() == whole
    assert len(load_truth(tmp_path)) == 2


def test_a_folder_of_something_else_has_no_truth(tmp_path: Path):
    with pytest.raises(InputError, match="rendered videos"):
        load_truth(tmp_path)


def test_the_clock_is_lost_on_the_default_difficulty():
    truths = [plan(seed=seed).truth for seed in range(8)]
    clock, oracle = [], []
    for a in truths:
        for b in truths:
            if a is b:
                continue
            for errors, x, y in [
                (clock, a.times / a.times[-1], b.times / b.times[-1]),
                (oracle, a.phase_time, b.phase_time),
            ]:
                path = dtw(np.abs(x[:, None] - y)).path
                errors.append(alignment_error(path, a.phase_time, b.phase_time).mean_frames)
    assert np.mean(clock) > 6
    assert np.mean(oracle) < 0.5
