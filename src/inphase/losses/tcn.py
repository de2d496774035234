"""Time-contrastive networks: frames of one moment together, those of other moments apart."""

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from inphase.errors import InputError
from inphase.losses.inputs import Pairs, check_choice, check_frames, check_rows, pairs_of, zeroed
from inphase.losses.tcn_moments import Moments, in_one_view, in_two_views
from inphase.losses.tcn_triplets import triplets
from inphase.warping.inputs import in_full_precision


@in_full_precision
def tcn(
    z: Float[Tensor, "rows time dim"],
    times: Float[Tensor, "rows time"],
    mask: Bool[Tensor, "rows time"],
    *,
    pairs: Pairs | None = None,
    generator: torch.Generator | None = None,
    form: str = "n_pairs",
    views: str = "single",
    window: float | int = 5.0,
    gap: float | int | None = None,
    regulariser: float | int = 0.002,
    margin: float | int = 0.2,
    negatives: str = "random",
) -> Float[Tensor, ""]:
    r"""Pull a frame to one of the same moment, push it from frames of other moments of its video.

    Every frame $i$ is an anchor. Its positive $p(i)$ is, with `views="single"`, a random frame of
    the same row no more than `window` away; with "multi", the frame of the other, synchronised
    view that is nearest in time. Its negatives $N(i)$ are more than `gap` away. As "n_pairs",

    $$L_i = -\log \frac{\exp(z_i \cdot z_{p(i)})}{\exp(z_i \cdot z_{p(i)}) +
    \sum_{k \in N(i)} \exp(z_i \cdot z_k)} + \frac{r}{4} \left(\lVert z_i \rVert^2 +
    \lVert z_{p(i)} \rVert^2\right);$$

    as "triplet", with a negative $n(i)$ of $N(i)$ and embeddings normalised here,

    $$L_i = \max\left(0, \lVert z_i - z_{p(i)} \rVert^2 - \lVert z_i - z_{n(i)} \rVert^2 +
    m\right).$$

    The mean over the frames of each row, then over rows; with two views, over both directions and
    over pairs. A frame without a negative counts as 0, but for the regulariser.

    Use it for single videos of short, unrepeated actions, or, "multi", for cameras that filmed the
    same event. Unlike `simclr` it takes neighbours in time for the same moment, and unlike `scl`
    it draws one and does not weigh them all.

    Source: Sermanet, Lynch, Chebotar, Hsu, Jang, Schaal, Levine, "Time-Contrastive Networks:
    Self-Supervised Learning from Video", ICRA 2018; n-pairs of Sohn, NeurIPS 2016. Window and
    regulariser of n-pairs are those of TCC's released code (see `tcc`), the margin and the gap of
    triplets those of TCN's: positives within 0.2 seconds (6 frames), negatives beyond twice that.
    Deviations: TCC's code draws few anchors from the whole video and takes the other anchors'
    positives as negatives; here all frames of a row are anchors, so those that could be positives
    are no negatives. Positives come from before and after, there from before only. Where no frame
    is within the window, the nearest is the positive.

    Args:
        z: Embeddings of videos, or of views; n-pairs take them as they are.
        times: When each frame is shown, in frames of the original video; synchronised views have
            one clock.
        mask: True where the frame is real and not padding.
        pairs: Which rows are synchronised views of one event, only for `views="multi"`; rows 0 and
            1, 2 and 3, and so on, if None.
        generator: Source of positives, and of the negatives of triplets.
        form: "n_pairs", against all negatives, or "triplet", against one.
        views: "single" or "multi".
        window: How far a positive of the same row may be, in frames.
        gap: How far negatives at least are, in frames. If None: twice the window for triplets,
            the window for n-pairs of one view, 0 for those of two.
        regulariser: $r$ of n-pairs.
        margin: $m$ of triplets.
        negatives: Of triplets: "random", or "semi_hard", the nearest in $z$ that is farther than
            the positive, else the farthest (TCN's released code).

    Raises:
        InputError: If shapes disagree, a row has fewer than two frames, no frame has a negative,
            or a setting is out of range.

    Example:
        >>> z = 9 * torch.eye(2).repeat_interleave(2, 0)[None]
        >>> times = torch.tensor([[0.0, 1.0, 100.0, 101.0]])
        >>> mask = torch.ones(1, 4, dtype=torch.bool)
        >>> round(tcn(z, times, mask, regulariser=0).item(), 4)
        0.0
    """
    check_rows(z, times, mask)
    check_frames(mask, 2, "a frame beside another")
    check_choice(form, ("n_pairs", "triplet"), "form")
    check_choice(views, ("single", "multi"), "views")
    check_choice(negatives, ("random", "semi_hard"), "negatives")
    if gap is None:
        gap = 2 * window if form == "triplet" else window if views == "single" else 0.0
    for value, name in ((window, "window"), (gap, "gap"), (margin, "margin")):
        if not value >= 0:
            raise InputError(f"{name} must be 0 or above, not {value}")

    z = zeroed(z, mask)
    if views == "single":
        moments = in_one_view(times, mask, window, gap, generator)
    else:
        moments = in_two_views(times, mask, pairs_of(mask, pairs), gap, form == "triplet")
    if form == "triplet":
        values = triplets(z, moments, margin, negatives, generator)
    else:
        values = _n_pairs(z, moments, regulariser)
    return ((values * moments.anchors).sum(1) / moments.anchors.sum(1)).mean()


def _n_pairs(
    z: Float[Tensor, "rows time dim"], moments: Moments, regulariser: float | int
) -> Float[Tensor, "sides time"]:
    """Cross-entropy of each anchor between its positive and its negatives."""
    anchor, other = z[moments.one], z[moments.other]
    chosen = moments.positive[..., None]
    itself = torch.zeros_like(moments.negatives).scatter(2, chosen, True)
    logits = (anchor @ other.mT).masked_fill(~(moments.negatives | itself), -math.inf)
    entropy = logits.logsumexp(2) - logits.gather(2, chosen).squeeze(2)
    squares = z.square().sum(-1)
    size = squares[moments.one] + squares[moments.other].gather(1, moments.positive)
    return entropy + 0.25 * regulariser * size
