"""Recognising what videos show: transfer of a network over clips to labels."""

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float32, Int64
from torch import Tensor, nn

from inphase.data.video import Video, VideoError
from inphase.device import pick_device
from inphase.encoders.clip import ClipNetwork
from inphase.encoders.encoder import Encoder
from inphase.errors import InputError
from inphase.probing.clips_of import Clip, Watcher, crop_of, every, film, flat, prepared, repeated
from inphase.probing.inputs import Effort, check_speed, check_videos, classes_of, clip_level
from inphase.probing.training import fit_layers, learn, new_layers
from inphase.views.retime import speed as drawn_speed

# Of new layers alone; the paper's 5e-5 takes its 9,500 videos to get anywhere.
FROZEN_RATE = 1e-3
FINETUNED_RATE = 5e-5


@dataclass(frozen=True)
class Recognition:
    """How well activities are recognised.

    Attributes:
        accuracy: Share of test videos whose activity is found, 0 to 1.
        per_class: That of the test videos of each activity.
        predictions: Activity found, by the test video's name.
        chance: What guessing gets: one by the number of activities.
        commonest: What always naming the commonest training activity gets.
    """

    accuracy: float
    per_class: dict[str, float]
    predictions: dict[str, str]
    chance: float
    commonest: float


def recognise(
    encoder: Encoder,
    train: Sequence[Video],
    test: Sequence[Video],
    *,
    frozen: bool = True,
    still: bool = False,
    speed: int = 2,
    hop: int | None = None,
    flip: bool = True,
    views: int = 4,
    epochs: int = 50,
    batch: int = 28,
    learning_rate: float | None = None,
    seed: int = 0,
    device: str = "auto",
    progress: bool = True,
) -> Recognition:
    r"""Learn what training videos show, and recognise it in test videos.

    Three new fully connected layers on the network's last map (`conv5` of C3D) are trained alone,
    or together with the network. Training clips are random in time, crop and flip. A test video
    gets the class with the highest probability averaged over all its sub-sequences, their middle
    crops.

    Source: Jenni et al., Temporal Transformations, ECCV 2020, section 4: tables 1 and 2, and
    "Learning Dynamics vs. Frame Features" for `still`. AdamW with $\beta = (0.9, 0.99)$, weight
    decay $10^{-4}$, cosine to $10^{-3}$ of the learning rate, 28 clips a step; 50 epochs (table
    1), with all layers trained 75 for C3D and 150 for the others (table 2).

    Deviations: frozen features are computed once and kept in memory, of `views` clips of each
    training video, all of which an epoch goes through (paper: a new clip in every epoch). The
    learning rate of frozen features is higher, 1e-3. The paper does not say which sub-sequences
    are all: here one every `hop` frames.

    Args:
        encoder: Has a network over clips; it is not changed.
        train: Videos with an activity each.
        test: Others, of the same activities.
        frozen: Train the new layers alone.
        still: Show each clip as one frame, its middle one, as often as it is long: a control that
            leaves only what things look like.
        speed: $2^{speed} - 1$ frames are left out between two of a clip, fewer in a short video.
        hop: Frames of the video from one test clip to the next; half of what a clip spans if None.
        flip: Mirror half of the training clips; not if mirroring changes what is done.
        views: Clips of each training video; without effect if all layers are trained.
        epochs: Times that all training clips are gone through; if all layers are trained, one
            clip of every video.
        batch: Clips of a training step.
        learning_rate: At the start; None: 1e-3 frozen, else the paper's 5e-5.
        seed: Of all that is drawn.
        device: Where to compute.
        progress: Show bars.

    Raises:
        InputError: If the encoder has no network over clips, there is nothing to learn or to test,
            or a setting makes no sense.
    """
    rate = FROZEN_RATE if frozen else FINETUNED_RATE
    effort = Effort(views, epochs, batch, rate if learning_rate is None else learning_rate)
    model = clip_level(encoder)
    check_videos(train, test)
    check_speed(speed)
    if hop is not None and hop < 1:
        raise InputError(f"hop must be at least 1 frame, not {hop}")
    classes = classes_of(train, test)
    a = model.architecture
    showing = _Showing(a.size, a.context, speed, hop, flip, views, still)
    watcher = Watcher(model.network, a.size, pick_device(device), progress=progress)
    train = sorted(train, key=lambda video: video.name)
    learnt = _frozen if frozen else _finetuned
    layers = learnt(watcher, showing, train, classes, effort, seed)
    seen = watcher.watch(test, showing.all_clips, flat, seed=seed)
    found = {name: watcher.probabilities(layers, each).mean(0) for name, each in seen}
    return _scored(found, train, test, classes)


@dataclass(frozen=True)
class _Showing:
    """How clips are taken from videos."""

    size: int
    frames: int
    speed: int
    hop: int | None
    flip: bool
    views: int
    still: bool

    def clip(self, length: int, generator: np.random.Generator) -> Clip:
        indices = drawn_speed(length, generator, kappa=self.speed, frames=self.frames)
        return Clip(self._shown(indices), crop_of(self.size, generator, flip=self.flip))

    def some_clips(self, length: int, generator: np.random.Generator) -> list[Clip]:
        return [self.clip(length, generator) for _ in range(self.views)]

    def all_clips(self, length: int, _: np.random.Generator) -> list[Clip]:
        clips = every(length, self.hop, speed=self.speed, frames=self.frames)
        return [Clip(self._shown(indices)) for indices in clips]

    def _shown(self, indices: Int64[np.ndarray, " t"]) -> Int64[np.ndarray, " t"]:
        return repeated(indices) if self.still else indices


def _frozen(
    watcher: Watcher,
    showing: _Showing,
    train: Sequence[Video],
    classes: Sequence[str],
    effort: Effort,
    seed: int,
) -> nn.Module:
    """Train new layers on features of the network as it is."""
    seen = dict(watcher.watch(train, showing.some_clips, flat, seed=seed))
    number = {video.name: classes.index(video.activity) for video in train}
    targets = torch.tensor([number[name] for name in seen]).repeat_interleave(showing.views)
    features = torch.cat(list(seen.values()))
    return fit_layers(features, targets, len(classes), effort, seed=seed, device=watcher.device)


def _finetuned(
    watcher: Watcher,
    showing: _Showing,
    train: Sequence[Video],
    classes: Sequence[str],
    effort: Effort,
    seed: int,
) -> nn.Module:
    """Train new layers and the watcher's network."""
    seen = film(train, size=showing.size, progress=watcher.progress)
    number = [classes.index(video.activity) for video in seen.videos]
    inputs = watcher.network.flat_dim(showing.size, showing.frames)
    layers = new_layers(inputs, len(classes), seed=seed).to(watcher.device)
    network = watcher.network.requires_grad_(True)
    whole = nn.Sequential(network, _Flat(network), layers)

    def give(
        numbers: Int64[np.ndarray, " n"], generator: np.random.Generator
    ) -> tuple[Tensor, Tensor]:
        clips, classes = [], []
        for k in numbers.tolist():
            shown = [showing.clip(seen.lengths[k], generator)]
            try:
                clips.append(prepared(seen, k, shown, showing.size))
            except VideoError as error:
                warnings.warn(f"left out: {error}", stacklevel=2)
                continue
            classes.append(number[k])
        return torch.cat(clips) if clips else torch.empty(0), torch.tensor(classes)

    count, progress = len(seen.videos), watcher.progress
    learn(whole, give, count, effort, seed=seed, workers=2, progress=progress)
    return layers


class _Flat(nn.Module):
    def __init__(self, network: ClipNetwork):
        super().__init__()
        self.flat = network.flat

    def forward(self, last: Float[Tensor, "n d t h w"]) -> Float[Tensor, "n f"]:
        return self.flat(last)


def _scored(
    found: dict[str, Float32[np.ndarray, " k"]],
    train: Sequence[Video],
    test: Sequence[Video],
    classes: Sequence[str],
) -> Recognition:
    tested = [video for video in test if video.name in found]
    predictions = {video.name: classes[int(found[video.name].argmax())] for video in tested}
    hits: dict[str, list[bool]] = {
        name: [] for name in sorted({video.activity for video in tested})
    }
    for video in tested:
        hits[video.activity].append(predictions[video.name] == video.activity)
    # The first in order of equally common ones.
    commonest = max(classes, key=Counter(video.activity for video in train).__getitem__)
    return Recognition(
        accuracy=float(np.mean(sum(hits.values(), []))),
        per_class={name: float(np.mean(each)) for name, each in hits.items()},
        predictions=predictions,
        chance=1 / len(classes),
        commonest=float(np.mean([video.activity == commonest for video in tested])),
    )
