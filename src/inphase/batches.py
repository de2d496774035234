"""Batches: which videos go together, which frames of each are seen, and what is known of them."""

import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, count
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64, Num
from torch import Tensor, nn

from inphase.errors import InputError
from inphase.frame_sources import FrameSource
from inphase.methods import Method, name_of
from inphase.views import pairs, sampling, scenes

Pairs = Int64[Tensor, "pairs 2"]
Frames = Int64[np.ndarray, "_"]

_NAMED = 8  # videos that a warning names, at most


@dataclass(frozen=True)
class Batch:
    """Rows of frames, padded to one length: one or two views of each of a few videos.

    Two views of a video stand side by side, and so do videos that are compared.

    Attributes:
        features: Of each frame.
        frames: Frame numbers in the video, stretched if it is short; of two views of a scene, in
            the one with fewer frames a second.
        seconds: Since the start of the video.
        mask: True where the frame is real.
        videos: Which video a row is of.
        activities: What it shows.
        lengths: Frames of the whole video, stretched in the same way.
        labels: Phase of each frame, below 0 for none; None if nothing is labelled.
        views: Rows of a video.
        together: Videos that are compared with each other.
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
    together: int = 2

    def pairs(self, compares: str) -> Pairs | None:
        """Rows to compare: two views, two videos view by view, or both; None if rows say it."""
        if compares in ("rows", "fours"):
            return None
        rows = torch.arange(len(self.mask), device=self.mask.device)
        if compares == "views":
            return rows.view(-1, 2)
        twos = torch.combinations(torch.arange(self.together, device=rows.device))
        of_videos = rows.view(-1, self.together, self.views).mT[..., twos].reshape(-1, 2)
        return torch.cat([rows.view(-1, 2), of_videos]) if compares == "both" else of_videos


class Row(NamedTuple):
    """Frames of one video, with their numbers and its length as `Batch` has them."""

    video: int
    shown: Frames
    numbers: Num[np.ndarray, " _"]
    length: float | int


class Sampler:
    """Draws batches that suit one method, or several at once.

    Videos too short for a method are left out, with a warning; and so are those without labels, if
    there is nothing to learn but labels. Views of a scene share a clock, that of their files: the
    same second of each shows the same moment.

    Args:
        source: Features of the videos.
        methods: The first decides on the views; videos are drawn in pairs of one activity, or more
            together, if any of them compares videos, and every video gives two views if any
            compares these.
        size: Videos in a batch.
        balanced: Whether all activities are equally likely, however many videos they have.
        labels: Phase of each frame of each video, if a method learns from them.
        device: Where training runs.

    Attributes:
        videos: Those that are drawn.

    Raises:
        InputError: If methods do not go together, no video can be used, or views of a scene do not
            run at the same time.
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
        self.companions = companions(methods)
        self.together = videos_together(methods)
        if balanced and self.companions == "scenes":
            raise InputError(
                "views of a scene are drawn by group, whatever they show: leave out --balanced"
            )
        neediest = max(methods, key=lambda method: method.least_frames)
        self.least = neediest.least_frames
        if self.method.frames < self.least:
            raise InputError(
                f"{name_of(neediest)} needs {self.least} frames a view: frames must be that many, "
                f"not {self.method.frames}"
            )
        names = [video.activity for video in source.videos]
        self.activities = np.unique(np.array(names), return_inverse=True)[1]
        self.places = list(range(len(source.videos)))
        if labels is not None and all(method.learns_labels for method in methods):
            self._keep("no labels", lambda video: bool((labels[video] >= 0).any()))
        fewest = next(n for n in count(1) if self.method.drawn(n) >= self.least)
        why = f"fewer frames than the {fewest} that {name_of(neediest)} needs"
        self._keep(why, lambda video: source.lengths[video] >= fewest)
        if self.companions == "videos":
            there = Counter(names[place] for place in self.places)
            few = f"an activity of fewer than the {self.together} videos that are compared"
            self._keep(few, lambda video: there[names[video]] >= self.together)
        self.videos = [source.videos[place] for place in self.places]
        self.names = [video.activity for video in self.videos]
        self.groups = [video.group for video in self.videos]
        if self.companions == "scenes":
            self._check_scenes(fewest)

    def __call__(self, generator: np.random.Generator) -> Batch:
        """Draw a batch."""
        frames, features, seconds, labels = [], [], [], []
        lengths, videos = [], []
        for video, shown, numbers, length in self._rows(generator):
            times = self.source.times[video]
            frames.append(torch.from_numpy(numbers.astype(np.float32)))
            features.append(self.source(video, shown, generator))
            seconds.append(torch.from_numpy((times[shown] - times[0]).astype(np.float32)))
            if self.labels is not None:
                labels.append(torch.from_numpy(self.labels[video][shown]))
            lengths.append(length)
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
            together=self.together,
        )

    def _rows(self, generator: np.random.Generator) -> Iterator[Row]:
        videos = [self.places[each] for each in self._videos(generator).tolist()]
        if self.companions == "scenes":
            for one, other in zip(videos[::2], videos[1::2], strict=True):
                yield from self._same_moments(one, other, generator)
            return
        for video in videos:
            length = self.source.lengths[video]
            stretch = self._stretch(length)
            for shown in self._views(length, generator):
                yield Row(video, shown, shown * stretch, length * stretch)

    def _same_moments(self, one: int, other: int, generator: np.random.Generator) -> Iterator[Row]:
        """Rows of either view of a scene, with the numbers of the frames of the slower one."""
        times = self.source.times
        slower, common = self._in_common(one, other)
        stretch, length = self._stretch(len(common)), self.source.lengths[slower]
        drawn = [common[view] for view in self._views(len(common), generator)]
        for video in (one, other):
            for frames in drawn:
                shown = scenes.nearest(times[video], times[slower][frames])
                yield Row(video, shown, frames * stretch, length * stretch)

    def _in_common(self, one: int, other: int) -> tuple[int, Frames]:
        """Which of two views has fewer frames while both run, and these."""
        times = self.source.times
        ways = ((one, other), (other, one))
        common = [(each, scenes.in_common(times[each], times[beside])) for each, beside in ways]
        return min(common, key=lambda found: len(found[1]))

    def _stretch(self, length: int) -> float:
        """In a short video, which gives fewer frames, time is stretched as if it gave all."""
        return self.method.frames / self.method.drawn(length)

    def _keep(self, lacking: str, usable: Callable[[int], bool]) -> None:
        """Leave out videos that are of no use, and say so."""
        kept = [place for place in self.places if usable(place)]
        out = [self.source.videos[place].name for place in sorted({*self.places} - {*kept})]
        if not kept:
            raise InputError(f"no video can be learned from: all {len(out)} have {lacking}")
        if out:
            more = f" ... ({len(out)} videos)" * (len(out) > _NAMED)
            warnings.warn(f"left out {', '.join(out[:_NAMED])}{more}: {lacking}", stacklevel=4)
        self.places = kept

    def _check_scenes(self, fewest: int) -> None:
        for scene in sorted({*self.groups} - {""}):
            whole = zip(self.places, self.groups, strict=True)
            views = [place for place, group in whole if group == scene]
            for one, other in combinations(views, 2):
                common = len(self._in_common(one, other)[1])
                if common < fewest:
                    names = " and ".join(self.source.videos[place].name for place in (one, other))
                    raise InputError(
                        f"views of a scene run at the same time, but {names} of the group "
                        f"'{scene}' have {common} frames in common, not {fewest} or more: give "
                        "what was filmed at another time a group of its own"
                    )

    def _videos(self, generator: np.random.Generator) -> Int64[np.ndarray, " count"]:
        if self.companions == "scenes":
            return pairs.synchronised(self.groups, self.size, generator).reshape(-1)
        if self.companions == "videos":
            groups = pairs.same_activity(
                self.names, self.size, generator, balanced=self.balanced, together=self.together
            )
            return groups.reshape(-1)
        draw = pairs.class_balanced if self.balanced else pairs.single
        return draw(self.names, self.size, generator)

    def _views(self, length: int, generator: np.random.Generator) -> list[Frames]:
        draw, settings = getattr(sampling, self.method.views), self.method.view_settings()
        drawn = []
        while len(drawn) < self.views:
            views = draw(length, generator=generator, **settings)
            drawn += [view for view in views if len(view) >= self.least]
        return drawn[: self.views]


def companions(methods: Sequence[Method]) -> str:
    """Which videos must stand side by side: `videos` of an activity, of `scenes`, or `any`.

    Raises:
        InputError: If methods do not go together.
    """
    compared = {method.compared for method in methods}
    of_videos = bool(compared & {"videos", "both", "fours"})
    if "scenes" in compared:
        if of_videos:
            raise InputError(
                "one method compares views of a scene and another videos of an activity: they "
                "cannot be combined"
            )
        return "scenes"
    return "videos" if of_videos else "any"


def videos_together(methods: Sequence[Method]) -> int:
    """How many videos of one activity stand side by side.

    Raises:
        InputError: If methods do not go together.
    """
    together = max(method.together for method in methods)
    if together > 2 and any(method.compared == "fours" for method in methods):
        names = " and ".join(name_of(method) for method in methods)
        raise InputError(
            f"one method compares {together} videos at once and another two views of two: {names} "
            "cannot be combined"
        )
    return together
