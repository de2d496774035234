import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from inphase.errors import InputError
from inphase.show.movie import even, write_movie

GREY = np.full((48, 64, 3), 128, dtype=np.uint8)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.mp4"
    with write_movie(path, Fraction(30000, 1001), (48, 64)) as movie:
        for level in range(0, 250, 10):
            movie.append(np.full_like(GREY, level), times=2)
    return path


def test_frames_have_a_constant_rate_and_short_closed_groups_without_reordering(film):
    with av.open(str(film)) as container:
        stream = container.streams.video[0]
        assert stream.average_rate == Fraction(30000, 1001)
        assert stream.codec_context.pix_fmt == "yuv420p"
        packets = [packet for packet in container.demux(stream) if packet.pts is not None]
    times = [(packet.pts or 0) * packet.time_base for packet in packets]
    assert times == [Fraction(1001, 30000) * i for i in range(50)]
    assert [packet.pts for packet in packets] == [packet.dts for packet in packets]
    assert [i for i, packet in enumerate(packets) if packet.is_keyframe] == [0, 10, 20, 30, 40]


def test_the_index_is_at_the_front_so_that_players_start_at_once(film):
    content = film.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


def test_colours_come_back_as_they_were(tmp_path):
    path = tmp_path / "colours.mp4"
    colours = [(200, 40, 40), (40, 160, 60), (50, 60, 200), (240, 166, 60), (128, 128, 128)]
    with write_movie(path, Fraction(10), (48, 64), quality=10) as movie:
        for colour in colours:
            movie.append(np.broadcast_to(np.array(colour, dtype=np.uint8), GREY.shape))
    with av.open(str(path)) as container:
        assert container.streams.video[0].codec_context.colorspace == 1  # BT.709
        shown = [
            frame.reformat(format="rgb24", src_colorspace="ITU709").to_ndarray().mean((0, 1))
            for frame in container.decode(video=0)
        ]
    assert np.abs(np.array(shown) - colours).max() < 6


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_nothing_is_left_behind_when_interrupted(tmp_path, error):
    with pytest.raises(error), write_movie(tmp_path / "a.mp4", Fraction(25), (48, 64)) as movie:
        movie.append(GREY)
        raise error
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_said_in_a_sentence(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with (
        pytest.raises(InputError, match="a.mp4 cannot be written .*choose another folder"),
        write_movie(tmp_path / "file" / "a.mp4", Fraction(25), (48, 64)),
    ):
        pass


def test_a_full_disk_is_said_in_a_sentence(tmp_path):
    pytest.importorskip("resource")
    # A limit on file size stands for the full disk; it needs a process of its own.
    script = """if True:
        import resource, sys
        from fractions import Fraction
        from pathlib import Path
        import numpy as np
        from inphase.errors import InputError
        from inphase.show.movie import write_movie
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
        noise = np.random.default_rng(0).integers(0, 255, (20, 240, 320, 3), dtype=np.uint8)
        try:
            with write_movie(Path(sys.argv[1]), Fraction(25), (240, 320)) as movie:
                for frame in noise:
                    movie.append(frame)
        except InputError as error:
            print(error)
    """
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "a.mp4")], capture_output=True, text=True
    )
    assert "a.mp4 cannot be written (" in done.stdout, done.stderr
    assert list(tmp_path.iterdir()) == []


def test_sides_are_made_even():
    assert [even(n) for n in (0.2, 2.9, 3.1, 359.6)] == [2, 2, 4, 360]
