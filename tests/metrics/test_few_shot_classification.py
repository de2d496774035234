import numpy as np
import pytest

from inphase.errors import InputError
from inphase.metrics import few_shot_classification, phase_classification

svm = pytest.importorskip("sklearn.svm")
stats = pytest.importorskip("scipy.stats")


def videos(lengths, seed, phases=3):
    random = np.random.default_rng(seed)
    places = np.random.default_rng(9).normal(size=(phases, 5))
    labels = [np.sort(random.integers(0, phases, n)) for n in lengths]
    return [places[label] + random.normal(size=(len(label), 5)) for label in labels], labels


@pytest.fixture
def split():
    return *videos((30, 12, 45, 22, 17), seed=0), *videos((25, 40, 1), seed=1)


def test_episodes_mean_and_interval_are_those_of_the_published_code(split):
    train, train_labels, val, val_labels = split
    np.random.seed(42)
    episodes = [np.random.permutation(5)[:2] for _ in range(50)]
    accuracies = []
    for episode in episodes:
        model = svm.SVC().fit(
            np.concatenate([train[e] for e in episode]),
            np.concatenate([train_labels[e] for e in episode]),
        )
        accuracies.append(model.score(np.concatenate(val), np.concatenate(val_labels)))
    mean, error = np.mean(accuracies), stats.sem(accuracies)
    upper = stats.t.interval(0.95, 49, loc=mean, scale=error)[1]
    found = few_shot_classification(*split, k=2)
    np.testing.assert_allclose(found.episodes, accuracies, atol=1e-12)
    assert found.mean == pytest.approx(mean, abs=1e-12)
    assert found.margin == pytest.approx(upper - mean, abs=1e-12)


def test_with_all_videos_every_episode_is_the_same(split):
    found = few_shot_classification(*split, k=5, episodes=4, classifier="logistic")
    assert found.mean == pytest.approx(phase_classification(*split, classifier="logistic"))
    # Their frames come in another order, which the solver may notice in the last digit only.
    assert found.margin == pytest.approx(0, abs=0.02)


def test_more_confidence_is_a_wider_interval(split):
    narrow, wide = (
        few_shot_classification(*split, k=1, episodes=5, confidence=each).margin
        for each in (0.5, 0.99)
    )
    assert 0 < narrow < wide


def test_a_video_of_a_single_phase_has_it_predicted_for_all(split):
    train, train_labels, val, val_labels = split
    ones = [np.ones(len(label), dtype=int) for label in train_labels]
    found = few_shot_classification(train, ones, val, val_labels, k=1, episodes=3)
    assert found.mean == pytest.approx((np.concatenate(val_labels) == 1).mean())
    assert found.margin == pytest.approx(0, abs=1e-12)


def test_train_videos_without_labels_are_not_chosen(split):
    train, train_labels, val, val_labels = split
    train_labels[1:4] = [np.full(len(label), -1) for label in train_labels[1:4]]
    found = few_shot_classification(train, train_labels, val, val_labels, k=1, episodes=20)
    alone = {
        phase_classification(train[v : v + 1], train_labels[v : v + 1], val, val_labels)
        for v in (0, 4)
    }
    assert set(found.episodes.tolist()) == alone


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ({"k": 0}, "1 to 5"),
        ({"k": 6}, "1 to 5"),
        ({"k": 1, "episodes": 1}, "two episodes"),
        ({"k": 1, "confidence": 1.0}, "confidence"),
        ({"k": 1, "classifier": "forest"}, "classifier"),
    ],
)
def test_settings_out_of_range_are_refused(split, setting, reason):
    with pytest.raises(InputError, match=reason):
        few_shot_classification(*split, **setting)
