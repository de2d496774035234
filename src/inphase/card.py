"""The card of a run: what the model is, what it learned from, how to use it."""

import json
from typing import Any

from inphase.data.poses import PoseTrack
from inphase.data.video import Video
from inphase.encoders.clip_level import ClipLevelEncoder
from inphase.encoders.encoder import Encoder
from inphase.frame_sources import live
from inphase.phase_labels import learns_labels


def card(encoder: Encoder, videos: list[Video], folder: str) -> str:
    """Write a model card in Markdown from what the run knows about itself.

    Args:
        encoder: The trained encoder, with its config.
        videos: What it learned from.
        folder: The run folder, as typed.
    """
    config = encoder.config
    settings, method = config["settings"], config["method"]
    activities = sorted({video.activity for video in videos} - {""})
    frames = sum(len(video) for video in videos)
    temporal = encoder.temporal
    assert temporal is not None
    parameters = sum(each.numel() for each in temporal.parameters())
    poses = isinstance(videos[0], PoseTrack)
    what, source = ("pose", "poses/") if poses else ("video frame", "videos/")
    return f"""---
library_name: inphase
tags: [video-alignment, self-supervised]
---

# {folder}

A frame encoder: it says what moment of an activity every {what} shows. Trained by inphase
{config["inphase"]} {_from_labels(config)}.

- learned from: {len(videos)} videos, {frames} frames{_of(activities)}
- method: {" + ".join([method["name"], *_added(config)])}
- training: {settings["steps"]} steps of {settings["batch"]} videos, seed {settings["seed"]}
- frame features: {_seen(encoder, videos)}
- temporal model: {temporal.architecture.describe()}, {parameters:,} weights
- embeddings: {temporal.architecture.output} numbers a frame; compare by cosine

## Use

```python
import inphase

model = inphase.Encoder.load("{folder}")
embeddings = inphase.embed(model, inphase.find("{source}"))
```

## Limits

It knows the activity it was shown, and its angles and places; a score means little without the
scores of a clock and of the untrained features beside it.

## All settings

```json
{json.dumps({k: v for k, v in config.items() if k != "videos"}, indent=2)}
```
"""


def _feature(frame_features: dict[str, str]) -> str:
    pooling, layer = frame_features["pooling"], frame_features["layer"]
    return f"{layer} layer, " + ("whole maps" if pooling == "none" else f"{pooling} pooling")


def _from_labels(config: dict[str, Any]) -> str:
    if config.get("classes"):
        return f"from the names of {len(config['classes'])} activities"
    return "from labels" if learns_labels(config) else "without labels"


def _seen(encoder: Encoder, videos: list[Video]) -> str:
    """What the temporal model is given of a frame, and in how many views it learned from it."""
    temporal = encoder.temporal
    if isinstance(temporal, ClipLevelEncoder):
        side = temporal.architecture.size
        flipped = "half of the videos mirrored" if encoder.config["flip"] else "none mirrored"
        return f"pixels, {side} x {side} of them, cut out anew at every step, {flipped}"
    poses = isinstance(videos[0], PoseTrack)
    features = _of_joints(videos[0]) if poses else _of_pixels(encoder.config)
    return f"{features},\n  {_augmented(encoder, videos)}"


def _augmented(encoder: Encoder, videos: list[Video]) -> str:
    views = encoder.config["views"]
    if live(videos, encoder, views=views, learn=encoder.config["finetune"]):
        return "augmented anew at every step"
    noise = encoder.config["settings"].get("scene_noise")
    return f"{views} augmented views" + (f", scene noise {noise:g}" if noise else "")


def _added(config: dict[str, Any]) -> list[str]:
    return [f"{each['weight']:g} {each['method']['name']}" for each in config["plus"]]


def _of(activities: list[str]) -> str:
    return f" of {', '.join(activities)}" if activities else ""


def _of_pixels(config: dict[str, Any]) -> str:
    wanted = config["frame_features"]
    trained = "last block trained" if config["finetune"] else "frozen"
    return f"{wanted['backbone']} ({wanted['weights']}, {_feature(wanted)}, {trained})"


def _of_joints(track: Video) -> str:
    """There is no network, nor weights, where frames are poses."""
    assert isinstance(track, PoseTrack)
    joints, axes = track.poses.keypoints.shape[1:]
    return (
        f"places ({axes} axes) and scores of {joints} joints in place of pixels,\n"
        "  relative to the body's middle and size, and the path of its middle"
    )
