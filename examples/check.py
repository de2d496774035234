"""Look at a folder before training on it: what is there, what is broken, what is odd.

`make demo` renders demo/videos; after it:
    python examples/check.py [FOLDER]
"""

from pathlib import Path

import tyro

import inphase


def main(folder: Path = Path("demo/videos"), /) -> None:
    """Report on every video of a folder."""
    report = inphase.inspect(folder)
    print(report)
    for video in report.videos:
        height, width = video.size
        print(f"{video.name:12} {len(video):5} frames  {video.duration:6.2f} s  {width}x{height}")


if __name__ == "__main__":
    tyro.cli(main)
