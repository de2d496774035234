"""Where tensors live."""

import torch

from inphase.errors import InputError


def pick_device(name: str) -> torch.device:
    """Choose a device: `auto` takes CUDA, then Apple's GPU, then the CPU.

    Raises:
        InputError: If the device is not there.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError):
        raise InputError(f"device '{name}' is not available here: use auto or cpu") from None
    return device
