"""Somebody pours a drink: reach, lift, move, pour, upright, place, retract."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from inphase.data.rendered.canvas import Capsule, Colour, Part, Point, box, cylinder, disc
from inphase.data.rendered.motion import Track
from inphase.data.rendered.person import Person, Pose, body
from inphase.data.rendered.room import random_colour

DRINKS: list[Colour] = [(150, 30, 40), (225, 140, 30), (60, 110, 190), (95, 55, 30), (120, 170, 60)]


@dataclass(frozen=True)
class Pouring:
    """One person's way of pouring; everything that varies between videos, drawn once.

    Attributes:
        person: Who pours.
        table: Height of the table, metres.
        bottle: Where the bottle stands at first, (x, y) of its axis.
        put: Where it is put down.
        glass: Where the glass stands.
        raise_by: How high the bottle is lifted, metres.
        tilt: Largest tilt of the bottle, radians.
        bottle_size: Length and radius of the bottle, metres.
        glass_size: Height and radius of the glass, metres.
        fill: Share of the glass that is filled in the end.
        helping: Whether the left hand holds the glass.
        lean: How far the person bends over, radians.
        colours: Table, bottle, label and drink.
    """

    person: Person
    table: float
    bottle: tuple[float, float]
    put: tuple[float, float]
    glass: tuple[float, float]
    raise_by: float
    tilt: float
    bottle_size: tuple[float, float]
    glass_size: tuple[float, float]
    fill: float
    helping: bool
    lean: float
    colours: tuple[Colour, Colour, Colour, Colour]

    phases = ("reach", "lift", "move", "pour", "upright", "place", "retract")
    seconds = (0.8, 0.6, 0.8, 1.3, 0.7, 0.8, 0.8)
    target = (0.0, 0.30, 1.22)
    view = 1.45
    front = 15.0

    @staticmethod
    def draw(rng: np.random.Generator, person: Person, vary: float) -> "Pouring":
        """Draw a way of pouring; `vary` 0 gives the average way, 1 the widest spread."""

        def spread(middle: float, half: float) -> float:
            return middle + vary * half * rng.uniform(-1, 1)

        bottle = (spread(0.26, 0.10), spread(0.46, 0.07))
        return Pouring(
            person=person,
            table=0.94 * person.scale + spread(0.0, 0.05),
            bottle=bottle,
            put=(bottle[0] + spread(0.0, 0.08), bottle[1] + spread(0.0, 0.05)),
            glass=(spread(-0.14, 0.08), spread(0.48, 0.07)),
            raise_by=spread(0.24, 0.08),
            tilt=spread(2.0, 0.25),
            bottle_size=(spread(0.34, 0.05), spread(0.05, 0.01)),
            glass_size=(spread(0.17, 0.035), spread(0.055, 0.012)),
            fill=spread(0.8, 0.15),
            helping=bool(rng.random() < 0.5 * vary),
            lean=spread(0.16, 0.08),
            colours=(
                random_colour(rng, vary),
                random_colour(rng, vary),
                random_colour(rng, vary),
                DRINKS[rng.integers(len(DRINKS)) if vary else 0],
            ),
        )

    def furniture(self) -> list[Part]:
        """Return what never moves: the table."""
        top = np.array([0.75, 0.95, self.table])
        parts = box(np.array([-0.75, 0.24, self.table - 0.05]), top, self.colours[0])
        for x in (-0.68, 0.68):
            for y in (0.30, 0.88):
                low = np.array([x - 0.03, y - 0.03, 0.0])
                parts += box(low, np.array([x + 0.03, y + 0.03, self.table]), self.colours[0])
        return parts

    def parts(self, time: float, gesture: float) -> list[Part]:
        """Return everything that moves at canonical `time`, 0 to 7.

        Args:
            time: Canonical phase time.
            gesture: 0 to 1, how far an idle person's left hand is at the head.
        """
        tilt = float(self._tilt.at(time)[0])
        hand = self._hand.at(time)
        if time < 1:
            base, upright = self._stand(self.bottle), 0.0
        elif time < 6:
            axis = np.array([-np.sin(tilt), 0.0, np.cos(tilt)])
            base, upright = hand - GRIP * axis, tilt
        else:
            base, upright = self._stand(self.put), 0.0
        poured = min(max((time - FLOW[0]) / (FLOW[1] - FLOW[0]), 0.0), 1.0)
        parts = body(self.person, self._pose(time, hand, gesture))
        parts += self._bottle_parts(base, upright, poured)
        parts += self._glass_parts(poured)
        if FLOW[0] - 0.04 < time < FLOW[1] + 0.05:
            parts += self._stream(base, upright, poured)
        return parts

    def _stand(self, place: tuple[float, float]) -> Point:
        return np.array([place[0], place[1], self.table])

    def _pouring_hand(self, tilt: float, above: float) -> Point:
        """Return the grip that holds the bottle's mouth over the near edge of the glass."""
        length = self.bottle_size[0]
        mouth = self._stand(self.glass)
        mouth[2] += self.glass_size[0] + above
        mouth[0] += 0.3 * self.glass_size[1]
        return mouth - (length - GRIP) * np.array([-np.sin(tilt), 0.0, np.cos(tilt)])

    @cached_property
    def _tilt(self) -> Track:
        return Track.through(
            {0: 0, 2.2: 0, 3: 0.9, 3.3: 1.65, 4: self.tilt, 4.35: 1.3, 5: 0.0, 7: 0}
        )

    @cached_property
    def _hand(self) -> Track:
        rest = self._rest(1.0)
        grip, put = self._stand(self.bottle), self._stand(self.put)
        grip[2] += GRIP
        put[2] += GRIP
        lift = np.array([0.0, -0.05, self.raise_by])
        edge = np.array([0.0, -0.22, 0.08])
        over = self._pouring_hand(0.0, 0.09)
        over[0] += self.bottle_size[0] * 0.75
        over[2] += 0.75 * self.bottle_size[0] - 0.02
        keys = {0: rest, 0.5: grip + edge, 1: grip, 2: grip + lift, 5: over, 6: put}
        for time in (3, 3.3, 3.65, 4, 4.35):
            keys[time] = self._pouring_hand(float(self._tilt.at(time)[0]), 0.05)
        return Track.through(keys | {6.5: put + edge, 7: rest})

    @cached_property
    def _other_hand(self) -> Track:
        rest = self._rest(-1.0)
        if not self.helping:
            return Track.through({0: rest, 7: rest})
        beside = self._stand(self.glass) + [-self.glass_size[1] - 0.02, -0.03, 0.07]
        keys = {0: rest, 1.6: rest, 2.3: (rest + beside) / 2 + [0, 0, 0.12], 3: beside}
        return Track.through(keys | {4.2: beside, 5: rest, 7: rest})

    @cached_property
    def _torso(self) -> Track:
        """Bend (share), twist (radians) and how far the eyes follow the hand (share)."""
        return Track.through(
            {
                0: (0, 0, 0),
                0.6: (0.6, 0.15, 1),
                1: (1, 0.25, 1),
                2: (0.5, 0.33, 1),
                3.5: (1, 0.45, 1),
                5: (0.7, 0.3, 1),
                6: (1, 0.2, 1),
                7: (0, 0, 0),
            }
        )

    def _rest(self, side: float) -> Point:
        k = self.person.scale
        return np.array([side * 0.30 * k, 0.06, 0.85 * k])

    def _pose(self, time: float, hand: Point, gesture: float) -> Pose:
        k, hip = self.person.scale, self.person.hip_height
        bend, twist, watched = self._torso.at(time).tolist()
        other = self._other_hand.at(time)
        chin = np.array([-0.12, 0.16, hip + 0.66 * k])
        other = other + gesture * (chin - other) + [0, 0.25 * gesture * (1 - gesture), 0]
        idle = np.array([-1.5 * gesture, 2.0, hip + 0.6])
        return Pose(
            pelvis=np.array([0.0, 0.0, hip]),
            lean=self.lean * (0.3 + bend),
            twist=twist,
            right_hand=hand,
            left_hand=other,
            right_foot=np.array([0.12 * k, 0.0, 0.08]),
            left_foot=np.array([-0.12 * k, 0.05, 0.08]),
            gaze=idle + watched * (hand - idle),
            elbows=np.array([0.8, -0.5, -0.7]),
        )

    def _bottle_parts(self, base: Point, tilt: float, poured: float) -> list[Part]:
        length, radius = self.bottle_size
        axis = np.array([-np.sin(tilt), 0.0, np.cos(tilt)])
        shoulder, neck, top = (base + share * length * axis for share in (0.58, 0.72, 1.0))
        glassy, label, drink = self.colours[1:]
        parts = cylinder(base, shoulder, radius, radius, glassy, 0.45)
        parts.append(Capsule(shoulder, neck, radius, 0.4 * radius, glassy, True, 0.45))
        parts += cylinder(neck, top, 0.4 * radius, 0.36 * radius, glassy, 0.7)
        # The drink runs to the mouth as the bottle tips over.
        left = 0.66 - 0.42 * self.fill * poured
        tipped = min(max((tilt - 0.7) / 0.8, 0.0), 1.0)
        low = base + (0.02 + tipped * (0.96 - left)) * length * axis
        high = low + min(left, 0.7 - 0.16 * tipped) * length * axis
        parts += cylinder(low, high, 0.86 * radius, 0.86 * radius * (1 - 0.5 * tipped), drink)
        belt = [base + share * length * axis for share in (0.14, 0.40)]
        parts.append(Capsule(belt[0], belt[1], 1.04 * radius, 1.04 * radius, label, True))
        return parts

    def _glass_parts(self, poured: float) -> list[Part]:
        height, radius = self.glass_size
        base = self._stand(self.glass) + [0, 0, 0.004]
        top = base + [0, 0, height]
        clear = (235.0, 240.0, 245.0)
        parts: list[Part] = [
            Capsule(base, top, 0.85 * radius, radius, clear, True, 0.35, 0.65),
            disc(base, np.array([0.0, 0.0, 1.0]), 0.85 * radius, clear, 0.5),
            disc(top, np.array([0, 0, 1.0]), radius, clear, 0.25),
        ]
        if poured > 0:
            level = base + [0, 0, 0.03 * height + self.fill * 0.95 * height * poured]
            parts += cylinder(base, level, 0.8 * radius, 0.92 * radius, self.colours[3])
        shadow = disc(base, np.array([0.0, 0.0, 1.0]), 1.5 * radius, (10, 10, 10), 0.3)
        return [shadow, *parts]

    def _stream(self, base: Point, tilt: float, poured: float) -> list[Part]:
        length, _ = self.bottle_size
        mouth = base + length * np.array([-np.sin(tilt), 0.0, np.cos(tilt)])
        level = self._stand(self.glass)
        level[2] += self.fill * self.glass_size[0] * poured
        level[0] = 0.7 * mouth[0] + 0.3 * level[0]
        drink = self.colours[3]
        bow = (mouth + level) / 2 + [-0.004, 0, 0.01]
        return [Capsule(mouth, bow, 0.010, 0.009, drink), Capsule(bow, level, 0.009, 0.008, drink)]


GRIP = 0.11
FLOW = (3.25, 4.05)
