"""A folder of images as a video: in natural order, one frame after another at a given rate."""

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
from av.video.frame import VideoFrame
from jaxtyping import Int, UInt8
from PIL import Image, ImageOps, UnidentifiedImageError

from inphase.data.decode import Scaler
from inphase.data.index import Index
from inphase.data.opening import VideoError

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".ppm"})


def image_files(folder: Path) -> list[Path]:
    """List the images in a folder, `frame9` before `frame10`; hidden files are left out.

    Args:
        folder: The folder.

    Raises:
        VideoError: If the folder cannot be listed or has no image.
    """
    try:
        files = [file for file in folder.iterdir() if is_image(file)]
    except OSError as error:
        raise VideoError(f"{folder}: cannot be listed ({error.strerror})") from None
    if not files:
        raise VideoError(f"{folder}: holds no images ({' '.join(sorted(SUFFIXES))})")
    return sorted(files, key=lambda file: natural_key(file.name))


def is_image(file: Path) -> bool:
    """Whether a file looks like an image by its name."""
    return file.suffix.lower() in SUFFIXES and not file.name.startswith(".")


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """Sort key under which numbers inside names count as numbers."""
    parts = re.findall(r"\d+|\D+", name)
    return [(0, int(p), p) if p.isdecimal() else (1, 0, p.lower()) for p in parts]


def image_shape(file: Path) -> tuple[int, int]:
    """Height and width of an image as displayed."""
    with _opened(file) as image:
        turned = image.getexif().get(0x0112, 1) >= 5
        width, height = image.size
        return (width, height) if turned else (height, width)


def index_folder(folder: Path, fps: float | int | None) -> Index:
    """Index a folder of images: image i is shown at i / fps seconds.

    Args:
        folder: The folder.
        fps: Frames per second, which images do not tell.

    Raises:
        VideoError: If `fps` is None, or the folder has no readable image.
    """
    if fps is None:
        raise VideoError(f"{folder}: a folder of images has no frame rate of its own; give fps")
    files = image_files(folder)
    stamps = np.arange(len(files), dtype=np.int64)
    tick = 1 / Fraction(fps).limit_denominator(10**6)
    return Index(stamps, stamps[:0], tick, 1, image_shape(files[0]))


def read_images(
    files: list[Path], wanted: Int[np.ndarray, " n"], size: tuple[int, int]
) -> Iterator[UInt8[np.ndarray, "h w 3"]]:
    """Yield the images wanted one by one, scaled as video frames are.

    Args:
        files: The images of a folder in order.
        wanted: Places in `files`.
        size: Height and width to scale to.

    Raises:
        VideoError: If an image is missing or does not decode.
    """
    scale = Scaler(size, (False, False, False))
    for place in wanted.tolist():
        with _opened(files[place]) as image:
            try:
                rgb = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
            except (OSError, SyntaxError, ValueError) as error:
                raise VideoError(f"{files[place]}: the image is damaged ({error})") from None
        yield scale(VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24"))


def _opened(file: Path) -> Image.Image:
    try:
        return Image.open(file)
    except UnidentifiedImageError:
        raise VideoError(f"{file}: not an image that Pillow knows") from None
    except OSError as error:
        raise VideoError(f"{file}: {error.strerror or error}") from None
