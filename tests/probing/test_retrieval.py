import numpy as np
import pytest

from inphase.errors import InputError
from inphase.probing.retrieval import retrieve_videos

QUIET = {"device": "cpu", "progress": False}
CLIP = 16


@pytest.fixture(scope="module")
def videos(shown):
    """Three activities, each of some colours and noise; and all frames by the video's name."""
    generator = np.random.default_rng(0)
    made, frames = [], {}
    for activity, colour in (("a", (90, 60, 60)), ("b", (60, 95, 60)), ("c", (60, 60, 60))):
        for k in range(7):
            name, count = f"{activity}{k}", int(generator.integers(20, 50))
            noise = (
                generator.integers(0, 60, (1, 1, 1, 3))
                + generator.integers(0, 40, (count, 3))[:, None, None]
            )
            frames[name] = (np.array(colour) + noise) * np.ones((1, 18, 24, 1), int)
            made.append(shown(name, frames[name], activity))
    return made[::2], made[1::2], frames


@pytest.fixture
def sees_colours(sees_brightness):
    """What it keeps of a clip is its mean colour."""
    network = sees_brightness.temporal.network
    network.forward = lambda clips: clips.mean((3, 4), keepdim=True)
    return sees_brightness


def colours(frames: np.ndarray, crops: int, step: int) -> np.ndarray:
    """Mean colour of clips spread evenly from the first to the last frame."""
    last = len(frames) - 1 - step * (CLIP - 1)
    starts = [round(k * last / (crops - 1)) for k in range(crops)]
    clips = np.stack([frames[start : start + step * CLIP : step] for start in starts])
    mean, deviation = (0.43216, 0.394666, 0.37645), (0.22803, 0.22145, 0.216989)
    return ((clips / 255 - mean) / deviation).mean(axis=(0, 1, 2, 3))


def test_it_is_nearest_neighbours_of_standardised_features_by_scikit_learn(sees_colours, videos):
    scaler = pytest.importorskip("sklearn.preprocessing").StandardScaler()
    neighbours = pytest.importorskip("sklearn.neighbors").NearestNeighbors(metric="cosine")
    train, test, frames = videos
    ks = (1, 3, 5)
    found = retrieve_videos(sees_colours, train, test, ks=ks, crops=4, speed=0, **QUIET)
    gallery = np.stack([colours(frames[video.name], 4, 1) for video in train])
    queries = np.stack([colours(frames[video.name], 4, 1) for video in test])
    neighbours.fit(scaler.fit_transform(gallery))
    near = neighbours.kneighbors(scaler.transform(queries), max(ks), return_distance=False)
    hits = np.array([[train[k].activity for k in row] for row in near]) == np.array(
        [[video.activity] for video in test]
    )
    expected = {k: hits[:, :k].any(axis=1).mean() for k in ks}
    assert found.accuracy == pytest.approx(expected)
    assert found.accuracy[1] < found.accuracy[5]


def test_chance_is_that_of_a_draw_without_replacement(sees_colours, videos):
    stats = pytest.importorskip("scipy.stats")
    train, test, _ = videos
    found = retrieve_videos(sees_colours, train, test, ks=(1, 4), crops=2, **QUIET)
    there = [sum(each.activity == video.activity for each in train) for video in test]
    for k in (1, 4):
        draws = [1 - stats.hypergeom(len(train), count, k).pmf(0) for count in there]
        assert found.chance[k] == pytest.approx(np.mean(draws))


def test_noise_is_near_chance(sees_noise, videos):
    train, test, _ = videos
    found = retrieve_videos(sees_noise, train, test, ks=(1,), crops=2, **QUIET)
    assert found.accuracy[1] < 0.8


def test_more_neighbours_than_videos_are_left_out(sees_colours, videos):
    train, test, _ = videos
    found = retrieve_videos(sees_colours, train, test, crops=2, **QUIET)
    assert set(found.accuracy) == set(found.chance) == {1, 5, 10}


def test_the_order_of_videos_does_not_matter(random_encoder, videos):
    train, test, _ = videos
    one = retrieve_videos(random_encoder, train, test, crops=3, **QUIET)
    assert one == retrieve_videos(random_encoder, train[::-1], test[::-1], crops=3, **QUIET)


def test_stills_show_one_frame(sees_brightness, shown):
    """Clips that differ in nothing but their middle frame."""
    frames = {level: [100] * 8 + [level] + [100] * 7 for level in (0, 20, 200, 220)}
    made = {k: shown(f"middle {k}", v, "dark" if k < 100 else "bright") for k, v in frames.items()}
    train, test = [made[0], made[200]], [made[20], made[220]]
    found = retrieve_videos(sees_brightness, train, test, ks=(1,), crops=1, still=True, **QUIET)
    assert found.accuracy == {1: 1.0}


def test_what_makes_no_sense_is_refused(random_encoder, image_encoder, videos):
    train, test, _ = videos
    with pytest.raises(InputError, match="crops must be at least 1"):
        retrieve_videos(random_encoder, train, test, crops=0, **QUIET)
    with pytest.raises(InputError, match="no test videos"):
        retrieve_videos(random_encoder, train, [], **QUIET)
    for ks in ((), (0, 1), (50, 20)):
        with pytest.raises(InputError, match=f"the least of them from 1 to {len(train)}, the"):
            retrieve_videos(random_encoder, train, test, ks=ks, **QUIET)
    with pytest.raises(InputError, match="not a network over clips"):
        retrieve_videos(image_encoder, train, test, **QUIET)
