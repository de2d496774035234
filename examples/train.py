"""Learn a frame encoder from a folder of videos of one activity, without labels.

`make demo` renders demo/videos; after it:
    python examples/train.py [FOLDER] --out runs/mine --steps 100
"""

from pathlib import Path

import tyro

import inphase
from inphase.train import Settings


def main(
    folder: Path = Path("demo/videos"), /, *, out: Path = Path("runs/example"), steps: int = 100
) -> None:
    """Train on a folder."""
    videos = inphase.find(folder)
    method = inphase.SCL(temperature=0.1)  # the paper's; here to show where it is set
    inphase.fit(videos, method, out=out, settings=Settings(steps=steps), force=True)
    print(f"wrote {out}: {', '.join(sorted(path.name for path in out.iterdir()))}")


if __name__ == "__main__":
    tyro.cli(main)
