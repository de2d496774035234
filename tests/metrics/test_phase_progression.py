import numpy as np
import pytest

from inphase.errors import InputError
from inphase.metrics import phase_progression

linear_model = pytest.importorskip("sklearn.linear_model")


def videos(lengths, seed, phases=4, dimensions=5):
    """Every phase is there, and embeddings are noisy functions of time."""
    random = np.random.default_rng(seed)
    mix = np.random.default_rng(9).normal(size=(3, dimensions))
    embeddings, labels = [], []
    for n in lengths:
        time = np.linspace(0, 1, n)
        ends = np.sort(random.choice(np.arange(1, n), phases - 1, replace=False))
        labels.append(np.searchsorted(ends, np.arange(n), side="right"))
        shape = np.stack([time, time**2, np.sin(6 * time)], axis=1)
        embeddings.append(shape @ mix + 0.1 * random.normal(size=(n, dimensions)))
    return embeddings, labels


@pytest.fixture
def split():
    return *videos((30, 12, 45, 22), seed=0), *videos((25, 40, 9), seed=1)


def published(split, phases, event_of):
    """The published loop with scikit-learn; `event_of` may say None for frames left out."""
    scores = []
    for phase in range(phases):
        sides = []
        for embeddings, labels in (split[:2], split[2:]):
            x, y = [], []
            for z, label in zip(embeddings, labels, strict=True):
                event = event_of(label, phase)
                if event is not None:
                    x.append(z)
                    y.append((np.arange(float(len(label))) - event) / len(label))
            sides.append((np.concatenate(x), np.concatenate(y)))
        model = linear_model.LinearRegression().fit(*sides[0])
        scores.append(model.score(*sides[1]))
    return np.mean(scores)


def last_frame(labels, phase):
    return np.argwhere(labels == phase)[-1, 0]


def test_equal_to_the_published_code_on_whole_videos(split):
    expected = published(split, 3, last_frame)
    assert 0 < expected < 1
    assert phase_progression(*split) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("missing", ["last", "previous", "before", "left_out"])
def test_the_rule_makes_no_difference_where_no_phase_is_missing(split, missing):
    expected = phase_progression(*split)
    assert phase_progression(*split, missing=missing) == pytest.approx(expected, abs=1e-12)


def drop(labels, phase):
    """Frames of a phase become those of the next."""
    return np.where(labels == phase, phase + 1, labels)


RULES = {
    "last": lambda labels, phase: np.flatnonzero(labels > phase)[0],
    "previous": lambda labels, phase: last_frame(labels, phase - 1),
    "before": lambda labels, phase: -1,
    "left_out": lambda labels, phase: None,
}


@pytest.mark.parametrize("missing", RULES)
def test_missing_phases_follow_the_rule(split, missing):
    train, train_labels, val, val_labels = split
    train_labels[2] = drop(train_labels[2], 1)
    val_labels[0] = drop(val_labels[0], 2)
    split = train, train_labels, val, val_labels

    def event(labels, phase):
        return last_frame(labels, phase) if phase in labels else RULES[missing](labels, phase)

    expected = published(split, 3, event)
    assert phase_progression(*split, missing=missing) == pytest.approx(expected, abs=1e-9)


def test_the_end_of_the_last_phase_may_count_too(split):
    expected = published(split, 4, last_frame)
    assert phase_progression(*split, last_phase=True) == pytest.approx(expected, abs=1e-9)


def test_phases_beyond_those_seen_end_with_the_video(split):
    expected = published(split, 4, last_frame)
    assert phase_progression(*split, phases=5) == pytest.approx(expected, abs=1e-9)


def test_the_time_to_every_event_as_embedding_is_perfect():
    sides = []
    for lengths in ((5, 7, 8), (9, 3, 3), (4, 4, 11)):
        labels = np.repeat(np.arange(3), lengths)
        ends = np.cumsum(lengths)[:2] - 1
        sides.append(((np.arange(len(labels))[:, None] - ends) / len(labels), labels))
    (z, label), *train = sides
    got = phase_progression([x for x, _ in train], [y for _, y in train], [z], [label])
    assert got == pytest.approx(1)


def test_a_collapsed_embedding_predicts_the_mean_and_scores_nothing(split):
    flat = [[np.full_like(z, 0.3) for z in side] for side in (split[0], split[2])]
    expected = published((flat[0], split[1], flat[1], split[3]), 3, last_frame)
    assert expected <= 0
    got = phase_progression(flat[0], split[1], flat[1], split[3])
    assert got == pytest.approx(expected, abs=1e-9)


def test_more_dimensions_than_frames_are_fitted_by_the_shortest_solution():
    train, train_labels = videos((8, 9), seed=2, dimensions=40)
    val, val_labels = videos((12, 13), seed=3, dimensions=40)
    split = train, train_labels, val, val_labels
    assert phase_progression(*split) == pytest.approx(published(split, 3, last_frame), abs=1e-6)


def test_frames_without_a_label_have_a_time_and_count(split):
    train, train_labels, val, val_labels = split
    for labels in (*train_labels, *val_labels):
        labels[0] = -1 if labels[1] == 0 else labels[0]
        labels[-1] = -1
    split = train, train_labels, val, val_labels
    assert (val_labels[0] < 0).any()

    def event(labels, phase):
        return last_frame(labels, phase) if phase in labels else len(labels) - 1

    assert phase_progression(*split) == pytest.approx(published(split, 3, event), abs=1e-9)


def test_videos_without_any_label_are_left_out(split):
    train, train_labels, val, val_labels = split
    expected = phase_progression(train[:2], train_labels[:2], val[:2], val_labels[:2])
    train_labels[2:] = [np.full(len(label), -1) for label in train_labels[2:]]
    val_labels[2:] = [np.full(len(label), -1) for label in val_labels[2:]]
    got = phase_progression(train, train_labels, val, val_labels)
    assert got == pytest.approx(expected, abs=1e-12)


def test_events_that_no_val_video_knows_are_left_out(split):
    train, train_labels, val, val_labels = split
    val_labels = [drop(labels, 1) for labels in val_labels]
    split = train, train_labels, val, val_labels
    got = phase_progression(*split, missing="left_out")
    kept = [
        published(split, 1, lambda labels, _, phase=phase: last_frame(labels, phase))
        for phase in (0, 2)
    ]
    assert got == pytest.approx(np.mean(kept), abs=1e-9)


def test_what_cannot_be_scored_is_refused(split):
    train, train_labels, val, val_labels = split
    with pytest.raises(InputError, match="missing must be"):
        phase_progression(*split, missing="error")
    with pytest.raises(InputError, match="above the largest label, 3"):
        phase_progression(*split, phases=3)
    with pytest.raises(InputError, match="single phase"):
        zeros = [[np.zeros(len(z), dtype=int) for z in side] for side in (train, val)]
        phase_progression(train, zeros[0], val, zeros[1])
    with pytest.raises(InputError, match="No val video"):
        phase_progression(train, train_labels, val, [np.full(len(z), -1) for z in val])
    with pytest.raises(InputError, match="No key event"):
        phase_progression(train, train_labels, [val[0][:1]], [np.zeros(1, dtype=int)])
