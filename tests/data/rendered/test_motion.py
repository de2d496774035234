import numpy as np
import pytest

from inphase.data.rendered.motion import Track


def test_a_track_passes_through_its_keyframes_and_is_held_outside():
    track = Track.through({0: (0, 1), 1: (2, 0), 3: (1, 5)})
    for time, value in [(-1, (0, 1)), (0, (0, 1)), (1, (2, 0)), (3, (1, 5)), (9, (1, 5))]:
        np.testing.assert_allclose(track.at(time), value)


def test_a_track_never_overshoots():
    track = Track.through({0: 0, 1: 0, 1.1: 1, 2: 1, 3: 0.5})
    values = np.array([track.at(t)[0] for t in np.linspace(0, 3, 301)])
    assert values.min() >= -1e-12 and values.max() <= 1 + 1e-12
    np.testing.assert_allclose(values[:100], 0)


def test_inner_pieces_are_those_of_scipy():
    interpolate = pytest.importorskip("scipy.interpolate")
    keys = {0.0: 0.0, 1.0: 1.0, 1.5: 3.0, 3.0: 3.5, 4.0: 2.0, 5.0: 2.5}
    scipys = interpolate.PchipInterpolator(list(keys), list(keys.values()))
    track = Track.through(keys)
    for time in np.linspace(1, 4, 31):
        assert track.at(float(time))[0] == pytest.approx(float(scipys(time)))
