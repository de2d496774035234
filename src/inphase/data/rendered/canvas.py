"""A small software renderer: shaded capsules, cylinders and polygons with a depth buffer.

Capsules and cylinders are drawn as impostors: outline, depth and surface normal of every pixel
follow from its distance to the projected axis, so one array expression draws a rounded limb.
"""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float, Float32

Point = Float[np.ndarray, "3"]
Colour = tuple[float | int, float | int, float | int]


@dataclass(frozen=True)
class Capsule:
    """A rod from `a` to `b` with a radius in metres at each end; round ends, or flat ones."""

    a: Point
    b: Point
    radius_a: float
    radius_b: float
    colour: Colour
    flat: bool = False
    alpha: float = 1.0
    shine: float = 0.0


@dataclass(frozen=True)
class Polygon:
    """A flat convex polygon, corners in order, seen from both sides."""

    corners: Float[np.ndarray, "n 3"]
    colour: Colour
    alpha: float = 1.0


Part = Capsule | Polygon


def ball(centre: Point, radius: float, colour: Colour) -> Capsule:
    """Return a ball."""
    return Capsule(centre, centre, radius, radius, colour)


def cylinder(
    a: Point, b: Point, radius_a: float, radius_b: float, colour: Colour, alpha: float = 1.0
) -> list[Part]:
    """Return a flat-ended tapered cylinder: its side and both caps."""
    side = Capsule(a, b, radius_a, radius_b, colour, flat=True, alpha=alpha, shine=1 - alpha)
    caps = [disc(a, b - a, radius_a, colour, alpha), disc(b, b - a, radius_b, colour, alpha)]
    return [side, *caps]


def disc(centre: Point, axis: Point, radius: float, colour: Colour, alpha: float = 1.0) -> Polygon:
    """Return a disc as a regular polygon of 14 corners, square to `axis`."""
    x, y, z = (axis / np.linalg.norm(axis)).tolist()
    # Two directions square to the axis: its cross product with +y or +x, then with that.
    first = np.array([-z, 0.0, x] if abs(y) < 0.9 else [0.0, z, -y])
    first /= np.linalg.norm(first)
    a, b, c = first.tolist()
    second = np.array([y * c - z * b, z * a - x * c, x * b - y * a])
    return Polygon(centre + radius * RING @ np.stack([first, second]), colour, alpha)


_turn = np.linspace(0, 2 * np.pi, 14, endpoint=False)
RING = np.stack([np.cos(_turn), np.sin(_turn)], axis=1)


def box(low: Point, high: Point, colour: Colour, turn: float = 0.0) -> list[Part]:
    """Return the six faces of an upright box between two corners, turned about its own middle."""
    middle, half = (low + high) / 2, (high - low) / 2
    c, s = np.cos(turn), np.sin(turn)
    rotation = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    faces: list[Part] = []
    for axis in range(3):
        u, v = (axis + 1) % 3, (axis + 2) % 3
        for side in (-1, 1):
            corners = np.zeros((4, 3))
            corners[:, axis] = side * half[axis]
            corners[:, u] = half[u] * np.array([-1, 1, 1, -1])
            corners[:, v] = half[v] * np.array([-1, -1, 1, 1])
            faces.append(Polygon(middle + corners @ rotation.T, colour))
    return faces


@dataclass(frozen=True)
class Camera:
    """A pinhole camera in a world with z up.

    Attributes:
        eye: Where it stands, metres.
        axes: Rows right, down, forward: orthonormal.
        focal: Focal length in canvas pixels.
        centre: Canvas pixel (x, y) of the optical axis.
    """

    eye: Point
    axes: Float[np.ndarray, "3 3"]
    focal: float
    centre: tuple[float, float]

    @staticmethod
    def look_at(
        eye: Point, target: Point, roll: float, focal: float, centre: tuple[float, float]
    ) -> "Camera":
        """Return the camera at `eye` that looks at `target`, rolled by `roll` radians."""
        forward = (target - eye) / np.linalg.norm(target - eye)
        right = np.cross(forward, (0.0, 0.0, 1.0))
        right /= np.linalg.norm(right)
        down = np.cross(forward, right)
        c, s = np.cos(roll), np.sin(roll)
        axes = np.stack([c * right + s * down, c * down - s * right, forward])
        return Camera(eye, axes, focal, centre)

    def project(self, points: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
        """Return canvas x, canvas y (pixels) and depth (metres) of world points."""
        seen = (points - self.eye) @ self.axes.T
        depth = np.maximum(seen[:, 2:], 0.05)
        return np.concatenate([seen[:, :2] * self.focal / depth + self.centre, depth], axis=1)


@dataclass(frozen=True)
class Light:
    """One distant lamp and an even ambient light.

    Attributes:
        direction: Unit vector towards the lamp, in the world.
        ambient: Brightness of a surface turned away from the lamp.
        diffuse: What the lamp adds to a surface that faces it.
        tint: Colour of the light, about 1 for each channel.
    """

    direction: Point
    ambient: float
    diffuse: float
    tint: Colour


@dataclass
class Canvas:
    """Colour (0 to 255) and depth (metres) of every pixel; parts are drawn into them."""

    colour: Float32[np.ndarray, "h w 3"]
    depth: Float32[np.ndarray, "h w"]
    camera: Camera
    light: Light
    _lamp: Float[np.ndarray, "3"] = field(init=False)

    def __post_init__(self) -> None:
        self._lamp = self.camera.axes @ self.light.direction

    def draw(self, parts: list[Part]) -> None:
        """Draw parts: opaque ones first, then the see-through ones from far to near."""
        points = [p for part in parts for p in _points(part)]
        seen = self.camera.project(np.array(points))
        solid, clear = [], []
        first = 0
        for part in parts:
            last = first + (2 if isinstance(part, Capsule) else len(part.corners))
            (solid if part.alpha >= 1 else clear).append((part, seen[first:last]))
            first = last
        clear.sort(key=lambda item: -item[1][:, 2].mean())
        for part, where in solid + clear:
            if isinstance(part, Capsule):
                self._capsule(part, where)
            else:
                self._polygon(part, where)

    def _window(
        self, low: Float[np.ndarray, "2"], high: Float[np.ndarray, "2"]
    ) -> tuple[slice, slice] | None:
        """Return the rows and columns that a bounding box covers, None outside the canvas."""
        height, width = self.depth.shape
        x0, x1 = max(int(low[0]), 0), min(int(high[0]) + 2, width)
        y0, y1 = max(int(low[1]), 0), min(int(high[1]) + 2, height)
        return (slice(y0, y1), slice(x0, x1)) if x0 < x1 and y0 < y1 else None

    def _capsule(self, part: Capsule, seen: Float[np.ndarray, "2 3"]) -> None:
        (ax, ay, az), (bx, by, bz) = seen.tolist()
        ra, rb = part.radius_a * self.camera.focal / az, part.radius_b * self.camera.focal / bz
        low = np.array([min(ax - ra, bx - rb), min(ay - ra, by - rb)])
        window = self._window(low, np.array([max(ax + ra, bx + rb), max(ay + ra, by + rb)]))
        if window is None:
            return
        rows, columns = window
        x = np.arange(columns.start, columns.stop, dtype=np.float32) - np.float32(ax)
        y = np.arange(rows.start, rows.stop, dtype=np.float32)[:, None] - np.float32(ay)
        dx, dy = bx - ax, by - ay
        length2 = max(dx * dx + dy * dy, 1e-3)
        along = x * np.float32(dx / length2) + y * np.float32(dy / length2)
        t = np.clip(along, 0, 1)
        radius = np.float32(ra) + t * np.float32(rb - ra)
        # A flat tube's side is measured from its endless axis, a round one's from the segment.
        nearest = along if part.flat else t
        x = (x - nearest * np.float32(dx)) / radius
        y = (y - nearest * np.float32(dy)) / radius
        inside = 1 - x * x - y * y
        toward = np.sqrt(np.maximum(inside, 0))
        shown = inside > 0
        if part.flat:
            # The visible side of a tube that leans towards the camera is shifted along its axis.
            tube = max(float(np.linalg.norm(part.b - part.a)), 1e-6)
            t = along - toward * radius * np.float32((bz - az) / tube / np.sqrt(length2))
            shown &= (t >= 0) & (t <= 1)
        size = (part.radius_a + part.radius_b) / 2
        depth = np.float32(az) + t * np.float32(bz - az) - toward * np.float32(size)
        lx, ly, lz = self._lamp.tolist()
        facing = x * np.float32(lx) + y * np.float32(ly) - toward * np.float32(lz)
        shade = self.light.ambient + self.light.diffuse * np.maximum(facing, 0)
        if part.shine:
            shade += np.float32(1.5 * part.shine) * np.maximum(facing, 0) ** 12
        self._blend(window, shown & (depth < self.depth[window]), depth, shade, part)

    def _polygon(self, part: Polygon, seen: Float[np.ndarray, "n 3"]) -> None:
        window = self._window(seen[:, :2].min(0), seen[:, :2].max(0))
        if window is None:
            return
        rows, columns = window
        x = np.arange(columns.start, columns.stop, dtype=np.float32)
        y = np.arange(rows.start, rows.stop, dtype=np.float32)[:, None]
        ends = np.roll(seen, -1, axis=0)
        area = float(np.sum(seen[:, 0] * ends[:, 1] - seen[:, 1] * ends[:, 0]))
        if abs(area) < 1e-6:
            return
        shown = np.ones((y.shape[0], x.shape[0]), bool)
        for (px, py, _), (qx, qy, _) in zip(seen.tolist(), ends.tolist(), strict=True):
            a, b = np.float32((qx - px) * np.sign(area)), np.float32((qy - py) * np.sign(area))
            shown &= a * (y - np.float32(py)) >= b * (x - np.float32(px))
        # One over depth is linear on the screen.
        normal = np.cross(part.corners[1] - part.corners[0], part.corners[2] - part.corners[0])
        normal /= np.linalg.norm(normal)
        offset = float(normal @ (part.corners[0] - self.camera.eye))
        gx, gy, g0 = (self.camera.axes @ normal).tolist()
        if abs(offset) < 1e-6:
            return
        cx, cy = self.camera.centre
        slope = 1 / (offset * self.camera.focal)
        inverse = (
            np.float32(gx * slope) * (x - np.float32(cx))
            + np.float32(gy * slope) * (y - np.float32(cy))
            + np.float32(g0 / offset)
        )
        depth = 1 / np.maximum(inverse, 1e-3)
        facing = float(normal @ self.light.direction) * (-1 if offset > 0 else 1)
        shade = np.float32(self.light.ambient + self.light.diffuse * max(facing, 0.0))
        self._blend(window, shown & (depth < self.depth[window]), depth, shade, part)

    def _blend(
        self,
        window: tuple[slice, slice],
        shown: Bool[np.ndarray, "h w"],
        depth: Float32[np.ndarray, "h w"],
        shade: np.ndarray | np.floating,
        part: Part,
    ) -> None:
        """Mix the shaded part into the pixels where it shows; see-through parts hide nothing."""
        tint = np.array(part.colour, np.float32) * np.array(self.light.tint, np.float32)
        painted = shade[shown][:, None] * tint if isinstance(shade, np.ndarray) else shade * tint
        colour = self.colour[window]
        if part.alpha >= 1:
            colour[shown] = painted
            self.depth[window][shown] = depth[shown]
        else:
            colour[shown] += np.float32(part.alpha) * (painted - colour[shown])


def _points(part: Part) -> list[Point]:
    return [part.a, part.b] if isinstance(part, Capsule) else list(part.corners)
