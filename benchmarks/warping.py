"""The warping kernels against other packages: time, memory, precision, one thread.

    python benchmarks/warping.py --out benchmarks/warping.md
    python benchmarks/warping.py --rows hard tau

All packages run in one process, in turns (`interleaved.py`), on the CPU time of one thread; the
numbers are medians. What is not installed is left out and named. aeon needs an older numba than
the newest: install it beside inphase in an environment of its own and take `--rows hard` there.
"""

import os

# Read by BLAS, OpenMP and numba when they are loaded, hence before all other imports.
os.environ.update(
    dict.fromkeys(
        ("MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"
    )
)

import platform
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

import tyro
import warping_hard
import warping_soft
from warping_rows import Row, markdown

Group = Literal["soft", "long", "memory", "precision", "hard", "tau"]
GROUPS: dict[Group, Callable[[], Iterator[Row]]] = {
    "soft": warping_soft.batches,
    "long": warping_soft.long_pair,
    "memory": warping_soft.memory,
    "precision": warping_soft.precision,
    "hard": warping_hard.paths,
    "tau": warping_hard.taus,
}
PACKAGES = (
    "inphase", "torch", "numpy", "numba", "scipy",
    "aeon", "ddtw", "dtaidistance", "librosa", "pysdtw", "tslearn",
)  # fmt: skip


@dataclass
class Options:
    """Which rows to measure, and where to write the table.

    Attributes:
        rows: soft: batches, forward and backward; long: a pair of 5000 x 5000 frames; memory: of
            such a pair; precision: float32 gradients against float64; hard: paths; tau: Kendall's.
        machine: What to call this machine in the table.
        out: Markdown file.
    """

    rows: tuple[Group, ...] = field(default_factory=lambda: tuple(GROUPS))
    machine: str = platform.machine()
    out: Path | None = None


def main(options: Options) -> None:
    warnings.simplefilter("ignore")  # Of peers.
    rows = []
    for group in options.rows:
        for row in GROUPS[group]():
            print(row, flush=True)
            rows.append(row)
    text = f"{heading(options.machine)}\n\n{markdown(rows)}"
    print(f"\n{text}")
    if options.out:
        options.out.write_text(text)


def heading(machine: str) -> str:
    """Machine and versions, and what is missing."""
    found, missing = [f"Python {platform.python_version()}"], []
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            missing.append(package)
    text = f"{machine}, one thread; {', '.join(found)}."
    return f"{text} Not installed: {', '.join(missing)}." if missing else text


if __name__ == "__main__":
    main(tyro.cli(Options, description=__doc__))
