"""Two sets of classes to probe clip networks with: one differs in motion alone, one in looks.

In `motion`, no single picture tells the class, not even by chance: video k of every class shows the
same person in the same place under the same light and begins with the same picture, and every frame
is uniform on one closed loop (`inphase.data.rendered.circles`), drawn from one and the same set of
pictures. Frames are coded each by itself, so that the coder does not give away the motion either. A
network that sees repeated stills stays at chance, 1/8. Mirroring a picture turns forward into
backward: nothing here is mirrored, and training on these videos must not flip them.

In `appearance`, classes differ in the colour of the clothes; video k of every class moves in the
same way, drawn at random from those of `motion`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import numpy as np
from jaxtyping import Float64, UInt8
from tqdm import tqdm

from inphase.data.rendered.circles import MOTIONS, circles
from inphase.data.rendered.circling import Circling
from inphase.data.rendered.film import (
    Plan,
    check_format,
    draw_look,
    draw_person,
    draw_view,
    pictures,
)
from inphase.data.rendered.folder import TRUTH, is_made, write_video
from inphase.data.rendered.level import Level
from inphase.data.rendered.timing import Piece
from inphase.data.sources import write_csv
from inphase.data.video import Video
from inphase.errors import InputError
from inphase.files import atomic

CLOTHES = {
    "red": (205, 40, 40),
    "yellow": (225, 200, 40),
    "green": (45, 150, 60),
    "cyan": (50, 200, 210),
    "blue": (40, 60, 190),
    "magenta": (210, 50, 190),
    "white": (225, 225, 225),
    "black": (35, 35, 35),
}
CLASSES: dict[str, tuple[str, ...]] = {"motion": tuple(MOTIONS), "appearance": tuple(CLOTHES)}

# Views near the front, where left and right are told apart. Nothing moves but the person: what
# passes by or shakes at its own pace would tell the speed of a video without its motion.
SPREAD = Level(
    duration_variation=0.0,
    azimuth=20.0,
    elevation=8.0,
    roll=4.0,
    zoom=0.08,
    appearance=0.8,
    clutter=5,
)
# Pictures of a circle; between two of them the ball moves by half a pixel at most.
STEPS = 360
# Raised when the same settings begin to give other pictures, so that old folders are made anew.
EDITION = 1


@dataclass(frozen=True)
class Example:
    """One video before it is rendered.

    Attributes:
        name: Where it is in its folder, without suffix: split, class, and class with number.
        plan: Who circles, where, and how it is seen.
        motion: The way of moving.
        phase: Where on its loop each frame is, radians in [0, 2 pi), one of `STEPS`.
    """

    name: str
    plan: Plan
    motion: str
    phase: Float64[np.ndarray, "t"]

    @property
    def split(self) -> str:
        """`train` or `test`."""
        return self.name.split("/")[0]

    @property
    def activity(self) -> str:
        """The class."""
        return self.name.split("/")[1]


def make_classes(
    folder: Path | str,
    kind: str,
    *,
    videos_per_class: int,
    frames: int = 136,
    size: tuple[int, int] = (64, 86),
    fps: float | int = 24,
    seed: int = 0,
    progress: bool = True,
) -> list[Path]:
    """Render a set of eight classes into a folder; do nothing if it is already there.

    Writes `train/CLASS/CLASS_001.mp4`, ... and `test/...` (every third video), so that `find` of
    the folder gives each video its class as activity, and its split; `videos.csv`, which says the
    same; `truth.npz` (see `load_phases`); `rendered.json` (the settings).

    Args:
        folder: Made if absent.
        kind: `motion` or `appearance`; `CLASSES` names the classes.
        videos_per_class: How many, train and test together.
        frames: Frames of each video; 136 holds a clip of 16 frames at 8-fold speed.
        size: Height and width, even.
        fps: Frames per second.
        seed: Video k of a class and seed is always the same, however many there are.
        progress: Whether to show a bar on a terminal.

    Returns:
        The video files.

    Raises:
        InputError: If a setting cannot be used, or if the folder holds something else.
    """
    folder = Path(folder)
    made = examples(
        kind, videos_per_class=videos_per_class, frames=frames, size=size, fps=fps, seed=seed
    )
    paths = [folder / f"{each.name}.mp4" for each in made]
    settings = {
        "edition": EDITION,
        "classes": kind,
        "videos_per_class": videos_per_class,
        "frames": frames,
        "size": list(size),
        "fps": fps,
        "seed": seed,
    }
    if is_made(folder, settings, [*paths, folder / TRUTH]):
        return paths
    # Videos of one plan lie together: its pictures are rendered once for all.
    groups = [list(group) for _, group in groupby(made, key=lambda each: id(each.plan))]
    for group in tqdm(groups, f"rendering {kind}", disable=None if progress else True):
        _film(folder, group)
    _save(folder, made)
    return paths


def examples(
    kind: str,
    *,
    videos_per_class: int,
    frames: int = 136,
    size: tuple[int, int] = (64, 86),
    fps: float | int = 24,
    seed: int = 0,
) -> list[Example]:
    """Draw everything random about the videos of a set; see `make_classes`.

    Raises:
        InputError: If a setting cannot be used.
    """
    if kind not in CLASSES:
        raise InputError(f"no rendered classes {kind!r}: choose one of {', '.join(CLASSES)}")
    if videos_per_class < 3:
        raise InputError(
            f"asked for {videos_per_class} videos of each class: give 3 or more, to train and test"
        )
    if frames < 2:
        raise InputError(f"asked for videos of {frames} frames: give 2 or more")
    check_format(size, fps)
    digits = max(3, len(str(videos_per_class)))
    made = []
    for k in range(videos_per_class):
        number, split = f"{k + 1:0{digits}d}", "test" if k % 3 == 2 else "train"
        for name, plan, motion, course in _of_every_class(kind, k, frames, size, fps, seed):
            phase = 2 * np.pi / STEPS * (np.round(STEPS * course) % STEPS)
            made.append(Example(f"{split}/{name}/{name}_{number}", plan, motion, phase))
    return made


def render_example(example: Example) -> UInt8[np.ndarray, "t h w 3"]:
    """Return all frames of a video, RGB."""
    return next(_frames([example]))


def load_phases(folder: Path | str) -> dict[str, Float64[np.ndarray, "t"]]:
    """Return where on its loop each frame of every video is, radians, by the video's name.

    Raises:
        InputError: If the folder was not made by `make_classes`.
    """
    path = Path(folder) / TRUTH
    if not path.is_file():
        raise InputError(f"{folder} has no {TRUTH}: give a folder of rendered classes")
    with np.load(path) as arrays:
        if "phase" not in arrays:
            raise InputError(f"{path} is of another rendered set: give a folder of classes")
        return dict(zip(arrays["videos"].tolist(), arrays["phase"], strict=True))


def _of_every_class(
    kind: str, k: int, frames: int, size: tuple[int, int], fps: float | int, seed: int
) -> Iterator[tuple[str, Plan, str, Float64[np.ndarray, "t"]]]:
    """Yield class, plan, way of moving and its course for video `k` of every class."""
    which = list(CLASSES).index(kind)
    looks, moving = np.random.SeedSequence([seed, which, k]).spawn(2)
    plan = _plan(np.random.default_rng(looks), size, fps)
    own = str(np.random.default_rng(moving.spawn(1)[0]).choice(list(MOTIONS)))
    for name in CLASSES[kind]:
        motion = name if kind == "motion" else own
        dressed = plan if kind == "motion" else _dressed(plan, name)
        yield name, dressed, motion, circles(motion, frames, np.random.default_rng(moving))


def _plan(rng: np.random.Generator, size: tuple[int, int], fps: float | int) -> Plan:
    """Draw who circles and how it is seen."""
    scene, camera, looks = rng.spawn(3)
    person = draw_person(scene, SPREAD.appearance)
    return Plan(
        scene=Circling.draw(scene, person, SPREAD.appearance),
        pieces=(Piece(1.0, 0, 0.0, 1.0),),
        view=draw_view(camera, SPREAD, Circling.front),
        look=draw_look(looks, SPREAD),
        level=SPREAD,
        size=size,
        fps=float(fps),
    )


def _dressed(plan: Plan, clothes: str) -> Plan:
    colour = CLOTHES[clothes]
    person = replace(plan.scene.person, shirt=colour, trousers=colour)
    return replace(plan, scene=replace(plan.scene, person=person))


def _frames(examples: Iterable[Example]) -> Iterator[UInt8[np.ndarray, "t h w 3"]]:
    """Yield the frames of each video of one plan; each of its pictures is rendered once."""
    examples = list(examples)
    steps = [np.round(STEPS / (2 * np.pi) * each.phase).astype(int) for each in examples]
    seen, where = np.unique(np.concatenate(steps), return_inverse=True)
    shown = np.stack(list(pictures(examples[0].plan, (seen / STEPS).tolist())))
    for own in np.split(where, np.cumsum([len(each) for each in steps])[:-1]):
        yield shown[own]


def _film(folder: Path, group: list[Example]) -> None:
    for example, frames in zip(group, _frames(group), strict=True):
        write_video(folder / f"{example.name}.mp4", frames, example.plan.fps, alone=True)


def _save(folder: Path, examples: list[Example]) -> None:
    """Write which video is what, and the truth last."""
    videos = [
        Video(folder / f"{each.name}.mp4", name=each.name, activity=each.activity, split=each.split)
        for each in examples
    ]
    write_csv(folder / "videos.csv", videos)
    with atomic(folder / TRUTH) as temporary:
        np.savez(
            temporary,
            videos=[each.name for each in examples],
            classes=[each.activity for each in examples],
            motions=[each.motion for each in examples],
            phase=np.stack([each.phase for each in examples]),
        )
