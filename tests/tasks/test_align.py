import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inphase.embeddings import Embeddings
from inphase.errors import InputError
from inphase.tasks.align import align


def on_circle(phases, rate: float = 10, start: float = 0, video: str = "a") -> Embeddings:
    """Embeddings that turn with the phase (radians), so that equal phases match."""
    phases = np.asarray(phases, dtype=float)
    values = np.stack([np.cos(phases), np.sin(phases)], axis=1)
    return Embeddings(values, start + np.arange(len(phases)) / rate, video)


def random(frames: int, seed: int) -> Embeddings:
    rng = np.random.default_rng(seed)
    return Embeddings(rng.normal(size=(frames, 4)), np.cumsum(rng.random(frames) + 0.01), "r")


def test_a_video_at_half_speed_is_lined_up_with_the_fast_one():
    fast = on_circle(np.linspace(0, 3, 31), rate=10)
    slow = on_circle(np.linspace(0, 3, 61), rate=10, start=2, video="slow")
    alignment = align(fast, slow)
    seconds = np.linspace(0.2, 2.8, 14)
    np.testing.assert_allclose(alignment.to_other(seconds), 2 + 2 * seconds, atol=0.06)
    np.testing.assert_allclose(alignment.to_reference(2 + 2 * seconds), seconds, atol=0.06)


def test_frame_times_count_not_frame_numbers():
    phases = np.linspace(0, 3, 31)
    uneven = np.cumsum(np.random.default_rng(0).uniform(0.01, 0.2, 31))
    other = Embeddings(on_circle(phases).values, uneven, "uneven")
    alignment = align(on_circle(phases), other)
    np.testing.assert_allclose(alignment.to_other(np.arange(31) / 10), uneven)
    np.testing.assert_allclose(alignment.to_reference(uneven), np.arange(31) / 10)


def test_a_video_lined_up_with_itself_stays_as_it_is():
    # Still scenes at either end: frames that are the same must not tempt the path.
    still = on_circle([0.1] * 10 + list(np.linspace(0.1, 2, 20)) + [2] * 10)
    alignment = align(still, still)
    np.testing.assert_array_equal(alignment.path[:, 0], alignment.path[:, 1])
    np.testing.assert_array_equal(alignment.to_other(still.times), still.times)


def test_a_pause_maps_to_one_moment():
    reference = on_circle([0, 1, 2])
    paused = on_circle([0, 1, 1, 1, 2])
    alignment = align(reference, paused)
    np.testing.assert_allclose(alignment.to_reference(paused.times), [0, 0.1, 0.1, 0.1, 0.2])
    np.testing.assert_allclose(alignment.to_other(np.array([0, 0.1, 0.2])), [0, 0.2, 0.4])


def test_times_outside_are_clamped():
    alignment = align(on_circle([0, 1, 2]), on_circle([0, 1, 2], start=5))
    np.testing.assert_allclose(alignment.to_other(np.array([-9.0, 9.0])), [5, 5.2])
    assert alignment.to_reference(0.0) == 0


@given(st.integers(1, 15), st.integers(1, 15), st.integers(0, 99))
def test_maps_never_go_back_and_stay_inside(n, m, seed):
    reference, other = random(n, seed), random(m, seed + 1)
    alignment = align(reference, other)
    for mapped, inside in [
        (alignment.to_other(np.linspace(-1, 20, 200)), other.times),
        (alignment.to_reference(np.linspace(-1, 20, 200)), reference.times),
    ]:
        assert (np.diff(mapped) >= 0).all()
        assert mapped.min() >= inside[0]
        assert mapped.max() <= inside[-1]


@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 6), (6, 1)])
def test_one_frame_is_enough(n, m):
    reference, other = random(n, 0), random(m, 1)
    alignment = align(reference, other)
    assert len(alignment.path) == max(n, m)
    assert np.isfinite(alignment.to_other(3.0))
    assert np.isfinite(alignment.to_reference(3.0))
    assert alignment.frame_cost.shape == (m,)


def test_cost_is_the_cosine_distance_of_each_match():
    reference, other = random(7, 0), random(9, 1)
    alignment = align(reference, other)
    for (i, j), cost in zip(alignment.path, alignment.cost, strict=True):
        x, y = reference.values[i].astype(float), other.values[j].astype(float)
        cosine = x @ y / np.linalg.norm(x) / np.linalg.norm(y)
        assert cost == pytest.approx(1 - cosine, abs=2e-6)
        assert alignment.similarity[i, j] == pytest.approx(cosine, abs=1e-6)


def test_frame_cost_is_high_where_the_reference_has_nothing_like_it():
    alignment = align(on_circle([0, 1, 2]), on_circle([0, 1, 4, 2]))
    assert alignment.frame_cost.argmax() == 2


def test_the_length_of_an_embedding_does_not_matter():
    reference, other = random(7, 0), random(9, 1)
    longer = Embeddings(other.values * 100, other.times, other.video)
    np.testing.assert_array_equal(align(reference, other).path, align(reference, longer).path)


def test_many_are_lined_up_under_their_names_in_their_order():
    reference = random(5, 0)
    others = {"z": random(4, 1), "b": random(6, 2)}
    alignments = align(reference, others)
    assert list(alignments) == ["z", "b"]
    for name, alignment in alignments.items():
        np.testing.assert_array_equal(alignment.path, align(reference, others[name]).path)
        np.testing.assert_array_equal(alignment.times, others[name].times)


def test_nothing_to_align_is_refused():
    with pytest.raises(InputError, match="no video to align"):
        align(random(3, 0), {})


def test_embeddings_of_two_models_are_refused():
    one = Embeddings(np.ones((2, 3)), np.arange(2), "a", model="1111")
    other = Embeddings(np.ones((2, 3)), np.arange(2), "b", model="2222")
    with pytest.raises(InputError, match="one model"):
        align(one, {"b": other})


def test_embeddings_of_two_sizes_are_refused():
    with pytest.raises(InputError, match="2-dimensional.*4-dimensional"):
        align(on_circle([0, 1]), random(3, 0))
