"""Remember the indices of video files, so that a folder is only read through once.

One small npz per folder of videos: a JSON text with one record per file, and the stamps of all
files in one array, as differences so that steady rates compress to nearly nothing.
"""

import hashlib
import json
from contextlib import suppress
from dataclasses import fields
from fractions import Fraction
from pathlib import Path

import numpy as np

from inphase.data.index import Index
from inphase.files import atomic, cache_folder

_FORMAT = 1  # raise whenever Index, or the way it is made, changes
_ARRAYS = ("stamps", "keys")


class IndexCache:
    """The remembered indices of the files directly inside one folder."""

    def __init__(self, folder: Path):
        name = hashlib.blake2b(str(folder.absolute()).encode(), digest_size=12).hexdigest()
        self.file = cache_folder() / "index" / f"{name}.npz"
        self.known: dict[str, tuple[list[int], Index]] = {}
        self.changed = False
        # A cache that cannot be read is as good as none, whatever is wrong with it.
        with suppress(Exception):
            self.known = _read(self.file)

    def get(self, path: Path) -> Index | None:
        """Return the index of a file, or None if the file is new or has changed."""
        version, index = self.known.get(path.name, ([], None))
        with suppress(OSError):
            return index if version == _version(path) else None
        return None

    def put(self, path: Path, index: Index) -> None:
        """Remember an index until `save`; a file that has vanished since is left out."""
        with suppress(OSError):
            self.known[path.name] = (_version(path), index)
            self.changed = True

    def save(self) -> None:
        """Write what is known, if any of it is new; without room to write nothing happens."""
        if self.changed:
            with suppress(OSError):
                _write(self.file, self.known)


def _version(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]


def _write(file: Path, known: dict[str, tuple[list[int], Index]]) -> None:
    records, numbers = [], [np.empty(0, np.int64)]
    for name, (version, index) in known.items():
        record = {field.name: getattr(index, field.name) for field in fields(index)}
        record["tick"] = str(index.tick)
        for array in _ARRAYS:
            numbers.append(np.diff(record[array], prepend=np.int64(0)))
            record[array] = len(record[array])
        records.append({"name": name, "version": version, "index": record})
    text = json.dumps({"format": _FORMAT, "files": records}).encode()
    with atomic(file) as temporary:
        np.savez_compressed(
            temporary, text=np.frombuffer(text, np.uint8), numbers=np.concatenate(numbers)
        )


def _read(file: Path) -> dict[str, tuple[list[int], Index]]:
    with np.load(file) as arrays:
        text, numbers = json.loads(arrays["text"].tobytes()), arrays["numbers"]
    if text["format"] != _FORMAT:
        return {}
    known, at = {}, 0
    for entry in text["files"]:
        record = entry["index"]
        for array in _ARRAYS:
            count = record[array]
            record[array] = np.cumsum(numbers[at : at + count])
            at += count
        record |= {"tick": Fraction(record["tick"])}
        record |= {name: tuple(record[name]) for name in ("shape", "turn")}
        known[entry["name"]] = (entry["version"], Index(**record))
    if at != len(numbers):
        raise ValueError("stamps are missing")
    return known
