"""Encoders that see a frame and a few around it, as maps: what all of these have in common."""

import math
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32
from torch import Tensor, nn

from inphase.encoders.architecture import Blocks, Clips, Convolutional


class ContextEncoder(nn.Module):
    """Embed every frame of a clip from its own map and those of its context, and no others.

    Padding is never computed, and so has no part in batch normalisation either.

    Args:
        features: Channels, rows and columns of a frame's map.
        architecture: Layers and sizes, and which frames are a frame's context.
        frames: Frames of a training clip; remembered, but of no effect.

    Attributes:
        at_a_time: Frames embedded together, so that memory does not grow with the video.
    """

    at_a_time: ClassVar[int] = 32

    def __init__(
        self,
        features: tuple[int, int, int],
        architecture: Convolutional | Blocks | Clips,
        *,
        frames: int = 80,
    ):
        super().__init__()
        self.architecture = architecture
        self.features, self.frames = features, frames

    def prepare(self, maps: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h2 w2"]:
        """What is done to each map by itself before a look; doing it twice is doing it once."""
        return maps

    def look(self, maps: Float[Tensor, "n k c h w"]) -> Float[Tensor, "n d"]:
        """Embed frames, each from the maps of its context, in order of time."""
        raise NotImplementedError

    def forward(
        self,
        features: Float[Tensor, "b t c"],
        times: Float[Tensor, "b t"],  # noqa: ARG002
        mask: Bool[Tensor, "b t"],
    ) -> Float[Tensor, "b t d"]:
        """Embed clips.

        Args:
            features: Of each frame the maps of its context, one after the other, each flat.
            times: Not used.
            mask: True where the frame is real; the embedding of padding is 0.
        """
        real = features[mask]
        found = self.look(real.unflatten(1, (self.architecture.context, *self.features)))
        z = found.new_zeros(*mask.shape, found.shape[1])
        z[mask] = found
        return z

    @torch.inference_mode()
    def embed(self, maps: Float[np.ndarray, "t c"]) -> Float32[np.ndarray, "t d"]:
        """Embed all frames of a video from their own maps, each flat.

        Only a few are read at a time, so that `maps` may be a file far larger than memory. Those
        that several contexts share are read and prepared once for all of them.
        """
        a, count = self.architecture, len(maps)
        around = (np.arange(a.context) - a.context + 1 + a.ahead) * a.stride
        device = next(self.parameters()).device
        embedded = []
        for numbers in np.array_split(np.arange(count), math.ceil(count / self.at_a_time)):
            shown = np.clip(numbers[:, None] + around, 0, count - 1)
            needed, places = np.unique(shown, return_inverse=True)
            values = torch.from_numpy(np.asarray(maps[needed])).to(device).float()
            ready = self.prepare(values.unflatten(1, self.features))
            clips = ready[torch.from_numpy(places.reshape(shown.shape)).to(device)]
            embedded.append(self.look(clips).float().cpu().numpy())
        return np.concatenate(embedded)
