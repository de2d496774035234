"""Train a clip network on what can be asked of clips without labels: how time was changed, say."""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save
from torch import Tensor, nn
from torch.nn import functional as F

from inphase import __version__
from inphase.card import card
from inphase.clip_batches import ClipBatch, ClipSampler, prefetched
from inphase.clip_frames import ClipFrames
from inphase.data.video import Video
from inphase.device import pick_device
from inphase.encoders.architecture import Clips
from inphase.encoders.backbones import PIXELS
from inphase.encoders.clip_heads import ClipHeads
from inphase.encoders.clip_level import ClipLevelEncoder
from inphase.encoders.encoder import Encoder, FrameFeatures
from inphase.errors import InputError
from inphase.files import atomic
from inphase.methods.clips import ClipMethod, TemporalTransformations
from inphase.optimise import Step, optimise, seeded, step_generator
from inphase.ranks import Ranks, joined
from inphase.runs import Run
from inphase.settings import Settings, restored_clips, written
from inphase.views.clips import CROP, frame_size
from inphase.views.pretexts import NOT_ASKED

HEADS = "heads.safetensors"
PUBLISHED = Clips()
# Jenni et al., section 3.3; 7 videos have 28 examples, four of each.
PRETRAINING = Settings(batch=7, learning_rate=3e-4, final=1e-3, beta2=0.99, clip=10.0)
# For a CPU: the same network with an eighth of the pixels and a sixteenth of the weights, which
# learns in minutes and bears a higher learning rate.
SMALL = Clips(width=16, size=40)
SMALL_RATE = 2e-3

_CLIPS = 28  # a step in Jenni et al., section 3.3, of all examples of its videos together
_FEATURES = (3, CROP, CROP)  # a frame as the backbone `pixels` gives it


def fit_clips(
    videos: Sequence[Video],
    method: ClipMethod | None = None,
    *,
    out: Path | str | None = None,
    architecture: Clips = PUBLISHED,
    settings: Settings = PRETRAINING,
    hidden: Sequence[int] = (512, 512),
    flip: bool = True,
    keep: int = 2 * 2**30,
    workers: int = 2,
    device: str = "auto",
    resume: bool = False,
    force: bool = False,
    progress: bool = True,
    tensorboard: bool = False,
) -> Encoder:
    r"""Train a clip network, and return the encoder that slides it over a video.

    The network and its heads lower the sum of the heads' cross-entropies; for temporal
    transformations that is equation 1, which transformation and which speed:

    $$-\mathbb{E}\big[\log(\phi^m_0(x_p) \phi^m_1(x_q) \phi^m_2(x_s) \phi^m_3(x_t))\big]
      - \mathbb{E}\big[\log \phi^s_\kappa(x_p)\big],$$

    which adds up what the transformations cost: the mean over all their examples has the weight
    of their number.

    Training depends on the seed and the step alone, so a resumed run ends where an unbroken one
    does, to the last bit on a CPU. Started by `torchrun`, each process looks at batches of its own,
    and the steps taken are those of all batches together.

    Source: Jenni, Meishvili, Favaro, "Video Representation Learning by Recognizing Temporal
    Transformations", ECCV 2020, section 3. Deviations: heads have two hidden layers of 512, where
    the paper's network is fully connected at its end in a way that is not told; a short rise of
    the learning rate and a bound on the gradient, as for all methods; random numbers decide anew
    which videos a step sees, without epochs.

    Args:
        videos: To learn from.
        method: What is asked; `TemporalTransformations()` if None.
        out: Run folder; nothing is written if None.
        architecture: Which network, how wide, and how large its pictures are: `PUBLISHED`, or
            `SMALL`, which a CPU can train.
        settings: Of the optimiser; `batch` counts videos, each with all its examples.
        hidden: Widths of the heads' layers.
        flip: Whether half of the videos are mirrored; say no where left and right matter.
        keep: Bytes to keep decoded frames in; with more, frames are decoded as needed.
        workers: Threads that make batches ahead; 0 to go without.
        device: `auto`, `cpu`, `cuda`, `mps`.
        resume: Go on with the run in `out`; its saved settings hold, not those given here.
        force: Replace the run in `out`.
        progress: Show progress bars.
        tensorboard: Also log for TensorBoard, into `out` (extra `tensorboard`).

    Raises:
        InputError: If no video can be read, the method learns from labels and there are not two
            activities, or a run is in the way.
        TrainingError: If the loss is not a number.
        Interrupted: After Ctrl-C, when the state is saved.
    """
    run = Run(out) if out is not None else None
    method, saved = method or TemporalTransformations(), {}
    if resume:
        if run is None:
            raise InputError("to resume, say which run: give its folder as out")
        saved = run.config()
        method, settings, architecture = restored_clips(saved)
        hidden, flip = saved["hidden"], saved["flip"]
        if saved["videos"] != [video.name for video in videos]:
            raise InputError(
                f"{out} learns from {len(saved['videos'])} videos that are not the "
                f"{len(videos)} given now: resume with the same ones, see its videos.csv"
            )
        run.check_unfinished()
    elif run is not None:
        run.check_free(force=force)
    if architecture.context != method.frames:
        raise InputError(
            f"the network sees clips of {architecture.context} frames, and the method shows "
            f"{method.frames}: give both the same number"
        )
    classes = sorted({video.activity for video in videos} - {""}) if method.supervised else []
    if resume and classes != saved["classes"]:
        raise InputError(
            f"{out} tells the activities {', '.join(saved['classes'])} apart, and the videos now "
            f"show {', '.join(classes)}: name them as they were"
        )
    outputs = method.heads(len(classes))
    config = {
        "inphase": __version__,
        "torch": torch.__version__,
        "method": written(method),
        "plus": [],
        "settings": asdict(settings),
        "frame_features": asdict(FrameFeatures(PIXELS, pooling="none")),
        "architecture": asdict(architecture),
        "hidden": list(hidden),
        "flip": flip,
        "frames": method.frames,
        "classes": classes,
        "videos": [video.name for video in videos],
    }
    with joined(device) as (ranks, place), seeded(settings.seed):
        height, _ = frame_size(architecture.size)
        shown = progress and ranks.first
        frames = ClipFrames(videos, size=height, keep=keep // ranks.count, progress=shown)
        sampler = ClipSampler(
            frames,
            method,
            videos=settings.batch,
            size=architecture.size,
            classes=classes,
            flip=flip,
        )
        target = pick_device(place)
        temporal = ClipLevelEncoder(_FEATURES, architecture, frames=method.frames)
        network = temporal.network
        inputs = network.flat_dim(architecture.size, method.frames)
        heads = ClipHeads(inputs, outputs, hidden=tuple(hidden), joined=method.joined)
        learner = nn.ModuleDict({"network": network, "heads": heads}).to(target)
        if target.type == "cuda":
            network.to(memory_format=torch.channels_last_3d)  # pyright: ignore[reportCallIssue]
        # Only now, so that bad videos leave no run behind, nor take the place of one.
        with ranks.first_before_others():
            if run is not None and not resume and ranks.first:
                run.begin(config, list(videos), force=force)
        with _batches(sampler, settings, ranks, workers) as batch_of:

            def look(step: int, generator: np.random.Generator) -> Step:  # noqa: ARG001
                batch = batch_of(step).to(target)
                answers = heads(network.flat(network(batch.clips)))
                return judged(answers, batch.targets, method)

            optimise(
                learner,
                look,
                settings,
                run=run,
                resume=resume,
                progress=progress,
                tensorboard=tensorboard,
                ranks=ranks,
            )
        encoder = Encoder(FrameFeatures(PIXELS, pooling="none"), temporal, config=config)
        if run is not None and ranks.first:
            with atomic(run.folder / HEADS) as temporary:
                temporary.write_bytes(save({k: v.cpu() for k, v in heads.state_dict().items()}))
            encoder.save(run.folder)
            run.finish(card(encoder, frames.videos, str(run.folder)))
    return encoder


def usual_batch(method: ClipMethod) -> int:
    """Videos whose examples make 28 clips, however many a method makes of each."""
    return max(1, _CLIPS // (method.copies * method.joined))


def load_heads(encoder: Encoder, folder: Path | str) -> ClipHeads:
    """Read the heads that a clip network was trained with, such as to see what they look at.

    Args:
        encoder: Loaded from the same folder.
        folder: Of the run.

    Raises:
        InputError: If it is not the run of a clip network.
    """
    file = Path(folder) / HEADS
    if not isinstance(encoder.temporal, ClipLevelEncoder) or not file.is_file():
        raise InputError(f"{folder} holds no heads of a clip network: train one first")
    method, _, architecture = restored_clips(encoder.config)
    heads = ClipHeads(
        encoder.temporal.network.flat_dim(architecture.size, method.frames),
        method.heads(len(encoder.config["classes"])),
        hidden=tuple(encoder.config["hidden"]),
        joined=method.joined,
    )
    heads.load_state_dict(load_file(file))
    return heads.eval()


@contextmanager
def _batches(
    sampler: ClipSampler, settings: Settings, ranks: Ranks, workers: int
) -> Iterator[Callable[[int], ClipBatch]]:
    """Yield what gives the batch of each step, in order from whichever is asked for first."""

    def make(step: int) -> ClipBatch:
        return sampler(step_generator(settings.seed, step, ranks))

    ahead: list[Generator[ClipBatch, None, None]] = []

    def batch_of(step: int) -> ClipBatch:
        if not ahead:
            ahead.append(prefetched(make, step, settings.steps, workers=workers))
        return next(ahead[0])

    try:
        yield batch_of
    finally:
        for each in ahead:
            each.close()


def judged(answers: dict[str, Tensor], targets: dict[str, Tensor], method: ClipMethod) -> Step:
    """Cross-entropy of each head over the examples it is asked about; how many are right."""
    losses, told = [], {}
    for name, logits in answers.items():
        asked = targets[name] != NOT_ASKED
        right = logits.argmax(1)[asked] == targets[name][asked]
        loss = F.cross_entropy(logits[asked].float(), targets[name][asked], reduction="sum")
        loss = loss / asked.sum().clamp(min=1)
        losses.append(method.weight(name) * loss)
        told[f"loss of {name}"] = loss.item()
        told[f"accuracy of {name}"] = right.float().sum().item() / max(1, len(right))
    return Step(torch.stack(losses).sum(), told)
