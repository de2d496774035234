"""What VAVA expects of a match before it has seen it: how far it may be from where it should be."""

import math
from typing import Literal, NamedTuple

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from inphase.errors import InputError

Kind = Literal["gaussian", "flat-top", "beta"]

_DECAY = 0.999
# Neither component of the mixture ever has no weight at all: both sources clamp it so.
_LEAST, _MOST = 0.001, 0.999
# Keeps a Beta density finite at distances 0 and 1.
_INSIDE = 1e-6


def phi_at(step: int) -> float:
    r"""Weight $\varphi = 0.999^{step}$ of the consistency prior, from 1 to 0, within [.001, .999].

    Source: VAVA lets it decay over training; the rate is that of the code of GTCC (CVPR 2024),
    which compares with VAVA. Deviation: the authors' own code has $0.999^{\sqrt{step + 1}}$, which
    after 100,000 steps is still 0.73.
    """
    return _clamped(_DECAY**step)


def chosen_phi(phi: float | int | None, step: int | None, progress: float | int) -> float:
    """Return `phi` if given, else that of the step if given, else what is left of training.

    Raises:
        InputError: If one is out of range.
    """
    if not 0 <= (0 if phi is None else phi) <= 1 or not 0 <= progress <= 1:
        raise InputError(f"phi ({phi}) and progress ({progress}) go from 0 to 1")
    if phi is not None:
        return float(phi)
    if step is None:
        return _clamped(1 - progress)
    if step < 0:
        raise InputError(f"step is the number of steps taken, 0 or more, not {step}")
    return phi_at(step)


class Density(NamedTuple):
    r"""Density of the distance $\ell$ of a match from where it is expected.

    $\ell$ is in frames, as a point's distance from the diagonal of the matrix of all pairs; $x$ is
    the same as a share of the video, from 0 to 1.

    - gaussian: $\mathcal N(\ell; 0, \sigma^2)$.
    - flat-top: the same, but $\mathcal N(\eta; 0, \sigma^2)$ wherever $\ell \le \eta$, scaled so
      that it integrates to 1: within $\eta$ all distances are alike.
    - beta: $x^{\alpha - 1} (1 - x)^{\beta - 1} / \mathrm{B}(\alpha, \beta)$; it has no variance.

    Source: VAVA's supplement, equations 1 and 2, table 7. Its values of $\eta, \alpha, \beta$ are
    not told, and neither is its $x$: ours is the distance, as in its equation 1.

    Attributes:
        kind: Which one.
        variance: $\sigma^2$, above 0, for all pairs or one each; differentiable.
        flat: $\eta$, 0 or more.
        shape: $\alpha$ and $\beta$, above 0.
    """

    kind: Kind
    variance: float | int | Shaped[Tensor, "..."]
    flat: float | int
    shape: tuple[float | int, float | int]

    def check(self, pairs: int) -> None:
        """Check the settings.

        Raises:
            InputError: If one cannot be used.
        """
        if self.kind not in ("gaussian", "flat-top", "beta"):
            raise InputError(f"the prior is 'gaussian', 'flat-top' or 'beta', not '{self.kind}'")
        variance = torch.as_tensor(self.variance).detach()
        if variance.shape not in ((), (pairs,)) or not (variance > 0).all():
            raise InputError(
                f"variance must be above 0, one number or one for each of {pairs} pairs, "
                f"not {self.variance}"
            )
        if self.flat < 0 or min(self.shape) <= 0:
            raise InputError(f"flat ({self.flat}) must be 0 or more, shape {self.shape} above 0")

    def log(
        self, distance: Float[Tensor, "pairs n m"], frame: Float[Tensor, "pairs 1 1"]
    ) -> Float[Tensor, "pairs n m"]:
        """Logarithm of the density, at distances as shares; a frame's share turns them to frames.

        It is never taken as a density: most are too small for a floating-point number.
        """
        if self.kind == "beta":
            return self._log_beta(distance)
        variance = torch.as_tensor(self.variance, dtype=distance.dtype, device=distance.device)
        variance = variance.reshape(-1, 1, 1)
        squares = (distance / frame).square()
        scale = -0.5 * (2 * math.pi * variance).log()
        if self.kind == "flat-top":
            squares = squares.clamp(min=self.flat**2)
            scale = scale - self._flat_top_mass(variance).log()
        return scale - squares / (2 * variance)

    def _flat_top_mass(self, variance: Tensor) -> Tensor:
        """Integral of the flat top before it is scaled: its top, and the two tails."""
        deviations = self.flat / variance.sqrt()
        height = (-0.5 * deviations.square()).exp() / math.sqrt(2 * math.pi)
        return 2 * deviations * height + torch.special.erfc(deviations / math.sqrt(2))

    def _log_beta(self, x: Tensor) -> Tensor:
        alpha, beta = self.shape
        x = x.clamp(_INSIDE, 1 - _INSIDE)
        log_scale = math.lgamma(alpha + beta) - math.lgamma(alpha) - math.lgamma(beta)
        return (alpha - 1) * x.log() + (beta - 1) * (-x).log1p() + log_scale


def _clamped(phi: float) -> float:
    return min(max(phi, _LEAST), _MOST)
