"""Plan a rendered video, and render it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, UInt8

from inphase.data.rendered.canvas import Camera, Canvas, Light
from inphase.data.rendered.circling import Circling
from inphase.data.rendered.clean_and_jerk import CleanAndJerk
from inphase.data.rendered.level import Level, level
from inphase.data.rendered.person import Person
from inphase.data.rendered.pouring import Pouring
from inphase.data.rendered.room import Passing, Surface, backdrop, clutter, random_colour
from inphase.data.rendered.timing import Piece, Truth, idle_share, schedule, truth
from inphase.errors import InputError

Activity = Pouring | CleanAndJerk | Circling

ACTIVITIES: dict[str, type[Pouring] | type[CleanAndJerk]] = {
    "pouring": Pouring,
    "clean_and_jerk": CleanAndJerk,
}


@dataclass(frozen=True)
class View:
    """Where the camera is.

    Attributes:
        azimuth: Degrees around the person; 0 sees the front.
        elevation: Degrees above the level of the activity.
        roll: Degrees.
        focal: Focal length over image height; short ones give strong perspective.
        zoom: Size of the activity in the picture; 1 fills it.
        shift: Shift of the picture to the right and down, as a share of its height.
        mirrored: Whether the picture is mirrored, which makes the person left-handed.
    """

    azimuth: float
    elevation: float
    roll: float
    focal: float
    zoom: float
    shift: tuple[float, float]
    mirrored: bool


@dataclass(frozen=True)
class Look:
    """How the picture is lit, what is behind, and what the recording does to it.

    Attributes:
        light: The lamp and the ambient light.
        wall: Looks of the wall.
        floor: Looks of the floor.
        wall_turn: Angle of the wall to the picture plane, radians.
        clutter: Number of things before the wall.
        colourful: 0 grey, 1 any colour.
        gain: Factor on the brightness.
        gamma: Exponent on the brightness.
        seed: Seed of what has no name: places of the clutter, shake, noise.
    """

    light: Light
    wall: Surface
    floor: Surface
    wall_turn: float
    clutter: int
    colourful: float
    gain: float
    gamma: float
    seed: int


@dataclass(frozen=True)
class Plan:
    """Everything random about one video. Two renderings of a plan are equal to the last bit.

    Attributes:
        scene: The activity, the person and the things.
        pieces: When what happens.
        view: Where the camera is.
        look: Light, background and recording.
        level: The difficulty the plan was drawn at.
        size: Height and width in pixels, even.
        fps: Frames per second.
    """

    scene: Activity
    pieces: tuple[Piece, ...]
    view: View
    look: Look
    level: Level
    size: tuple[int, int]
    fps: float

    @property
    def truth(self) -> Truth:
        """What every frame shows."""
        return truth(self.pieces, self.scene.phases, self.fps)


def plan(
    activity: str = "pouring",
    *,
    seed: int,
    difficulty: float | int | Level = 0.25,
    size: tuple[int, int] = (160, 160),
    fps: float | int = 15.0,
) -> Plan:
    """Draw everything random about one video.

    Args:
        activity: A name in `ACTIVITIES`.
        seed: The same seed and settings give the same plan.
        difficulty: 0 to 1, see `level`, or a `Level` of your own.
        size: Height and width in pixels, both even.
        fps: Frames per second.

    Raises:
        InputError: If a setting cannot be used.
    """
    if activity not in ACTIVITIES:
        known = ", ".join(ACTIVITIES)
        raise InputError(f"no rendered activity {activity!r}: choose one of {known}")
    check_format(size, fps)
    hard = difficulty if isinstance(difficulty, Level) else level(difficulty)
    # Separate streams: the timing of a seed does not change with its looks.
    motion, timing, camera, looks = np.random.default_rng(seed).spawn(4)
    kind = ACTIVITIES[activity]
    scene = kind.draw(motion, draw_person(motion, hard.appearance), hard.appearance)
    return Plan(
        scene=scene,
        pieces=schedule(
            timing,
            kind.seconds,
            variation=hard.duration_variation,
            pauses=hard.pauses,
            background=hard.background,
            missing=int(timing.random() < hard.missing),
            repeated=int(timing.random() < hard.repeated),
            fps=fps,
        ),
        view=draw_view(camera, hard, kind.front),
        look=draw_look(looks, hard),
        level=hard,
        size=size,
        fps=float(fps),
    )


def check_format(size: tuple[int, int], fps: float | int) -> None:
    """Raise `InputError` if videos of this height and width, or frame rate, cannot be written."""
    if min(size) < 32 or size[0] % 2 or size[1] % 2:
        raise InputError(f"size is {size}: give an even height and width of 32 pixels or more")
    if not fps > 0:
        raise InputError(f"fps is {fps}: give a positive number of frames per second")


def render(plan: Plan) -> tuple[UInt8[np.ndarray, "t h w 3"], Truth]:
    """Return all frames of a plan, RGB, and what they show."""
    return np.stack(list(frames(plan))), plan.truth


def frames(plan: Plan) -> Iterator[UInt8[np.ndarray, "h w 3"]]:
    """Yield the frames of a plan one by one."""
    studio = _Studio(plan)
    moments = idle_share(plan.pieces, plan.fps)
    shake = _shake(plan, len(moments))
    for k, (time, idle) in enumerate(moments):
        yield studio.picture(float(time), float(np.sin(np.pi * idle) ** 2), shake[k], k)


def picture(plan: Plan, time: float) -> UInt8[np.ndarray, "h w 3"]:
    """Return the picture at canonical `time`, from a still camera."""
    return next(pictures(plan, [time]))


def pictures(plan: Plan, times: Iterable[float]) -> Iterator[UInt8[np.ndarray, "h w 3"]]:
    """Yield the picture at each canonical time, from a still camera."""
    studio = _Studio(plan)
    for time in times:
        yield studio.picture(time, 0.0, np.zeros(2), 0)


SUPER = 2
MARGIN = 0.08


class _Studio:
    """The static part of a plan, painted once, and the camera."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        height, width = (SUPER * side for side in plan.size)
        self.margin = int(MARGIN * height)
        pad = 2 * self.margin
        self.camera = _camera(plan, height, (width / 2 + self.margin, height / 2 + self.margin))
        look = plan.look
        self.still = backdrop(
            self.camera,
            look.light,
            (height + pad, width + pad),
            look.wall,
            look.floor,
            look.wall_turn,
        )
        rng = np.random.default_rng(look.seed)
        things = clutter(rng, look.clutter, self.camera, look.wall_turn, look.colourful)
        self.still.draw(things + plan.scene.furniture())
        self.moving = Passing.draw(rng, plan.level.distractors, self.camera, look.wall_turn)
        self.noise = np.random.default_rng(look.seed + 1)

    def picture(
        self, time: float, gesture: float, shake: Float[np.ndarray, "2"], index: int
    ) -> UInt8[np.ndarray, "h w 3"]:
        """Return one frame; `shake` shifts it, in canvas pixels."""
        height, width = (SUPER * side for side in self.plan.size)
        x, y = (self.margin + np.clip(np.round(shake), -self.margin, self.margin)).astype(int)
        window = (slice(y, y + height), slice(x, x + width))
        cx, cy = self.camera.centre
        camera = replace(self.camera, centre=(cx - float(x), cy - float(y)))
        canvas = Canvas(
            self.still.colour[window].copy(),
            self.still.depth[window].copy(),
            camera,
            self.plan.look.light,
        )
        passing = self.moving.parts(index / self.plan.fps)
        canvas.draw(passing + self.plan.scene.parts(time, gesture))
        return self._develop(canvas.colour)

    def _develop(self, colour: np.ndarray) -> UInt8[np.ndarray, "h w 3"]:
        """Return the recorded picture: averaged to pixels, exposed, with noise."""
        c = colour
        small = (c[::2, ::2] + c[1::2, ::2] + c[::2, 1::2] + c[1::2, 1::2]) * np.float32(0.25)
        look = self.plan.look
        small = 255 * (np.clip(small * look.gain, 0, 255) / 255) ** np.float32(look.gamma)
        if self.plan.level.noise:
            noise = self.noise.standard_normal(small.shape, np.float32)
            small += np.float32(self.plan.level.noise) * noise
        if self.plan.view.mirrored:
            small = small[:, ::-1]
        return np.clip(small + 0.5, 0, 255).astype(np.uint8)


def _camera(plan: Plan, height: int, centre: tuple[float, float]) -> Camera:
    view, scene = plan.view, plan.scene
    focal = view.focal * height
    distance = scene.view * view.focal / view.zoom
    azimuth, elevation = np.radians(view.azimuth), np.radians(view.elevation)
    away = np.array(
        [
            np.sin(azimuth) * np.cos(elevation),
            np.cos(azimuth) * np.cos(elevation),
            np.sin(elevation),
        ]
    )
    target = np.array(scene.target)
    eye = target + distance * away
    eye[2] = max(eye[2], 0.15)
    shifted = (centre[0] + view.shift[0] * height, centre[1] + view.shift[1] * height)
    return Camera.look_at(eye, target, float(np.radians(view.roll)), focal, shifted)


def _shake(plan: Plan, count: int) -> Float[np.ndarray, "t 2"]:
    """Return the smooth wander of a hand-held camera, canvas pixels."""
    rng = np.random.default_rng(plan.look.seed + 2)
    time = np.arange(count) / plan.fps
    path = np.zeros((count, 2))
    for hertz, share in ((0.15, 0.6), (0.5, 0.3), (1.3, 0.15), (2.9, 0.08)):
        turn = 2 * np.pi * (hertz * rng.uniform(0.7, 1.4, 2) * time[:, None] + rng.random(2))
        path += share * rng.uniform(0.5, 1.0, 2) * np.sin(turn)
    return path * plan.level.shake * SUPER * plan.size[0]


def draw_person(rng: np.random.Generator, vary: float) -> Person:
    """Draw what a person looks like; `vary` 0 gives one person, 1 the widest spread."""
    skins = [(236, 188, 160), (205, 150, 115), (160, 110, 80), (105, 70, 50), (245, 205, 180)]
    hairs = [(45, 32, 25), (25, 22, 22), (120, 80, 45), (200, 165, 100), (130, 130, 130)]
    pick = (lambda table: table[int(rng.integers(len(table)))]) if vary else (lambda t: t[0])
    return Person(
        scale=1 + vary * rng.uniform(-0.09, 0.09),
        build=1 + vary * rng.uniform(-0.18, 0.25),
        skin=pick(skins),
        hair=pick(hairs),
        shirt=random_colour(rng, vary) if vary else (60, 95, 170),
        trousers=random_colour(rng, 0.7 * vary),
        shoes=random_colour(rng, vary),
        long_sleeves=bool(rng.random() < 0.5 * min(2 * vary, 1)),
        long_hair=bool(rng.random() < 0.5 * min(2 * vary, 1)),
    )


def draw_view(rng: np.random.Generator, hard: Level, front: float) -> View:
    """Draw where the camera is, around an azimuth of `front` degrees."""
    either = rng.uniform(-1, 1, 6)
    return View(
        azimuth=front + hard.azimuth * either[0],
        elevation=18 + hard.elevation * either[1],
        roll=hard.roll * either[2],
        focal=float(1.9 * np.exp(hard.appearance * 0.4 * either[3])),
        # Zooming out loses nothing, zooming in may cut the head off: less of it.
        zoom=float(np.exp(hard.zoom * (either[4] - 0.4))),
        shift=tuple((0.12 * hard.zoom * rng.uniform(-1, 1, 2)).tolist()),
        mirrored=bool(rng.random() < 0.5 and hard.mirrored),
    )


def draw_look(rng: np.random.Generator, hard: Level) -> Look:
    """Draw light, background and recording."""
    vary = hard.appearance
    angle, height = rng.uniform(-np.pi, np.pi) * vary + 0.9, rng.uniform(0.4, 0.9)
    flat = np.sqrt(1 - height**2)
    ambient = 0.55 + 0.15 * vary * rng.uniform(-1, 1)
    warm = 0.14 * vary * rng.uniform(-1, 1)
    light = Light(
        np.array([flat * np.cos(angle), flat * np.sin(angle), height]),
        ambient,
        (1.05 - ambient) * (1 + 0.3 * vary * rng.uniform(-1, 1)),
        (1 + warm, 1.0, 1 - warm),
    )
    patterns = 5 if vary else 1

    def surface(low: float, high: float) -> Surface:
        colour = random_colour(rng, 0.7 * vary)
        second = np.array(colour) + vary * 0.5 * (np.array(random_colour(rng, vary)) - colour)
        pattern = int(rng.integers(patterns))
        return Surface(colour, tuple(second.tolist()), pattern, rng.uniform(low, high))

    return Look(
        light=light,
        wall=surface(0.1, 0.6),
        floor=surface(0.1, 0.5),
        wall_turn=0.5 * vary * rng.uniform(-1, 1),
        clutter=hard.clutter,
        colourful=vary,
        gain=float(np.exp(0.25 * vary * rng.uniform(-1, 1))),
        gamma=float(np.exp(0.2 * vary * rng.uniform(-1, 1))),
        seed=int(rng.integers(2**31)),
    )
