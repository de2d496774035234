"""The loop that all probes learn by: cross-entropy, AdamW, a learning rate that falls."""

import math
from collections.abc import Callable, Iterator
from contextlib import closing

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from inphase.clip_batches import prefetched
from inphase.encoders.clip_heads import FullyConnected
from inphase.errors import InputError
from inphase.probing.inputs import Effort

_LEAST = 1e-3  # of the learning rate, at the end

Give = Callable[[Int64[np.ndarray, " n"], np.random.Generator], tuple[Tensor, Tensor]]


def learn(
    model: nn.Module,
    give: Give,
    count: int,
    effort: Effort,
    *,
    seed: int,
    workers: int = 0,
    progress: bool = False,
) -> None:
    r"""Train a classifier; it is left in evaluation mode.

    AdamW with $\beta = (0.9, 0.99)$ and a weight decay of $10^{-4}$; the learning rate falls along
    a cosine to $10^{-3}$ of what it was. In every epoch each example comes once, shuffled; a
    batch of one is left out, since batch normalisation needs two.

    Source: Jenni et al., Temporal Transformations, ECCV 2020, section 3.3.

    Args:
        model: What `give` gives first goes in, logits come out.
        give: Inputs and classes of the examples with these numbers, without those that cannot be
            had; may draw what it needs from the generator, which follows from the step alone.
        count: Examples.
        effort: Epochs, examples a step, and learning rate.
        seed: Of the order, and of what `give` and dropout draw.
        workers: Threads that call `give` ahead of time.
        progress: Show a bar.

    Raises:
        InputError: If there are not two examples.
    """
    if count < 2:
        raise InputError("there is one example to learn from: add training videos or views")
    steps = list(_steps(count, effort, seed))
    device = next(model.parameters()).device
    optimiser = torch.optim.AdamW(
        [weight for weight in model.parameters() if weight.requires_grad],
        lr=effort.learning_rate, betas=(0.9, 0.99), weight_decay=1e-4,
    )  # fmt: skip

    def make(step: int) -> tuple[Tensor, Tensor]:
        return give(steps[step], np.random.default_rng([seed, 1, step]))

    model.train()
    ahead = closing(prefetched(make, 0, len(steps), workers=workers))
    with torch.random.fork_rng(), ahead as examples:
        torch.manual_seed(seed)
        bar = tqdm(examples, "learning", len(steps), unit="step", disable=not progress)
        for step, (inputs, classes) in enumerate(bar):
            if len(classes) < 2:
                continue
            fall = (1 + math.cos(math.pi * step / len(steps))) / 2
            for group in optimiser.param_groups:
                group["lr"] = effort.learning_rate * (_LEAST + (1 - _LEAST) * fall)
            optimiser.zero_grad(set_to_none=True)
            F.cross_entropy(model(inputs.to(device)), classes.to(device)).backward()
            optimiser.step()
    model.eval()


def fit_layers(
    features: Float[Tensor, "n f"],
    classes: Int64[Tensor, " n"],
    outputs: int,
    effort: Effort,
    *,
    seed: int,
    device: torch.device,
) -> FullyConnected:
    """Train three new fully connected layers on features that stay as they are."""
    layers = new_layers(features.shape[1], outputs, seed=seed).to(device)

    def give(numbers: Int64[np.ndarray, " k"], _: np.random.Generator) -> tuple[Tensor, Tensor]:
        chosen = torch.from_numpy(numbers)
        return features[chosen], classes[chosen]

    learn(layers, give, len(features), effort, seed=seed)
    return layers


def new_layers(inputs: int, outputs: int, *, seed: int) -> FullyConnected:
    """Three fully connected layers with random weights that follow from the seed alone."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return FullyConnected(inputs, outputs)


def _steps(count: int, effort: Effort, seed: int) -> Iterator[Int64[np.ndarray, " n"]]:
    for epoch in range(effort.epochs):
        order = np.random.default_rng([seed, 0, epoch]).permutation(count)
        for first in range(0, count, effort.batch):
            if len(numbers := order[first : first + effort.batch]) > 1:
                yield numbers
