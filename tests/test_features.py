"""Features: right, the same whatever else is computed, and never computed twice."""

import errno
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import inphase.features as features
from inphase.data.poses import Poses, PoseTrack
from inphase.data.video import Video
from inphase.encoders.backbones import Backbone, backbone, pool
from inphase.encoders.pose import PoseFeatures
from inphase.errors import InputError
from inphase.features import drawn_views, extract
from inphase.views.augment import CLEAN, apply


@pytest.fixture(scope="module")
def network() -> Backbone:
    return backbone(weights="random", size=32, precision="float32")


def video(folder: Path, frames: int, seed: int = 0, size: tuple[int, int] = (36, 48)) -> Video:
    """A folder of random pictures."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(seed)
    for i in range(frames):
        coarse = random.integers(0, 256, (6, 8, 3), dtype=np.uint8)
        picture = Image.fromarray(coarse).resize((size[1], size[0]), Image.Resampling.BICUBIC)
        picture.save(folder / f"{i:04}.png")
    return Video(folder, fps=10)


def spy_on_decoding(monkeypatch) -> list[int]:
    """Count the frames of each chunk decoded from now on."""
    decoded: list[int] = []
    stream = Video.stream

    def counted(self, **options):
        for chunk in stream(self, **options):
            decoded.append(len(chunk))
            yield chunk

    monkeypatch.setattr(Video, "stream", counted)
    return decoded


def test_features_are_those_computed_directly(tmp_path, network):
    clip = video(tmp_path / "clip", 11)
    found = extract([clip], network, views=2, cache=tmp_path, progress=False)["clip"]
    frames = torch.from_numpy(clip.frames(size=(32, 32)))
    assert found.values.shape == (3, 11, network.dim) and found.values.dtype == np.float16
    for values, view in zip(found.values, drawn_views(clip, 2), strict=True):
        with torch.inference_mode():
            expected = pool(network(apply(frames, view, 32)), "mean")
        np.testing.assert_allclose(values, expected.numpy(), rtol=2e-2, atol=2e-2)
    np.testing.assert_array_equal(found.times, clip.times)
    assert found.video == "clip"


def test_the_first_view_is_the_clean_one_and_the_others_differ(tmp_path):
    views = drawn_views(video(tmp_path / "clip", 1), 4)
    assert views[0] == CLEAN and len(set(views)) == 5
    assert views != drawn_views(video(tmp_path / "other", 1, seed=1), 4)


def test_a_second_run_decodes_nothing(tmp_path, network, monkeypatch):
    clip = video(tmp_path / "clip", 5)
    first = extract([clip], network, views=1, cache=tmp_path, progress=False)
    decoded = spy_on_decoding(monkeypatch)
    second = extract([clip], network, views=1, cache=tmp_path, progress=False)
    assert not decoded
    np.testing.assert_array_equal(first["clip"].values, second["clip"].values)


def test_fewer_views_are_served_by_a_file_with_more(tmp_path, network, monkeypatch):
    clip = video(tmp_path / "clip", 5)
    three = extract([clip], network, views=3, cache=tmp_path, progress=False)["clip"].values
    decoded = spy_on_decoding(monkeypatch)
    one = extract([clip], network, views=1, cache=tmp_path, progress=False)["clip"].values
    assert not decoded
    np.testing.assert_array_equal(one, three[:2])


@pytest.mark.parametrize("change", ["views", "pooling", "fit", "backbone", "content"])
def test_whatever_changes_features_makes_a_new_file(tmp_path, network, change):
    clip, settings = video(tmp_path / "clip", 3), {"views": 1, "pooling": "mean"}
    cache = tmp_path / "cache"
    extract([clip], network, **settings, cache=cache, progress=False)
    if change == "backbone":
        network = backbone(weights="random", size=32, precision="float32", seed=1)
    elif change == "content":
        clip = video(tmp_path / "changed" / "clip", 3, seed=1)
    else:
        settings[change] = {"views": 2, "pooling": "max", "fit": "pad"}[change]
    extract([clip], network, **settings, cache=cache, progress=False)
    assert len(list(cache.glob("*.npy"))) == 2


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_other_videos_and_their_order_never_change_a_feature(tmp_path, precision):
    network = backbone(size=32, precision=precision)
    clips = [video(tmp_path / f"clip{i}", frames, i) for i, frames in enumerate((13, 3, 8))]
    together = extract(clips, network, views=1, cache=tmp_path / "a", progress=False)
    backwards = extract(clips[::-1], network, views=1, cache=tmp_path / "b", progress=False)
    for i, clip in enumerate(clips):
        alone = extract([clip], network, views=1, cache=tmp_path / f"c{i}", progress=False)
        for other in (backwards, alone):
            np.testing.assert_array_equal(together[clip.name].values, other[clip.name].values)
    assert list(backwards) == ["clip2", "clip1", "clip0"]


def test_an_interrupted_run_continues_inside_the_video(tmp_path, network, monkeypatch):
    done, cut = video(tmp_path / "done", 6), video(tmp_path / "cut", 70, seed=1)
    whole = extract([done, cut], network, views=1, cache=tmp_path / "a", progress=False)
    count = 0
    compute = features.frame_features

    def interrupted(*arguments):
        nonlocal count
        count += 1
        if count >= 12:
            raise KeyboardInterrupt
        return compute(*arguments)

    monkeypatch.setattr(features, "frame_features", interrupted)
    with pytest.raises(KeyboardInterrupt):
        extract([done, cut], network, views=1, cache=tmp_path / "b", progress=False)
    assert len(list((tmp_path / "b").glob("*.npy"))) == 1
    (marker,) = (tmp_path / "b").glob("*.progress")
    finished = int(marker.read_text())
    assert finished > 0
    monkeypatch.setattr(features, "frame_features", compute)
    decoded = spy_on_decoding(monkeypatch)
    continued = extract([done, cut], network, views=1, cache=tmp_path / "b", progress=False)
    assert sum(decoded) == 70 - finished
    np.testing.assert_array_equal(continued["cut"].values, whole["cut"].values)
    assert {path.suffix for path in (tmp_path / "b").iterdir()} == {".npy"}


def test_the_threads_are_given_back(tmp_path, network):
    before = torch.get_num_threads()
    extract([video(tmp_path / "clip", 2)], network, views=0, cache=tmp_path, progress=False)
    assert torch.get_num_threads() == before


def test_no_augmented_views_and_a_single_frame(tmp_path, network):
    clip = video(tmp_path / "clip", 1)
    found = extract([clip], network, views=0, cache=tmp_path, progress=False)["clip"]
    assert found.values.shape == (1, 1, network.dim)


def test_tall_and_wide_videos_are_padded_without_distortion(tmp_path, network):
    clip = video(tmp_path / "clip", 2, size=(64, 32))
    found = extract([clip], network, views=0, fit="pad", cache=tmp_path, progress=False)["clip"]
    square = np.zeros((2, 32, 32, 3), np.uint8)
    square[:, :, 8:24] = clip.frames(size=(32, 16))
    with torch.inference_mode():
        expected = pool(network(torch.from_numpy(square).permute(0, 3, 1, 2)), "mean")
    np.testing.assert_allclose(found.values[0], expected.numpy(), rtol=2e-2, atol=2e-2)


def test_an_interval_has_its_own_features_and_times(tmp_path, network):
    whole = video(tmp_path / "clip", 20)
    part = Video(whole.path, start=0.5, end=1.0, fps=10, name="part")
    found = extract([whole, part], network, views=0, cache=tmp_path, progress=False)
    np.testing.assert_allclose(found["part"].times, [0.5, 0.6, 0.7, 0.8, 0.9])
    np.testing.assert_allclose(
        found["part"].values[0], found["clip"].values[0, 5:10], rtol=2e-2, atol=2e-2
    )


def test_a_video_that_breaks_off_is_named_and_left_out(tmp_path, network, monkeypatch):
    good, bad = video(tmp_path / "good", 3), video(tmp_path / "bad", 30, seed=1)
    stream = Video.stream

    def short(self, **options):
        chunks = list(stream(self, **options))
        yield from chunks[: 2 if self.name == "bad" else None]

    monkeypatch.setattr(Video, "stream", short)
    with pytest.warns(UserWarning, match=r"left out: .*bad: 8 of its 30 frames"):
        found = extract([good, bad], network, views=0, cache=tmp_path, progress=False)
    assert list(found) == ["good"]
    with (
        pytest.warns(UserWarning, match="left out"),
        pytest.raises(InputError, match="none of the 1 videos"),
    ):
        extract([bad], network, views=0, cache=tmp_path / "new", progress=False)


def test_two_names_for_one_content_are_computed_once(tmp_path, network, monkeypatch):
    clip = video(tmp_path / "clip", 4)
    decoded = spy_on_decoding(monkeypatch)
    clips = [clip, Video(clip.path, fps=10, name="again")]
    found = extract(clips, network, views=0, cache=tmp_path, progress=False)
    assert sum(decoded) == 4
    np.testing.assert_array_equal(found["clip"].values, found["again"].values)


def test_equal_names_are_refused(tmp_path, network):
    clip = video(tmp_path / "clip", 1)
    with pytest.raises(InputError, match="two videos are called 'clip'"):
        extract([clip, clip], network, cache=tmp_path)


def test_a_full_disk_is_said_in_one_sentence(tmp_path, network, monkeypatch):
    def full(self, values):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(features._Recording, "add", full)
    with pytest.raises(InputError, match="disk is full.*INPHASE_CACHE"):
        extract([video(tmp_path / "clip", 3)], network, cache=tmp_path, progress=False)


# Poses in place of pixels


def poses(name: str, joints: int = 4, names: tuple[str, ...] = (), axes: int = 2) -> PoseTrack:
    """A track of random poses."""
    points = np.random.default_rng(len(name)).normal(size=(9, joints, axes))
    return PoseTrack(Path(f"{name}.npz"), fps=10, known_poses=Poses.of(points, joints=names))


def test_poses_are_features_without_a_file(tmp_path):
    track = poses("a")
    found = extract([track], PoseFeatures(), views=2, cache=tmp_path, progress=False)["a"]
    assert found.values.shape == (3, 9, 14) and found.values.dtype == np.float16
    normalised = PoseFeatures().normalise(track.poses.keypoints)
    np.testing.assert_allclose(found.values[0, :, :2], normalised[:, 0], rtol=1e-3, atol=1e-3)
    np.testing.assert_array_equal(found.times, track.times)
    assert list(tmp_path.iterdir()) == []


def test_augmented_poses_are_the_same_in_every_run_and_differ_between_views():
    one, two = (extract([poses("a")], PoseFeatures(), views=k)["a"].values for k in (2, 3))
    np.testing.assert_array_equal(one, two[:3])
    assert all(np.abs(two[i] - two[j]).max() > 0.01 for i in range(4) for j in range(i))


def test_poses_and_pixels_are_not_mixed(tmp_path, network):
    clip = video(tmp_path / "clip", 3)
    with pytest.raises(InputError, match="a.npz holds poses, but the model looks at pixels"):
        extract([clip, poses("a")], network, cache=tmp_path)
    with pytest.raises(InputError, match="clip is a video, but the model looks at poses"):
        extract([poses("a"), clip], PoseFeatures(), cache=tmp_path)


@pytest.mark.parametrize(
    "other, message",
    [
        (poses("bb", joints=5), "a has 4 joints in 2 axes and bb has 5 joints in 2 axes"),
        (poses("bb", axes=3), "a has 4 joints in 2 axes and bb has 4 joints in 3 axes"),
        (poses("bb", names=("n", "l", "r", "t")), r"bb has 4 joints \(n, l, r ...\)"),
    ],
)
def test_all_poses_have_the_same_joints(other, message):
    with pytest.raises(InputError, match=message):
        extract([poses("a"), other], PoseFeatures())
