"""Which implementation serves a warping kernel: torch reference, numba on CPU, Triton on CUDA."""

import atexit
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.util import find_spec
from typing import Literal

from inphase.errors import InputError

Route = Literal["reference", "numba", "triton"]

_forced: ContextVar[Route | None] = ContextVar("inphase_warping_route", default=None)
# What a route needs besides torch, and how to get it.
_NEEDS = {"numba": 'pip install "inphase[fast]"', "triton": "pip install triton"}


def pick(device_type: str = "cpu", dtype: str = "float32") -> Route:
    """Choose the fastest implementation that serves tensors of this device and type.

    CUDA is served by Triton where it is installed, except in float64; CPU by numba where it is
    installed, with one warning per process where it is not; all else by the torch reference.

    Args:
        device_type: `torch.device.type`, as "cpu" or "cuda".
        dtype: Name of the type that is computed in, as "float32".

    Raises:
        InputError: If `forced` asks for a route that cannot serve this device.
    """
    route = _forced.get()
    if route == "numba" and device_type != "cpu":
        raise InputError(f"numba kernels run on the CPU, but the tensors are on {device_type}")
    if route is not None:
        return route
    if device_type == "cuda" and dtype != "float64" and installed("triton"):
        return "triton"
    if device_type == "cpu":
        if installed("numba"):
            _find_place_for_kernels()
            return "numba"
        _warn_once()
    return "reference"


@contextmanager
def forced(route: Route) -> Iterator[None]:
    """Have one route serve everything inside a `with` block, in this thread or task only.

    Raises:
        InputError: If the route is unknown, or what it needs is not installed.
    """
    if route != "reference" and route not in _NEEDS:
        raise InputError(f"there is no route '{route}': take reference, numba or triton")
    if route in _NEEDS and not installed(route):
        raise InputError(f"the {route} route needs {route}: {_NEEDS[route]}")
    if route == "numba":
        _find_place_for_kernels()
    token = _forced.set(route)
    try:
        yield
    finally:
        _forced.reset(token)


@cache
def installed(package: str) -> bool:
    """Whether a package can be imported; it is not imported to find out."""
    return find_spec(package) is not None


@cache
def _find_place_for_kernels() -> None:
    """Have numba compile for this process alone where it can keep nothing for the next one.

    It stops with an error where neither the package's folder nor the home folder can be written.
    """
    import numba

    try:
        numba.njit(cache=True)(_nothing)
    except RuntimeError:
        folder = tempfile.mkdtemp(prefix="inphase-numba-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        numba.config.CACHE_DIR = folder  # pyright: ignore[reportAttributeAccessIssue, reportPrivateImportUsage]


def _nothing() -> None:
    """What `_find_place_for_kernels` tries with; never run."""


@cache
def _warn_once() -> None:
    warnings.warn(
        "numba is not installed, so the warping kernels run on slower torch code; "
        f"install it with: {_NEEDS['numba']}",
        UserWarning,
        stacklevel=3,
    )
