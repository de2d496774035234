"""`inphase demo`."""

from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from inphase.console import done, say


def demo(
    out: Positional[Path] = Path("demo"),
    /,
    *,
    activity: Annotated[str, arg(metavar="pouring|clean_and_jerk")] = "pouring",
    videos: int = 16,
    steps: int = 600,
    seed: int = 0,
    force: bool = False,
    json: bool = False,
) -> None:
    """Render an activity with known truth, learn it, line it up: the whole job in minutes.

    inphase demo

    Args:
        out: Folder to write to.
        activity: What to render.
        videos: How many videos.
        steps: Optimiser steps.
        seed: Of everything random.
        force: Replace what is in the folder.
        json: Print JSON.
    """
    from inphase.demo import run_demo

    result = run_demo(out, activity, videos=videos, steps=steps, seed=seed, force=force)
    say(str(result), json)
    done(f"wrote {out}   -> open {result.page}", result.as_dict(), json)
