"""What every loss asks of its tensors."""

from torch import Tensor

from inphase.errors import InputError


def check_views(z: Tensor, times: Tensor, mask: Tensor) -> None:
    """Check embeddings (videos, 2, time, dim) with their times and mask.

    Raises:
        InputError: If the shapes disagree or a view has no real frame.
    """
    if z.ndim != 4 or z.shape[1] != 2:
        raise InputError(
            f"two views of each video are needed, as (videos, 2, time, dim), not {tuple(z.shape)}"
        )
    if times.shape != z.shape[:3] or mask.shape != z.shape[:3]:
        raise InputError(
            f"times {tuple(times.shape)} and mask {tuple(mask.shape)} must be shaped "
            f"{tuple(z.shape[:3])}, as the embeddings are"
        )
    if not mask.any(-1).all():
        raise InputError("every view needs at least one real frame, but one is all padding")
