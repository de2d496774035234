"""Arguments that several commands have."""

from pathlib import Path
from typing import Annotated

from tyro.conf import arg

Videos = Annotated[Path, arg(metavar="VIDEOS")]
Model = Annotated[str, arg(metavar="MODEL")]
Device = Annotated[str, arg(metavar="auto|cpu|cuda|mps")]
