"""How TCC judges where a cycle comes back to: by the frame, or by its position."""

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from inphase.errors import InputError
from inphase.losses.tcc_cycles import Return
from inphase.warping.inputs import checked_gamma

# Of a position from 0 to 1: the softmax is on one frame, and its variance rounds to 0.
_LEAST_SPREAD = 1e-4


def classification(back: Return, label_smoothing: float | int) -> Float[Tensor, "groups cycles"]:
    """Cross-entropy to the frame of origin, with a share spread evenly over all frames of home.

    Raises:
        InputError: If the share is not from 0 to below 1.
    """
    if not 0 <= label_smoothing < 1:
        raise InputError(f"label_smoothing must be from 0 to below 1, not {label_smoothing}")
    # Padding would be minus infinity times 0.
    likelihood = back.logits.log_softmax(-1).masked_fill(~back.home, 0.0)
    chosen = likelihood.gather(2, back.origin[..., None]).squeeze(2)
    evenly = likelihood.sum(-1) / back.home.sum(-1)
    return -(1 - label_smoothing) * chosen - label_smoothing * evenly


def regression(
    back: Return, loss: str, variance_weight: float | int, delta: float | int
) -> Float[Tensor, "groups cycles"]:
    """Error of the position that a cycle comes back to.

    Raises:
        InputError: If delta is not above 0.
    """
    chance = back.logits.softmax(-1)
    mean = (chance @ back.position.mT).squeeze(2)
    error = back.position.squeeze(1).gather(1, back.origin) - mean
    if loss == "regression_mse":
        return error.square()
    if loss == "regression_huber":
        return F.huber_loss(
            error, error.new_zeros(()).expand_as(error), reduction="none",
            delta=checked_gamma(delta, "delta"),
        )  # fmt: skip
    # The mean is where the variance is least, so no gradient goes through it.
    squares = (back.position - mean.detach()[..., None]).square()
    variance = (chance * squares).sum(-1)
    variance = variance.clamp(min=_LEAST_SPREAD**2)
    return error.square() / variance + 0.5 * variance_weight * variance.log()
