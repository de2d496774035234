"""Pictures of poses: bones between joints that are known by name, dots for all others.

What is named left is orange and right is blue; the middle of the body is grey. Bones follow from
names alone, whatever the order of joints, so one table serves Penn Action's 13 joints, COCO's 17,
OpenPose's 18 and 25, MediaPipe's 33 and whatever is named alike. Edges are smooth (each pixel is
covered by its distance to the bone), which the shaded renderer in `inphase.data.rendered.canvas`
has no need of: at the size of a page's clips there would be steps, and in a film flicker.
"""

import re
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, UInt8

SHORT_SIDE = 360  # pixels of a picture's short side, if nobody asks for another size
COLOURS = {"": (196, 200, 208), "right": (82, 164, 255), "left": (255, 150, 50)}  # last on top

# Chains of joints of one side, or of no side where names tell none, as of an animal seen from it.
_OF_A_SIDE = (
    "neck shoulder elbow wrist", "shoulder hip knee ankle", "midhip hip",
    "wrist thumb", "wrist pinky index wrist", "ankle heel footindex ankle", "ankle bigtoe smalltoe",
    "nose eye ear", "midmouth mouth",
)  # fmt: skip
_OF_THE_MIDDLE = ("nose neck", "head neck", "neck midhip")
_MIDDLES = {"neck": "shoulder", "midhip": "hip", "midmouth": "mouth"}  # of left and right
_SAME = {"pelvis": "midhip", "headtop": "head", "upperneck": "neck"}
_PARTS = {*" ".join(_OF_A_SIDE + _OF_THE_MIDDLE).split(), *_SAME}
_SIDES = {"left": "left", "l": "left", "right": "right", "r": "right"}
_SIDE = "|".join(_SIDES)
_NAME = re.compile(f"({_SIDE})?({'|'.join(sorted(_PARTS, key=len, reverse=True))})({_SIDE})?")

_REACH = 0.03  # share of frames in which a joint may leave the view on either side
_RARE = 0.1  # joints seen in a smaller share of frames have no say in it
_MARGIN = 0.12  # around the figure, as a share of its longer extent
_LONGEST = 2.0  # the long side is at most so many times the short one
_THICK = 0.055  # half a bone's thickness, as a share of the body's root mean square radius

End = tuple[int, int]  # between two joints, or at one, named twice


@dataclass(frozen=True)
class _Stroke:
    """A bone, or a dot where both ends are one joint; `thick` is in thicknesses of a bone."""

    ends: tuple[End, End]
    side: str
    thick: float


class StickFigure:
    """How the poses of one track look: the same view and the same bones in every frame.

    The view is where the joints are in all frames but the most extreme ones, with a margin, y down.

    Args:
        keypoints: Of every frame of the track, NaN where a joint is missing; one joint is seen in
            one frame at least. A third axis is not shown.
        joints: Their names; empty if nobody knows them.
    """

    def __init__(self, keypoints: Float32[np.ndarray, "t joints axes"], joints: tuple[str, ...]):
        points = keypoints[..., :2].astype(np.float64)
        self._middle, self._extent = _view(points)
        self._radius = _radius(points)
        self._strokes = _strokes(joints or ("",) * points.shape[1])
        self._ends = np.array([stroke.ends for stroke in self._strokes])

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of a picture, in the proportions of the view."""
        width, height = self._extent * (SHORT_SIDE / self._extent.min())
        return round(height), round(width)

    def draw(
        self, pose: Float32[np.ndarray, "joints axes"], size: tuple[int, int]
    ) -> UInt8[np.ndarray, "h w 3"]:
        """Draw one frame's joints, and the bones between those that are not missing.

        Args:
            pose: One frame of the track.
            size: Height and width in pixels; the figure keeps its proportions in any.
        """
        height, width = size
        scale = float(min(np.array([width, height]) / self._extent))
        # Pixel (0, 0) has its centre half a pixel inside the picture.
        points = (pose[:, :2] - self._middle) * scale + np.array([width - 1, height - 1]) / 2
        thick = float(np.clip(_THICK * self._radius * scale, 0.75, 0.75 + 0.012 * min(size)))
        picture = np.zeros((height, width, 3), np.uint8)  # black, as bars beside pictures
        places = points[self._ends].mean(2)
        for k in np.flatnonzero(np.isfinite(places).all((1, 2))):
            stroke, (a, b) = self._strokes[k], places[k].tolist()
            _rod(picture, a, b, thick * stroke.thick, COLOURS[stroke.side])
        return picture


def bones(joints: tuple[str, ...]) -> list[tuple[str, str]]:
    """Name the joints at the ends of each bone drawn; `a+b` is the middle between two.

    Args:
        joints: Names of all joints of a pose.
    """
    pairs = [stroke.ends for stroke in _strokes(joints) if stroke.ends[0] != stroke.ends[1]]
    words = [["+".join(dict.fromkeys(joints[k] for k in end)) for end in pair] for pair in pairs]
    return [(one, other) for one, other in words]


def _strokes(joints: tuple[str, ...]) -> list[_Stroke]:
    """Bones, then dots on top of them; of each the middle, then right, then left."""
    known = [_known(name) for name in joints]
    strokes = [_Stroke(ends, side, 1.0) for ends, side in _bones(known).items()]
    dots = [
        _Stroke(((k, k), (k, k)), side, 3.0 if part == "head" else 1.45)
        for k, (side, part) in enumerate(known)
    ]
    order = list(COLOURS)
    return sorted(strokes, key=lambda bone: order.index(bone.side)) + sorted(
        dots, key=lambda dot: order.index(dot.side)
    )


def _bones(known: list[tuple[str, str]]) -> dict[tuple[End, End], str]:
    """The side of each bone: none, unless both its ends are of it."""
    places = _places(known)
    found: dict[tuple[End, End], str] = {}
    for side in COLOURS:
        for chain in _OF_A_SIDE if side else _OF_A_SIDE + _OF_THE_MIDDLE:
            names = [(side, part) for part in chain.split()]
            ends = [places.get(name) or places.get(("", name[1])) for name in names]
            sides = [name in places for name in names]
            for k in range(len(ends) - 1):
                one, other = ends[k], ends[k + 1]
                # Between two middles of shoulders and hips a spine would be made up.
                if one and other and one != other and (one[0] == one[1] or other[0] == other[1]):
                    found.setdefault((one, other), side if sides[k] and sides[k + 1] else "")
    return found


def _places(known: list[tuple[str, str]]) -> dict[tuple[str, str], End]:
    """Where each part of the body is: at a joint, or in the middle of its left and right."""
    places: dict[tuple[str, str], End] = {}
    for k, joint in enumerate(known):
        places.setdefault(joint, (k, k))
    for middle, part in _MIDDLES.items():
        left, right = places.get(("left", part)), places.get(("right", part))
        if left and right:
            places.setdefault(("", middle), (left[0], right[0]))
    return places


def _known(name: str) -> tuple[str, str]:
    """Side and part of the body, of names such as `left_hip`, `LHip`, `HIP.L` or `lhip`."""
    words = re.findall(r"[a-z0-9]+", name.lower())
    match = _NAME.fullmatch("".join(words))
    side = (match[1] or match[3] or "") if match else next((w for w in words if w in _SIDES), "")
    part = match[2] if match else "".join(words)
    return _SIDES.get(side, ""), _SAME.get(part, part)


def _view(points: Float[np.ndarray, "t joints 2"]) -> tuple[Float[np.ndarray, "2"], ...]:
    """Middle and extent of the view, width before height, in the unit of the poses."""
    share = np.isfinite(points).all(2).mean(0)
    often = points[:, share >= min(_RARE, share.max())]
    reach = np.nanquantile(often, (_REACH, 1 - _REACH), axis=0, method="nearest")
    low, high = reach[0].min(0), reach[1].max(0)
    extent = high - low + 2 * _MARGIN * (high - low).max()
    if not extent.max() > 0:  # one dot that never moves
        extent = np.ones(2)
    return (low + high) / 2, np.maximum(extent, extent.max() / _LONGEST)


def _radius(points: Float[np.ndarray, "t joints 2"]) -> float:
    """Root mean square distance of joints from their middle, in the median frame."""
    seen = points[np.isfinite(points).any((1, 2))]
    spread = np.square(seen - np.nanmean(seen, axis=1, keepdims=True)).sum(2)
    return float(np.median(np.sqrt(np.nanmean(spread, axis=1))))


def _rod(
    picture: UInt8[np.ndarray, "h w 3"],
    a: list[float],
    b: list[float],
    radius: float,
    colour: tuple[int, int, int],
) -> None:
    """Paint a line with round ends; what lies outside the picture is cut off."""
    height, width, _ = picture.shape
    (ax, ay), (bx, by) = a, b
    reach = radius + 1
    left, right = max(int(min(ax, bx) - reach), 0), min(int(max(ax, bx) + reach) + 1, width)
    top, bottom = max(int(min(ay, by) - reach), 0), min(int(max(ay, by) + reach) + 1, height)
    if left >= right or top >= bottom:
        return
    x = np.arange(left, right, dtype=np.float32) - np.float32(ax)
    y = np.arange(top, bottom, dtype=np.float32)[:, None] - np.float32(ay)
    dx, dy = bx - ax, by - ay
    length2 = max(dx * dx + dy * dy, 1e-12)
    along = x * np.float32(dx / length2) + y * np.float32(dy / length2)
    np.minimum(np.maximum(along, 0, out=along), 1, out=along)
    x = x - along * np.float32(dx)
    y = y - along * np.float32(dy)
    cover = np.float32(radius + 0.5) - np.sqrt(x * x + y * y)
    np.minimum(np.maximum(cover, 0, out=cover), 1, out=cover)
    part = picture[top:bottom, left:right]
    # Half a level on top, for bytes are cut, not rounded.
    part[:] = part + cover[..., None] * (np.array(colour, np.float32) - part) + np.float32(0.5)
