"""From embeddings to a number: one method's head and loss, with all that the loss asks for."""

import inspect
import math
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from inphase import losses
from inphase.batches import Batch
from inphase.encoders.architecture import Architecture
from inphase.encoders.frame_level import FrameLevelEncoder
from inphase.encoders.heads import OrderHead, VideoHead, head
from inphase.methods import Method


class Objective(nn.Module):
    """What a method lowers.

    The loss is handed what its signature names: the rows that are compared, which video and
    activity each row is of, lengths, labels, how much of training is over, a head. Settings that a
    method lets training change are weights here, as logarithms, so that they stay above 0.

    Args:
        method: With its settings.
        architecture: Of the embeddings.
        phases: How many phases there are labels of.
        activities: How many activities the videos show.
        weight: Of this objective among others.
    """

    def __init__(
        self,
        method: Method,
        architecture: Architecture,
        *,
        phases: int = 0,
        activities: int = 1,
        weight: float = 1.0,
    ):
        super().__init__()
        self.method, self.weight = method, weight
        self.head = head(method.head, architecture, phases=phases, activities=activities)
        self.logs = nn.ParameterDict(
            {
                name: nn.Parameter(torch.tensor(math.log(getattr(method, name))))
                for name in method.learnt
            }
        )

    @property
    def learnt(self) -> dict[str, float]:
        """Settings that training changes, as they are now."""
        return {name: log.exp().item() for name, log in self.logs.items()}

    def forward(
        self,
        z: Float[Tensor, "rows t d"],
        batch: Batch,
        progress: float = 0.0,
        clips: Float[Tensor, "rows d"] | None = None,
    ) -> Float[Tensor, ""]:
        """Measure the loss.

        Args:
            z: Embeddings of the batch.
            batch: Which frames of which videos these are.
            progress: Share of training that is over, 0 to 1.
            clips: Class tokens, if the encoder has them.
        """
        loss = getattr(losses, self.method.loss)
        known = self._known(z, batch, progress, clips)
        named = inspect.signature(loss).parameters
        given = {name: value for name, value in known.items() if name in named}
        projected = self.head(z, batch.mask)
        learnt = {name: log.exp() for name, log in self.logs.items()}
        settings = self.method.loss_settings() | learnt
        value = loss(projected.float(), batch.frames, batch.mask, **given, **settings)
        return self.weight * value

    def _known(
        self, z: Tensor, batch: Batch, progress: float, clips: Tensor | None
    ) -> dict[str, Any]:
        known: dict[str, Any] = {
            "pairs": batch.pairs(self.method.compared),
            "videos": batch.videos,
            "activities": batch.activities if self.method.weakly_supervised else None,
            "lengths": batch.lengths,
            "labels": batch.labels,
            "progress": progress,
        }
        if isinstance(self.head, OrderHead):
            known["head"] = self.head.answer
        if isinstance(self.head, VideoHead) and self.head.answer.out_features > 1:
            known["logits"] = self.head.logits(z, batch.mask, clips).float()
        return known


def embedded(temporal: nn.Module, batch: Batch) -> tuple[Tensor, Tensor | None]:
    """Embed a batch: its frames, and its clips by their class tokens where there are any."""
    given = batch.features, batch.seconds, batch.mask
    if isinstance(temporal, FrameLevelEncoder):
        return temporal.with_clips(*given)
    return temporal(*given), None
