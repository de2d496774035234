"""Embeddings: what a model says about every frame of one video, and when each frame is shown."""

import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float, Real

from inphase.errors import InputError
from inphase.files import atomic

_FIELDS = ("values", "times", "video", "path", "model")


@dataclass(frozen=True, eq=False)
class Embeddings:
    """One vector per frame of a video, with the frame's time.

    `values` and `times` are converted to float32 and float64 when they are not so already.

    Attributes:
        values: Embedding of each frame, float32 (T, D), T >= 1, finite.
        times: Presentation time of each frame, float64 (T,), in seconds of the file, increasing.
        video: Name of the video, unique in its collection.
        path: The video's file, or "" if unknown.
        model: Digest of the model that made the values, or "" if unknown. Values of two models
            cannot be compared.

    Raises:
        InputError: If shapes do not fit, there is no frame, a value or time is NaN or infinite,
            or times do not increase.
    """

    values: Real[np.ndarray, "..."]
    times: Real[np.ndarray, "..."]
    video: str
    path: str = ""
    model: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", np.ascontiguousarray(self.values, dtype=np.float32))
        object.__setattr__(self, "times", np.ascontiguousarray(self.times, dtype=np.float64))
        self._check()

    def _check(self) -> None:
        shape, name = self.values.shape, self.video
        if self.values.ndim != 2 or 0 in shape:
            raise InputError(
                f"The embeddings of '{name}' have shape {shape}, but (T, D) is needed, "
                "with at least one frame and one dimension."
            )
        if self.times.shape != shape[:1]:
            raise InputError(
                f"'{name}' has {shape[0]} embedded frames but times of shape {self.times.shape}; "
                "give one time per frame."
            )
        if not np.isfinite(self.values).all():
            raise InputError(
                f"The embeddings of '{name}' hold NaN or infinity; check the model they come from."
            )
        if not (np.isfinite(self.times).all() and (np.diff(self.times) > 0).all()):
            raise InputError(
                f"The frame times of '{name}' must be finite and increasing, in seconds."
            )

    def __len__(self) -> int:
        """Number of frames T."""
        return len(self.times)

    @property
    def normalised(self) -> "Embeddings":
        """The same with every row scaled to unit length; rows of zeros stay zero."""
        return replace(self, values=unit_rows(self.values))

    def between(self, start: float, end: float) -> "Embeddings":
        """The frames with start <= time < end, in seconds of the file; times stay as they are.

        Raises:
            InputError: If no frame lies there.
        """
        low, high = np.searchsorted(self.times, (start, end))
        if low >= high:
            raise InputError(
                f"'{self.video}' has no embedded frame from {start:g} s to {end:g} s; its frames "
                f"lie from {self.times[0]:g} s to {self.times[-1]:g} s."
            )
        return replace(self, values=self.values[low:high], times=self.times[low:high])

    def save(self, path: Path | str) -> None:
        """Write one .npz file with an array per field; an existing file is replaced whole.

        Raises:
            InputError: If `path` does not end in .npz.
        """
        if Path(path).suffix != ".npz":
            raise InputError(f"Embeddings are saved as .npz files, not as {path}; rename it.")
        with atomic(path) as temporary:
            np.savez(temporary, **{field: getattr(self, field) for field in _FIELDS})

    @staticmethod
    def load(path: Path | str) -> "Embeddings":
        """Read what `save` wrote.

        Raises:
            InputError: If the file is missing, is not a whole .npz file, or is not of this kind.
        """
        path = Path(path)
        if not path.is_file():
            raise InputError(f"There is no embeddings file {path}; make it with `inphase embed`.")
        arrays = _read(path)
        missing = [field for field in _FIELDS if field not in arrays]
        if missing:
            raise InputError(
                f"{path} lacks {', '.join(missing)}, so it does not hold embeddings; "
                "make it with `inphase embed`."
            )
        texts = (str(arrays[field]) for field in ("video", "path", "model"))
        return Embeddings(arrays["values"], arrays["times"], *texts)


def _read(path: Path) -> dict[str, np.ndarray]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return {field: archive[field] for field in archive.files}
    # A lone .npy array, which has no `files`, is an AttributeError or a TypeError in `with`.
    except (OSError, ValueError, EOFError, AttributeError, TypeError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{path} cannot be read as embeddings ({error}); make it again with `inphase embed`."
        ) from error


def load_folder(folder: Path | str) -> dict[str, Embeddings]:
    """Read every .npz file in a folder and its sub-folders.

    Returns:
        The embeddings by video name, in order of their paths.

    Raises:
        InputError: If the folder is missing or has none, a file cannot be read, or two files hold
            the same video.
    """
    folder = Path(folder)
    # A leading dot marks a file that is still being written.
    paths = [path for path in sorted(folder.rglob("*.npz")) if not path.name.startswith(".")]
    if not paths:
        raise InputError(
            f"There are no embeddings (.npz files) in {folder}; make them with `inphase embed`."
        )
    found: dict[str, Embeddings] = {}
    for path in paths:
        embeddings = Embeddings.load(path)
        if embeddings.video in found:
            raise InputError(
                f"Two files in {folder} hold embeddings of '{embeddings.video}', "
                f"one of them {path}; remove one."
            )
        found[embeddings.video] = embeddings
    return found


def unit_rows(values: Float[np.ndarray, "t d"]) -> Float[np.ndarray, "t d"]:
    """Scale every row to unit length; rows of zeros stay zero."""
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    return values / np.where(lengths > 0, lengths, 1)
