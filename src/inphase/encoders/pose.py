"""What stands in for an image backbone where a frame is a pose: normalised joints, no weights."""

import hashlib
from typing import NoReturn

import numpy as np
from jaxtyping import Bool, Float, Float32
from torch import nn

from inphase.errors import InputError

NAME = "pose"
PATH = "path"  # what stands for the joint that is where the body is
_VERSION = 1  # of what is computed; a new number tells models of old features apart

Keypoints = Float[np.ndarray, "t joints axes"]
Scores = Float[np.ndarray, "t joints"]


class PoseFeatures(nn.Module):
    """Poses in, one feature a frame out, whatever the place and size of the body in the picture.

    Position: the middle of the hips is the origin of every frame, or the middle of all joints if
    no joint is called hip or pelvis. Where it goes is kept as one more joint, `PATH`, relative to
    its median over the video: a squat is seen in it, but so is a camera that pans. Scale: the root
    mean square distance, in the picture plane, of joints from their middle is 1 in the median frame
    of the video. A missing joint is where the line between its places before and after would have
    it, and its score is 0; one that is never seen is at the origin. Left and right are not
    normalised but learnt to be alike, by mirrored views
    (see `inphase.views.poses`).
    """

    name = NAME
    precision = "float32"

    @property
    def digest(self) -> str:
        """Sixteen hexadecimal digits that tell these features from those of other networks."""
        return hashlib.blake2b(f"{NAME} {_VERSION}".encode(), digest_size=8).hexdigest()

    def normalise(
        self, keypoints: Keypoints, joints: tuple[str, ...] = ()
    ) -> Float32[np.ndarray, "t joints+1 axes"]:
        """Centre and scale the poses of a whole video, and fill in what is missing.

        Args:
            keypoints: Of every frame, NaN where a joint is missing; one joint is seen in one frame
                at least.
            joints: Their names, if known.

        Returns:
            Places of all joints, and of the path last.
        """
        ever = np.any(_seen(keypoints), axis=0)
        places = filled(np.asarray(keypoints, np.float64))
        hips = [k for k, name in enumerate(joints) if ever[k] and _is_hip(name)]
        middle = places[:, hips or ever].mean(1, keepdims=True)
        places -= middle
        places[:, ~ever] = 0
        spread = places[:, ever, :2] - places[:, ever, :2].mean(1, keepdims=True)
        size = np.median(np.sqrt(np.square(spread).sum(2).mean(1)))
        places = np.concatenate([places, middle - np.median(middle, axis=0)], 1)
        return (places / size if size > 0 else places).astype(np.float32)

    def features(
        self, normalised: Keypoints, scores: Float[np.ndarray, "t _"]
    ) -> Float32[np.ndarray, "t channels"]:
        """Put places and scores of joints into one vector a frame, and the path without a score.

        Args:
            normalised: As from `normalise`, or a view of it.
            scores: Of the joints; there may be one for the path, too.
        """
        count = normalised.shape[1] - 1
        together = np.concatenate([normalised[:, :-1], scores[:, :count, None]], 2)
        flat = together.reshape(len(together), -1)
        return np.concatenate([flat, normalised[:, -1]], 1).astype(np.float32)

    def thaw(self) -> NoReturn:
        """There is nothing to make trainable.

        Raises:
            InputError: Always.
        """
        raise InputError("poses have no backbone whose last block could learn: leave out finetune")

    def freeze(self) -> None:
        """Stay as it is: nothing here can learn."""


def presence(keypoints: Keypoints, scores: Scores | None) -> Float32[np.ndarray, "t joints"]:
    """Scores with 0 where a joint is missing; if nobody gave any, 1 where it is not."""
    return np.where(_seen(keypoints), 1.0 if scores is None else scores, 0.0).astype(np.float32)


def filled(keypoints: Keypoints) -> Keypoints:
    """Put missing joints on the line between their last and their next place.

    Before the first and after the last there is nothing to go by but that place. A joint that is
    never seen stays missing.
    """
    places = keypoints.copy()
    frames = np.arange(len(places))
    seen = _seen(places)
    for joint in np.flatnonzero(np.any(seen, axis=0) & ~np.all(seen, axis=0)):
        known = seen[:, joint]
        for axis in range(places.shape[2]):
            there = places[known, joint, axis]
            places[:, joint, axis] = np.interp(frames, frames[known], there)
    return places


def _seen(keypoints: Keypoints) -> Bool[np.ndarray, "t joints"]:
    return np.all(np.isfinite(keypoints), axis=2)


def _is_hip(name: str) -> bool:
    return any(word in name.lower() for word in ("hip", "pelvis"))
