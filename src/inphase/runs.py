"""A run folder: all that training leaves behind, and all that is needed to go on with it.

`config.json` (every setting), `model.safetensors` (weights), `heads.safetensors` (of clip networks:
what answered in training), `log.jsonl` (one line a step), `videos.csv` (what it learned from),
`README.md` (the card) and, until training has finished, `checkpoint.pt`.
"""

import io
import json
from pathlib import Path
from typing import Any

import torch

from inphase.data.collection import write_csv
from inphase.data.video import Video
from inphase.errors import InputError
from inphase.files import atomic, naming, write_text

# Files of an earlier run, which are not to be taken for those of a new one.
_LEFT_BEHIND = (
    "checkpoint.pt",
    "log.jsonl",
    "model.safetensors",
    "heads.safetensors",
    "README.md",
)


class Run:
    """The files of one training run.

    Args:
        folder: Where they are; made if missing.
    """

    def __init__(self, folder: Path | str):
        self.folder = Path(folder)

    @property
    def config_file(self) -> Path:
        """Every setting of the run."""
        return self.folder / "config.json"

    @property
    def checkpoint_file(self) -> Path:
        """Weights and optimiser of an unfinished run."""
        return self.folder / "checkpoint.pt"

    @property
    def log_file(self) -> Path:
        """One JSON object a line, one line a step."""
        return self.folder / "log.jsonl"

    def check_free(self, *, force: bool) -> None:
        """Check that a run may begin here.

        Raises:
            InputError: If there is a run already and `force` is not given.
        """
        if self.config_file.exists() and not force:
            raise InputError(
                f"{self.folder} already holds a run: add --resume to go on with it, --force to "
                f"replace it, or --out for another folder"
            )

    def check_unfinished(self) -> None:
        """Check that there is something left to train.

        Raises:
            InputError: If the run has finished.
        """
        if (self.folder / "model.safetensors").is_file():
            raise InputError(f"{self.folder} has finished: there is nothing to resume")

    def begin(self, config: dict[str, Any], videos: list[Video], *, force: bool) -> None:
        """Start afresh.

        Raises:
            InputError: If there is a run already and `force` is not given.
        """
        self.check_free(force=force)
        for file in _LEFT_BEHIND:
            (self.folder / file).unlink(missing_ok=True)
        write_text(self.config_file, json.dumps(config, indent=2) + "\n")
        write_csv(self.folder / "videos.csv", videos)

    def config(self) -> dict[str, Any]:
        """Read the settings.

        Raises:
            InputError: If the folder holds no run.
        """
        if not self.config_file.is_file():
            raise InputError(f"{self.folder} holds no run: there is no config.json in it")
        try:
            return json.loads(self.config_file.read_text())
        except json.JSONDecodeError as error:
            raise InputError(f"{self.config_file} is not JSON ({error}): train again") from None

    def save_checkpoint(self, state: dict[str, Any]) -> None:
        """Keep what is needed to go on."""
        with atomic(self.checkpoint_file) as temporary:
            # Through memory: on a full disk torch's own writer raises what no one can read.
            buffer = io.BytesIO()
            torch.save(state, buffer)
            temporary.write_bytes(buffer.getbuffer())

    def load_checkpoint(self) -> dict[str, Any] | None:
        """Read the last checkpoint, and cut the log back to it; None if none was written yet.

        Raises:
            InputError: If the run has finished.
        """
        self.check_unfinished()
        if not self.checkpoint_file.is_file():
            self.log_file.unlink(missing_ok=True)
            return None
        state = torch.load(self.checkpoint_file, weights_only=True, map_location="cpu")
        if self.log_file.is_file():
            lines = self.log_file.read_text().splitlines(keepends=True)
            write_text(self.log_file, "".join(lines[: state["step"]]))
        return state

    def log(self, entry: dict[str, Any]) -> None:
        """Add a line to the log."""
        with naming(self.log_file), self.log_file.open("a") as file:
            file.write(json.dumps(entry) + "\n")

    def finish(self, card: str) -> None:
        """Write the card and drop the checkpoint, which is of no more use."""
        write_text(self.folder / "README.md", card)
        self.checkpoint_file.unlink(missing_ok=True)
