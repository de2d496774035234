"""The picture of the temporal transformations: its frames, its labels, its file."""

import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from inphase.data.video import Video
from inphase.errors import InputError
from inphase.show.transformations import choose_rows, draw_rows, plot_transformations
from inphase.views.retime import periodic, random, warp


def labels(rows) -> list[str]:
    return [row.label.replace("\n", " ") for row in rows]


def test_rows_are_those_of_figure_1():
    rows = choose_rows(200, start=10, kappa=2, seed=3)
    assert labels(rows) == [
        "(a) Speed 0", "(b) Speed 1", "(c) Speed 2", "(d) Speed 3",
        "(e) Random", "(f) Periodic, speed 2", "(g) Warp",
    ]  # fmt: skip
    for row, step in zip(rows, (1, 2, 4, 8), strict=False):
        assert row.shown.tolist() == list(range(10, 10 + 16 * step, step))
    expected = [random(190, 3, start=0), periodic(190, 3, kappa=2, start=0), warp(190, 3, start=0)]
    for row, clip in zip(rows[4:], expected, strict=True):
        assert row.shown.tolist() == (10 + clip).tolist()
        assert row.shown.min() == 10


def test_the_fastest_row_lies_in_the_middle_if_nothing_else_is_said():
    assert choose_rows(200)[3].shown[[0, -1]].tolist() == [39, 159]
    assert choose_rows(40)[3].shown[[0, -1]].tolist() == [4, 34]


def test_a_video_too_short_for_a_speed_is_shown_at_what_it_allows_and_says_so():
    rows = choose_rows(70, kappa=3)
    assert labels(rows)[2:4] == ["(c) Speed 2", "(d) Speed 3: video too short, shown at 2"]
    assert labels(rows)[5] == "(f) Periodic, speed 3: video too short, shown at 2"
    assert rows[3].shown.tolist() == rows[2].shown.tolist()
    rows = choose_rows(10)
    assert labels(rows)[0] == "(a) Speed 0 video ends after 10 frames"
    assert rows[0].shown.tolist() == [*range(10), *[9] * 6]


def test_a_long_row_is_thinned_and_says_so():
    rows = choose_rows(200, frames=64, start=0, most_pictures=8)
    assert labels(rows)[0] == "(a) Speed 0 8 of 64 frames"
    assert rows[0].shown.tolist() == [0, 9, 18, 27, 36, 45, 54, 63]
    assert {len(row.shown) for row in rows} == {8}


@pytest.mark.parametrize("decoded", [False, True])
def test_each_picture_has_its_frame_number_beneath(numbered, read_number, decoded):
    video = numbered("clip", 40)
    rows = choose_rows(40, frames=8, seed=1)
    figure = draw_rows(video.frames() if decoded else video, rows)
    shown = [number for row in rows for number in row.shown.tolist()]
    assert [int(axes.get_xlabel()) for axes in figure.axes] == shown
    assert [read_number(np.asarray(axes.images[0].get_array())) for axes in figure.axes] == shown
    assert [text.get_text() for text in figure.texts] == [row.label for row in rows]


@pytest.mark.parametrize("size", [(64, 96), (32, 160)])
def test_pictures_keep_their_shape_and_nothing_covers_anything(size):
    video = np.zeros((40, *size, 3), dtype=np.uint8)
    figure = draw_rows(video, choose_rows(40, kappa=3))  # too short, so with the longest labels
    figure.draw_without_rendering()
    pictures = [axes.get_window_extent() for axes in figure.axes]
    assert all(abs(box.width / box.height / (size[1] / size[0]) - 1) < 0.05 for box in pictures)
    labels = [text.get_window_extent() for text in figure.texts]
    numbers = [axes.xaxis.label.get_window_extent() for axes in figure.axes]
    boxes = np.array([box.extents for box in [*labels, *pictures, *numbers]])  # x0, y0, x1, y1
    assert (boxes >= 0).all() and (boxes[:, 2:] <= figure.bbox.size).all()
    low, high = boxes[:, None, :2], boxes[:, None, 2:]
    covered = ((low < high.swapaxes(0, 1)) & (low.swapaxes(0, 1) < high)).all(axis=2)
    assert covered.sum() == len(boxes)  # each only itself


def test_the_file_is_a_picture_of_its_kind(numbered, tmp_path):
    out = plot_transformations(numbered("clip", 20), tmp_path / "new" / "figure.png", frames=7)
    assert out == tmp_path / "new" / "figure.png"
    with Image.open(out) as picture:
        assert picture.format == "PNG" and min(picture.size) > 400
    assert [path.name for path in out.parent.iterdir()] == ["figure.png"]


def test_a_real_video_is_shown(real_data, tmp_path):
    video = Video(real_data / "golf" / "swing1.mp4")
    out = plot_transformations(video, tmp_path / "swing.png", most_pictures=4, start=34)
    with Image.open(out) as picture:
        assert np.asarray(picture.convert("L")).std() > 40  # not an empty page


def test_what_cannot_be_is_said(numbered, tmp_path):
    with pytest.raises(InputError, match="start 20 is not a frame of the video; give 0 to 19"):
        choose_rows(20, start=20)
    with pytest.raises(InputError, match="0 pictures"):
        choose_rows(20, most_pictures=0)
    with pytest.raises(InputError, match="no midpoint"):
        choose_rows(20, frames=4)
    (tmp_path / "taken").write_text("a file, no folder")
    with pytest.raises(InputError, match="cannot be written"):
        plot_transformations(numbered("clip", 20), tmp_path / "taken" / "figure.png", frames=7)


def test_no_torch_is_imported():
    program = "import sys, inphase.show.transformations; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], env=dict(os.environ)).returncode == 0
