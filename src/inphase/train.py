"""Learn a frame encoder from unlabelled videos: the whole loop, top to bottom."""

import math
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from inphase import __version__
from inphase.batches import Sampler
from inphase.card import card
from inphase.data.poses import PoseTrack
from inphase.data.video import Video
from inphase.device import pick_device
from inphase.encoders.architecture import Architecture, FrameLevel
from inphase.encoders.backbones import DEFAULT
from inphase.encoders.encoder import Encoder, FrameFeatures
from inphase.encoders.temporal import temporal_model
from inphase.errors import InputError, Interrupted, TrainingError
from inphase.frame_sources import FrameSource, frame_source
from inphase.methods import SCL, Method, name_of
from inphase.objectives import Objective, embedded
from inphase.phase_labels import Labels, numbered
from inphase.runs import Run
from inphase.settings import Settings, Weighted, check_weights, restored, written, written_sum

# Embeddings closer than this to their mean, frame by frame, tell nothing apart.
_COLLAPSED = 1e-4


def fit(
    videos: Sequence[Video],
    method: Method | None = None,
    *,
    plus: Weighted = (),
    labels: Labels | None = None,
    out: Path | str | None = None,
    frame_features: FrameFeatures | None = None,
    architecture: Architecture | None = None,
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
        method: What to learn from; `SCL()` if None. Its views are those of the whole training.
        plus: Other methods whose losses are added, each with its weight.
        labels: What happens when in each video, for methods that learn from labels.
        out: Run folder; nothing is written if None.
        frame_features: Backbone and pooling; the default backbone, or `pose` for poses, if None.
        architecture: Of the temporal model: `FrameLevel`, `CARL`, `Convolutional` or `Blocks` of
            `encoders.architecture`. A transformer gets a class token if a method asks for one.
        views: Augmented views in the cache, 0 to train on clean frames alone.
        finetune: Train the backbone's last block too.
        settings: Of the optimiser.
        device: `auto`, `cpu`, `cuda`, `mps`.
        resume: Go on with the run in `out`; its saved settings hold, not those given here.
        force: Replace the run in `out`.
        progress: Show progress bars.
        tensorboard: Also log for TensorBoard, into `out` (extra `tensorboard`).

    Raises:
        InputError: If there are fewer than two videos, no frame to learn from, a run in the way,
            or a weight below 0.
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
        method, plus, settings, frame_features, architecture = restored(saved)
        views, finetune = saved["views"], saved["finetune"]
        if saved["videos"] != [video.name for video in videos]:
            raise InputError(
                f"{out} learns from {len(saved['videos'])} videos that are not the "
                f"{len(videos)} given now: resume with the same ones, see its videos.csv"
            )
    check_weights(plus)
    method, settings = method or SCL(), settings or Settings()
    methods = [method, *(each for each, _ in plus)]
    alone = all(each.compared in ("views", "rows") for each in methods)
    if settings.batch < 2 and not alone:
        raise InputError(
            f"methods that compare videos need at least 2 a step, not {settings.batch}: raise batch"
        )
    architecture = architecture or FrameLevel()
    tells = any(each.head == "videos" for each in methods)
    if tells and isinstance(architecture, FrameLevel) and architecture.mixer == "transformer":
        architecture = replace(architecture, class_token=True)
    if frame_features is None:
        poses = all(isinstance(video, PoseTrack) for video in videos)
        frame_features = FrameFeatures("pose" if poses else DEFAULT, pooling=architecture.pooling)
    config = {
        "inphase": __version__,
        "torch": torch.__version__,
        "method": written(method),
        "plus": written_sum(plus),
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
        source = frame_source(
            videos,
            encoder,
            architecture,
            views=views,
            learn=finetune,
            device=target,
            progress=progress,
        )
        encoder.temporal = temporal_model(
            source.map or source.dim, architecture, frames=method.frames
        )
        encoder.temporal.to(target)
        numbers, phases = None, ()
        if any(each.head == "phases" for each in methods):
            numbers, phases = numbered(source.videos, labels or {})
        sampler = Sampler(
            source,
            methods,
            settings.batch,
            balanced=settings.balanced,
            labels=numbers,
            device=target,
        )
        objectives = nn.ModuleList(
            Objective(
                each,
                architecture,
                phases=len(phases),
                activities=len({video.activity for video in source.videos}),
                weight=weight,
            )
            for each, weight in [(method, 1.0), *plus]
        ).to(target)
        _train(encoder, objectives, sampler, source, settings, run, resume, progress, tensorboard)
    if finetune:
        encoder.finetuned = source.learned()
        encoder.backbone.freeze()
    if run is not None:
        encoder.save(run.folder)
        run.finish(card(encoder, list(videos), str(run.folder)))
    return encoder


def _train(
    encoder: Encoder,
    objectives: nn.ModuleList,
    sampler: Sampler,
    source: FrameSource,
    settings: Settings,
    run: Run | None,
    resume: bool,
    progress: bool,
    tensorboard: bool,
) -> None:
    temporal = encoder.temporal
    assert temporal is not None
    learner = nn.ModuleDict({"temporal": temporal, "objectives": objectives})
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
                batch = sampler(generator)
                z, clips = embedded(temporal, batch)
                progress_made = step / settings.steps
                values = [each(z, batch, progress_made, clips) for each in objectives]
            loss = torch.stack(values).sum()
            optimiser.zero_grad()
            loss.backward()
            norm = nn.utils.clip_grad_norm_(learner.parameters(), settings.clip)
            entry = {
                "step": step + 1,
                "loss": loss.item(),
                **_each(objectives, values),
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


def learning_rate_factor(step: int, settings: Settings) -> float:
    """Linear warm-up, then half a cosine down to zero (no restarts, as in CARL)."""
    warm = min(1.0, (step + 1) / max(1, settings.warm_up))
    return warm * 0.5 * (1 + math.cos(math.pi * step / settings.steps))


def spread(z: Float[Tensor, "b t d"], mask: Bool[Tensor, "b t"]) -> float:
    """Mean squared distance of a video's normalised embeddings from their mean, 0 to 1."""
    z = F.normalize(z, dim=-1) * mask[..., None]
    mean = z.sum(1) / mask.sum(1, keepdim=True)
    return float((1 - mean.square().sum(-1)).mean())


def _optimiser(learner: nn.Module, settings: Settings) -> torch.optim.Optimizer:
    kind = torch.optim.AdamW if settings.optimiser == "adamw" else torch.optim.Adam
    parameters = [each for each in learner.parameters() if each.requires_grad]
    return kind(parameters, lr=settings.learning_rate, weight_decay=settings.weight_decay)


def _each(objectives: nn.ModuleList, values: list[Tensor]) -> dict[str, float]:
    """The parts of a sum of losses, by name; nothing if there is one."""
    if len(values) < 2:
        return {}
    names = [name_of(cast(Objective, each).method) for each in objectives]
    told = [
        name + f" {names[:k].count(name) + 1}" * (name in names[:k]) for k, name in enumerate(names)
    ]
    return {f"loss of {name}": each.item() for name, each in zip(told, values, strict=True)}


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
