"""Somebody lifts a barbell overhead: bend, pull, catch, stand, jerk, recover, lower, rise."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from inphase.data.rendered.canvas import Capsule, Colour, Part, Point, box, cylinder
from inphase.data.rendered.motion import Track
from inphase.data.rendered.person import Person, Pose, body
from inphase.data.rendered.room import random_colour


@dataclass(frozen=True)
class CleanAndJerk:
    """One person's way of lifting; everything that varies between videos, drawn once.

    Attributes:
        person: Who lifts.
        grip: Half the distance between the hands, metres.
        stance: Half the distance between the feet.
        split: How far the feet go apart in the jerk; a push press at 0.
        depth: How much lower than average the squats are, metres.
        plates: Radius of the plates.
        colours: Plates, second plates, bar and platform.
    """

    person: Person
    grip: float
    stance: float
    split: float
    depth: float
    plates: float
    colours: tuple[Colour, Colour, Colour, Colour]

    phases = ("bend", "pull", "catch", "stand", "jerk", "recover", "lower", "rise")
    seconds = (0.8, 0.7, 0.5, 0.8, 0.7, 0.7, 0.9, 0.8)
    target = (0.0, 0.0, 1.08)
    view = 2.75
    front = 25.0

    @staticmethod
    def draw(rng: np.random.Generator, person: Person, vary: float) -> "CleanAndJerk":
        """Draw a way of lifting; `vary` 0 gives the average way, 1 the widest spread."""

        def spread(middle: float, half: float) -> float:
            return middle + vary * half * rng.uniform(-1, 1)

        return CleanAndJerk(
            person=person,
            grip=spread(0.33, 0.06),
            stance=spread(0.16, 0.05),
            split=spread(0.30, 0.15),
            depth=spread(0.0, 0.08),
            plates=spread(0.225, 0.03),
            colours=(
                random_colour(rng, vary) if vary else (190, 40, 40),
                random_colour(rng, vary),
                (170, 172, 178),
                random_colour(rng, 0.6 * vary),
            ),
        )

    def furniture(self) -> list[Part]:
        """Return what never moves: the platform."""
        return box(np.array([-1.2, -0.8, 0.0]), np.array([1.2, 0.9, 0.02]), self.colours[3])

    def parts(self, time: float, gesture: float) -> list[Part]:
        """Return everything that moves at canonical `time`, 0 to 8; see `Pouring.parts`."""
        y, z = self._bar.at(time)
        bar = np.array([0.0, y, z])
        return body(self.person, self._pose(time, bar, gesture)) + self._barbell(bar)

    @cached_property
    def _bar(self) -> Track:
        k, floor = self.person.scale, (0.17, self.plates + 0.02)
        keys = {0: floor, 1: floor, 1.5: (0.10, 0.56 * k), 2: (0.17, 1.08 * k)}
        keys |= {2.4: (0.15, 1.22 * k), 3: (0.12, 1.01 * k - self.depth), 4: (0.15, 1.44 * k)}
        keys |= {4.35: (0.15, 1.33 * k), 5: (0.01, 1.86 * k), 6: (0.0, 1.97 * k)}
        keys |= {6.35: (0.16, 1.40 * k), 6.62: (0.16, 0.85 * k), 7: floor, 8: floor}
        return Track.through(keys)

    @cached_property
    def _body(self) -> Track:
        """Pelvis forward and up (share of the height), lean (radians), sink and split (shares)."""
        return Track.through(
            {
                0: (0.0, 0.94, 0.02, 0, 0),
                1: (-0.30, 0.54, 0.95, 1, 0),
                1.5: (-0.22, 0.74, 0.70, 0.3, 0),
                2: (0.02, 0.96, -0.10, 0, 0),
                3: (-0.14, 0.52, 0.22, 1, 0),
                4: (0.0, 0.94, 0.0, 0, 0),
                4.35: (0.0, 0.84, 0.02, 0, 0),
                5: (0.0, 0.84, 0.02, 0, 1),
                5.5: (0.0, 0.88, 0.02, 0, 0.5),
                6: (0.0, 0.94, 0.0, 0, 0),
                6.4: (0.0, 0.90, 0.05, 0, 0),
                6.65: (-0.12, 0.82, 0.45, 0, 0),
                7: (-0.30, 0.54, 0.95, 1, 0),
                8: (0.0, 0.94, 0.02, 0, 0),
            }
        )

    @cached_property
    def _elbows(self) -> Track:
        low, rack, high = (0.7, -0.7, 0.0), (0.25, 1.0, -0.5), (1.0, 0.1, -0.3)
        return Track.through(
            {
                0: low,
                1.6: low,
                2.2: (1.0, 0.0, 0.6),
                2.7: rack,
                4.4: rack,
                4.8: high,
                6: high,
                6.3: rack,
                6.6: low,
                8: low,
            }
        )

    @cached_property
    def _held(self) -> Track:
        return Track.through({0: 0, 0.9: 1, 7.1: 1, 8: 0})

    def _pose(self, time: float, bar: Point, gesture: float) -> Pose:
        k = self.person.scale
        forward, height, lean, sink, split = self._body.at(time)
        held = float(self._held.at(time)[0])
        feet = [np.array([side * self.stance, 0.0, 0.10]) for side in (1.0, -1.0)]
        feet[0][1], feet[1][1] = self.split * split, -1.15 * self.split * split
        rest = [np.array([side * 0.31 * k, 0.06, 0.84 * k]) for side in (1.0, -1.0)]
        grips = [bar + [side * self.grip, 0.0, 0.0] for side in (1.0, -1.0)]
        hands = [a + held * (b - a) for a, b in zip(rest, grips, strict=True)]
        chin = np.array([-0.12, 0.16, 1.58 * k])
        hands[1] = hands[1] + gesture * (chin - hands[1]) + [0, gesture * (1 - gesture) / 4, 0]
        return Pose(
            pelvis=np.array([0.0, forward * k, height * k - self.depth * sink]),
            lean=float(lean),
            twist=0.0,
            right_hand=hands[0],
            left_hand=hands[1],
            right_foot=feet[0],
            left_foot=feet[1],
            gaze=np.array([-1.5 * gesture, 2.5, 1.4 * k - 0.5 * sink]),
            elbows=self._elbows.at(time),
        )

    def _barbell(self, bar: Point) -> list[Part]:
        first, second, steel, _ = self.colours
        across = np.array([1.0, 0.0, 0.0])
        parts: list[Part] = [Capsule(bar - 0.80 * across, bar + 0.80 * across, 0.018, 0.018, steel)]
        for side in (-1.0, 1.0):
            at = [bar + side * x * across for x in (0.60, 0.66, 0.67, 0.71)]
            parts += cylinder(at[0], at[1], self.plates, self.plates, first)
            parts += cylinder(at[2], at[3], 0.75 * self.plates, 0.75 * self.plates, second)
        return parts
