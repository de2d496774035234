"""Somebody moves a ball in a circle with both hands: overhead, right, low, left; without an end."""

from dataclasses import dataclass

import numpy as np

from inphase.data.rendered.canvas import Colour, Part, ball, box
from inphase.data.rendered.person import Person, Pose, body
from inphase.data.rendered.room import random_colour


@dataclass(frozen=True)
class Circling:
    """One person's way of circling; everything that varies between videos, drawn once.

    Canonical time counts circles. 0 is overhead, 0.25 on the person's right (the left of the
    picture), 0.5 low, 0.75 on the person's left, 1 the very picture of 0. There is no other time
    at which any picture returns, so that one circle shows which way round it goes.

    Attributes:
        person: Who circles.
        reach: Half the circle's width, metres.
        depth: How far the person bends when the ball is low, 1 is average.
        stance: Half the distance between the feet.
        ball: Radius of the ball.
        colours: Ball and mat.
    """

    person: Person
    reach: float
    depth: float
    stance: float
    ball: float
    colours: tuple[Colour, Colour]

    phases = ("circle",)
    target = (0.0, 0.0, 1.10)
    view = 2.5
    front = 0.0

    @staticmethod
    def draw(rng: np.random.Generator, person: Person, vary: float) -> "Circling":
        """Draw a way of circling; `vary` 0 gives the average way, 1 the widest spread."""

        def spread(middle: float, half: float) -> float:
            return middle + vary * half * rng.uniform(-1, 1)

        return Circling(
            person=person,
            reach=spread(0.58, 0.06),
            depth=spread(1.0, 0.2),
            stance=spread(0.26, 0.06),
            ball=spread(0.16, 0.03),
            colours=(random_colour(rng, vary), random_colour(rng, 0.6 * vary)),
        )

    def furniture(self) -> list[Part]:
        """Return what never moves: the mat."""
        return box(np.array([-0.8, -0.5, 0.0]), np.array([0.8, 0.6, 0.01]), self.colours[1])

    def parts(self, time: float, gesture: float) -> list[Part]:
        """Return everything that moves at canonical `time`; there is no `gesture` to make."""
        side, up = np.sin(2 * np.pi * time), np.cos(2 * np.pi * time)
        k = self.person.scale
        held = np.array([self.reach * side, 0.32 - 0.05 * up, (1.18 + 0.80 * up) * k])
        return [
            *body(self.person, self._pose(held, float(side), float(up))),
            ball(held, self.ball, self.colours[0]),
        ]

    def _pose(self, held: np.ndarray, side: float, up: float) -> Pose:
        k, bend = self.person.scale, self.depth * ((1 - up) / 2) ** 2
        grip = np.array([0.9 * self.ball, -0.02, -0.02])
        return Pose(
            pelvis=np.array([0.10 * side, -0.25 * bend, (0.92 - 0.26 * bend) * k]),
            lean=0.04 + 0.75 * bend,
            twist=-0.7 * side,
            right_hand=held + grip,
            left_hand=held + grip * [-1, 1, 1],
            right_foot=np.array([self.stance, 0.0, 0.08]),
            left_foot=np.array([-self.stance, 0.0, 0.08]),
            gaze=held + [0.0, 0.5, 0.0],
            elbows=np.array([0.8, -0.3, -0.4]),
        )
