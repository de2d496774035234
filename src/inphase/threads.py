"""Threads that wait for each other give up their core soon, so that others can use it."""

import os

# Turns of the waiting loop, about ten microseconds; GNU OpenMP's own 300,000 are a millisecond.
_TURNS = "3000"


def wait_briefly() -> None:
    """Have torch's threads sleep instead of turning in circles; call it before importing torch.

    On a machine that is busy with other work, a waiting thread holds the core that the thread it
    waits for needs: measured on two cores beside two busy processes, training takes half the time
    with this, or less. Whoever has set `GOMP_SPINCOUNT` or `OMP_WAIT_POLICY` is left alone.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", _TURNS)
