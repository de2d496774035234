"""VAVA: frames of two videos are transported to each other, in time or wherever they match best."""

import torch
from jaxtyping import Bool, Float, Shaped
from torch import Tensor

from inphase.errors import InputError
from inphase.losses.idm import Reduction, contrastive_idm
from inphase.losses.inputs import Pairs, check_frames, check_rows, pairs_of, unit_frames
from inphase.losses.vava_plan import terms
from inphase.losses.vava_prior import Density, Kind, chosen_phi
from inphase.warping.inputs import in_full_precision


@in_full_precision
def vava(
    z: Float[Tensor, "rows time dim"],
    times: Float[Tensor, "rows time"],
    mask: Bool[Tensor, "rows time"],
    *,
    pairs: Pairs | None = None,
    progress: float | int = 0.0,
    step: int | None = None,
    phi: float | int | None = None,
    prior: Kind = "gaussian",
    variance: float | int | Shaped[Tensor, "..."] = 0.36,
    flat: float | int = 1.0,
    shape: tuple[float | int, float | int] = (1.0, 50.0),
    virtual: float | int = 0.5,
    virtual_distance: float | int = 1.5,
    structure_weight: float | int = 1.0,
    prior_weight: float | int = 0.1,
    contrast_weight: float | int = 0.5,
    margin: float | int = 2.0,
    window: float | int = 15.0,
    reduction: Reduction = "mean",
    iterations: int = 20,
) -> Float[Tensor, ""]:
    r"""Cost of the best transport between two videos whose plan keeps to time where it can.

    With $D_{ij} = \lVert x_i - y_j \rVert^2$ of unit vectors and $\hat D$ the same with a virtual
    frame 0 on either side, from which all are at distance $\zeta$,

    $$L = \min_T\ \langle T, \hat D \rangle - \lambda_1 I(T) + \lambda_2 \mathrm{KL}(T \Vert P)
    + \gamma\,(C(X) + C(Y) + C(X, Y))$$

    over plans $T$ that give every frame, the virtual ones too, an equal share of 1. With positions
    $i / N$ and $j / M$, best matches $i_o(j)$ and $j_o(i)$, and
    $\mu = \sqrt{1 / N^2 + 1 / M^2}$,

    $$\ell^c_{ij} = \frac{|i/N - j/M|}{\mu}, \quad
    \ell^o_{ij} = \frac{|i - i_o(j)|/N + |j - j_o(i)|/M}{2\mu}, \quad
    P_{ij} = \varphi\,p(\ell^c_{ij}) + (1 - \varphi)\,p(\ell^o_{ij}),$$

    $$I(T) = \sum_{ij} T_{ij} \Big( \frac{\varphi}{(i/N - j/M)^2 + 1} +
    \frac{1 - \varphi}{\frac12 ((i - i_o)^2/N^2 + (j - j_o)^2/M^2) + 1} \Big).$$

    So matches should keep to time at first ($\varphi = 1$), and later, wherever they go, be near
    those of their neighbours; frames without a match go to the virtual frame. $C(X)$ is
    `contrastive_idm`; $C(X, Y)$ the mean over frames of the distance from the best match in the
    plan less that from the worst, of either video, added. The value is a mean over frames, and
    over pairs, and negative where all is well: $I(T)$ is then 1. The gradient goes through the
    iterations that make $T$, so each term has one; not through which match is best.

    Use it for videos of one activity with background, or with steps in another order; `lav` asks
    for one order and no background, and has the same $C(X)$.

    Source: Liu, Tekin, Coskun, Vineet, Fua, Pollefeys, "Learning to Align Sequential Actions in
    the Wild" (VAVA), CVPR 2022, equations 13 and 17, with the values of tables 6 to 8 of its
    supplement. The equations are taken from the supplement, the authors' code, and the code of GTCC
    (CVPR 2024), which compares with VAVA: the text of the paper was not at hand.
    Deviations: embeddings are normalised; otherwise $C(X, Y)$ had no lower bound. $i_o$ and $j_o$
    are nearest frames, as in the authors' code, since $T$ is made of them. $P$ is 1e-15 at least,
    where that code clips the kernel. At virtual frames distances in time are $3 d / (N + M + 2)$,
    as there; but with the paper's variance its $d = 5$ leaves the virtual frame without any use,
    so that $d$ is here as many standard deviations as there. That code scales $\lambda_1$ and
    $\lambda_2$ by the lengths, has a variance of 4 and no $i_o$, returns
    $\langle T, \hat D \rangle$ alone, and weighs $C(X, Y)$, as a cross-entropy, by 0.0001. For
    $\varphi$ see `phi_at`.

    Args:
        z: Embeddings of videos, of any length: they are normalised here.
        times: When each frame is shown; not read, since positions count the frames given.
        mask: True where the frame is real and not padding.
        pairs: Which rows are compared; rows 0 and 1, 2 and 3, and so on, if None.
        progress: Share of training that is over; $\varphi$ is the rest, if there is no `step`.
        step: Number of steps taken: $\varphi$ is `phi_at(step)`.
        phi: $\varphi$ itself, from 0 to 1, in place of both.
        prior: $p$: "gaussian", "flat-top" or "beta"; see `Density`.
        variance: $\sigma^2$ of $p$, in frames squared, for all pairs or one each; 0.36 in the
            paper. A tensor gets a gradient (the supplement's learned variance).
        flat: $\eta$ of the flat top, in frames.
        shape: $\alpha$ and $\beta$ of the Beta density.
        virtual: $\zeta$, the cost of giving a frame to the virtual one, of distances from 0 to 4.
        virtual_distance: $d$, how far the virtual frame is in time.
        structure_weight: $\lambda_1$.
        prior_weight: $\lambda_2$, above 0: the smaller, the sharper the plan.
        contrast_weight: $\gamma$.
        margin: $\lambda_3$ of $C(X)$: distance beyond which its far frames are let be.
        window: $\delta$ of $C(X)$: the last gap that is near, in frames of the row.
        reduction: "mean", as in the authors' code, or "sum", as LAV has $C(X)$; the sum outweighs
            the transport by far.
        iterations: Sinkhorn's iterations; 20 leave rows a little off their share.

    Raises:
        InputError: If the shapes disagree, a row has fewer than two frames, or a setting cannot be
            used.

    Example:
        >>> import torch
        >>> z, mask = torch.eye(3).repeat(2, 1, 1), torch.ones(2, 3, dtype=torch.bool)
        >>> times = torch.arange(3.0).expand(2, 3)
        >>> same_order = vava(z, times, mask)
        >>> bool(same_order < vava(torch.stack([z[0], z[1].flip(0)]), times, mask))
        True
    """
    check_rows(z, times, mask)
    check_frames(mask, 2, "transport in time")
    one, other = pairs_of(mask, pairs).T
    if not prior_weight > 0 or iterations < 1:
        raise InputError(
            f"prior_weight must be above 0 and iterations 1 or more, "
            f"not {prior_weight} and {iterations}"
        )
    density = Density(prior, variance, flat, shape)
    density.check(len(one))
    unit = unit_frames(z, mask)
    found = terms(
        unit[one], unit[other], mask[one], mask[other],
        phi=chosen_phi(phi, step, progress), density=density,
        virtual=virtual, virtual_distance=virtual_distance,
        structure_weight=structure_weight, prior_weight=prior_weight, iterations=iterations,
    )  # fmt: skip
    loss = found.transport - structure_weight * found.structure + prior_weight * found.divergence
    both = torch.cat([one, other])
    intra = 2 * contrastive_idm(
        z[both], times[both], mask[both], margin=margin, window=window, reduction=reduction
    )
    return loss.mean() + contrast_weight * (found.inter.mean() + intra)
