"""An encoder that shows a clip network the clip around each frame."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from inphase.encoders.architecture import Clips
from inphase.encoders.clip import network
from inphase.encoders.context import ContextEncoder
from inphase.errors import InputError


class ClipLevelEncoder(ContextEncoder):
    """The mean of a clip network's last map, over all places and times of the clip around a frame.

    Source: Haresh et al., LAV, CVPR 2021, supplement A.6: sliding windows give embeddings of the
    frames at their centres. Maps are pixels; see `Clips`.

    Attributes:
        network: The clip network.

    Raises:
        InputError: If maps are not pixels, or fewer than the architecture wants.
    """

    at_a_time = 8
    architecture: Clips

    def __init__(self, features: tuple[int, int, int], architecture: Clips, *, frames: int = 80):
        super().__init__(features, architecture, frames=frames)
        if features[0] != 3:
            raise InputError(
                f"clip networks look at pixels, not at maps of {features[0]} channels: use the "
                "backbone 'pixels'"
            )
        if min(features[1:]) < architecture.size:
            raise InputError(
                f"frames of {features[1]} x {features[2]} pixels are smaller than the "
                f"{architecture.size} that the clip network sees: make its size smaller"
            )
        self.network = network(architecture.network, width=architecture.width)

    def prepare(self, maps: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h2 w2"]:
        """Shrink pictures to the size that the network sees."""
        size = (self.architecture.size,) * 2
        if maps.shape[2:] == size:
            return maps
        return F.interpolate(maps, size, mode="bilinear", align_corners=False, antialias=True)

    def look(self, maps: Float[Tensor, "n k c h w"]) -> Float[Tensor, "n d"]:
        """Embed frames, each from the pixels of its clip."""
        clips = self.prepare(maps.flatten(0, 1)).unflatten(0, maps.shape[:2])
        return self.network(clips.transpose(1, 2)).mean((2, 3, 4))
