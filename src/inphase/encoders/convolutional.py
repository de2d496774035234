"""Maps of a few frames in, embeddings out: the convolutional encoder of TCC, LAV, GTA and VAVA."""

from itertools import pairwise

from jaxtyping import Float
from torch import Tensor, nn

from inphase.encoders.architecture import Convolutional
from inphase.encoders.context import ContextEncoder


class ConvolutionalEncoder(ContextEncoder):
    """Convolutions over space and the frames of the context, their maximum, a small network.

    Source: TCC's `ConvEmbedder`; see `Convolutional`. Its maps are those of ResNet-50's conv4c
    (third block of conv4_x, 14 x 14 x 1024), or in LAV on IKEA ASM conv5c (the last map, 7 x 7 x
    2048); any map will do, see `inphase.encoders.backbones.backbone`. The convolutions have no
    bias, which the normalisation after them would take away. Weights begin as in TCC's code: He's
    normal initialisation of convolutions, Glorot's uniform one of the rest, zero biases. (With
    torch's own, biases outweigh what differs between frames, and SCL collapses.)
    """

    def __init__(
        self, features: tuple[int, int, int], architecture: Convolutional, *, frames: int = 80
    ):
        super().__init__(features, architecture, frames=frames)
        a = architecture
        convolutions: list[nn.Module] = []
        for before, after in pairwise((features[0], *a.channels)):
            convolution = nn.Conv3d(before, after, 3, padding=1, bias=False)
            convolutions += [convolution, nn.BatchNorm3d(after), nn.ReLU()]
        connected: list[nn.Module] = []
        for before, after in pairwise((a.channels[-1], *a.hidden)):
            connected += [nn.Dropout(a.dropout), nn.Linear(before, after), nn.ReLU()]
        self.convolutions = nn.Sequential(*convolutions)
        self.connected = nn.Sequential(*connected)
        self.output = nn.Linear((a.channels[-1], *a.hidden)[-1], a.output)
        for module in self.modules():
            if isinstance(module, nn.Conv3d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            elif isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)

    def look(self, maps: Float[Tensor, "n k c h w"]) -> Float[Tensor, "n d"]:
        """Embed frames, each from the maps of its context, in order of time."""
        x = self.convolutions(maps.transpose(1, 2))
        return self.output(self.connected(x.amax((2, 3, 4))))
