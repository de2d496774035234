import numpy as np
import pytest

from inphase.errors import InputError
from inphase.metrics import phase_classification

svm = pytest.importorskip("sklearn.svm")
scores = pytest.importorskip("sklearn.metrics")


def videos(lengths, seed, phases=3):
    """Phases in order, each around a place of its own, with noise that mixes them."""
    random = np.random.default_rng(seed)
    places = np.random.default_rng(9).normal(size=(phases, 5))
    labels = [np.sort(random.integers(0, phases, n)) for n in lengths]
    return [places[label] + random.normal(size=(len(label), 5)) for label in labels], labels


@pytest.fixture
def split():
    return *videos((30, 1, 45, 22, 17), seed=0), *videos((25, 40, 1), seed=1)


def predicted(model, split, chosen):
    train, train_labels, val, _ = split
    x = np.concatenate([train[video] for video in chosen])
    y = np.concatenate([train_labels[video] for video in chosen])
    return model.fit(x, y).predict(np.concatenate(val))


def softmax_regression(x, y, x_val):
    """One weight vector per class, each with its penalty, minimised by SciPy."""
    minimize = pytest.importorskip("scipy.optimize").minimize
    classes = int(y.max()) + 1

    def loss(flat):
        weights = flat.reshape(x.shape[1] + 1, classes)
        logits = x @ weights[:-1] + weights[-1]
        logits = logits - logits.max(axis=1, keepdims=True)
        log_shares = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        error = np.exp(log_shares) - np.eye(classes)[y]
        gradient = np.vstack([x.T @ error + weights[:-1], error.sum(axis=0)])
        value = -log_shares[np.arange(len(y)), y].sum() + (weights[:-1] ** 2).sum() / 2
        return value, gradient.ravel()

    start = np.zeros((x.shape[1] + 1) * classes)
    found = minimize(loss, start, jac=True, method="BFGS", options={"gtol": 1e-6}).x
    weights = found.reshape(-1, classes)
    return (x_val @ weights[:-1] + weights[-1]).argmax(axis=1)


def test_svc_is_scikit_learns_default_over_all_frames_together(split):
    expected = (predicted(svm.SVC(), split, range(5)) == np.concatenate(split[3])).mean()
    assert 0.4 < expected < 1
    assert phase_classification(*split) == pytest.approx(expected, abs=1e-12)


def test_linear_is_an_svc_with_a_linear_kernel(split):
    model = svm.SVC(kernel="linear")
    expected = (predicted(model, split, range(5)) == np.concatenate(split[3])).mean()
    assert phase_classification(*split, classifier="linear") == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("phases", [2, 4])
def test_logistic_is_the_minimum_of_the_multinomial_loss_also_of_two_classes(phases):
    train, train_labels = videos((60, 40), seed=2, phases=phases)
    val, val_labels = videos((50, 90), seed=3, phases=phases)
    # Off the origin and small, so that the strength of the penalty matters.
    train, val = [0.1 * z + 0.1 for z in train], [0.1 * z + 0.1 for z in val]
    expected = softmax_regression(
        np.concatenate(train), np.concatenate(train_labels), np.concatenate(val)
    )
    expected = (expected == np.concatenate(val_labels)).mean()
    got = phase_classification(train, train_labels, val, val_labels, classifier="logistic")
    assert got == pytest.approx(expected, abs=1.5 / 140)


def test_two_classes_are_penalised_as_two_weight_vectors():
    linear_model = pytest.importorskip("sklearn.linear_model")
    train, train_labels = videos((300,), seed=4, phases=2)
    val, val_labels = videos((2000,), seed=5, phases=2)
    train, val = [0.02 * z for z in train], [0.02 * z for z in val]
    got = phase_classification(train, train_labels, val, val_labels, classifier="logistic")
    model = linear_model.LogisticRegression(C=1.0).fit(train[0], train_labels[0])
    of_one_vector = model.score(val[0], val_labels[0])
    of_two = (softmax_regression(train[0], train_labels[0], val[0]) == val_labels[0]).mean()
    assert abs(got - of_two) < abs(of_one_vector - of_two)


@pytest.mark.parametrize("classifier", ["svc", "logistic", "linear"])
def test_the_precision_in_which_frames_are_given_has_no_part(split, classifier):
    single = [[z.astype(np.float32) for z in side] for side in (split[0], split[2])]
    scores = {
        phase_classification(
            [z.astype(dtype) for z in single[0]],
            split[1],
            [z.astype(dtype) for z in single[1]],
            split[3],
            classifier=classifier,
        )
        for dtype in (np.float32, np.float64)
    }
    assert len(scores) == 1


def test_a_fraction_is_of_the_first_videos_and_never_none():
    split = *videos((30, 20, 45, 22, 17), seed=0), *videos((250, 400), seed=1)
    truth = np.concatenate(split[3])
    of_first = [(predicted(svm.SVC(), split, range(n)) == truth).mean() for n in range(1, 6)]
    assert len(set(of_first)) == 5
    for fraction, count in [(0.01, 1), (0.39, 1), (0.4, 2), (0.5, 2), (0.99, 4), (1, 5)]:
        got = phase_classification(*split, fraction=fraction)
        assert got == pytest.approx(of_first[count - 1], abs=1e-12)


def test_random_videos_depend_on_the_seed_alone(split):
    def scored(seed):
        return phase_classification(*split, fraction=0.4, choice="random", seed=seed)

    pairs = {
        (predicted(svm.SVC(), split, (i, j)) == np.concatenate(split[3])).mean()
        for i in range(5)
        for j in range(5)
        if i != j and len(np.unique(np.concatenate([split[1][i], split[1][j]]))) > 1
    }
    found = [scored(seed) for seed in range(8)]
    assert found == [scored(seed) for seed in range(8)]
    assert len(set(found)) > 1
    assert all(min(abs(each - other) for other in pairs) < 1e-12 for each in found)


def test_weighted_f1_is_scikit_learns(split):
    found = predicted(svm.SVC(), split, range(5))
    expected = scores.f1_score(np.concatenate(split[3]), found, average="weighted")
    assert phase_classification(*split, score="weighted_f1") == pytest.approx(expected, abs=1e-12)


def test_phases_that_no_train_video_shows_cannot_be_got_right(split):
    train, train_labels, val, val_labels = split
    val_labels = [np.full(len(label), 7) for label in val_labels]
    assert phase_classification(train, train_labels, val, val_labels) == 0
    f1 = phase_classification(train, train_labels, val, val_labels, score="weighted_f1")
    assert f1 == 0


def test_frames_without_a_label_are_left_out_on_both_sides(split):
    expected = phase_classification(*split)
    random = np.random.default_rng(0)
    spoiled = []
    for side in (split[:2], split[2:]):
        embeddings, labels = [], []
        for z, label in zip(*side, strict=True):
            junk = random.normal(size=(5, 5)) * 50
            embeddings.append(np.concatenate([z, junk]))
            labels.append(np.concatenate([label, np.full(5, -1)]))
        spoiled += [embeddings, labels]
    assert phase_classification(*spoiled) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("classifier", ["svc", "logistic", "linear"])
def test_where_one_label_was_seen_it_is_predicted_for_all(split, classifier):
    train, _, val, val_labels = split
    ones = [np.ones(len(z), dtype=int) for z in train]
    expected = (np.concatenate(val_labels) == 1).mean()
    assert phase_classification(train, ones, val, val_labels, classifier=classifier) == expected


@pytest.mark.parametrize("classifier", ["svc", "logistic", "linear"])
def test_a_collapsed_embedding_says_one_label_for_all(split, classifier):
    flat = [[np.full_like(z, 0.3) for z in side] for side in (split[0], split[2])]
    truth = np.concatenate(split[3])
    shares = [(truth == phase).mean() for phase in range(3)]
    got = phase_classification(flat[0], split[1], flat[1], split[3], classifier=classifier)
    assert min(abs(got - share) for share in shares) < 1e-12


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ({"fraction": 0}, "fraction"),
        ({"fraction": 1.1}, "fraction"),
        ({"fraction": float("nan")}, "fraction"),
        ({"classifier": "forest"}, "svc, logistic, linear"),
        ({"choice": "best"}, "in_order"),
        ({"score": "recall"}, "accuracy, weighted_f1"),
    ],
)
def test_unknown_settings_are_refused(split, setting, reason):
    with pytest.raises(InputError, match=reason):
        phase_classification(*split, **setting)


def test_nothing_to_learn_from_or_to_score_is_refused(split):
    train, train_labels, val, val_labels = split
    none = [[np.full(len(label), -1) for label in side] for side in (train_labels, val_labels)]
    with pytest.raises(InputError, match="train videos chosen"):
        phase_classification(train, none[0], val, val_labels)
    with pytest.raises(InputError, match="val videos"):
        phase_classification(train, train_labels, val, none[1])
    with pytest.raises(InputError, match="no videos"):
        phase_classification([], [], val, val_labels)


def test_sides_of_different_models_are_refused(split):
    train, train_labels, val, val_labels = split
    with pytest.raises(InputError, match="one model"):
        phase_classification([z[:, :4] for z in train], train_labels, val, val_labels)
    with pytest.raises(InputError, match="val labels"):
        phase_classification(train, train_labels, val, val_labels[:-1])
