"""Batches: which videos go together, which frames of each are seen, and what is known of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from inphase.errors import InputError
from inphase.frame_sources import FrameSource
from inphase.methods import Method
from inphase.views import pairs, sampling

Pairs = Int64[Tensor, "pairs 2"]
Frames = Int64[np.ndarray, "_"]


@dataclass(frozen=True)
class Batch:
    """Rows of frames, padded to one length: one or two views of each of a few videos.

    Two views of a video stand side by side, and so do videos that are compared.

    Attributes:
        features: Of each frame.
        frames: Frame numbers in the video, stretched if it is short.
        seconds: Since the start of the video.
        mask: True where the frame is real.
        videos: Which video a row is of.
        activities: What it shows.
        lengths: Frames of the whole video, stretched in the same way.
        labels: Phase of each frame, below 0 for none; None if nothing is labelled.
        views: Rows of a video.
    """

    features: Float[Tensor, "rows t c"]
    frames: Float[Tensor, "rows t"]
    seconds: Float[Tensor, "rows t"]
    mask: Bool[Tensor, "rows t"]
    videos: Int64[Tensor, " rows"]
    activities: Int64[Tensor, " rows"]
    lengths: Float[Tensor, " rows"]
    labels: Int64[Tensor, "rows t"] | None = None
    views: int = 1

    def pairs(self, compares: str) -> Pairs | None:
        """Rows to compare: two views, two videos view by view, or both; None if rows say it."""
        if compares in ("rows", "fours"):
            return None
        rows = torch.arange(len(self.mask), device=self.mask.device)
        of_views = rows.view(-1, 2)
        if compares == "views":
            return of_views
        of_videos = rows.view(-1, 2, self.views).mT.reshape(-1, 2)
        return torch.cat([of_views, of_videos]) if compares == "both" else of_videos


class Sampler:
    """Draws batches that suit one method, or several at once.

    Args:
        source: Features of the videos.
        methods: The first decides on the views; videos are drawn in pairs of one activity if any
            of them compares videos, and every video gives two views if any compares these.
        size: Videos in a batch.
        balanced: Whether all activities are equally likely, however many videos they have.
        labels: Phase of each frame of each video, if a method learns from them.
        device: Where training runs.
    """

    def __init__(
        self,
        source: FrameSource,
        methods: Sequence[Method],
        size: int,
        *,
        balanced: bool = False,
        labels: Sequence[Int64[np.ndarray, "_"]] | None = None,
        device: torch.device | None = None,
    ):
        self.source, self.method, self.size = source, methods[0], size
        self.balanced, self.labels, self.device = balanced, labels, device
        compared = {method.compared for method in methods}
        self.views = 2 if compared & {"views", "both", "fours"} else 1
        self.companions = _companions(compared)
        if balanced and self.companions == "scenes":
            raise InputError(
                "views of a scene are drawn by group, whatever they show: leave out --balanced"
            )
        self.names = [video.activity for video in source.videos]
        self.groups = [video.group for video in source.videos]
        self.activities = np.unique(np.array(self.names), return_inverse=True)[1]

    def __call__(self, generator: np.random.Generator) -> Batch:
        """Draw a batch."""
        frames, features, seconds, labels = [], [], [], []
        lengths, videos = [], []
        for video, indices in self._shown(generator):
            length, times = self.source.lengths[video], self.source.times[video]
            # In a short video, which gives fewer frames, time is stretched as if it gave all.
            stretch = self.method.frames / len(indices)
            frames.append(torch.from_numpy((indices * stretch).astype(np.float32)))
            features.append(self.source(video, indices, generator))
            seconds.append(torch.from_numpy((times[indices] - times[0]).astype(np.float32)))
            if self.labels is not None:
                labels.append(torch.from_numpy(self.labels[video][indices]))
            lengths.append(length * stretch)
            videos.append(video)
        pad, to = nn.utils.rnn.pad_sequence, self.device
        counts = torch.tensor([len(each) for each in frames])
        mask = torch.arange(int(counts.max()))[None] < counts[:, None]
        return Batch(
            features=pad(features, batch_first=True),
            frames=pad(frames, batch_first=True).to(to),
            seconds=pad(seconds, batch_first=True).to(to),
            mask=mask.to(to),
            videos=torch.tensor(videos, device=to),
            activities=torch.from_numpy(self.activities[videos].astype(np.int64)).to(to),
            lengths=torch.tensor(lengths, dtype=torch.float32, device=to),
            labels=pad(labels, batch_first=True, padding_value=-1).to(to) if labels else None,
            views=self.views,
        )

    def _shown(self, generator: np.random.Generator) -> Iterator[tuple[int, Frames]]:
        """Each row's video and frames."""
        videos = self._videos(generator).tolist()
        lengths = [self.source.lengths[video] for video in videos]
        if self.companions != "scenes":
            for video, length in zip(videos, lengths, strict=True):
                yield from ((video, indices) for indices in self._views(length, generator))
            return
        for place in range(0, len(videos), 2):  # the same moments from both sides
            moments = self._views(min(lengths[place : place + 2]), generator)
            yield from ((video, each) for video in videos[place : place + 2] for each in moments)

    def _videos(self, generator: np.random.Generator) -> Int64[np.ndarray, " count"]:
        if self.companions == "scenes":
            return pairs.synchronised(self.groups, self.size, generator).reshape(-1)
        if self.companions == "videos":
            twos = pairs.same_activity(self.names, self.size, generator, balanced=self.balanced)
            return twos.reshape(-1)
        draw = pairs.class_balanced if self.balanced else pairs.single
        return draw(self.names, self.size, generator)

    def _views(self, length: int, generator: np.random.Generator) -> list[Frames]:
        draw, settings = getattr(sampling, self.method.views), self.method.view_settings()
        drawn = [*draw(length, generator=generator, **settings)]
        while len(drawn) < self.views:
            drawn += draw(length, generator=generator, **settings)
        return drawn[: self.views]


def _companions(compared: set[str]) -> str:
    """Which videos must stand side by side."""
    of_videos = bool(compared & {"videos", "both", "fours"})
    if "scenes" in compared:
        if of_videos:
            raise InputError(
                "one method compares views of a scene and another videos of an activity: they "
                "cannot be combined"
            )
        return "scenes"
    return "videos" if of_videos else "any"
