import math

import numpy as np
import pytest

from inphase.errors import InputError
from inphase.metrics import sub_action_classification
from inphase.metrics.sub_action_classification import _Layer


def unit(z):
    return (z / np.linalg.norm(z, axis=1, keepdims=True)).astype(np.float32)


def videos(count, seed, classes=5, noise=0.3):
    random = np.random.default_rng(seed)
    places = np.random.default_rng(9).normal(size=(classes, 16))
    labels = [random.integers(0, classes, random.integers(1, 30)) for _ in range(count)]
    return [
        unit(places[label] + noise * random.normal(size=(len(label), 16))) for label in labels
    ], labels


def test_steps_are_those_of_pytorch():
    torch = pytest.importorskip("torch")
    random = np.random.default_rng(0)
    layer = _Layer(6, 4, random)
    linear = torch.nn.Linear(6, 4)
    with torch.no_grad():
        linear.weight.copy_(torch.from_numpy(layer.weights[:-1].T.copy()))
        linear.bias.copy_(torch.from_numpy(layer.weights[-1].copy()))
    optimizer = torch.optim.SGD(linear.parameters(), lr=50, momentum=0.9, weight_decay=1e-6)
    for epoch in range(20):
        rate = 50 * (1 + math.cos(math.pi * epoch / 20)) / 2
        x, y = unit(random.normal(size=(30, 6))), random.integers(0, 4, 30)
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(linear(torch.from_numpy(x)), torch.from_numpy(y))
        loss.backward()
        optimizer.step()
        layer.step(x, y, rate)
    np.testing.assert_allclose(layer.weights[:-1].T, linear.weight.detach(), rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(layer.weights[-1], linear.bias.detach(), rtol=1e-3, atol=1e-3)


def test_the_layer_starts_as_pytorchs_does():
    weights = _Layer(64, 500, np.random.default_rng(0)).weights
    assert weights.shape == (65, 500)
    assert 0.99 / 8 < np.abs(weights).max() <= 1 / 8
    assert abs(float(weights.mean())) < 1e-3


def test_sub_actions_that_are_apart_are_learnt():
    train, val = videos(40, 0), videos(20, 1)
    assert sub_action_classification(*train, *val) > 0.95
    shuffled = [np.random.default_rng(2).permutation(label) for label in train[1]]
    assert sub_action_classification(train[0], shuffled, *val) < 0.6


def test_it_nears_the_best_that_logistic_regression_can_do():
    linear_model = pytest.importorskip("sklearn.linear_model")
    train, val = videos(60, 3, noise=1.0), videos(60, 4, noise=1.0)
    model = linear_model.LogisticRegression(C=1e3, max_iter=10_000)
    model.fit(np.concatenate(train[0]), np.concatenate(train[1]))
    best = model.score(np.concatenate(val[0]), np.concatenate(val[1]))
    assert sub_action_classification(*train, *val) == pytest.approx(best, abs=0.05)


def test_it_depends_on_the_seed_alone():
    train, val = videos(12, 5, noise=1.0), videos(20, 6, noise=1.0)
    found = [sub_action_classification(*train, *val, epochs=3, seed=seed) for seed in (0, 0, 1, 2)]
    assert found[0] == found[1]
    assert len(set(found)) > 1


def test_fewer_than_ten_videos_are_learnt_too():
    train, val = videos(4, 7, classes=2), videos(10, 8, classes=2)
    assert sub_action_classification(*train, *val) > 0.9


def test_frames_and_videos_without_a_label_are_left_out_on_both_sides():
    (train, labels), (val, val_labels) = videos(20, 9, noise=1.0), videos(10, 10, noise=1.0)
    expected = sub_action_classification(train, labels, val, val_labels, epochs=5)
    junk = unit(np.random.default_rng(0).normal(size=(7, 16)))
    train = [*(np.concatenate([z, junk]) for z in train), junk]
    val = [*(np.concatenate([z, junk]) for z in val), junk]
    none = np.full(7, -1)
    labels = [*(np.concatenate([label, none]) for label in labels), none]
    val_labels = [*(np.concatenate([label, none]) for label in val_labels), none]
    assert sub_action_classification(train, labels, val, val_labels, epochs=5) == expected


def test_a_fraction_is_of_the_first_videos_but_ten_at_least():
    train, val = videos(30, 11, noise=1.0), videos(10, 12, noise=1.0)

    def first(count):
        return sub_action_classification(train[0][:count], train[1][:count], *val, epochs=5)

    assert sub_action_classification(*train, *val, fraction=0.1, epochs=5) == first(10)
    assert sub_action_classification(*train, *val, fraction=0.5, epochs=5) == first(15)


def test_a_collapsed_embedding_says_one_label_for_all():
    (train, labels), (val, val_labels) = videos(12, 13), videos(10, 14)
    flat = [[unit(np.ones_like(z)) for z in side] for side in (train, val)]
    got = sub_action_classification(flat[0], labels, flat[1], val_labels, epochs=20)
    shares = np.bincount(np.concatenate(val_labels)) / len(np.concatenate(val_labels))
    assert min(abs(got - shares)) < 1e-12


def test_what_cannot_be_learnt_or_scored_is_refused():
    train, val = videos(3, 15), videos(3, 16)
    none = [[np.full(len(z), -1) for z in side[0]] for side in (train, val)]
    with pytest.raises(InputError, match="learn from"):
        sub_action_classification(train[0], none[0], *val)
    with pytest.raises(InputError, match="to score"):
        sub_action_classification(*train, val[0], none[1])
    with pytest.raises(InputError, match="above the largest label, 4"):
        sub_action_classification(*train, *val, classes=4)
    with pytest.raises(InputError, match="fraction"):
        sub_action_classification(*train, *val, fraction=0.0)
    with pytest.raises(InputError, match="epochs"):
        sub_action_classification(*train, *val, epochs=0)


def test_training_that_diverges_is_reported():
    train, val = videos(12, 17), videos(3, 18)
    huge = [z * np.float32(1e30) for z in train[0]]
    with pytest.raises(InputError, match="diverged"):
        sub_action_classification(huge, train[1], *val, epochs=3)
