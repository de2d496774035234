"""The protocols give the known numbers of the clock, so that results stay comparable."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="module")
def protocols():
    path = Path(__file__).parents[2] / "benchmarks" / "protocols.py"
    spec = importlib.util.spec_from_file_location("protocols", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        # A dataclass looks its module up by name.
        patch.setitem(sys.modules, "protocols", module)
        spec.loader.exec_module(module)
        yield module


def test_the_clock_on_golf(protocols, real_data):
    segments = protocols.golf_segments(real_data)
    videos = [protocols.Video(real_data / "golf" / f"{name}.mp4", name=name) for name in segments]
    scores = protocols.score_golf(protocols.clock(videos), segments, unit_norm=False)
    assert scores["tau"] == pytest.approx(0.999, abs=1e-3)
    assert scores["DTW accuracy"] == pytest.approx(0.40, abs=0.01)
    assert scores["one-shot"] == pytest.approx(0.40, abs=0.01)
    assert scores["AP@5"] == pytest.approx(0.42, abs=0.01)


def test_every_golf_frame_has_a_label(protocols, real_data):
    for name, segments in protocols.golf_segments(real_data).items():
        times = protocols.Video(real_data / "golf" / f"{name}.mp4").times
        labels = protocols.golf_labels(times, segments)
        assert labels.min() >= 0
        assert (labels[1:] >= labels[:-1]).all()


@pytest.mark.slow
def test_the_clock_on_pushups(protocols, real_data):
    expected = {0: (0.896, 0.898, 0.055), 0.3: (0.813, 0.817, 0.103)}
    for cut, (accuracy, nearest, error) in expected.items():
        pairs = protocols.pushup_pairs(real_data, cut=cut)
        videos = [one.video(real_data) for one in protocols.excerpts(pairs)]
        scores = protocols.score_pushups(protocols.clock(videos), pairs, unit_norm=False)
        assert scores["DTW accuracy"] == pytest.approx(accuracy, abs=2e-3)
        assert scores["nearest frame"] == pytest.approx(nearest, abs=2e-3)
        assert scores["progress error"] == pytest.approx(error, abs=2e-3)


def test_the_same_repetitions_are_cut_or_whole_and_cuts_leave_40_percent(protocols, real_data):
    whole = protocols.pushup_pairs(real_data)
    cut = protocols.pushup_pairs(real_data, cut=0.3)
    assert len(whole) == len(cut) == 250
    for one, other in zip(whole, cut, strict=True):
        assert [each.repetition.split for each in one] == ["test", "train"]
        for entire, part in zip(one, other, strict=True):
            assert entire.repetition == part.repetition
            assert entire.start <= part.start
            assert part.end <= entire.end
            assert part.end - part.start >= 0.4 * (entire.end - entire.start) - 1e-9


def test_progress_runs_from_top_to_bottom_and_back(protocols):
    repetition = protocols.Repetition("a#0", "a", start=1.0, bottom=2.0, end=4.0, split="test")
    times = np.array([1.0, 1.5, 2.0, 3.0, 4.0])
    assert repetition.progress(times).tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert repetition.labels(times).tolist() == [0, 0, 1, 1, 1]
