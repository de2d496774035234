"""The place behind the activity: floor, wall and clutter, painted once per video."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from inphase.data.rendered.canvas import (
    Camera,
    Canvas,
    Capsule,
    Colour,
    Light,
    Part,
    ball,
    box,
    cylinder,
)

# From the middle of the activity to the wall, metres.
WALL_DISTANCE = 1.7


@dataclass(frozen=True)
class Surface:
    """Two colours in a pattern: 0 plain, 1 stripes, 2 checks, 3 bricks, 4 blotches."""

    colour: Colour
    second: Colour
    pattern: int
    scale: float


def backdrop(
    camera: Camera, light: Light, size: tuple[int, int], wall: Surface, floor: Surface, turn: float
) -> Canvas:
    """Return a canvas with a floor at z = 0 and an endless wall behind the origin.

    Args:
        camera: The camera, its centre given in pixels of this canvas.
        light: The light.
        size: Height and width of the canvas.
        wall: Looks of the wall.
        floor: Looks of the floor.
        turn: Angle between the wall and the camera's image plane, radians.
    """
    height, width = size
    x = (np.arange(width) - camera.centre[0]) / camera.focal
    y = (np.arange(height) - camera.centre[1]) / camera.focal
    rays = x[None, :, None] * camera.axes[0] + y[:, None, None] * camera.axes[1] + camera.axes[2]
    normal, along = wall_axes(camera, turn)
    facing = rays @ normal
    to_wall = np.where(facing < -1e-3, (WALL_DISTANCE + camera.eye @ normal) / -facing, 1e3)
    down = rays[..., 2]
    to_floor = np.where(down < -1e-3, camera.eye[2] / -np.minimum(down, -1e-3), 1e3)
    on_wall = to_wall < to_floor
    depth = np.minimum(to_wall, to_floor)
    hit = camera.eye + rays * depth[..., None]
    painted = np.where(
        on_wall[..., None],
        _paint(wall, hit @ along, hit[..., 2]) * _shade(light, normal),
        _paint(floor, hit[..., 0], hit[..., 1]) * _shade(light, np.array([0.0, 0.0, 1.0])),
    )
    # Corners of a room are darker.
    edge = np.exp(-np.abs(to_wall - to_floor) * 1.5)
    painted *= (1 - 0.25 * edge)[..., None] * np.array(light.tint)
    return Canvas(painted.astype(np.float32), depth.astype(np.float32), camera, light)


def wall_axes(camera: Camera, turn: float) -> tuple[Float[np.ndarray, "3"], Float[np.ndarray, "3"]]:
    """Return the wall's normal towards the room and its level direction."""
    back = -camera.axes[2] * [1, 1, 0]
    angle = np.arctan2(back[1], back[0]) + turn
    normal = np.array([np.cos(angle), np.sin(angle), 0.0])
    return normal, np.array([-normal[1], normal[0], 0.0])


def clutter(
    rng: np.random.Generator, count: int, camera: Camera, turn: float, colourful: float
) -> list[Part]:
    """Return `count` random things: pictures on the wall, boxes, jars and balls before it."""
    normal, along = wall_axes(camera, turn)
    parts: list[Part] = []
    for _ in range(count):
        level = rng.uniform(-2.0, 2.0)
        colour = random_colour(rng, colourful)
        kind = rng.choice(["picture", "picture", "box", "column", "ball"])
        foot = -WALL_DISTANCE * normal + level * along
        out = rng.uniform(0.3, 0.7) * normal
        if kind == "picture":
            half, tall = rng.uniform(0.1, 0.4), rng.uniform(0.1, 0.4)
            low = foot + 0.02 * normal + np.array([0, 0, rng.uniform(0.9, 2.2)])
            frame = np.array([half, 0.01, tall])
            angle = float(np.arctan2(along[1], along[0]))
            parts += box(low - frame, low + frame, colour, angle)
            inner = np.array([0.75 * half, 0.02, 0.75 * tall])
            parts += box(low - inner, low + inner, random_colour(rng, colourful), angle)
        elif kind == "box":
            half = np.array([*rng.uniform(0.1, 0.35, 2), rng.uniform(0.15, 0.7)])
            middle = foot + out + np.array([0, 0, half[2]])
            parts += box(middle - half, middle + half, colour, rng.uniform(0, np.pi))
        elif kind == "column":
            radius, tall = rng.uniform(0.04, 0.2), rng.uniform(0.4, 1.9)
            top = np.array([0, 0, tall])
            parts += cylinder(foot + out, foot + out + top, radius, radius, colour)
            parts.append(ball(foot + out + top, radius * rng.uniform(1, 2), colour))
        else:
            radius = rng.uniform(0.1, 0.3)
            parts.append(ball(foot + out + np.array([0, 0, radius]), radius, colour))
    return parts


@dataclass(frozen=True)
class Passing:
    """Posts with heads that wander to and fro behind the activity, like people passing by.

    Attributes:
        middle: Foot of each post in the middle of its way, metres.
        reach: Vector from there to the end of its way.
        hertz: Ways to and fro per second.
        shift: Phase of the motion, radians.
        size: Height and radius, metres.
        colours: Post and head.
    """

    middle: Float[np.ndarray, "n 3"]
    reach: Float[np.ndarray, "n 3"]
    hertz: Float[np.ndarray, "n"]
    shift: Float[np.ndarray, "n"]
    size: Float[np.ndarray, "n 2"]
    colours: tuple[tuple[Colour, Colour], ...]

    @staticmethod
    def draw(rng: np.random.Generator, count: int, camera: Camera, turn: float) -> "Passing":
        """Draw `count` of them, all moving along the wall."""
        normal, along = wall_axes(camera, turn)
        out = rng.uniform(-1.4, -0.8, (count, 1))
        return Passing(
            middle=out * normal + rng.uniform(-1.0, 1.0, (count, 1)) * along,
            reach=rng.uniform(0.3, 1.2, (count, 1)) * along,
            hertz=rng.uniform(0.05, 0.3, count),
            shift=rng.uniform(0, 2 * np.pi, count),
            size=np.stack([rng.uniform(0.7, 1.6, count), rng.uniform(0.08, 0.18, count)], axis=1),
            colours=tuple((random_colour(rng, 1.0), random_colour(rng, 1.0)) for _ in range(count)),
        )

    def parts(self, seconds: float) -> list[Part]:
        """Return them at a time in seconds."""
        swing = np.sin(2 * np.pi * self.hertz * seconds + self.shift)
        feet = self.middle + swing[:, None] * self.reach
        parts: list[Part] = []
        for foot, (tall, radius), (post, head) in zip(feet, self.size, self.colours, strict=True):
            top = foot + np.array([0.0, 0.0, tall])
            parts.append(Capsule(foot, top, float(radius), 0.8 * float(radius), post))
            parts.append(ball(top + np.array([0, 0, radius]), 0.9 * float(radius), head))
        return parts


def random_colour(rng: np.random.Generator, colourful: float) -> Colour:
    """Return a random colour, grey at `colourful` 0 and anything at 1."""
    grey = rng.uniform(60, 220)
    colour = grey + colourful * (rng.uniform(20, 240, 3) - grey)
    return tuple(colour.tolist())


def _shade(light: Light, normal: Float[np.ndarray, "3"]) -> float:
    return light.ambient + light.diffuse * max(float(normal @ light.direction), 0.0)


def _paint(
    surface: Surface, u: Float[np.ndarray, "h w"], v: Float[np.ndarray, "h w"]
) -> Float[np.ndarray, "h w 3"]:
    """Return the colour of a surface at its own coordinates, metres."""
    p, q = u / surface.scale, v / surface.scale
    if surface.pattern == 1:
        mix = (np.floor(p) % 2).astype(float)
    elif surface.pattern == 2:
        mix = (np.floor(p) + np.floor(q)) % 2
    elif surface.pattern == 3:
        shift = p + 0.5 * (np.floor(2 * q) % 2)
        mix = ((shift % 1 < 0.06) | ((2 * q) % 1 < 0.1)).astype(float)
    elif surface.pattern == 4:
        mix = 0.5 + 0.25 * (np.sin(2.1 * p + 1.3 * np.sin(q)) + np.sin(1.7 * q + np.sin(1.9 * p)))
    else:
        mix = np.zeros_like(p)
    first, second = np.array(surface.colour), np.array(surface.second)
    return first + mix[..., None] * (second - first)
