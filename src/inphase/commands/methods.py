"""`inphase methods`."""

from inphase.methods import CLIP_METHODS, METHODS, ClipMethod, Method

# Models that need no training, wherever a command says MODEL.
UNTRAINED = {
    "imagenet": "The backbone's features as they are, less their mean over the video.",
    "random": "The same from random weights.",
    "pose": "The joints of files of poses as they are.",
}


def methods() -> None:
    """List the training methods, with their papers."""
    width = max(map(len, [*METHODS, *CLIP_METHODS, *UNTRAINED])) + 2
    for name, method in METHODS.items():
        print(_entry(name, method, width))
    print("\nfor networks that see clips, to learn motion:")
    for name, method in CLIP_METHODS.items():
        print(_entry(name, method, width))
    print("\nmodels without training, for embed, align and evaluate:")
    for name, summary in UNTRAINED.items():
        print(f"{name:{width}}{summary}")


def _entry(name: str, method: type[Method] | type[ClipMethod], width: int) -> str:
    summary = (method.__doc__ or "").split("\n")[0]
    return f"{name:{width}}{summary}\n{'':{width}}{method.paper}"
