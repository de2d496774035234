"""Threads that wait do so briefly, unless the user has said how."""

import os

import pytest

from inphase.threads import wait_briefly

NAMES = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")


@pytest.mark.parametrize(
    ("set_by_user", "expected"),
    [
        ({}, {"GOMP_SPINCOUNT": "3000"}),
        ({"GOMP_SPINCOUNT": "7"}, {"GOMP_SPINCOUNT": "7"}),
        ({"OMP_WAIT_POLICY": "active"}, {"OMP_WAIT_POLICY": "active"}),
    ],
)
def test_what_the_user_has_set_stays(monkeypatch, set_by_user, expected):
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    for name, value in set_by_user.items():
        monkeypatch.setenv(name, value)
    wait_briefly()
    found = {
        name: os.environ[name]
        for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")
        if name in os.environ
    }
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    assert found == expected
