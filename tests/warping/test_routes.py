"""Which implementation serves: by device, by what is installed, and by force."""

import subprocess
import sys
import threading
import warnings
from pathlib import Path

import pytest

from inphase.errors import InputError
from inphase.warping import routes


@pytest.fixture
def installed(monkeypatch):
    """Say which packages are installed."""

    def say(*names):
        monkeypatch.setattr(routes, "installed", lambda package: package in names)
        routes._warn_once.cache_clear()

    yield say
    routes._warn_once.cache_clear()


@pytest.mark.parametrize(
    ("device", "dtype", "packages", "route"),
    [
        ("cpu", "float32", ("numba",), "numba"),
        ("cpu", "float64", ("numba", "triton"), "numba"),
        ("cuda", "float32", ("numba", "triton"), "triton"),
        ("cuda", "float64", ("numba", "triton"), "reference"),
        ("cuda", "float32", ("numba",), "reference"),
        ("mps", "float32", ("numba", "triton"), "reference"),
    ],
)
def test_the_fastest_that_serves_is_picked(installed, device, dtype, packages, route):
    installed(*packages)
    assert routes.pick(device, dtype) == route


def test_without_numba_the_reference_serves_with_one_warning(installed):
    installed()
    with pytest.warns(UserWarning, match=r'pip install "inphase\[fast\]"'):
        assert routes.pick() == "reference"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert routes.pick() == "reference"


def test_a_forced_route_serves_inside_the_block_only():
    before = routes.pick()
    with routes.forced("reference"):
        assert routes.pick() == "reference"
    assert routes.pick() == before


def test_a_route_is_forced_in_this_thread_only():
    seen = []
    with routes.forced("reference"):
        thread = threading.Thread(target=lambda: seen.append(routes.pick("cpu")))
        thread.start()
        thread.join()
    assert seen == [routes.pick("cpu")]


def test_a_route_that_is_not_installed_cannot_be_forced(installed):
    installed()
    with (
        pytest.raises(InputError, match="numba route needs numba"),
        routes.forced("numba"),
    ):
        pass


def test_numba_cannot_be_forced_on_a_gpu():
    pytest.importorskip("numba")
    with routes.forced("numba"), pytest.raises(InputError, match="cuda"):
        routes.pick("cuda")


def test_routes_and_bands_import_neither_torch_nor_numba():
    code = (
        "import sys, inphase.warping.routes, inphase.warping.band, inphase.warping.extent\n"
        "sys.exit(bool({'torch', 'numba'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_kernels_compile_where_nothing_can_be_kept(monkeypatch):
    """Neither the package nor the home folder can be written, as in some containers."""
    numba = pytest.importorskip("numba")
    tried = []

    def njit(**options):
        def keep(function):
            tried.append(options)
            raise RuntimeError("cannot cache function: no locator available")

        return keep

    monkeypatch.setattr(numba, "njit", njit)
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    routes._find_place_for_kernels.cache_clear()
    assert routes.pick() == "numba"
    assert tried == [{"cache": True}] and Path(numba.config.CACHE_DIR).is_dir()
    routes._find_place_for_kernels.cache_clear()
