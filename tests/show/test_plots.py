import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from inphase.errors import InputError
from inphase.show.plots import nearest, plot_similarity, save_similarity, similarity_picture, span


@pytest.fixture
def pair(numbered, matched):
    reference, other = numbered("coach", 6, rate=10), numbered("athlete", 12, rate=20)
    return reference, other, matched(reference, other, np.arange(12).reshape(6, 2))


def test_the_path_is_drawn_in_seconds(pair):
    reference, other, alignment = pair
    figure = plot_similarity(alignment)
    (axes,) = figure.axes
    line = axes.lines[-1]
    np.testing.assert_allclose(
        np.asarray(line.get_xdata()), np.repeat(np.arange(6), 2) / 10, atol=1e-6
    )
    np.testing.assert_allclose(np.asarray(line.get_ydata()), np.arange(12) / 20, atol=1e-6)
    assert axes.get_xlabel() == "coach (s)" and axes.get_ylabel() == "athlete (s)"
    left, right, bottom, top = axes.images[0].get_extent()
    np.testing.assert_allclose((left, right, bottom, top), (-0.05, 0.55, 0.575, -0.025))


def test_filmstrips_show_the_frames_of_their_place(pair, read_number):
    reference, other, alignment = pair
    figure = plot_similarity(alignment, reference, other)
    _, top, left = figure.axes
    strip = np.asarray(top.images[0].get_array())
    count = strip.shape[1] // 96
    shown = [read_number(strip[:, i * 96 : (i + 1) * 96]) for i in range(count)]
    middles = -0.05 + (np.arange(count) + 0.5) / count * 0.6
    assert shown == reference.index_at(middles).tolist() and len(set(shown)) > 3
    strip = np.asarray(left.images[0].get_array())
    count = strip.shape[0] // 64
    shown = [read_number(strip[i * 64 : (i + 1) * 64]) for i in range(count)]
    middles = -0.025 + (np.arange(count) + 0.5) / count * 0.6
    assert shown == other.index_at(middles).tolist() and len(set(shown)) > 3


def test_the_picture_has_the_reference_across_and_the_other_down(pair):
    _, _, alignment = pair
    alignment.similarity[:] = 0
    alignment.similarity[1, 10] = 1
    picture = similarity_picture(alignment, 100).astype(int).sum(axis=2)
    assert picture.shape == (12, 6)
    assert np.unravel_index(picture.argmax(), picture.shape) == (10, 1)


def test_pixels_are_constant_in_seconds_when_frames_are_not(numbered, matched):
    times = np.array([0, 0.1, 0.2, 0.3, 0.4, 0.8, 0.9, 1.0])
    reference = numbered("uneven", 8, times=times)
    alignment = matched(reference, reference, np.arange(8))
    alignment.similarity[:] = 0
    alignment.similarity[:4] = 1
    picture = similarity_picture(alignment, 8)[0].astype(int).sum(axis=1)
    # The first four frames take .35 of 1.1 seconds: three of eight pixels, not half.
    assert (picture > picture.mean()).tolist() == [True] * 3 + [False] * 5


def test_nearest_and_span_of_a_single_frame():
    one = np.array([2.0])
    assert nearest(one, np.array([0.0, 5.0])).tolist() == [0, 0]
    assert span(one) == (1.5, 2.5)


def test_the_saved_file_is_a_picture_and_no_window_system_is_touched(pair, tmp_path):
    reference, other, alignment = pair
    path = save_similarity(alignment, tmp_path / "similarity.png", reference, other)
    with Image.open(path) as image:
        assert min(image.size) > 500
    assert list(tmp_path.iterdir()) == [path]
    loaded = "import sys, inphase.show.plots; print('matplotlib.pyplot' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr


def test_a_folder_that_cannot_be_made_is_said_in_a_sentence(pair, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="similarity.png cannot be written"):
        save_similarity(pair[2], tmp_path / "file" / "similarity.png")
