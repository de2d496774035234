"""Multinomial logistic regression, as scikit-learn fits it, in float64 at the speed of float32."""

import warnings
from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Float64, Integer

from inphase.metrics.inputs import extra
from inphase.warping.routes import pick

Weights = Float64[np.ndarray, " weights"]
Loss = Callable[[Weights], tuple[float, Weights]]


class LogisticRegression:
    r"""A penalised weight vector per class, and an intercept: the most likely class of a frame.

    Of N frames $x_i$ of class $y_i$, with logits $z_k = w_k \cdot x + b_k$, it minimises

    $$\frac1N \sum_i \Big(\log \sum_k e^{z_{ik}} - z_{i y_i}\Big) +
      \frac{1}{2N} \sum_k \|w_k\|^2.$$

    Of two classes the best vectors are each other's negative. So the difference alone is fitted,
    on which the same penalty is half as strong: scikit-learn's with C = 2.

    It goes the way of scikit-learn's `LogisticRegression` on float64 (Pedregosa et al., JMLR 2011:
    L-BFGS-B from zero until no derivative exceeds 1e-4) and stops where that does. On float32
    scikit-learn computes in float32, stops elsewhere, and some frames in ten thousand are told
    otherwise.
    """

    def fit(
        self, x: Float[np.ndarray, "n d"], y: Integer[np.ndarray, " n"]
    ) -> "LogisticRegression":
        """Fit weights to frames (N, D) of two classes or more."""
        self._classes, place = np.unique(y, return_inverse=True)
        classes = len(self._classes)
        # The first of two classes has logit 0, and so no weights.
        rows, strength = (1, 2.0) if classes == 2 else (classes, 1.0)
        loss, penalty = _loss(_real(x), place, classes), 1 / (strength * len(y))

        def penalised(flat: Weights) -> tuple[float, Weights]:
            value, gradient = loss(flat)
            weights = flat.reshape(rows, -1)[:, :-1]
            gradient.reshape(rows, -1)[:, :-1] += penalty * weights
            return value + penalty / 2 * float(np.square(weights).sum()), gradient

        found = extra("scipy.optimize").minimize(
            penalised,
            np.zeros(rows * (x.shape[1] + 1)),
            jac=True,
            method="L-BFGS-B",
            options={
                "maxiter": 100_000,
                "maxls": 50,
                "gtol": 1e-4,
                "ftol": 64 * np.finfo(float).eps,
            },
        )
        if not found.success:
            warnings.warn(
                f"Logistic regression stopped before its minimum ({found.message}); "
                "scale the embeddings to unit length.",
                stacklevel=2,
            )
        self._weights = found.x.reshape(rows, -1)
        return self

    def predict(self, x: Float[np.ndarray, "m d"]) -> Integer[np.ndarray, " m"]:
        """The most likely class of each frame (M, D)."""
        logits = _logits(self._weights, x.astype(np.float64).T, len(self._classes))
        return self._classes[logits.argmax(axis=0)]


def _loss(x: Float[np.ndarray, "n d"], y: Integer[np.ndarray, " n"], classes: int) -> Loss:
    """The mean loss and its gradient, as a function of the weights."""
    if pick("cpu") == "numba":
        from inphase.metrics.logistic_regression_numba import loss_and_gradient

        return lambda flat: loss_and_gradient(flat, x, y, classes)
    x = x.astype(np.float64)
    each = np.arange(len(y))

    def loss(flat: Weights) -> tuple[float, Weights]:
        weights = flat.reshape(-1, x.shape[1] + 1)
        logits = _logits(weights, x.T, classes)
        logits -= logits.max(axis=0)
        of_truth = logits[y, each]
        shares = np.exp(logits, out=logits)
        total = shares.sum(axis=0)
        shares /= total
        shares[y, each] -= 1
        error = shares[-len(weights) :] / len(y)
        gradient = np.column_stack([error @ x, error.sum(axis=1)])
        return float((np.log(total) - of_truth).mean()), gradient.ravel()

    return loss


def _logits(
    weights: Float64[np.ndarray, "r e"], x: Float[np.ndarray, "d n"], classes: int
) -> Float64[np.ndarray, "k n"]:
    """Logits of all classes; those before the ones with weights have logit 0."""
    logits = np.zeros((classes, x.shape[1]))
    logits[-len(weights) :] = weights[:, :-1] @ x + weights[:, -1:]
    return logits


def _real(x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"]:
    """Float32 as it is, which loses nothing in products with float64 and is half to read."""
    return x if x.dtype == np.float32 else x.astype(np.float64, copy=False)
