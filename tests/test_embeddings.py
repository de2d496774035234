import numpy as np
import pytest

from inphase.embeddings import Embeddings, load_folder
from inphase.errors import InputError


def some(video: str = "a", frames: int = 5, **fields) -> Embeddings:
    values = np.random.default_rng(frames).normal(size=(frames, 3)).astype(np.float32)
    return Embeddings(values, np.arange(frames) / 10, video, **fields)


def test_what_is_saved_comes_back(tmp_path):
    saved = some("golf/swing1#2", path="/videos/golf/swing1.mp4", model="0123456789abcdef")
    saved.save(tmp_path / "new" / "swing1.npz")
    loaded = Embeddings.load(tmp_path / "new" / "swing1.npz")
    np.testing.assert_array_equal(loaded.values, saved.values)
    np.testing.assert_array_equal(loaded.times, saved.times)
    assert (loaded.video, loaded.path, loaded.model) == (saved.video, saved.path, saved.model)


def test_numpy_alone_reads_the_file(tmp_path):
    some().save(tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz", allow_pickle=False) as archive:
        assert archive["values"].shape == (5, 3)
        assert archive["values"].dtype == np.float32
        assert archive["times"].dtype == np.float64
        assert str(archive["video"]) == "a"


def test_saving_again_replaces_and_leaves_nothing_else(tmp_path):
    some(frames=5).save(tmp_path / "a.npz")
    some(frames=6).save(tmp_path / "a.npz")
    assert len(Embeddings.load(tmp_path / "a.npz")) == 6
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


def test_only_npz_files_are_written(tmp_path):
    with pytest.raises(InputError, match=r"\.npz"):
        some().save(tmp_path / "a.csv")


def test_doubles_become_single_precision():
    embeddings = Embeddings(np.ones((2, 3)), np.array([0, 1]), "a")
    assert embeddings.values.dtype == np.float32
    assert embeddings.times.dtype == np.float64


@pytest.mark.parametrize(
    ("values", "times", "reason"),
    [
        (np.zeros((0, 3)), np.zeros(0), "at least one frame"),
        (np.zeros((2, 0)), np.arange(2), "at least one frame"),
        (np.zeros(3), np.arange(3), r"\(T, D\)"),
        (np.zeros((3, 2)), np.arange(2), "one time per frame"),
        (np.array([[1, np.nan]]), np.zeros(1), "NaN"),
        (np.zeros((2, 1)), np.array([0, 0]), "increasing"),
        (np.zeros((2, 1)), np.array([0, np.inf]), "finite"),
    ],
)
def test_what_is_no_embedding_is_refused(values, times, reason):
    with pytest.raises(InputError, match=reason):
        Embeddings(values, times, "a")


def test_normalised_rows_have_unit_length_and_zero_stays_zero():
    embeddings = Embeddings(np.array([[3.0, 4.0], [0.0, 0.0]]), np.arange(2), "a", model="m")
    np.testing.assert_allclose(embeddings.normalised.values, [[0.6, 0.8], [0, 0]], rtol=1e-6)
    assert embeddings.normalised.model == "m"


def test_between_is_half_open_and_keeps_file_time():
    np.testing.assert_array_equal(some().between(0.1, 0.3).times, [0.1, 0.2])


def test_between_times_without_a_frame_is_refused():
    with pytest.raises(InputError, match="no embedded frame"):
        some().between(0.11, 0.19)


def test_a_folder_is_read_by_video_name(tmp_path):
    some("x").save(tmp_path / "sub" / "1.npz")
    some("y").save(tmp_path / "2.npz")
    (tmp_path / ".3.77.part.npz").write_bytes(b"half a fi")
    assert set(load_folder(tmp_path)) == {"x", "y"}


def test_the_same_video_twice_in_a_folder_is_refused(tmp_path):
    some("x").save(tmp_path / "1.npz")
    some("x").save(tmp_path / "2.npz")
    with pytest.raises(InputError, match="'x'"):
        load_folder(tmp_path)


@pytest.mark.parametrize("folder", [".", "missing"])
def test_a_folder_without_embeddings_is_refused(tmp_path, folder):
    with pytest.raises(InputError, match="inphase embed"):
        load_folder(tmp_path / folder)


def whole_file(tmp_path):
    some(frames=50).save(tmp_path / "whole.npz")
    return (tmp_path / "whole.npz").read_bytes()


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nothing\.npz"):
        Embeddings.load(tmp_path / "nothing.npz")


@pytest.mark.parametrize("length", [0, 3, 200, -30])
def test_a_truncated_file_is_refused(tmp_path, length):
    broken = tmp_path / "broken.npz"
    broken.write_bytes(whole_file(tmp_path)[:length])
    with pytest.raises(InputError, match=r"broken\.npz"):
        Embeddings.load(broken)


def test_a_text_file_is_refused(tmp_path):
    (tmp_path / "text.npz").write_text("not an archive")
    with pytest.raises(InputError, match=r"text\.npz"):
        Embeddings.load(tmp_path / "text.npz")


def test_a_lone_array_is_refused(tmp_path):
    with (tmp_path / "array.npz").open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(InputError, match=r"array\.npz"):
        Embeddings.load(tmp_path / "array.npz")


def test_pickled_objects_are_never_read(tmp_path):
    np.savez(tmp_path / "object.npz", values=np.array([{"a": 1}], dtype=object))
    with pytest.raises(InputError, match=r"object\.npz"):
        Embeddings.load(tmp_path / "object.npz")


def test_another_npz_file_is_refused_with_what_it_lacks(tmp_path):
    np.savez(tmp_path / "other.npz", values=np.zeros((2, 2)))
    with pytest.raises(InputError, match="lacks times, video"):
        Embeddings.load(tmp_path / "other.npz")
