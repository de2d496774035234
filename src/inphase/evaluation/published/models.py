"""The models of the papers' tables: which method of ours a printed name is, and how it is trained.

What a paper says of training is taken as it stands: samples a step, passes over the videos, frames,
optimiser. What it leaves out is that of the code it builds on. The encoder is not that of the
papers, but CARL's transformer on frame features of the backbone that is installed; only VGG-M and
R3D-18, which need no trained weights, are the papers'.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from inphase.encoders.architecture import CARL, Architecture
from inphase.errors import InputError
from inphase.methods import METHODS, Method

UNTRAINED = ("imagenet", "random")


class NotBuilt(InputError):
    """A row that cannot be filled; the message says why."""


@dataclass(frozen=True)
class Model:
    """What a row of a table calls for.

    Attributes:
        method: One of `METHODS`, or `imagenet` or `random`, which are not trained.
        options: Settings of the method in which this row differs from its paper's default.
        plus: Methods whose losses are added.
        architecture: Of the temporal model.
        backbone: Its own image network, as `FrameFeatures` has it; that of the table if empty.
        finetune: Whether the backbone's last block learns too, or all of one from scratch.
        training: The method whose training this row takes over; its own if empty.
        variant: Of the folder of its runs, if it is not told apart by its options.
    """

    method: str
    options: Mapping[str, Any] = field(default_factory=dict)
    plus: tuple[str, ...] = ()
    architecture: Architecture = CARL
    backbone: str = ""
    finetune: bool = False
    training: str = ""
    variant: str = ""

    @property
    def label(self) -> str:
        """The folder of its runs."""
        options = (f"{name}-{value}" for name, value in self.options.items())
        return "-".join(filter(None, ("+".join((self.method, *self.plus)), self.variant, *options)))

    def given(self, **options: Any) -> "Model":
        """The same model with other settings of its method."""
        return replace(self, options={**self.options, **options})


@dataclass(frozen=True)
class Training:
    """How a paper trains.

    Attributes:
        batch: Videos a step.
        epochs: Passes over the videos, if the paper counts these.
        steps: Steps, if it counts those.
        frames: Drawn from each view, by folder of the data; `""` for all others.
        settings: Of the method, by folder of the data; `""` for all.
        said: What is not the paper's own word.
    """

    batch: int
    epochs: int = 0
    steps: int = 0
    frames: Mapping[str, int] = field(default_factory=dict)
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    said: str = ""

    def steps_for(self, videos: int) -> int:
        """Steps that the passes over so many videos take."""
        return self.steps or self.epochs * max(1, -(-videos // self.batch))

    def options(self, folder: str) -> dict[str, Any]:
        """Settings of the method on a data set."""
        frames = self.frames.get(folder, self.frames.get("", 0))
        given = {"frames": frames} if frames else {}
        return {**given, **self.settings.get("", {}), **self.settings.get(folder, {})}


_CARL = {"": 240, "penn_action": 80}
_TCC = "as TCC's code: 150 000 steps"
_LAV = "as LAV's code: 100 epochs"

TRAINING = {
    "scl": Training(4, epochs=300, frames=_CARL, settings={"": {"variance": 10.0}}),
    "pcl": Training(4, epochs=300, frames=_CARL),
    "simclr": Training(4, epochs=300, frames=_CARL),
    # Frames and weights are those of the paper's table 5, for each activity.
    "lrprop": Training(2, epochs=300, frames=_CARL),
    "lav": Training(
        4,
        epochs=100,
        frames={"": 20, "pouring": 40},
        settings={
            "penn_action": {"alpha": 0.5, "window": 7.0},
            "ikea_asm": {"alpha": 0.5},
            "ikea_asm_background": {"alpha": 0.5},
        },
        said=f"{_LAV}; two pairs of videos a step",
    ),
    "vava": Training(4, epochs=100, frames={"": 20, "pouring": 40, "coin": 40}, said=_LAV),
    "tcc": Training(2, steps=150_000, frames={"": 20}, said=_TCC),
    "gta": Training(4, steps=150_000, frames={"": 20}, said=_TCC),
    "tcn": Training(2, steps=150_000, frames={"": 20}, said=_TCC),
    "shuffle-and-learn": Training(2, steps=150_000, frames={"": 20}, said=_TCC),
    "supervised": Training(4, epochs=100, frames={"": 20}, said=_LAV),
}

# As printed, in any case and without footnote marks.
_PRINTED = {
    "carl-ss": Model("scl"),
    "scl": Model("scl"),
    "carl-ws": Model("pcl"),
    "lrprop": Model("lrprop", architecture=replace(CARL, layers=7)),
    "lav": Model("lav"),
    "lav + tcc": Model("lav", plus=("tcc",)),
    "s-dtw + c-idm": Model("lav"),
    "s-dtw": Model("lav", {"regulariser": "none"}),
    "idm (eq. 6)": Model("lav", {"alignment": 0.0, "regulariser": "idm"}),
    "sfa": Model("lav", {"alignment": 0.0, "regulariser": "slow_feature"}),
    "c-idm (eq. 7)": Model("lav", {"alignment": 0.0}),
    "s-dtw + idm": Model("lav", {"regulariser": "idm"}),
    "s-dtw + sfa": Model("lav", {"regulariser": "slow_feature"}),
    "vava": Model("vava"),
    "tcc": Model("tcc"),
    "gta": Model("gta"),
    "tcn": Model("tcn"),
    "sal": Model("shuffle-and-learn"),
    "supervised": Model("supervised"),
    "supervised learning": Model("supervised"),
    "imagenet features": Model("imagenet"),
    "random features": Model("random"),
}


def model_of(printed: str) -> Model:
    """The model that a table's first column names.

    Raises:
        NotBuilt: If inphase has none of that name.
    """
    name = printed.lower().rstrip("†*")
    if name not in _PRINTED:
        raise NotBuilt("not built yet")
    return _PRINTED[name]


def training_of(model: Model) -> Training:
    """How the paper trains it."""
    own = TRAINING[model.method]
    return replace(TRAINING[model.training], settings=own.settings) if model.training else own


def method_of(model: Model, folder: str, activity: str = "") -> tuple[Method, list[str]]:
    """The method with its paper's settings, and which of these it does not have.

    Args:
        model: As a table asks for it.
        folder: Of the data among the runs.
        activity: If the model learns that one alone.

    Raises:
        NotBuilt: If there is no such method yet, or it cannot be set as the row has it.
    """
    if model.method not in METHODS:
        raise NotBuilt("not built yet")
    kind = METHODS[model.method]
    known = {each.name for each in fields(kind)}
    for name in model.options:
        if name not in known:
            raise NotBuilt(f"not built yet: {model.method} has no setting {name}")
    usual = training_of(model).options(folder)
    if model.method == "lrprop":
        from inphase.losses.lrprop import TABLE_5

        usual |= TABLE_5.get(activity or folder, {})
    lacking = [name for name in usual if name not in known]
    options = {name: value for name, value in usual.items() if name in known}
    try:
        return kind(**{**options, **model.options}), lacking
    except InputError as error:
        raise NotBuilt(f"cannot be set so: {error}") from None
