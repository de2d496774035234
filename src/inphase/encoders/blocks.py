"""An encoder that shows R3D-18 a block of frames around each frame."""

from jaxtyping import Float
from torch import Tensor, nn

from inphase.encoders.architecture import Blocks
from inphase.encoders.clip import R3D18
from inphase.encoders.context import ContextEncoder
from inphase.errors import InputError


class BlockEncoder(ContextEncoder):
    """R3D-18 over a block of frames, the mean over its map, and a linear layer.

    Source: Liu et al., VAVA, CVPR 2022, supplement, table 7a; see `Blocks`. Maps are pixels.
    """

    def __init__(self, features: tuple[int, int, int], architecture: Blocks, *, frames: int = 80):
        super().__init__(features, architecture, frames=frames)
        if features[0] != 3:
            raise InputError(
                f"R3D-18 looks at pixels, not at maps of {features[0]} channels: use the backbone "
                "'pixels'"
            )
        self.trunk = R3D18()
        self.output = nn.Linear(self.trunk.dim, architecture.output)

    def look(self, maps: Float[Tensor, "n k c h w"]) -> Float[Tensor, "n d"]:
        """Embed frames, each from the pixels of its block."""
        return self.output(self.trunk(maps.transpose(1, 2)).mean((2, 3, 4)))
