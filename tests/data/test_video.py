"""Every frame is the right one at its right time, however it is asked for."""

import os
import pickle
import subprocess
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from inphase.data.video import Video, VideoError
from inphase.errors import InputError


def test_times_are_exact(clip):
    video = Video(clip.path)
    assert len(video) == len(clip.times)
    np.testing.assert_allclose(video.times, clip.times, rtol=0, atol=1e-9)


def test_frame_i_is_frame_i(clip, clips):
    assert clips.numbers(Video(clip.path).frames()) == clip.numbers


def test_frames_come_in_the_order_asked_for_and_repeat(clip, clips):
    video = Video(clip.path)
    wanted = [40, 3, 41, 3, 0, -1, 19, 20, 21, 2, 40]
    assert clips.numbers(video.frames(wanted)) == [clip.numbers[i] for i in wanted]


def test_each_frame_alone_has_the_same_pixels_as_in_the_stream(clip):
    video = Video(clip.path)
    streamed = np.concatenate(list(video.stream(size=48, chunk=7)))
    np.testing.assert_array_equal(video.frames(size=48), streamed)
    for i in range(0, len(video), 9):
        np.testing.assert_array_equal(video.frames([i], size=48)[0], streamed[i])


def test_the_frame_on_screen_stays_until_the_next_one(clip, clips):
    video = Video(clip.path)
    times = (clip.times[5:40] + clip.times[6:41]) / 2
    assert clips.numbers(video.frames_at(times)) == clip.numbers[5:40]
    assert clips.numbers(video.frames_at(clip.times[5:40])) == clip.numbers[5:40]
    assert video.index_at([-1.0, 1e6]).tolist() == [0, len(video) - 1]


def test_an_interval_is_half_open_and_keeps_file_time(clip, clips):
    whole = Video(clip.path)
    start, end = float(whole.times[11]), float(whole.times[32])
    part = Video(clip.path, start, end)
    np.testing.assert_array_equal(part.times, whole.times[11:32])
    assert clips.numbers(part.frames()) == clip.numbers[11:32]
    assert clips.numbers(np.concatenate(list(part.stream(chunk=8)))) == clip.numbers[11:32]
    assert clips.numbers(part.frames([20, 0])) == [clip.numbers[31], clip.numbers[11]]
    assert clips.numbers(part.frames_at([0.0, start, 1e6])) == [
        clip.numbers[i] for i in (11, 11, 31)
    ]
    assert part.duration == pytest.approx(end - start)


def test_another_decoder_sees_the_same_frames(clip):
    ffmpeg = pytest.importorskip("imageio_ffmpeg").get_ffmpeg_exe()
    video = Video(clip.path)
    command = [ffmpeg, "-v", "error", "-i", clip.path, "-fps_mode", "passthrough"]
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    pixels = subprocess.run([*command, *raw], capture_output=True, check=True).stdout
    reference = np.frombuffer(pixels, np.uint8).reshape(-1, *video.size, 3)
    assert len(reference) == len(video)
    # Colours may be converted a little differently; another frame would differ by 10 and more.
    difference = np.abs(video.frames().astype(int) - reference).mean(axis=(1, 2, 3))
    assert difference.max() < 3


@pytest.mark.parametrize(
    ("kind", "size"), [("turned right", (96, 160)), ("odd size", (97, 163)), ("vp9", (96, 160))]
)
def test_size_is_as_displayed(clips, kind, size):
    video = Video(clips.of(kind).path)
    assert video.size == size
    assert video.frames([0]).shape == (1, *size, 3)


def test_a_mirrored_display_matrix_is_applied(tmp_path, clips):
    path = clips.encode(tmp_path / "mirror.mp4", count=20)
    straight = Video(path).frames()
    clips.set_display_matrix(path, -1, 0, 0, 1)
    np.testing.assert_array_equal(Video(path).frames(), straight[:, :, ::-1])
    clips.set_display_matrix(path, 0, 1, 1, 0)
    np.testing.assert_array_equal(Video(path).frames(), straight.transpose(0, 2, 1, 3))


def test_pixels_are_made_square(tmp_path, clips):
    video = Video(clips.encode(tmp_path / "wide.mp4", aspect=2, count=20))
    assert video.size == (96, 320)
    assert clips.numbers(video.frames()) == list(range(20))


def test_resized_frames_keep_the_numbers_and_the_aspect(clip, clips):
    video = Video(clip.path)
    short = video.frames([7, 30], size=48)
    assert short.shape[1] == 48
    assert short.shape[2] == pytest.approx(48 * video.size[1] / video.size[0], abs=1)
    assert clips.numbers(short) == [clip.numbers[7], clip.numbers[30]]
    assert clips.numbers(video.frames([7, 30], size=(40, 40))) == [
        clip.numbers[7],
        clip.numbers[30],
    ]


def test_a_number_for_size_never_enlarges_but_a_pair_does(clips):
    video = Video(clips.of("long gop").path)
    assert video.frames([0], size=500).shape == (1, 96, 160, 3)
    assert video.frames([0], size=(200, 300)).shape == (1, 200, 300, 3)


def test_shrinking_averages_instead_of_picking_pixels(tmp_path):
    folder = tmp_path / "stripes"
    folder.mkdir()
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    Image.fromarray(stripes).save(folder / "0.png")
    small = Video(folder, fps=1).frames(size=16)
    assert np.abs(small.astype(int) - 128).max() <= 2


def test_times_rounded_to_microseconds_find_their_frame(clips):
    video = Video(clips.of("vp9").path)
    assert video.index_at(np.round(video.times, 6)).tolist() == list(range(len(video)))
    video = Video(clips.of("uneven rate").path)
    assert video.index_at(video.times - 5e-7).tolist() == list(range(len(video)))
    assert video.index_at(0.2).shape == ()


def test_duration_includes_the_last_frame(clips):
    assert Video(clips.of("long gop").path).duration == pytest.approx(3.0)
    assert Video(clips.of("long gop").path, start=2.0).duration == pytest.approx(1.0)


def test_rate_is_not_fooled_by_coarse_clocks_or_pauses(clips):
    assert Video(clips.of("vp9").path).rate == pytest.approx(30, abs=0.02)
    gaps = np.diff(clips.of("uneven rate").times)
    assert Video(clips.of("uneven rate").path).rate == pytest.approx(1 / np.median(gaps))


def test_no_frames_can_be_asked_for(clips):
    assert Video(clips.of("long gop").path).frames([], size=48).shape == (0, 48, 80, 3)


@pytest.mark.parametrize("indices", [[75], [-76], [0.5], [[1, 2]]])
def test_impossible_frame_numbers_are_refused(clips, indices):
    with pytest.raises(InputError, match="frame"):
        Video(clips.of("long gop").path).frames(indices)


@pytest.mark.parametrize("size", [0, -5, (0, 10)])
def test_impossible_sizes_are_refused(clips, size):
    with pytest.raises(InputError, match="above 0"):
        Video(clips.of("long gop").path).frames([0], size=size)


def test_an_interval_without_frames_is_refused(clips):
    with pytest.raises(VideoError, match="no frame from 50"):
        len(Video(clips.of("long gop").path, start=50.0))
    with pytest.raises(InputError, match="empty"):
        Video(Path("a.mp4"), start=2.0, end=2.0)


def test_a_video_survives_pickling_and_equals_its_copy(clips):
    video = Video(clips.of("long gop").path, start=1.0)
    copy = pickle.loads(pickle.dumps(video))
    assert copy == video
    np.testing.assert_array_equal(copy.times, video.times)


def test_the_digest_follows_content_and_interval(clips, tmp_path):
    video = Video(clips.of("long gop").path)
    twin = tmp_path / "twin.mp4"
    twin.write_bytes(video.path.read_bytes())
    assert Video(twin).digest == video.digest
    assert len(video.digest) == 16
    digests = {video.digest, replace(video, start=1.0).digest, replace(video, end=1.0).digest}
    assert len({*digests, Video(clips.of("open gop").path).digest}) == 4


def test_the_digest_of_a_long_file_sees_its_middle(tmp_path):
    data = bytearray(9 << 20)
    (tmp_path / "a").write_bytes(data)
    data[len(data) // 2] = 1
    (tmp_path / "b").write_bytes(data)
    assert Video(tmp_path / "a").digest != Video(tmp_path / "b").digest


# Folders of images


def _save_images(folder: Path, count: int) -> list[np.ndarray]:
    folder.mkdir()
    pictures = [np.full((20, 30, 3), 20 * i, np.uint8) for i in range(count)]
    for i, pixels in enumerate(pictures):
        Image.fromarray(pixels).save(folder / f"frame{i}.png")
    return pictures


def test_images_are_shown_in_natural_order_at_the_rate_given(tmp_path):
    pictures = _save_images(tmp_path / "frames", 12)
    (tmp_path / "frames" / ".hidden.png").write_bytes(b"")
    (tmp_path / "frames" / "notes.txt").write_text("x")
    video = Video(tmp_path / "frames", fps=29.97)
    np.testing.assert_array_equal(video.frames(), np.stack(pictures))
    np.testing.assert_array_equal(video.frames([11, 2]), np.stack([pictures[11], pictures[2]]))
    np.testing.assert_allclose(video.times, np.arange(12) / 29.97, rtol=1e-12)
    assert video.size == (20, 30)
    assert video.duration == pytest.approx(12 / 29.97)
    assert len(Video(tmp_path / "frames", fps=10, start=0.3, end=0.6)) == 3


def test_images_are_turned_by_their_exif_note(tmp_path):
    (tmp_path / "frames").mkdir()
    image = Image.fromarray(np.arange(20 * 30 * 3, dtype=np.uint8).reshape(20, 30, 3))
    exif = image.getexif()
    exif[0x0112] = 6  # turn right to show
    image.save(tmp_path / "frames" / "0.png", exif=exif)
    video = Video(tmp_path / "frames", fps=1)
    assert video.size == (30, 20)
    np.testing.assert_array_equal(video.frames()[0], np.rot90(np.asarray(image), -1))


def test_a_folder_of_images_needs_a_rate(tmp_path):
    _save_images(tmp_path / "frames", 2)
    with pytest.raises(VideoError, match="give fps"):
        len(Video(tmp_path / "frames"))
    with pytest.raises(InputError, match="above 0"):
        Video(tmp_path / "frames", fps=0.0)


def test_a_damaged_image_is_named(tmp_path):
    _save_images(tmp_path / "frames", 3)
    broken = tmp_path / "frames" / "frame1.png"
    broken.write_bytes(broken.read_bytes()[:60])
    with pytest.raises(VideoError, match=r"frame1\.png"):
        Video(tmp_path / "frames", fps=5).frames()


# Broken files


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(VideoError, match=r"gone\.mp4: there is no such file"):
        len(Video(tmp_path / "gone.mp4"))


def test_a_text_file_is_not_a_video(tmp_path):
    path = tmp_path / "text.mp4"
    path.write_text("this is not a video\n" * 100)
    with pytest.raises(VideoError, match=r"text\.mp4: not a video"):
        len(Video(path))


@pytest.mark.parametrize(
    "playlist",
    [
        "ffconcat version 1.0\nfile clip.ts\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:3,\nclip.ts\n#EXT-X-ENDLIST\n",
    ],
)
def test_a_playlist_is_no_video(tmp_path, clips, playlist):
    clips.cut(tmp_path / "clip.ts", clips.of("open gop ts").path, 1.0)
    (tmp_path / "list.m3u8").write_text(playlist)
    with pytest.raises(VideoError, match=r"list\.m3u8: not a video"):
        len(Video(tmp_path / "list.m3u8"))


def test_an_empty_file_is_called_empty(tmp_path):
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(VideoError, match="is empty"):
        len(Video(tmp_path / "empty.mp4"))


def test_sound_without_picture_is_no_video(tmp_path):
    path = tmp_path / "sound.mp4"
    with av.open(path, "w") as file:
        stream = file.add_stream("aac", rate=44100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 2048), np.float32), "fltp", "mono")
        frame.rate = 44100
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    with pytest.raises(VideoError, match="no picture stream, only audio"):
        len(Video(path))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_a_file_without_permission_says_so(tmp_path, clips):
    path = clips.cut(tmp_path / "secret.mp4", clips.of("long gop").path, 1.0)
    path.chmod(0)
    with pytest.raises(VideoError, match="no permission"):
        len(Video(path))


def test_a_recording_cut_before_its_table_of_frames_says_so(tmp_path, clips):
    path = clips.cut(tmp_path / "cut.mp4", clips.of("long gop").path, 0.5)
    with pytest.raises(VideoError, match="moov atom missing"):
        len(Video(path))


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi", "webm", "ts"])
def test_what_decodes_of_a_cut_file_can_be_used(tmp_path, clips, suffix):
    codec = {"avi": "mpeg4", "webm": "libvpx-vp9"}.get(suffix, "libx264")
    options = {"cpu-used": "8"} if codec == "libvpx-vp9" else {"bf": "2"}
    front = {"movflags": "faststart"} if suffix == "mp4" else {}
    whole = clips.encode(
        tmp_path / f"whole.{suffix}", codec, height=192, width=320, options=options, container=front
    )
    video = Video(clips.cut(tmp_path / f"cut.{suffix}", whole, 0.6))
    assert 5 < len(video) < 75
    frames = video.frames()
    assert clips.numbers(frames) == np.round(video.times * 25).astype(int).tolist()
    np.testing.assert_array_equal(frames, np.concatenate(list(video.stream())))
    if suffix != "ts":  # a transport stream does not tell how long it was meant to be
        assert "decode" in video.index.note


def test_a_whole_file_has_nothing_odd(clip):
    assert Video(clip.path).index.note == ""


def test_a_file_that_disappears_later_is_named(tmp_path, clips):
    path = clips.cut(tmp_path / "short-lived.mp4", clips.of("long gop").path, 1.0)
    video = Video(path)
    assert len(video) == 75
    path.unlink()
    with pytest.raises(VideoError, match=r"short-lived\.mp4: there is no such file"):
        video.frames([3])


def test_damage_in_the_middle_leaves_the_frame_before_on_screen(tmp_path, clips):
    data = bytearray(clips.encode(tmp_path / "a.mkv", "mjpeg", pixels="yuvj420p").read_bytes())
    with av.open(str(tmp_path / "a.mkv")) as file:
        packet = [p for p in file.demux(video=0) if p.size][30]
        at, size = data.index(bytes(packet)), packet.size
    whole = Video(tmp_path / "a.mkv")
    assert len(whole) == 75
    data[at : at + size] = bytes(size)
    (tmp_path / "a.mkv").write_bytes(data)
    assert clips.numbers(whole.frames([29, 30, 31])) == [29, 29, 31]


def test_no_file_stays_open(clips):
    descriptors = Path("/proc/self/fd")
    if not descriptors.is_dir():
        pytest.skip("needs /proc to see open files")
    path = clips.of("long gop").path
    video = Video(path)
    video.frames([4])
    next(video.stream())
    targets = [os.path.realpath(link) for link in descriptors.iterdir()]
    assert str(path) not in targets
