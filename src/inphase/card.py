"""The card of a run: what the model is, what it learned from, how to use it."""

import json

from inphase.data.video import Video
from inphase.encoders.encoder import Encoder


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
    return f"""---
library_name: inphase
tags: [video-alignment, self-supervised]
---

# {folder}

A frame encoder: it says what moment of an activity every video frame shows. Trained by inphase
{config["inphase"]} without labels.

- learned from: {len(videos)} videos, {frames} frames{_of(activities)}
- method: {method["name"]}, {settings["steps"]} steps of {settings["batch"]} videos, seed
  {settings["seed"]}
- frame features: {config["frame_features"]["backbone"]}
  ({config["frame_features"]["weights"]}, {config["frame_features"]["pooling"]} pooling,
  {"last block trained" if config["finetune"] else "frozen"}), {config["views"]} augmented views
- temporal model: {config["architecture"]["layers"]} layers of {config["architecture"]["mixer"]},
  position {config["architecture"]["position"]}, {parameters:,} weights
- embeddings: {config["architecture"]["output"]} numbers a frame; compare by cosine

## Use

```python
import inphase

model = inphase.Encoder.load("{folder}")
embeddings = inphase.embed(model, inphase.find("videos/"))
```

## Limits

It knows the activity it was shown, and its angles and places; a score means little without the
scores of a clock and of the untrained features beside it.

## All settings

```json
{json.dumps({k: v for k, v in config.items() if k != "videos"}, indent=2)}
```
"""


def _of(activities: list[str]) -> str:
    return f" of {', '.join(activities)}" if activities else ""
