"""Learn a frame encoder from unlabelled videos: the whole loop, top to bottom."""

import math
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from inphase import __version__, losses
from inphase.card import card
from inphase.data.video import Video
from inphase.device import pick_device
from inphase.encoders.architecture import FrameLevel
from inphase.encoders.encoder import Encoder, FrameFeatures
from inphase.encoders.frame_level import FrameLevelEncoder, ProjectionHead
from inphase.errors import InputError, Interrupted, TrainingError
from inphase.frame_sources import CachedFrames, FrameSource, LiveFrames
from inphase.methods import SCL, Method, name_of
from inphase.runs import Run
from inphase.views import sampling

# Embeddings closer than this to their mean, frame by frame, tell nothing apart.
_COLLAPSED = 1e-4


@dataclass(frozen=True)
class Settings:
    """How to optimise; see `fit`."""

    steps: int = 300
    batch: int = 8
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    warm_up: int = 20
    clip: float = 1.0
    optimiser: Literal["adamw", "adam"] = "adamw"
    amp: bool = True
    seed: int = 0
    checkpoint_every: int = 100

    def __post_init__(self):
        for name in ("steps", "batch", "checkpoint_every"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} must be at least 1, not {getattr(self, name)}")
        for name in ("learning_rate", "clip"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name} must be above 0, not {getattr(self, name)}")
        if self.seed < 0:
            raise InputError(f"seed must not be negative, but is {self.seed}")


@dataclass(frozen=True)
class Batch:
    """Two views of each of a few videos, padded to one length."""

    features: Float[Tensor, "views t c"]
    frames: Float[Tensor, "views t"]  # frame numbers in the video, stretched if it is short
    seconds: Float[Tensor, "views t"]  # since the start of the video
    mask: Bool[Tensor, "views t"]


def fit(
    videos: Sequence[Video],
    method: Method | None = None,
    *,
    out: Path | str | None = None,
    frame_features: FrameFeatures | None = None,
    architecture: FrameLevel | None = None,
    views: int = 4,
    finetune: bool = False,
    settings: Settings | None = None,
    device: str = "auto",
    resume: bool = False,
    force: bool = False,
    progress: bool = True,
    tensorboard: bool = False,
) -> Encoder:
    """Train an encoder.

    The image backbone sees every frame once, in the clean view and in `views` augmented ones, and
    stays as it is; the temporal model then learns from these features (design: frozen features
    first; CARL's own ablation loses 2.4 points of phase accuracy by it, its Table 9). With
    `finetune` the backbone's last block learns too, from pixels at every step, as in CARL; that
    wants a GPU.

    Training depends on the seed and the step alone, so a resumed run ends where an unbroken one
    does, to the last bit on a CPU.

    Args:
        videos: At least two videos of the same activity, or of several.
        method: What to learn from; `SCL()` if None.
        out: Run folder; nothing is written if None.
        frame_features: Backbone and pooling.
        architecture: Of the temporal model; `encoders.architecture.CARL` is the paper's.
        views: Augmented views in the cache, 0 to train on clean frames alone.
        finetune: Train the backbone's last block too.
        settings: Of the optimiser.
        device: `auto`, `cpu`, `cuda`, `mps`.
        resume: Go on with the run in `out`; its saved settings hold, not those given here.
        force: Replace the run in `out`.
        progress: Show progress bars.
        tensorboard: Also log for TensorBoard, into `out` (extra `tensorboard`).

    Raises:
        InputError: If there are fewer than two videos, no frame to learn from, or a run in the
            way.
        TrainingError: If the loss is not a number, or the embeddings collapse.
        Interrupted: After Ctrl-C, when the state is saved.
    """
    if len(videos) < 2:
        raise InputError(
            f"training needs at least 2 videos of the activity, but got {len(videos)}: "
            f"add videos to the folder"
        )
    run = Run(out) if out is not None else None
    if resume:
        if run is None:
            raise InputError("to resume, say which run: give its folder as out")
        saved = run.config()
        method, settings, frame_features, architecture = _restored(saved)
        views, finetune = saved["views"], saved["finetune"]
        if saved["videos"] != [video.name for video in videos]:
            raise InputError(
                f"{out} learns from {len(saved['videos'])} videos that are not the "
                f"{len(videos)} given now: resume with the same ones, see its videos.csv"
            )
    method, settings = method or SCL(), settings or Settings()
    frame_features = frame_features or FrameFeatures()
    architecture = architecture or FrameLevel()
    config = {
        "inphase": __version__,
        "torch": torch.__version__,
        "method": {"name": name_of(method), **asdict(method)},
        "settings": asdict(settings),
        "views": views,
        "finetune": finetune,
        "frame_features": asdict(frame_features),
        "architecture": asdict(architecture),
        "frames": method.frames,
        "videos": [video.name for video in videos],
    }
    if run is not None and not resume:
        run.begin(config, list(videos), force=force)

    with _seeded(settings.seed):
        target = pick_device(device)
        encoder = Encoder(frame_features, config=config)
        source: FrameSource
        if finetune:
            source = LiveFrames(videos, encoder.backbone, frame_features.pooling, target)
        else:
            source = CachedFrames.of(videos, encoder, views, target, progress)
        encoder.temporal = FrameLevelEncoder(source.dim, architecture, frames=method.frames)
        encoder.temporal.to(target)
        head = ProjectionHead(architecture).to(target)
        _train(encoder, head, source, method, settings, run, resume, progress, tensorboard)
    if finetune:
        encoder.finetuned = source.learned()
        encoder.backbone.freeze()
    if run is not None:
        encoder.save(run.folder)
        run.finish(card(encoder, list(videos), str(run.folder)))
    return encoder


def _train(
    encoder: Encoder,
    head: ProjectionHead,
    source: FrameSource,
    method: Method,
    settings: Settings,
    run: Run | None,
    resume: bool,
    progress: bool,
    tensorboard: bool,
) -> None:
    temporal = encoder.temporal
    assert temporal is not None
    learner = nn.ModuleDict({"temporal": temporal, "head": head})
    if source.trainable is not None:
        learner["backbone"] = source.trainable
    device = next(temporal.parameters()).device
    optimiser = _optimiser(learner, settings)
    scheduler = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: learning_rate_factor(step, settings)
    )
    parts: dict[str, Any] = {"model": learner, "optimiser": optimiser, "scheduler": scheduler}
    first = 0
    if resume:
        assert run is not None
        state = run.load_checkpoint()
        if state is not None:
            first = state["step"]
            for name, part in parts.items():
                part.load_state_dict(state[name])

    def save(step: int) -> None:
        if run is not None:
            run.save_checkpoint({"step": step} | {n: p.state_dict() for n, p in parts.items()})

    writer = _tensorboard(run) if tensorboard else None
    learner.train()
    bar = tqdm(total=settings.steps, initial=first, desc="training", disable=not progress)
    with _stop_after_step() as stopping, bar:
        for step in range(first, settings.steps):
            torch.manual_seed(_number(settings.seed, step))
            generator = np.random.default_rng((settings.seed, step))
            started = time.perf_counter()
            with torch.autocast(device.type, torch.bfloat16, settings.amp and _has_amp(device)):
                batch = draw_batch(source, method, settings.batch, generator, device)
                z = temporal(batch.features, batch.seconds, batch.mask)
                projected = head(z, batch.mask)
            loss = _loss(method, projected.float(), batch)
            optimiser.zero_grad()
            loss.backward()
            norm = nn.utils.clip_grad_norm_(learner.parameters(), settings.clip)
            entry = {
                "step": step + 1,
                "loss": loss.item(),
                "spread": spread(z.detach().float(), batch.mask),
                "gradient": norm.item(),
                "learning_rate": scheduler.get_last_lr()[0],
            }
            _check(entry, settings, run)
            optimiser.step()
            scheduler.step()
            entry["seconds"] = round(time.perf_counter() - started, 4)
            if run is not None:
                run.log(entry)
            if writer is not None:
                for name in ("loss", "spread", "gradient", "learning_rate"):
                    writer.add_scalar(name, entry[name], step + 1)
            bar.update()
            bar.set_postfix(loss=f"{entry['loss']:.3f}", refresh=False)
            done = step + 1
            if done < settings.steps and (
                stopping.is_set() or not done % settings.checkpoint_every
            ):
                save(done)
            if stopping.is_set() and done < settings.steps:
                raise Interrupted(_how_to_resume(run, done, settings.steps))
    if writer is not None:
        writer.close()
    learner.eval()


def draw_batch(
    source: FrameSource,
    method: Method,
    size: int,
    generator: np.random.Generator,
    device: torch.device,
) -> Batch:
    """Draw two views of each of `size` videos, no video twice while there are enough."""
    draw = getattr(sampling, method.views)
    count = len(source.lengths)
    chosen = generator.permutation(count)[:size]
    if count < size:
        chosen = np.concatenate([chosen, generator.integers(count, size=size - count)])
    numbers, features, seconds = [], [], []
    for video in chosen:
        for indices in draw(source.lengths[video], generator=generator, **method.view_settings()):
            stretch = method.frames / len(indices)  # above 1 in a short video, which gives fewer
            numbers.append(torch.from_numpy((indices * stretch).astype(np.float32)))
            features.append(source(int(video), indices, generator))
            times = source.times[video]
            seconds.append(torch.from_numpy((times[indices] - times[0]).astype(np.float32)))
    pad = nn.utils.rnn.pad_sequence
    lengths = torch.tensor([len(each) for each in numbers])
    mask = torch.arange(int(lengths.max()))[None] < lengths[:, None]
    return Batch(
        features=pad(features, batch_first=True),
        frames=pad(numbers, batch_first=True).to(device),
        seconds=pad(seconds, batch_first=True).to(device),
        mask=mask.to(device),
    )


def learning_rate_factor(step: int, settings: Settings) -> float:
    """Linear warm-up, then half a cosine down to zero (no restarts, as in CARL)."""
    warm = min(1.0, (step + 1) / max(1, settings.warm_up))
    return warm * 0.5 * (1 + math.cos(math.pi * step / settings.steps))


def spread(z: Float[Tensor, "b t d"], mask: Bool[Tensor, "b t"]) -> float:
    """Mean squared distance of a video's normalised embeddings from their mean, 0 to 1."""
    z = F.normalize(z, dim=-1) * mask[..., None]
    mean = z.sum(1) / mask.sum(1, keepdim=True)
    return float((1 - mean.square().sum(-1)).mean())


def _loss(method: Method, z: Float[Tensor, "views t d"], batch: Batch) -> Float[Tensor, ""]:
    loss = getattr(losses, method.loss)
    return loss(z, batch.frames, batch.mask, **method.loss_settings())


def _optimiser(learner: nn.Module, settings: Settings) -> torch.optim.Optimizer:
    kind = torch.optim.AdamW if settings.optimiser == "adamw" else torch.optim.Adam
    parameters = [each for each in learner.parameters() if each.requires_grad]
    return kind(parameters, lr=settings.learning_rate, weight_decay=settings.weight_decay)


def _restored(config: dict[str, Any]) -> tuple[Method, Settings, FrameFeatures, FrameLevel]:
    from inphase.methods import METHODS

    method = dict(config["method"])
    return (
        METHODS[method.pop("name")](**method),
        Settings(**config["settings"]),
        FrameFeatures(**config["frame_features"]),
        FrameLevel.read(config["architecture"]),
    )


def _check(entry: dict[str, Any], settings: Settings, run: Run | None) -> None:
    """Stop before a bad step spoils the weights."""
    kept = f"; what was learned up to the last checkpoint is in {run.folder}" if run else ""
    if not math.isfinite(entry["loss"]) or not math.isfinite(entry["gradient"]):
        raise TrainingError(
            f"the loss was {entry['loss']} (gradient {entry['gradient']}) at step "
            f"{entry['step']}: try a lower learning rate than {settings.learning_rate:g}{kept}"
        )
    if entry["spread"] < _COLLAPSED:
        raise TrainingError(
            f"at step {entry['step']} all frames of a video have the same embedding "
            f"(spread {entry['spread']:.1e}): the videos may show still pictures, or try a lower "
            f"learning rate than {settings.learning_rate:g}{kept}"
        )


def _how_to_resume(run: Run | None, done: int, steps: int) -> str:
    if run is None:
        return f"stopped after {done} of {steps} steps; nothing is saved without a run folder"
    return f"stopped after {done} of {steps} steps; go on with: --out {run.folder} --resume"


def _has_amp(device: torch.device) -> bool:
    return device.type == "cuda" and torch.cuda.is_bf16_supported()


def _number(seed: int, step: int) -> int:
    return int(np.random.SeedSequence((seed, step)).generate_state(1, np.uint64)[0] >> 1)


def _tensorboard(run: Run | None) -> Any:
    if run is None:
        raise InputError("TensorBoard's log needs a run folder: give one as out")
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise InputError(
            "TensorBoard is not installed: pip install 'inphase[tensorboard]'"
        ) from None
    return SummaryWriter(run.folder)


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Start torch's random numbers from a seed, and leave them as they were afterwards."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


@contextmanager
def _stop_after_step() -> Iterator[threading.Event]:
    """Take the first Ctrl-C as a wish to stop after this step; a second one stops at once."""
    stopping = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stopping
        return
    previous = signal.getsignal(signal.SIGINT)

    def ask(signum: int, frame: Any) -> None:
        stopping.set()
        signal.signal(signal.SIGINT, previous)

    signal.signal(signal.SIGINT, ask)
    try:
        yield stopping
    finally:
        signal.signal(signal.SIGINT, previous)
