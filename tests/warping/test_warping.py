"""The front door of the warping room."""

import subprocess
import sys
from types import ModuleType

import pytest

from inphase import warping


@pytest.mark.parametrize("name", warping.__all__)
def test_every_public_name_is_a_function_or_class_and_no_file(name: str):
    assert not isinstance(getattr(warping, name), ModuleType)
    assert getattr(warping, name).__name__ == name


def test_a_file_that_was_imported_first_does_not_hide_its_function():
    script = (
        "import inphase.warping.soft_dtw, inphase.warping.dtw\n"
        "from inphase.warping import dtw, soft_dtw\n"
        "print(callable(dtw), callable(soft_dtw))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.split() == ["True", "True"], done.stderr


def test_unknown_names_are_refused():
    with pytest.raises(AttributeError, match="no attribute 'fast_dtw'"):
        _ = warping.fast_dtw  # pyright: ignore[reportAttributeAccessIssue]
