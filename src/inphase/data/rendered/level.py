"""How hard a rendered video is."""

from dataclasses import dataclass

from inphase.errors import InputError


@dataclass(frozen=True)
class Level:
    """The spread of everything random, from `level` or set by hand.

    Attributes:
        duration_variation: Coefficient of variation of phase lengths.
        azimuth: Largest turn of the camera around the activity, degrees to either side.
        elevation: Largest change of the camera's height, degrees.
        roll: Largest roll, degrees.
        zoom: Largest change of scale, natural logarithm.
        mirrored: Whether half of the people are left-handed.
        appearance: Spread of bodies, colours, light, things and ways of moving, 0 to 1.
        clutter: Number of things in the background.
        distractors: Number of things that move in the background.
        shake: Reach of the hand-held camera's wander, share of the picture's height.
        noise: Standard deviation of the sensor noise, grey levels of 255.
        pauses: Chance that a phase holds still once.
        background: Longest idle time before and after the activity, seconds.
        missing: Chance that one phase is cut out.
        repeated: Chance that one phase is shown twice.
    """

    duration_variation: float
    azimuth: float = 0.0
    elevation: float = 0.0
    roll: float = 0.0
    zoom: float = 0.0
    mirrored: bool = False
    appearance: float = 0.0
    clutter: int = 0
    distractors: int = 0
    shake: float = 0.0
    noise: float = 0.0
    pauses: float = 0.0
    background: float = 0.0
    missing: float = 0.0
    repeated: float = 0.0


def level(difficulty: float | int) -> Level:
    """Return the settings of a difficulty from 0 to 1.

    - 0: nothing varies: the same person, view and timing each time.
    - Above 0, all growing: phase lengths (coefficient of variation 0.5 and more), views, bodies,
      ways of moving, colours, light, clutter, camera shake, noise. From 0.25 half of the people
      are left-handed.
    - 0.25, the default: views 30 degrees to either side, coefficient of variation 0.8, a third of
      the spread of looks. Up to 0.5 canonical time rises steadily from the first frame to the
      last, so the true alignment is unique.
    - 0.5: views 60 degrees to either side, coefficient of variation 1.1, two thirds of the looks.
    - Above 0.5 also: pauses, idle time before and after, things that move in the background.
    - Above 0.75 also: a phase that is cut out or shown twice.
    - 1: views 120 degrees to either side, any colour.

    Raises:
        InputError: If the difficulty is not between 0 and 1.
    """
    if not 0 <= difficulty <= 1:
        raise InputError(f"difficulty is {difficulty}: give a number from 0 to 1")
    d = float(difficulty)
    extra, edits = max(2 * d - 1, 0.0), max(4 * d - 3, 0.0)
    return Level(
        duration_variation=min(0.5 + 1.2 * d, 1.1) if d else 0.0,
        azimuth=120 * d,
        elevation=24 * d,
        roll=12 * d,
        zoom=0.3 * d,
        mirrored=d >= 0.25,
        appearance=min(1.4 * d, 1.0),
        clutter=round(16 * d),
        distractors=round(4 * extra),
        shake=0.05 * d,
        noise=8 * d,
        pauses=0.4 * extra,
        background=2.0 * extra,
        missing=0.5 * edits,
        repeated=0.5 * edits,
    )
