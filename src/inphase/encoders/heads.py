"""What stands between embeddings and a loss; dropped after training."""

from jaxtyping import Bool, Float
from torch import Tensor, nn

from inphase.encoders.architecture import Architecture
from inphase.encoders.frame_level import ProjectionHead


class NoHead(nn.Module):
    """The loss is measured on the embeddings themselves."""

    def forward(self, z: Float[Tensor, "b t d"], mask: Bool[Tensor, "b t"]) -> Tensor:
        """Leave embeddings as they are."""
        return z


class PhaseHead(nn.Linear):
    """A score for each phase, of every frame."""

    def forward(self, input: Tensor, mask: Tensor) -> Tensor:
        """Score frames."""
        return super().forward(input)


class OrderHead(NoHead):
    """Are three frames in order? Two scores for their embeddings, one after the other.

    Source: TCC's code (Dwibedi et al., CVPR 2019) of Shuffle-and-Learn: 3 D to 128 to 64 to 2.
    """

    def __init__(self, dim: int):
        super().__init__()
        self.answer = nn.Sequential(
            nn.Linear(3 * dim, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 2)
        )


class VideoHead(ProjectionHead):
    """CARL's projection of frames, and a score for each activity, of every clip.

    Source: CARL, journal version, section 3.5: a linear layer on the class token. Deviation: where
    the encoder has none, as temporal convolutions, a clip is the mean of its frames' embeddings.
    """

    def __init__(self, architecture: Architecture, classes: int):
        super().__init__(architecture)
        self.answer = nn.Linear(architecture.output, classes)

    def logits(
        self,
        z: Float[Tensor, "b t d"],
        mask: Bool[Tensor, "b t"],
        clips: Float[Tensor, "b d"] | None = None,
    ) -> Tensor:
        """Score clips, by the embeddings of their frames or by their class tokens, if given."""
        if clips is None:
            clips = (z * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        return self.answer(clips)


def head(
    kind: str, architecture: Architecture, *, phases: int = 0, activities: int = 1
) -> nn.Module:
    """Make a head by the name that a method gives it."""
    if kind == "projection":
        return ProjectionHead(architecture)
    if kind == "videos":
        return VideoHead(architecture, activities)
    if kind == "phases":
        return PhaseHead(architecture.output, phases)
    return OrderHead(architecture.output) if kind == "order" else NoHead()
