"""The loop that lowers a loss: optimiser, schedule, log, checkpoints, Ctrl-C; for every encoder."""

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from inphase.errors import InputError, Interrupted, TrainingError
from inphase.ranks import Ranks
from inphase.runs import Run
from inphase.settings import Settings

# Embeddings closer than this to their mean, frame by frame, tell nothing apart.
_COLLAPSED = 1e-4


@dataclass(frozen=True)
class Step:
    """What one look at a batch gave.

    Attributes:
        loss: To lower.
        told: What else to write into the log; a `spread` is how far embeddings are apart, and
            training stops when it is gone.
    """

    loss: Tensor
    told: dict[str, float] = field(default_factory=dict)


def optimise(
    learner: nn.Module,
    look: Callable[[int, np.random.Generator], Step],
    settings: Settings,
    *,
    run: Run | None = None,
    resume: bool = False,
    progress: bool = True,
    tensorboard: bool = False,
    ranks: Ranks = Ranks(),  # noqa: B008 (frozen)
) -> None:
    """Lower a loss, step by step.

    A step depends on the seed, its number and the process alone, so that a resumed run ends where
    an unbroken one does. With several processes (`torchrun`), each looks at a batch of its own and
    their gradients are averaged; the first alone writes.

    Args:
        learner: All that learns, and what else belongs to a checkpoint.
        look: From a step's number and random numbers to its loss. Torch's own random numbers are
            set before, and bfloat16 is chosen where a GPU is fast at it.
        settings: Of the optimiser.
        run: Where log and checkpoints go; nothing is written if None.
        resume: Go on from the last checkpoint of `run`.
        progress: Show a bar.
        tensorboard: Also log for TensorBoard, into `run`.
        ranks: Which of the processes this is.

    Raises:
        TrainingError: If the loss is not a number, or the embeddings collapse.
        Interrupted: After Ctrl-C, when the state is saved.
    """
    device = next(learner.parameters()).device
    optimiser = _optimiser(learner, settings)
    scheduler = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: learning_rate_factor(step, settings)
    )
    parts: dict[str, Any] = {"model": learner, "optimiser": optimiser, "scheduler": scheduler}
    first = _restore(parts, run) if resume else 0
    writing = run if ranks.first else None

    def save(step: int) -> None:
        if writing is not None:
            writing.save_checkpoint({"step": step} | {n: p.state_dict() for n, p in parts.items()})

    learner.train()
    shown = progress and ranks.first
    bar = tqdm(total=settings.steps, initial=first, desc="training", disable=not shown)
    writing_too = _tensorboard(run) if tensorboard and ranks.first else nullcontext()
    with _stop_after_step() as asked, bar, writing_too as writer:
        for step in range(first, settings.steps):
            torch.manual_seed(_number(settings.seed, step, ranks))
            started = time.perf_counter()
            with torch.autocast(device.type, torch.bfloat16, settings.amp and _has_amp(device)):
                found = look(step, step_generator(settings.seed, step, ranks))
            optimiser.zero_grad()
            found.loss.backward()
            ranks.average_gradients(learner)
            norm = nn.utils.clip_grad_norm_(learner.parameters(), settings.clip)
            entry = {
                "step": step + 1,
                "loss": found.loss.item(),
                **found.told,
                "gradient": norm.item(),
                "learning_rate": scheduler.get_last_lr()[0],
            }
            _check(entry, settings, run)
            optimiser.step()
            scheduler.step()
            entry["seconds"] = round(time.perf_counter() - started, 4)
            if writing is not None:
                writing.log(entry)
            if writer is not None:
                for name in sorted(entry.keys() - {"step", "seconds"}):
                    writer.add_scalar(name, entry[name], step + 1)
            bar.update()
            bar.set_postfix(loss=f"{entry['loss']:.3f}", refresh=False)
            done = step + 1
            stop = ranks.any(asked.is_set())
            if done < settings.steps and (stop or not done % settings.checkpoint_every):
                save(done)
            if stop and done < settings.steps:
                raise Interrupted(_how_to_resume(run, done, settings.steps))
    ranks.share(learner)
    learner.eval()


def learning_rate_factor(step: int, settings: Settings) -> float:
    """Linear warm-up, then half a cosine down to `final` (no restarts, as in CARL)."""
    warm = min(1.0, (step + 1) / max(1, settings.warm_up))
    cosine = 0.5 * (1 + math.cos(math.pi * step / settings.steps))
    return warm * (settings.final + (1 - settings.final) * cosine)


def step_generator(seed: int, step: int, ranks: Ranks = Ranks()) -> np.random.Generator:  # noqa: B008
    """Random numbers of a step; processes other than the first have their own."""
    return np.random.default_rng(_seeds(seed, step, ranks))


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Start torch's random numbers from a seed, and leave them as they were afterwards.

    Of several GPUs the one in use is meant: to ask the others would take memory on each.
    """
    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    with torch.random.fork_rng(devices):
        torch.manual_seed(seed)
        yield


def _optimiser(learner: nn.Module, settings: Settings) -> torch.optim.Optimizer:
    kind = torch.optim.AdamW if settings.optimiser == "adamw" else torch.optim.Adam
    learned = [each for each in learner.parameters() if each.requires_grad]
    groups: list[dict[str, Any]] = [{"params": [each for each in learned if each.dim()]}]
    # Single numbers are settings of losses: no weights that want to be small.
    if numbers := [each for each in learned if not each.dim()]:
        groups.append({"params": numbers, "weight_decay": 0.0})
    return kind(
        groups,
        lr=settings.learning_rate,
        betas=(0.9, settings.beta2),
        weight_decay=settings.weight_decay,
    )


def _restore(parts: dict[str, Any], run: Run | None) -> int:
    """Load the last checkpoint, and return how many steps it had seen."""
    assert run is not None
    state = run.load_checkpoint()
    if state is None:
        return 0
    try:
        for name, part in parts.items():
            part.load_state_dict(state[name])
    except (KeyError, ValueError, RuntimeError) as error:
        raise InputError(
            f"{run.folder} was begun by another version, which trains other weights: begin anew "
            "with --force"
        ) from error
    return state["step"]


def _check(entry: dict[str, Any], settings: Settings, run: Run | None) -> None:
    """Stop before a bad step spoils the weights."""
    kept = f"; what was learned up to the last checkpoint is in {run.folder}" if run else ""
    if not math.isfinite(entry["loss"]) or not math.isfinite(entry["gradient"]):
        raise TrainingError(
            f"the loss was {entry['loss']} (gradient {entry['gradient']}) at step "
            f"{entry['step']}: try a lower learning rate than {settings.learning_rate:g}{kept}"
        )
    if entry.get("spread", 1) < _COLLAPSED:
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


def _number(seed: int, step: int, ranks: Ranks) -> int:
    numbers = np.random.SeedSequence(_seeds(seed, step, ranks)).generate_state(1, np.uint64)
    return int(numbers[0] >> 1)


def _seeds(seed: int, step: int, ranks: Ranks) -> tuple[int, ...]:
    return (seed, step) if ranks.first else (seed, step, ranks.rank)


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
