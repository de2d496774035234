"""Fixtures shared by all tests."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# The first call of a kernel compiles it, and machines are noisy: no test is timed.
settings.register_profile("inphase", deadline=None)
settings.load_profile("inphase")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real videos that is never committed; tests skip without it."""
    root = Path(__file__).parents[1]
    folder = Path(os.environ.get("INPHASE_DATA", root.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real videos at {folder}; set INPHASE_DATA to their folder")
    return folder
