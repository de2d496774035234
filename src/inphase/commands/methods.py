"""`inphase methods`."""

from inphase.methods import METHODS


def methods() -> None:
    """List the training methods, with their papers."""
    for name, method in METHODS.items():
        summary = (method.__doc__ or "").split("\n")[0]
        print(f"{name:8} {summary}\n{'':8} {method.paper}")
