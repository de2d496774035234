from pathlib import Path

import av
import numpy as np
import pytest
from PIL import ImageFont

import inphase.show.aligned_video as aligned_video
from inphase.errors import InputError
from inphase.show.aligned_video import arrange, fit, save_aligned_video, shorten


def cells(path: Path, count: int, size: tuple[int, int]):
    """Every frame of a grid film as its pictures."""
    grid = arrange(count, size)
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            page = frame.reformat(format="rgb24", src_colorspace="ITU709").to_ndarray()
            assert page.shape[:2] == grid.size
            corners = [grid.corner(cell) for cell in range(count)]
            yield [page[y : y + grid.picture[0], x : x + grid.picture[1]] for y, x in corners]


def test_at_every_tick_every_cell_shows_its_matched_frame(numbered, matched, read_number, tmp_path):
    rng = np.random.default_rng(0)
    reference = numbered("coach", 50, rate=25)
    videos = [numbered(f"{n} frames", n, rate=r) for n, r in ((80, 30), (33, 15), (120, 50))]
    own = [np.sort(rng.integers(0, len(video), 50)) for video in videos]
    alignments = {
        video.name: matched(reference, video, frames)
        for video, frames in zip(videos, own, strict=True)
    }
    path = save_aligned_video(reference, [reference, *videos], alignments, tmp_path / "a.mp4")
    shown = [[read_number(cell) for cell in page] for page in cells(path, 4, (64, 96))]
    assert shown == np.stack([np.arange(50), *own], axis=1).tolist()
    assert list(tmp_path.iterdir()) == [path]


def test_other_shapes_get_bars_not_distortion(numbered, matched, tmp_path):
    reference = numbered("wide", 4, size=(64, 96))
    tall = numbered("tall", 4, size=(96, 64))
    alignments = {"tall": matched(reference, tall, range(4))}
    path = save_aligned_video(reference, [tall], alignments, tmp_path / "a.mp4")
    # Of two shapes the wider gives the cell; frame 3 is white in its two lowest bits.
    picture = list(cells(path, 2, (64, 96)))[3][1]
    height, width = picture.shape[:2]
    inside = fit((96, 64), (height, width))[1]
    bright = np.flatnonzero(picture[height // 2, :, 0] > 127)
    right = (width + inside) / 2
    np.testing.assert_allclose([bright[0], bright[-1] + 1], [right - inside / 4, right], atol=3)


def test_text_changes_with_the_own_time_and_the_reference_is_marked(numbered, matched, tmp_path):
    reference, other = numbered("coach", 8, rate=4), numbered("athlete", 8, rate=2)
    alignments = {"athlete": matched(reference, other, range(8))}
    path = save_aligned_video(reference, [other], alignments, tmp_path / "a.mp4")
    grid = arrange(2, (64, 96))
    with av.open(str(path)) as container:
        pages = [
            frame.to_ndarray(format="rgb24").astype(int) for frame in container.decode(video=0)
        ]

    def text(page: np.ndarray, cell: int) -> np.ndarray:
        y, x = grid.corner(cell)
        return page[y + grid.picture[0] :, x : x + grid.picture[1]][: grid.text]

    for cell in (0, 1):
        changed = np.abs(text(pages[0], cell) - text(pages[7], cell)).max(axis=(0, 2)) > 60
        assert changed.any() and not changed[: grid.picture[1] // 2].any()
    colourful = [np.ptp(text(pages[0], cell), axis=2).max() for cell in (0, 1)]
    assert colourful[0] > 80 > colourful[1]


def test_more_videos_than_the_limit_are_left_out_and_this_is_said(numbered, matched, tmp_path):
    reference = numbered("reference", 3)
    videos = [numbered(f"video {i}", 3) for i in range(4)]
    alignments = {video.name: matched(reference, video, range(3)) for video in videos}
    with pytest.warns(UserWarning, match="a.mp4 shows the first 3 of 5 videos"):
        path = save_aligned_video(reference, videos, alignments, tmp_path / "a.mp4", limit=3)
    assert len(list(cells(path, 3, (64, 96)))) == 3


def test_ctrl_c_leaves_nothing_behind(numbered, matched, tmp_path, monkeypatch):
    reference, other = numbered("reference", 30), numbered("other", 30)
    alignments = {"other": matched(reference, other, range(30))}

    def interrupted(*_args):
        yield from ()
        raise KeyboardInterrupt

    monkeypatch.setattr(aligned_video, "_film", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save_aligned_video(reference, [other], alignments, tmp_path / "a.mp4")
    assert list(tmp_path.iterdir()) == []


def test_a_video_without_an_alignment_is_named(numbered, matched, tmp_path):
    reference, other = numbered("reference", 3), numbered("lonely", 3)
    with pytest.raises(InputError, match="No alignment was given for lonely"):
        save_aligned_video(reference, [other], {}, tmp_path / "a.mp4")
    wrong = {"lonely": matched(other, other, range(3))}
    with pytest.raises(InputError, match="lonely is aligned with lonely, not with reference"):
        save_aligned_video(reference, [other], wrong, tmp_path / "a.mp4")


@pytest.mark.parametrize(
    ("count", "size", "rows", "columns"),
    [(1, (360, 640), 1, 1), (4, (360, 640), 2, 2), (9, (360, 640), 3, 3), (16, (360, 640), 4, 4),
     (5, (640, 360), 1, 5), (8, (640, 360), 2, 4), (2, (640, 360), 1, 2)],
)  # fmt: skip
def test_the_grid_fits_the_screen_with_equal_cells(count, size, rows, columns):
    grid = arrange(count, size)
    assert (grid.rows, grid.columns) == (rows, columns)
    assert grid.size[0] <= 1082 and grid.size[1] <= 1922
    assert grid.size[0] % 2 == grid.size[1] % 2 == 0
    assert grid.picture[1] / grid.picture[0] == pytest.approx(size[1] / size[0], rel=0.02)


def test_long_names_keep_both_ends():
    font = ImageFont.load_default(16)
    assert isinstance(font, ImageFont.FreeTypeFont)
    name = "subject07/session 12/camera-left/squat_003"
    short = shorten(name, font, 150.0)
    assert font.getlength(short) <= 150 < font.getlength(name)
    head, tail = short.split("…")
    assert name.startswith(head) and name.endswith(tail) and abs(len(head) - len(tail)) <= 1
    assert shorten("short", font, 150.0) == "short"
