"""Temporal cycle consistency: from a frame to its match in another video, and back to itself."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F

from inphase.errors import InputError
from inphase.losses.inputs import Pairs, check_choice, check_frames, check_rows, lengths_of, zeroed
from inphase.losses.tcc_chains import every_pair, random_chains
from inphase.losses.tcc_cycles import Similarity, deterministic, stochastic
from inphase.losses.tcc_errors import classification, regression
from inphase.warping.inputs import checked_gamma, in_full_precision

_LOSSES = ("regression_mse_var", "regression_mse", "regression_huber", "classification")


@in_full_precision
def tcc(
    z: Float[Tensor, "rows time dim"],
    times: Float[Tensor, "rows time"],
    mask: Bool[Tensor, "rows time"],
    *,
    pairs: Pairs | None = None,
    lengths: Float[Tensor, " rows"] | None = None,
    generator: torch.Generator | None = None,
    loss: str = "regression_mse_var",
    similarity: str = "squared_l2",
    temperature: float | int = 0.1,
    variance_weight: float | int = 0.001,
    delta: float | int = 0.1,
    label_smoothing: float | int = 0.1,
    cycles: str = "deterministic",
    cycle_length: int = 2,
    fraction: float | int = 1.0,
) -> Float[Tensor, ""]:
    r"""Find a frame's soft match in another video, that match's soft match at home: the same frame.

    A frame $u_i$ of one video has the soft nearest neighbour $\tilde v_i$ in another, and that one
    points back at frames $k$ of the first with the weights $\beta_{ik}$:

    $$\tilde v_i = \sum_j \alpha_{ij} v_j, \quad \alpha_{ij} = \mathrm{softmax}_j\!\left(
    -\frac{\lVert u_i - v_j \rVert^2}{D \tau}\right), \qquad \beta_{ik} = \mathrm{softmax}_k\!\left(
    -\frac{\lVert \tilde v_i - u_k \rVert^2}{D \tau}\right).$$

    With the position $p_k$ of a frame, its time over the length of its video, the cycle should
    come back to where it began (`loss`, in turn "regression_mse_var", "regression_mse",
    "regression_huber" and "classification"):

    $$\mu_i = \sum_k \beta_{ik} p_k, \quad \sigma_i^2 = \sum_k \beta_{ik} (p_k - \mu_i)^2, \quad
    L_i = \frac{(p_i - \mu_i)^2}{\sigma_i^2} + \lambda \log \sigma_i;$$

    $$L_i = (p_i - \mu_i)^2; \qquad L_i = H_\delta(p_i - \mu_i); \qquad
    L_i = -\sum_k \big((1 - s)\,[k = i] + s / T\big) \log \beta_{ik},$$

    where $H_\delta$ is the Huber loss. The mean over the frames of the first video, then over all
    ordered pairs; for stochastic cycles the mean over cycles.

    Use it with videos of one activity whose order is much the same. Each frame is matched alone, so
    nothing but the cycle holds the order; `lav` and `gta` align videos as a whole. It is a loss of
    embeddings as they are, not normalised, so their scale is learned.

    Source: Dwibedi, Aytar, Tompson, Sermanet, Zisserman, "Temporal Cycle-Consistency Learning",
    CVPR 2019, section 3 (cycle-back classification and regression); settings as in its released
    code. Deviations: as in that code, distances are divided by $D \tau$ and positions by the
    length. The code has $\lambda \log \sigma^2$, which is `variance_weight=0.002`. The code's
    "cosine" is a dot product over $D \tau$; here it is the cosine over $\tau$. $\sigma$ is kept at
    a ten-thousandth of the video or more, where the code would divide by zero.

    Args:
        z: Embeddings of videos, or of views.
        times: When each frame is shown, in frames of the original video.
        mask: True where the frame is real and not padding.
        pairs: Which rows are compared, each pair both ways; every two rows if None. Give the rows
            of one activity if a batch has several.
        lengths: Frames of the whole video of each row; its last time + 1 if None.
        generator: Source of the stochastic cycles.
        loss: How the way back is judged.
        similarity: "squared_l2" or "cosine"; with the second, embeddings are normalised first.
        temperature: $\tau$, 0.1 in the paper.
        variance_weight: $\lambda$ of $\log \sigma$, 0.001 in the paper.
        delta: $\delta$ of the Huber loss, in shares of the video.
        label_smoothing: $s$ of the classification.
        cycles: "deterministic", every frame of every ordered pair; or "stochastic", from random
            frames through random rows, all of which pairs join, directly or through others.
        cycle_length: Rows that a stochastic cycle passes, 2 or more; otherwise 2.
        fraction: Stochastic cycles for each real frame of the batch.

    Raises:
        InputError: If shapes disagree, a row has fewer than two frames, there are too few rows, or
            a setting is out of range.

    Example:
        >>> z = torch.tensor([[[0.0], [9.0]], [[0.0], [9.0]]])
        >>> times, mask = torch.tensor([[0.0, 1.0]] * 2), torch.ones(2, 2, dtype=torch.bool)
        >>> round(tcc(z, times, mask, loss="regression_mse").item(), 4)
        0.0
    """
    check_rows(z, times, mask)
    check_frames(mask, 2, "a cycle that may come back elsewhere")
    check_choice(loss, _LOSSES, "loss")
    check_choice(similarity, ("squared_l2", "cosine"), "similarity")
    check_choice(cycles, ("deterministic", "stochastic"), "cycles")
    alike = Similarity(similarity, checked_gamma(temperature, "temperature"))
    pairs = every_pair(mask, pairs)

    z = zeroed(z, mask)
    if similarity == "cosine":
        z = F.normalize(z, dim=-1)
    shares = times.masked_fill(~mask, 0.0) / lengths_of(lengths, times, mask)[:, None]
    position = shares.to(z.dtype)
    if cycles == "deterministic":
        if cycle_length != 2:
            raise InputError(f"deterministic cycles pass 2 rows, not {cycle_length}")
        back = deterministic(z, mask, position, pairs, alike)
    else:
        chains = random_chains(mask, pairs, cycle_length, fraction, generator)
        back = stochastic(z, mask, position, chains, alike, generator)
    if loss == "classification":
        return back.mean(classification(back, label_smoothing))
    return back.mean(regression(back, loss, variance_weight, delta))
