"""What each row of a paper's table asks for: data, model, one model or one per activity."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from inphase.encoders.architecture import CARL, Blocks, Convolutional
from inphase.errors import InputError
from inphase.evaluation.published.models import Model, NotBuilt, model_of
from inphase.evaluation.published.paper_tables import PaperTable

Cells = Mapping[str, str]

CARLS = "ResNet-50 (BYOL), its last block trained, and a transformer of 3 layers"
LAVS = "ResNet-50 (ImageNet) trained with two 3-D convolutions over 2 frames"
LRPROPS = "ResNet-50 (BYOL) and a transformer of 7 layers"
VGG_MS = "VGG-M from scratch with two 3-D convolutions over 2 frames"
_JOINT = {"CARL-SS", "CARL-WS", "SCL"}


@dataclass(frozen=True)
class Plan:
    """How a table is reproduced.

    Attributes:
        protocol: Whose definitions its numbers go by.
        encoder: The paper's, in words.
        here: That used here, if it is not the usual one.
        data: Of all its rows; if empty, its column `data` says it.
        joint: Whether one model learns all activities in a row.
        change: What a row changes of the model that its method names.
    """

    protocol: str
    encoder: str
    data: str = ""
    here: str = ""
    joint: Callable[[Cells], bool] = lambda row: True
    change: Callable[[Model, Cells], Model] = lambda model, row: model


@dataclass(frozen=True)
class Ask:
    """What is to be trained and scored for a row.

    Attributes:
        data: One of `SOURCES`.
        model: What is trained.
        joint: Whether one model learns all activities.
        activity: As printed, if the row is of one alone.
    """

    data: str
    model: Model
    joint: bool
    activity: str = ""


def plan_of(table: PaperTable) -> Plan:
    """How a table is reproduced.

    Raises:
        InputError: If it cannot be; says why.
    """
    if table.id in _NEVER:
        raise InputError(f"{table.id} cannot be reproduced by --table: {_NEVER[table.id]}")
    return _PLANS[table.id]


def data_of(table: PaperTable, row: Cells) -> str:
    """The data set of a row, by its name in `SOURCES`."""
    return _PLANS[table.id].data or row["data"]


def ask_of(table: PaperTable, row: Cells) -> Ask:
    """What a row asks for.

    Raises:
        NotBuilt: If inphase cannot do it yet.
    """
    plan = _PLANS[table.id]
    model = plan.change(model_of(row["method"]), row)
    activity = row.get("activity", row.get("action", ""))
    return Ask(data_of(table, row), model, plan.joint(row) and not activity, activity)


# Rows -------------------------------------------------------------------------------------------


def _each(row: Cells) -> bool:
    return False


def _carls_are_joint(row: Cells) -> bool:
    """The others' numbers are those of LAV's paper, with a model per action."""
    return row["method"] in _JOINT


def _as_carl(model: Model, row: Cells) -> Model:
    """Others on CARL's encoder, trained as CARL."""
    others = model.method not in ("scl", "pcl")
    return replace(model, training="scl", variant="as-carl") if others else model


def _encoder(model: Model, row: Cells) -> Model:
    model = _as_carl(model, row)
    if row["encoder"] == "FVE":
        return replace(model, method="simclr", training="", variant="") if _simclr(row) else model
    if row["encoder"] == "ResNet50":
        frame_wise = replace(CARL, layers=0, position="none")
        return replace(model, architecture=frame_wise, variant="frame-wise")
    raise NotBuilt(f"encoder {row['encoder']} not built yet")


def _simclr(row: Cells) -> bool:
    return row.get("contrastive") == "SimCLR"


def _layers(model: Model, row: Cells) -> Model:
    if not row["layers"]:
        raise NotBuilt("number of layers not legible")
    layers = int(row["layers"])
    if layers == CARL.layers:
        return model
    return replace(model, architecture=replace(CARL, layers=layers), variant=f"layers-{layers}")


def _blocks(model: Model, row: Cells) -> Model:
    if row["learnable_blocks"] == "None":
        return model
    if row["learnable_blocks"] == "Block5":
        return replace(model, finetune=True, variant="finetuned")
    raise NotBuilt("two trained blocks not built yet")


def _temperature(model: Model, row: Cells) -> Model:
    temperature, variance = float(row["temperature"]), float(row["variance"])
    if (temperature, variance) == (0.1, 10.0):
        return model
    return model.given(temperature=temperature, variance=variance)


def _paired(model: Model, row: Cells) -> Model:
    if row["view_ensemble"] == "no":
        raise NotBuilt("without the ensemble of views not built yet")
    threshold, weight = float(row["threshold [%]"]) / 100, float(row["trade_off"])
    if (threshold, weight) == (0.05, 0.3):
        return model
    return model.given(positive=threshold, weight=weight)


def _crop(model: Model, row: Cells) -> Model:
    if row["sampling"] != "Random":
        raise NotBuilt("even sampling not built yet")
    alpha, beta = float(row["alpha"]), float(row["beta [%]"]) / 100
    return model if (alpha, beta) == (1.5, 0.2) else model.given(alpha=alpha, beta=beta)


def _frames(model: Model, row: Cells) -> Model:
    return model.given(frames=int(row["frames"])) if row["frames"] not in ("", "240") else model


def _no_kinetics(model: Model, row: Cells) -> Model:
    if row["training"] != "PennAction":
        raise NotBuilt("needs Kinetics-400, a second data set: not built yet")
    return model


def _losses(model: Model, row: Cells) -> Model:
    without = {"same + prop": "soft_dtw_weight", "same + sdtw": "propagation_weight"}
    return model.given(**{without[row["losses"]]: 0.0}) if row["losses"] in without else model


# What a setting of VAVA's tables is called here, and the paper's default.
_VAVAS = {
    "gamma": ("contrast_weight", 0.5),
    "lambda1": ("structure_weight", 1.0),
    "lambda2": ("prior_weight", 0.1),
}


def _hyperparameter(model: Model, row: Cells) -> Model:
    name, usual = _VAVAS[row["hyperparameter"]]
    value = float(row["value"])
    return model if value == usual else model.given(**{name: value})


def _variance(model: Model, row: Cells) -> Model:
    if row["variance"] == "Learned":
        return model.given(learn_variance=True)
    deviation = float(row["variance"].removesuffix("^2"))
    return model if deviation == 0.6 else model.given(variance=round(deviation**2, 4))


def _distribution(model: Model, row: Cells) -> Model:
    prior = row["distribution"].lower()
    return model if prior == "gmm" else model.given(prior=prior)


def _from_scratch(model: Model, row: Cells) -> Model:
    """VGG-M below the convolutions of TCC; LAV's two frames are nearer each other on IKEA ASM."""
    stride = 8 if "IKEA" in row.get("data", "") else 15
    return replace(
        model,
        architecture=Convolutional(stride=stride),
        backbone="vgg-m",
        finetune=True,
        variant="vgg-m",
    )


def _of_blocks(model: Model, row: Cells) -> Model:
    return replace(model, architecture=Blocks(), backbone="pixels", variant="r3d-18")


# Tables -----------------------------------------------------------------------------------------


_PENN, _POURING, _COIN, _IKEA = "Penn Action", "Pouring", "COIN", "IKEA ASM, background"
_EVERY_CARL = Plan("carl", CARLS, _PENN)
_SCRATCH = Plan(
    "lav",
    VGG_MS,
    here=VGG_MS,
    change=_from_scratch,
)

_PLANS = {
    "lav-1": Plan("lav", LAVS, _POURING),
    "lav-2": Plan("lav", LAVS, joint=_each),
    "lav-3": Plan("lav", LAVS, joint=_each),
    "lav-4": Plan("lav", LAVS, joint=_each),
    "lav-5": Plan("lav", LAVS, _PENN),
    "lav-6": Plan("lav", LAVS, "Penn Action, 11 actions", joint=_each),
    "lav-7": Plan("lav", LAVS, "Penn Action, 11 actions", joint=_each),
    "lav-8": Plan("lav", LAVS, "IKEA ASM"),
    "lrprop-1": Plan("lrprop", LRPROPS, _POURING),
    "lrprop-2": Plan("lrprop", LRPROPS, _PENN, joint=_carls_are_joint),
    "lrprop-3": Plan("lrprop", LRPROPS, _POURING, change=_losses),
    "lrprop-4": Plan("lrprop", LRPROPS, _PENN, joint=_each),
    "carl-1": replace(_EVERY_CARL, joint=lambda row: row["strategy"] == "Joint"),
    "carl-2": replace(_EVERY_CARL, joint=_carls_are_joint),
    "carl-3": replace(_EVERY_CARL, joint=_carls_are_joint),
    "carl-4": replace(_EVERY_CARL, change=_encoder),
    "carl-5": Plan("carl", CARLS),
    "carl-6": Plan("carl", CARLS, _POURING),
    "carl-7": replace(_EVERY_CARL, change=_encoder),
    "carl-8": replace(_EVERY_CARL, change=_layers),
    "carl-9": replace(_EVERY_CARL, change=_blocks),
    "carl-10": replace(_EVERY_CARL, change=_as_carl),
    "carl-11": replace(_EVERY_CARL, change=_temperature),
    "carl-12": replace(_EVERY_CARL, change=_paired),
    "carl-13": Plan("carl", CARLS, "FineGym99", change=_crop),
    "carl-14": Plan("carl", CARLS, "FineGym99", change=_frames),
    "carl-15": replace(_EVERY_CARL, change=_no_kinetics),
    "lav-9": replace(_SCRATCH, data=_POURING),
    "lav-10": replace(_SCRATCH, data=_PENN),
    "vava-1": Plan("lav", LAVS, joint=_each),
    "vava-2": replace(_SCRATCH, joint=lambda row: row["data"] == _PENN),
    "vava-3": Plan("lav", LAVS, _PENN),
    "vava-5": Plan("lav", LAVS, _COIN, joint=_each),
    "vava-6": Plan("lav", LAVS, _IKEA, change=_hyperparameter),
    "vava-7a": Plan(
        "lav",
        "R3D-18 over blocks of 5 frames",
        _IKEA,
        here="R3D-18 over blocks of 5 frames, from scratch",
        change=_of_blocks,
    ),
    "vava-7b": Plan("lav", LAVS, _IKEA, change=_variance),
    "vava-7c": Plan("lav", LAVS, _IKEA, change=_distribution),
}

_CLIPS = (
    "its networks see whole clips, and a table's models here see single frames; its protocols are "
    "in benchmarks/motion.py"
)
_NEVER = {
    **{f"temporal-transformations-{number}": _CLIPS for number in range(1, 5)},
}
