"""`inphase methods`."""

from inphase.methods import METHODS

# Models that need no training, wherever a command says MODEL.
UNTRAINED = {
    "imagenet": "The backbone's features as they are, less their mean over the video.",
    "random": "The same from random weights.",
    "pose": "The joints of files of poses as they are.",
}


def methods() -> None:
    """List the training methods, with their papers."""
    width = max(map(len, [*METHODS, *UNTRAINED])) + 2
    for name, method in METHODS.items():
        summary = (method.__doc__ or "").split("\n")[0]
        print(f"{name:{width}}{summary}\n{'':{width}}{method.paper}")
    print("\nmodels without training, for embed, align and evaluate:")
    for name, summary in UNTRAINED.items():
        print(f"{name:{width}}{summary}")
