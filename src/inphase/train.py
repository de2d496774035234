"""Learn a frame encoder from unlabelled videos: all of it from videos to a saved encoder."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F

from inphase import __version__
from inphase.batches import Sampler, companions, videos_together
from inphase.card import card
from inphase.data.poses import PoseTrack
from inphase.data.video import Video
from inphase.device import pick_device
from inphase.encoders.architecture import Architecture, FrameLevel
from inphase.encoders.backbones import DEFAULT
from inphase.encoders.encoder import Encoder, FrameFeatures
from inphase.encoders.temporal import temporal_model
from inphase.errors import InputError
from inphase.frame_sources import frame_source
from inphase.methods import SCL, Method, name_of
from inphase.objectives import Objective, embedded
from inphase.optimise import Step, optimise, seeded
from inphase.phase_labels import Labels, numbered
from inphase.ranks import joined
from inphase.runs import Run
from inphase.settings import Settings, Weighted, check_weights, restored, written, written_sum
from inphase.views.pairs import large_enough


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
    does, to the last bit on a CPU. Started by `torchrun`, each process looks at batches of its
    own, and the steps taken are those of all batches together.

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
        InputError: If there are fewer than two videos, or fewer of each activity than a method
            compares; no frame to learn from, a run in the way, or a weight below 0.
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
    company, together = companions(methods), videos_together(methods)
    if company != "any" and settings.batch < together:
        raise InputError(
            f"methods that compare videos need at least {together} a step, not {settings.batch}: "
            "raise batch"
        )
    if company == "videos":
        large_enough([video.activity for video in videos], together)
    architecture = architecture or FrameLevel()
    if settings.scene_noise and (not isinstance(architecture, FrameLevel) or architecture.centre):
        raise InputError(
            "scene noise moves vectors of features, but this encoder looks at maps or pixels, or "
            "takes the mean of features away: leave it out"
        )
    architecture = with_what_methods_need(architecture, methods)
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
    with joined(device) as (ranks, place), seeded(settings.seed):
        target = pick_device(place)
        encoder = Encoder(frame_features, config=config)
        with ranks.first_before_others():
            if run is not None and not resume and ranks.first:
                run.begin(config, list(videos), force=force)
            source = frame_source(
                videos,
                encoder,
                architecture,
                views=views,
                learn=finetune,
                scene_noise=settings.scene_noise,
                device=target,
                progress=progress and ranks.first,
            )
        encoder.temporal = temporal_model(
            source.map or source.dim, architecture, frames=method.frames
        )
        encoder.temporal.to(target)
        numbers, phases = None, ()
        if any(each.learns_labels for each in methods):
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
        learner = nn.ModuleDict({"temporal": encoder.temporal, "objectives": objectives})
        if source.trainable is not None:
            learner["backbone"] = source.trainable
        optimise(
            learner,
            partial(_look, encoder.temporal, objectives, sampler, settings.steps),
            settings,
            run=run,
            resume=resume,
            progress=progress,
            tensorboard=tensorboard,
            ranks=ranks,
        )
        if finetune:
            encoder.finetuned = source.learned()
            encoder.backbone.freeze()
        if run is not None and ranks.first:
            encoder.save(run.folder)
            run.finish(card(encoder, sampler.videos, str(run.folder)))
    return encoder


def with_what_methods_need(architecture: Architecture, methods: Sequence[Method]) -> Architecture:
    """Give a transformer a class token if a method tells whole videos apart."""
    tells = any(each.head == "videos" for each in methods)
    if tells and isinstance(architecture, FrameLevel) and architecture.mixer == "transformer":
        return replace(architecture, class_token=True)
    return architecture


def _look(
    temporal: nn.Module,
    objectives: nn.ModuleList,
    sampler: Sampler,
    steps: int,
    step: int,
    generator: np.random.Generator,
) -> Step:
    """Draw a batch, embed it, and measure every loss."""
    batch = sampler(generator)
    z, clips = embedded(temporal, batch)
    values = [each(z, batch, step / steps, clips) for each in objectives]
    told = {**_each(objectives, values), "spread": spread(z.detach().float(), batch.mask)}
    return Step(torch.stack(values).sum(), told)


def spread(z: Float[Tensor, "b t d"], mask: Bool[Tensor, "b t"]) -> float:
    """Mean squared distance of a video's normalised embeddings from their mean, 0 to 1."""
    z = F.normalize(z, dim=-1) * mask[..., None]
    mean = z.sum(1) / mask.sum(1, keepdim=True)
    return float((1 - mean.square().sum(-1)).mean())


def _each(objectives: nn.ModuleList, values: list[Tensor]) -> dict[str, float]:
    """Settings that training changes and, of a sum, the parts, each with the name of its method."""
    parts = [cast(Objective, each) for each in objectives]
    if len(parts) == 1:
        return parts[0].learnt
    names = [name_of(each.method) for each in parts]
    told = {}
    for k, (name, part, value) in enumerate(zip(names, parts, values, strict=True)):
        name += f" {names[:k].count(name) + 1}" * (name in names[:k])
        told[f"loss of {name}"] = value.item()
        told |= {f"{setting} of {name}": number for setting, number in part.learnt.items()}
    return told
