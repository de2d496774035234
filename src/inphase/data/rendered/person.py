"""An articulated person: proportions and clothes, a pose, and the capsules that show it."""

from dataclasses import dataclass

import numpy as np

from inphase.data.rendered.canvas import Capsule, Colour, Part, Point, ball

UP = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True)
class Person:
    """What a person looks like.

    Attributes:
        scale: Height over 1.75 m.
        build: Thickness of body and limbs, 1 is average.
        skin: Colour of face, hands and bare forearms.
        hair: Colour of the hair.
        shirt: Colour of torso and sleeves.
        trousers: Colour of hips and legs.
        shoes: Colour of the feet.
        long_sleeves: Whether the forearms are covered.
        long_hair: Whether the hair falls to the shoulders.
    """

    scale: float
    build: float
    skin: Colour
    hair: Colour
    shirt: Colour
    trousers: Colour
    shoes: Colour
    long_sleeves: bool
    long_hair: bool

    @property
    def hip_height(self) -> float:
        """Height of the hip joints of a standing person, metres."""
        return 0.94 * self.scale


@dataclass(frozen=True)
class Pose:
    """Where the controlled points of a body are; metres, the person faces +y, right is +x.

    Attributes:
        pelvis: Middle of the hips.
        lean: Torso angle forward from upright, radians.
        twist: Turn of the shoulders about the spine, radians, positive to the left.
        right_hand: Target of the right palm.
        left_hand: Target of the left palm.
        right_foot: Right ankle.
        left_foot: Left ankle.
        gaze: Point the face is turned to.
        elbows: Outward, forward and upward pull on the elbows.
    """

    pelvis: Point
    lean: float
    twist: float
    right_hand: Point
    left_hand: Point
    right_foot: Point
    left_foot: Point
    gaze: Point
    elbows: Point


def two_bones(
    root: Point, target: Point, upper: float, lower: float, pole: Point
) -> tuple[Point, Point]:
    """Return the middle joint and the end of a two-bone limb that reaches for `target`.

    Args:
        root: Shoulder or hip.
        target: Where the end should be; a target out of reach is approached on a straight line.
        upper: Length of the first bone.
        lower: Length of the second bone.
        pole: Direction in which the middle joint bends.
    """
    gap = target - root
    distance = float(np.linalg.norm(gap)) + 1e-9
    direction = gap / distance
    distance = min(max(distance, abs(upper - lower) + 1e-3), 0.999 * (upper + lower))
    along = (upper**2 - lower**2 + distance**2) / (2 * distance)
    side = pole - (pole @ direction) * direction
    side /= np.linalg.norm(side) + 1e-9
    middle = root + along * direction + np.sqrt(max(upper**2 - along**2, 0.0)) * side
    return middle, root + distance * direction


def body(person: Person, pose: Pose) -> list[Part]:
    """Return the parts that draw a person in a pose, two-bone inverse kinematics for the limbs."""
    k, fat = person.scale, person.scale * person.build
    c, s = np.cos(pose.twist), np.sin(pose.twist)
    right, forward = np.array([c, s, 0.0]), np.array([-s, c, 0.0])
    spine = np.array([0.0, np.sin(pose.lean), np.cos(pose.lean)])
    neck = pose.pelvis + 0.53 * k * spine
    parts: list[Part] = []
    hips = np.array([1.0, 0.0, 0.0])
    for sign in (-1.0, 1.0):
        waist = pose.pelvis + sign * 0.06 * k * hips
        chest = neck - 0.10 * k * spine + sign * 0.08 * k * right
        parts.append(Capsule(waist, chest, 0.115 * fat, 0.11 * fat, person.shirt))
        hand, foot = (
            (pose.right_hand, pose.right_foot) if sign > 0 else (pose.left_hand, pose.left_foot)
        )
        parts += _arm(person, neck - 0.04 * k * spine + sign * 0.19 * k * right, hand, pose, sign)
        parts += _leg(person, pose.pelvis + sign * 0.09 * k * hips, foot)
    middle = [pose.pelvis, neck - 0.11 * k * spine]
    parts.append(Capsule(middle[0], middle[1], 0.118 * fat, 0.12 * fat, person.shirt))
    shoulder = neck - 0.045 * k * spine
    bar = 0.15 * k * right
    parts.append(Capsule(shoulder - bar, shoulder + bar, 0.075 * fat, 0.075 * fat, person.shirt))
    belt = 0.075 * k * hips
    parts.append(
        Capsule(pose.pelvis - belt, pose.pelvis + belt, 0.115 * fat, 0.115 * fat, person.trousers)
    )
    return parts + _head(person, neck, spine, forward, pose.gaze)


def _arm(person: Person, shoulder: Point, hand: Point, pose: Pose, sign: float) -> list[Part]:
    k, fat = person.scale, person.scale * person.build
    pole = pose.elbows * np.array([sign, 1.0, 1.0])
    elbow, wrist = two_bones(shoulder, hand, 0.29 * k, 0.27 * k, pole)
    along = (wrist - elbow) / (np.linalg.norm(wrist - elbow) + 1e-9)
    forearm = person.shirt if person.long_sleeves else person.skin
    return [
        Capsule(shoulder, elbow, 0.062 * fat, 0.047 * fat, person.shirt),
        Capsule(elbow, wrist, 0.045 * fat, 0.032 * fat, forearm),
        Capsule(wrist - 0.01 * along, wrist + 0.04 * k * along, 0.038 * k, 0.034 * k, person.skin),
    ]


def _leg(person: Person, hip: Point, foot: Point) -> list[Part]:
    k, fat = person.scale, person.scale * person.build
    pole = np.array([0.35 * np.sign(hip[0] + 1e-9), 1.0, 0.0])
    knee, ankle = two_bones(hip, foot, 0.44 * k, 0.43 * k, pole)
    toes = ankle + np.array([0.03 * np.sign(foot[0]), 0.15 * k, -0.04 * k])
    return [
        Capsule(hip, knee, 0.095 * fat, 0.062 * fat, person.trousers),
        Capsule(knee, ankle, 0.062 * fat, 0.042 * fat, person.trousers),
        Capsule(ankle - 0.03 * UP * k, toes, 0.045 * k, 0.038 * k, person.shoes),
    ]


def _head(
    person: Person,
    neck: Point,
    spine: Point,
    forward: Point,
    gaze: Point,
) -> list[Part]:
    k = person.scale
    upright = 0.5 * spine + 0.5 * UP
    centre = neck + 0.20 * k * upright / np.linalg.norm(upright)
    look = gaze - centre
    # A head turns only so far from the chest.
    look = look / (np.linalg.norm(look) + 1e-9) + 0.9 * forward
    look /= np.linalg.norm(look)
    crown = UP - (UP @ look) * look
    crown /= np.linalg.norm(crown) + 1e-9
    side = np.cross(look, crown)
    jaw, top = centre + (0.03 * look - 0.05 * crown) * k, centre + (0.03 * crown) * k
    back = centre + k * (0.045 * crown - 0.03 * look)
    low = back - k * (0.16 if person.long_hair else 0.05) * crown - k * 0.015 * look
    between = centre + k * (0.098 * look + 0.005 * crown)
    eyes: list[Part] = [
        ball(between + s * 0.036 * k * side, 0.013 * k, (35, 28, 25)) for s in (-1, 1)
    ]
    nose = centre + k * (0.105 * look - 0.025 * crown)
    return [
        Capsule(neck - 0.03 * spine, centre, 0.055 * k, 0.05 * k, person.skin),
        Capsule(jaw, top, 0.075 * k, 0.095 * k, person.skin),
        Capsule(low, back, 0.088 * k, 0.102 * k, person.hair),
        ball(nose, 0.019 * k, person.skin),
        *eyes,
    ]
