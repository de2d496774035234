"""The house as docs/architecture.md draws it: what may know of what, how large a room may be."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from inphase.cli import COMMANDS

ROOT = Path(__file__).parents[1]
HOUSE = ROOT / "src" / "inphase"

# From the roof down. A room is a file or a folder of src/inphase.
FLOORS = [
    {"cli", "commands", "console"},
    {"demo", "evaluation", "inputs", "probing", "show"},
    {"tasks"},
    {"embeddings"},
    {
        "train", "train_clips", "per_activity", "optimise", "settings", "objectives", "batches",
        "clip_batches", "clip_frames", "phase_labels", "card", "runs", "frame_sources", "features",
        "losses",
    },
    {"metrics"},
    {"data", "views", "encoders", "warping", "methods"},
]  # fmt: skip
GROUND = FLOORS[-1]
# Open to all; they import nothing of inphase but each other.
FREE = {"errors", "files", "device", "memory", "ranks", "threads"}

# Rooms that import torch as they are opened. All others start fast without it.
TORCH_ROOMS = {
    "train", "train_clips", "per_activity", "optimise", "settings", "objectives", "batches",
    "clip_batches", "clip_frames", "card", "runs", "ranks", "frame_sources", "features", "losses",
    "encoders", "views", "probing", "device", "demo", "inputs",
}  # fmt: skip
# Their parts that do not, because the command line and NumPy code use them.
TORCH_FREE_PARTS = {
    "encoders.architecture", "views.sampling", "views.pairs", "views.scenes", "views.retime",
    "views.pretexts",
}  # fmt: skip
# Torch parts of rooms that are opened without it.
TORCH_PARTS = {
    "evaluation.evaluate", "evaluation.lines",
    "warping.barycenter", "warping.diagonals", "warping.gromov_wasserstein", "warping.inputs",
    "warping.pairwise", "warping.sinkhorn", "warping.sinkhorn_unrolled", "warping.transport",
}  # fmt: skip
TORCH_FAMILIES = ("warping.drop_dtw", "warping.smooth_dtw", "warping.soft_dtw")

NEVER = {"torchvision", "cv2", "imageio"}
# Arrays in, arrays out; and what else of inphase they may use.
PURE = {"losses": {"warping"}, "metrics": {"warping"}, "warping": set()}


@dataclass(frozen=True)
class Import:
    """An import statement, wherever in the file it stands."""

    importer: str  # "data.video"
    imported: str  # "inphase.data.decode", "torch.nn"
    line: int
    on_opening: bool  # runs when the module is imported

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.imported}"


def room_of(module: str) -> str:
    return module.split(".")[0]


@cache
def modules() -> dict[str, Path]:
    """Every module by its name below inphase; `__init__` files by the name of their folder."""
    found = {}
    for path in sorted(HOUSE.rglob("*.py")):
        parts = path.relative_to(HOUSE).with_suffix("").parts
        found[".".join(parts).removesuffix(".__init__")] = path
    return found


@cache
def rooms() -> set[str]:
    return {room_of(module) for module in modules()} - {"__init__"}


def imports() -> Iterator[Import]:
    """Every import in the house, but for the front door's list of public names."""
    for module, path in modules().items():
        if module != "__init__":
            yield from imports_below(ast.parse(path.read_text()), module, on_opening=True)


def imports_below(node: ast.AST, module: str, *, on_opening: bool) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        assert not node.level, f"{module}:{node.lineno} imports relatively: write inphase. in full"
        names = [f"{node.module}.{alias.name}" for alias in node.names]
    else:
        # The body of a class runs as the module is opened; these do not.
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            on_opening = False
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            on_opening = False
        for child in ast.iter_child_nodes(node):
            yield from imports_below(child, module, on_opening=on_opening)
        return
    for name in names:
        yield Import(module, name, node.lineno, on_opening)


def opened(each: Import) -> str:
    """The room of inphase that an import opens; empty if none, or only the front door."""
    package, _, rest = each.imported.partition(".")
    room = room_of(rest)
    return room if package == "inphase" and room in rooms() else ""


def floor_of(room: str) -> int:
    """Height above the ground."""
    return next(len(FLOORS) - i for i, floor in enumerate(FLOORS) if room in floor)


# What may know of what ---------------------------------------------------------------------------


def test_every_room_has_its_floor():
    placed = set.union(FREE, *FLOORS)
    assert rooms() <= placed, "new rooms: give each a floor here and in docs/architecture.md"


def test_imports_point_down_the_floors_or_to_a_neighbour_above_ground():
    wrong = []
    for each in imports():
        here, there = room_of(each.importer), opened(each)
        if not there or there == here or there in FREE:
            continue
        if here in FREE or floor_of(there) > floor_of(here) or {here, there} <= GROUND:
            wrong.append(str(each))
    assert wrong == []


def test_rooms_do_not_import_in_circles():
    beside: dict[str, set[str]] = {room: set() for room in rooms()}
    for each in imports():
        beside[room_of(each.importer)] |= {opened(each)} - {"", room_of(each.importer)}
    while free := {room for room, others in beside.items() if not others & beside.keys()}:
        beside = {room: others for room, others in beside.items() if room not in free}
    assert beside == {}, "these rooms import each other in a circle"


@pytest.mark.parametrize("room", PURE)
def test_losses_metrics_and_warping_know_arrays_alone(room: str):
    allowed = {"", room, "errors", *PURE[room]}
    known = [each for each in imports() if room_of(each.importer) == room]
    assert known
    assert [str(each) for each in known if opened(each) not in allowed] == []


# What may be imported at all ---------------------------------------------------------------------


def test_torchvision_opencv_and_imageio_are_never_imported():
    assert [str(each) for each in imports() if each.imported.split(".")[0] in NEVER] == []


def test_only_rooms_with_tensors_import_torch_as_they_are_opened():
    assert [str(each) for each in imports() if opens_torch(each) and starts_fast(each)] == []


def opens_torch(each: Import) -> bool:
    return each.on_opening and each.imported.split(".")[0] == "torch"


def starts_fast(each: Import) -> bool:
    return is_fast(each.importer)


def is_fast(module: str) -> bool:
    if module in TORCH_PARTS or module.startswith(TORCH_FAMILIES):
        return False
    return module in TORCH_FREE_PARTS or room_of(module) not in TORCH_ROOMS


FAST = ["inphase", "inphase.cli"]
FAST_ALL = "everything else without tensors"


@pytest.mark.parametrize("name", [*FAST, FAST_ALL])
def test_importing_it_does_not_import_torch(name: str):
    names = [name]
    if name == FAST_ALL:
        names = [f"inphase.{each}" for each in modules() if is_fast(each) and each != "__init__"]
    lines = [*(f"import {each}" for each in names), "import sys", "print('torch' in sys.modules)"]
    result = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=False
    )
    assert (result.stdout.strip(), result.stderr) == ("False", "")


# How large, and what it is called ----------------------------------------------------------------


def length(path: Path) -> int:
    return len(path.read_text().splitlines())


def test_modules_stay_under_400_lines():
    long = {module: length(path) for module, path in modules().items() if length(path) >= 400}
    assert long == {}, "split by idea"


def test_losses_stay_under_170_lines():
    losses = {name: path for name, path in modules().items() if room_of(name) == "losses"}
    assert losses
    assert {name: length(path) for name, path in losses.items() if length(path) >= 170} == {}


def test_no_room_is_a_drawer_for_odds_and_ends():
    parts = {part for module in modules() for part in module.split(".")}
    assert not parts & {"utils", "util", "helpers", "core", "base", "common", "misc"}


# Papers that go with it --------------------------------------------------------------------------


def test_the_map_names_every_file():
    text = (ROOT / "docs" / "architecture.md").read_text()
    house = text.split("## Rooms")[1].split("```")[1]
    named = set(re.findall(r"\w+\.py\b", house))
    files = {path.name for path in modules().values()} - {"__init__.py"}
    assert files - named == set(), "write them into docs/architecture.md, one line each"
    assert named - files - {"__init__.py"} == set(), "docs/architecture.md names files that are not"


@pytest.mark.parametrize("verb", sorted(set(COMMANDS) - {"methods"}))
def test_every_verb_has_a_page_and_an_example(verb: str):
    assert (ROOT / "docs" / f"{verb}.md").is_file()
    assert (ROOT / "examples" / f"{verb}.py").is_file()


def test_the_readme_shows_the_six_lines_of_the_example():
    code = (ROOT / "examples" / "six_lines.py").read_text().split('"""')[2].strip()
    assert f"```python\n{code}\n```" in (ROOT / "README.md").read_text()
