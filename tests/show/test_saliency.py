import numpy as np
import pytest
from PIL import Image

from inphase.errors import InputError
from inphase.show.saliency import plot_saliency, save_saliency


@pytest.fixture
def frames():
    return np.random.default_rng(0).integers(0, 256, (16, 8, 12, 3)).astype(np.uint8)


@pytest.fixture
def values():
    return np.random.default_rng(1).random((16, 8, 12))


def test_frames_are_above_and_what_matters_in_them_below(frames, values):
    figure = plot_saliency(frames, {"ours": values, "labels": values**2}, columns=4)
    pictures = [np.asarray(axes.images[0].get_array()) for axes in figure.axes]
    assert len(pictures) == 3 * 4
    for column, place in enumerate((0, 5, 10, 15)):
        np.testing.assert_array_equal(pictures[column], frames[place])
        np.testing.assert_array_equal(pictures[4 + column], values[place])
        np.testing.assert_array_equal(pictures[8 + column], values[place] ** 2)
        assert figure.axes[column].get_title() == str(place)
    assert [figure.axes[k].get_ylabel() for k in (0, 4, 8)] == ["clip", "ours", "labels"]


def test_every_row_has_its_own_scale_and_a_few_outliers_do_not_matter(frames, values):
    values[3, 2, 2] = 1e6
    figure = plot_saliency(frames, {"ours": values, "faint": values / 1000}, columns=2)
    scales = [axes.images[0].get_clim() for axes in figure.axes[2:]]
    assert scales[0] == scales[1] and 0.9 < scales[0][1] < 1.1
    np.testing.assert_allclose(scales[2], np.divide(scales[0], 1000))


def test_all_frames_are_drawn_if_there_are_no_more(frames, values):
    figure = plot_saliency(frames[:3], {"ours": values[:3] * 0})
    assert len(figure.axes) == 2 * 3


@pytest.mark.parametrize("suffix", [".png", ".pdf"])
def test_it_is_written_to_a_file(tmp_path, frames, values, suffix: str):
    path = save_saliency(frames, {"ours": values}, tmp_path / f"saliency{suffix}")
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    if suffix == ".png":
        with Image.open(path) as picture:
            assert picture.width > 2 * picture.height


def test_what_cannot_be_drawn_is_refused(tmp_path, frames, values):
    with pytest.raises(InputError, match="'ours' is of shape"):
        plot_saliency(frames[1:], {"ours": values})
    with pytest.raises(InputError, match="a frame, a row and a column"):
        plot_saliency(frames, {})
    with pytest.raises(InputError, match="a frame, a row and a column"):
        plot_saliency(frames, {"ours": values}, columns=0)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError):
        save_saliency(frames, {"ours": values}, tmp_path / "file" / "saliency.png")


def test_long_names_are_broken_to_stay_beside_their_row():
    frames = np.zeros((4, 16, 16, 3), np.uint8)
    name = "temporal transformations of many videos"
    figure = plot_saliency(frames, {name: np.ones((4, 16, 16))})
    lines = figure.axes[4].get_ylabel().split("\n")
    assert " ".join(lines) == name and max(map(len, lines)) <= 16
