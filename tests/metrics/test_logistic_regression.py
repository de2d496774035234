import numpy as np
import pytest

from inphase.metrics.logistic_regression import LogisticRegression, _loss
from inphase.warping.routes import forced

linear_model = pytest.importorskip("sklearn.linear_model")
optimize = pytest.importorskip("scipy.optimize")


@pytest.fixture(scope="module", params=["reference", "numba"], autouse=True)
def route(request):
    """All that is said here holds with and without numba."""
    if request.param == "numba":
        pytest.importorskip("numba")
    with forced(request.param):
        yield


def clouds(count, classes, dimensions=16, seed=0, spread=1.5):
    """Unit frames around a place for each class, which overlap."""
    random = np.random.default_rng(seed)
    places = np.random.default_rng(9).normal(size=(classes, dimensions))
    y = random.integers(0, classes, count)
    x = places[y] + spread * random.normal(size=(count, dimensions))
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32), y


@pytest.mark.parametrize("classes", [2, 3, 6])
@pytest.mark.parametrize("count", [64, 90, 667])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_tells_what_scikit_learn_tells_in_float64(classes, count, dtype):
    x, y = clouds(count, classes)
    held_out, _ = clouds(2000, classes, seed=1)
    theirs = linear_model.LogisticRegression(C=2.0 if classes == 2 else 1.0, max_iter=100_000)
    theirs.fit(x.astype(np.float64), y)
    ours = LogisticRegression().fit(x.astype(dtype), y)
    assert np.allclose(ours._weights[:, :-1], theirs.coef_, atol=1e-7)
    assert np.allclose(ours._weights[:, -1], theirs.intercept_, atol=1e-7)
    expected = theirs.predict(held_out.astype(np.float64))
    assert len(set(expected)) == classes
    assert ours.predict(held_out.astype(dtype)).tolist() == expected.tolist()


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("count", [3, 64, 130])
def test_the_gradient_is_that_of_the_loss(classes, count):
    x, y = clouds(count, classes, dimensions=5)
    loss = _loss(x, y, classes)
    weights = np.random.default_rng(2).normal(size=(1 if classes == 2 else classes) * 6)
    expected = optimize.approx_fprime(weights, lambda at: loss(at)[0], 1e-7)
    assert np.allclose(loss(weights)[1], expected, atol=1e-6)


def test_the_loss_is_the_mean_cross_entropy():
    x, y = clouds(70, 3, dimensions=5)
    weights = np.random.default_rng(3).normal(size=(3, 6))
    logits = x @ weights[:, :-1].T + weights[:, -1]
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    expected = -np.log(shares[np.arange(70), y]).mean()
    assert _loss(x, y, 3)(weights.ravel())[0] == pytest.approx(expected, abs=1e-12)


def test_logits_of_any_size_are_no_overflow():
    x, y = clouds(50, 3, dimensions=5)
    value, gradient = _loss(x, y, 3)(np.full(18, 1e4) * np.arange(18))
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()


def test_labels_are_given_back_as_they_were():
    x, y = clouds(200, 3)
    names = np.array([7, -2, 40])
    plain, named = LogisticRegression().fit(x, y), LogisticRegression().fit(x, names[y])
    order = np.argsort(names)
    assert set(named.predict(x)) == {7, -2, 40}
    assert (named.predict(x) == names[plain.predict(x)]).all()
    assert np.allclose(named._weights, plain._weights[order], atol=1e-3)


def test_two_classes_are_the_minimum_with_a_penalised_vector_for_each():
    x, y = clouds(300, 2, dimensions=5)
    x = x.astype(np.float64)

    def loss(flat):
        weights = flat.reshape(2, 6)
        logits = x @ weights[:, :-1].T + weights[:, -1]
        of_all = np.logaddexp.reduce(logits, axis=1)
        return (of_all - logits[np.arange(300), y]).sum() + np.square(weights[:, :-1]).sum() / 2

    weights = optimize.minimize(loss, np.zeros(12), options={"gtol": 1e-6}).x.reshape(2, 6)
    expected = weights[1] - weights[0]
    assert np.allclose(LogisticRegression().fit(x, y)._weights[0], expected, atol=5e-3)


def test_half_precision_will_do():
    x, y = clouds(100, 3)
    x = x.astype(np.float16)
    expected = LogisticRegression().fit(x.astype(np.float64), y).predict(x.astype(np.float64))
    assert LogisticRegression().fit(x, y).predict(x).tolist() == expected.tolist()
