"""What stands between clip features and the classes that clips are told apart by."""

from collections.abc import Mapping, Sequence
from itertools import combinations, pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

from inphase.errors import InputError


class FullyConnected(nn.Module):
    """Linear layers with batch normalisation and ReLU after all of them but the last.

    Source: Jenni et al., ECCV 2020, section 4: three of them, and batch normalisation in all but
    the last layer. The paper does not say how wide they are.

    Args:
        inputs: Numbers known of a clip.
        outputs: Classes.
        hidden: Widths of the layers before the last; none for a linear classifier.
        dropout: Share of values dropped in training, before every layer but the first.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        hidden: Sequence[int] = (512, 512),
        dropout: float = 0.0,
    ):
        super().__init__()
        self.hidden = _stack(inputs, hidden, dropout)
        self.answer = _linear((inputs, *hidden)[-1], outputs)

    def forward(self, x: Float[Tensor, "n inputs"]) -> Float[Tensor, "n outputs"]:
        """Score classes."""
        return self.answer(self.hidden(x))


class ClipHeads(nn.Module):
    """Several questions about a clip, or about some clips together, by shared layers.

    Clips are joined as in clip order prediction (Xu et al., CVPR 2019, section 3.3): the features
    of every two of them go through one and the same layer, and the rest sees all of these pairs.
    `hidden=(512,)` is theirs, but for batch normalisation.

    Args:
        inputs: Numbers known of a clip.
        outputs: Classes of each question, by its name.
        hidden: Widths of the layers before the answers. With clips joined the first is that of
            a pair.
        joined: Clips that a question is about.
        dropout: Share of values dropped in training, before every layer but the first.

    Raises:
        InputError: If nothing is asked, or pairs have no layer.
    """

    def __init__(
        self,
        inputs: int,
        outputs: Mapping[str, int],
        *,
        hidden: Sequence[int] = (512, 512),
        joined: int = 1,
        dropout: float = 0.0,
    ):
        super().__init__()
        if not outputs:
            raise InputError("heads need at least one question, such as {'class': 4}")
        if joined < 1 or (joined > 1 and not hidden):
            raise InputError(
                f"{joined} clips cannot be joined by {len(hidden)} hidden layers: join at least 1, "
                "and give more than one a hidden layer for pairs"
            )
        self.joined = joined
        self.pairs = list(combinations(range(joined), 2))
        if self.pairs:
            self.pair = _stack(2 * inputs, hidden[:1], dropout)
            inputs, hidden = len(self.pairs) * hidden[0], hidden[1:]
        self.hidden = _stack(inputs, hidden, dropout)
        last = (inputs, *hidden)[-1]
        self.answers = nn.ModuleDict({name: _linear(last, n) for name, n in outputs.items()})

    def forward(self, x: Float[Tensor, "clips inputs"]) -> dict[str, Float[Tensor, "n _"]]:
        """Score the classes of each question.

        Args:
            x: Of each clip; those that are joined one after the other.
        """
        if self.pairs:
            clips = x.unflatten(0, (-1, self.joined))
            both = torch.stack([clips[:, pair].flatten(1) for pair in self.pairs], 1)
            x = self.pair(both.flatten(0, 1)).unflatten(0, (len(clips), -1)).flatten(1)
        x = self.hidden(x)
        return {name: answer(x) for name, answer in self.answers.items()}


def _stack(inputs: int, hidden: Sequence[int], dropout: float) -> nn.Sequential:
    layers: list[nn.Module] = []
    for before, after in pairwise((inputs, *hidden)):
        layers += [_linear(before, after, bias=False), nn.BatchNorm1d(after), nn.ReLU()]
        layers += [nn.Dropout(dropout)] if dropout else []
    return nn.Sequential(*layers)


def _linear(inputs: int, outputs: int, *, bias: bool = True) -> nn.Linear:
    """With He's normal initialisation, and biases of 0."""
    made = nn.Linear(inputs, outputs, bias)
    nn.init.kaiming_normal_(made.weight, nonlinearity="linear" if bias else "relu")
    if bias:
        nn.init.zeros_(made.bias)
    return made
