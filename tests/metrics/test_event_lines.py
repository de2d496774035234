"""Lines to key events: least squares and their fit, against scikit-learn's."""

import numpy as np
import pytest

from inphase.metrics.event_lines import EventLines, mean_r2, moments


def frames(count, *, dims=5, spread=1.0, events=3, seed=0):
    random = np.random.default_rng(seed)
    x = random.normal(3, 1, (count, dims)) * np.geomspace(1, spread, dims)
    return x, x @ random.normal(size=(dims, events)) / spread + random.normal(size=(count, events))


@pytest.mark.parametrize(
    ("count", "dims", "spread"), [(60, 5, 1), (60, 5, 3e-3), (60, 5, 1e-6), (8, 20, 1)]
)
def test_lines_and_fit_are_those_of_scikit_learn(count, dims, spread):
    """Well and ill conditioned, and with fewer frames than dimensions."""
    linear_model = pytest.importorskip("sklearn.linear_model")
    r2_score = pytest.importorskip("sklearn.metrics").r2_score
    x, y = frames(count, dims=dims, spread=spread)
    held_out, truth = frames(40, dims=dims, spread=spread, seed=1)
    expected = linear_model.LinearRegression().fit(x, y).predict(held_out)
    found = EventLines(x, y).times(held_out)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)
    score = mean_r2(moments(truth - found, truth)[None])[0]
    assert score == pytest.approx(r2_score(truth, expected), rel=1e-9)


def test_a_line_is_fitted_to_the_frames_at_which_its_event_is_known():
    x, y = frames(60)
    y[:20, 1] = np.nan
    y[:, 2] = np.nan
    found = EventLines(x, y).times(x)
    assert (found[:, 0] == EventLines(x, y[:, :1]).times(x)[:, 0]).all()
    assert found[:, 1] == pytest.approx(EventLines(x[20:], y[20:, 1:2]).times(x)[:, 0])
    assert np.isnan(found[:, 2]).all()


def test_moments_add_up_over_videos_and_leave_out_what_is_not_known():
    _, times = frames(30)
    error = times / 2
    error[:7, 1] = np.nan
    parts = moments(error[:10], times[:10]) + moments(error[10:], times[10:])
    assert parts == pytest.approx(moments(error, times))
    assert parts[0].tolist() == [30, 23, 30]


def test_events_of_one_value_have_no_say():
    times = np.stack([np.arange(6.0), np.ones(6)], axis=1)
    error = np.stack([np.zeros(6), np.ones(6)], axis=1)
    assert mean_r2(moments(error, times)[None]).tolist() == [1.0]
    assert np.isnan(mean_r2(moments(error, times)[None, :, 1:])[0])
