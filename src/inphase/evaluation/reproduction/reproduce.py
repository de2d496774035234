"""Train what the rows of a paper's table ask for, score it, set it below the paper's numbers."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from inphase.errors import InputError, TrainingError
from inphase.evaluation.published.columns import SUB_ACTION, column_of, protocol_for
from inphase.evaluation.published.models import training_of
from inphase.evaluation.published.paper_tables import PaperTable, paper_table
from inphase.evaluation.published.plans import Plan, data_of, plan_of
from inphase.evaluation.reproduction.data import Material, materials
from inphase.evaluation.reproduction.rows import PlannedRow, planned, to_train
from inphase.evaluation.reproduction.runs import Bench
from inphase.evaluation.reproduction.scores import Scorer
from inphase.evaluation.reproduction.table import FilledRow, Reproduction
from inphase.evaluation.result import versions


def reproduce(
    table: str,
    runs: Path | str,
    data: Path | str,
    *,
    seeds: int = 1,
    steps: int | None = None,
    backbone: str = "efficientnet-lite0",
    device: str = "auto",
    progress: bool = True,
    tell: Callable[[str], None] = lambda line: None,
) -> Reproduction:
    """Train and score what a paper's table is of, and set it below the paper's numbers.

    Each model is a run, `RUNS/DATA SET/MODEL/ACTIVITY/seed-0`: trained if it is not there, gone on
    with if it was interrupted, used as it is if it has finished; tables share their runs. Rows
    whose method is not built, and data sets that are not there, say so.

    Args:
        table: Its id in `published/paper_tables.md`, such as `carl-1`.
        runs: The folder that holds or receives the runs.
        data: The data set's folder in its published layout, or one with several of them.
        seeds: How many runs of each model; scores are their mean and standard deviation.
        steps: Of each run, for a smaller version; the paper's if None.
        backbone: Of all models but those that learn from scratch; see
            `inphase.encoders.backbones.backbone`.
        device: Where to train and embed.
        progress: Show progress bars.
        tell: Is told in a line what is being done.

    Raises:
        InputError: If there is no such table, inphase cannot reproduce it, there is no data for
            it, or a run in the way is another one.
        Interrupted: After Ctrl-C; the same call goes on.
    """
    paper = paper_table(table)
    plan = plan_of(paper)
    for name, value in (("seeds", seeds), ("steps", steps)):
        if value is not None and value < 1:
            raise InputError(f"{name} must be at least 1, not {value}")
    names = [data_of(paper, paper.named(row)) for row in paper.rows]
    found, absent = materials(names, Path(data))
    bench = Bench(Path(runs), seeds, steps, backbone, device, progress)
    rows = [planned(paper, printed, found, bench) for printed in paper.rows]
    tell(_work(rows, bench))
    columns = [column_of(name) for name in paper.metrics]
    scorers = {
        name: Scorer(
            each,
            columns,
            protocol_for(plan.protocol, columns, each.source.stride),
            device,
            progress,
        )
        for name, each in found.items()
    }
    failed: list[str] = []
    filled = [_filled(row, scorers, bench, tell, failed) for row in rows]
    return Reproduction(
        paper,
        filled,
        {name: each.clocks for name, each in scorers.items() if each.clocks},
        _setup(paper, plan, found, rows, bench),
        [*absent.values(), *failed, *_notes(found, scorers, rows)],
        {
            "seeds": seeds,
            "steps": steps,
            "backbone": backbone,
            "protocols": {
                name: each.protocol and each.protocol.as_dict() for name, each in scorers.items()
            },
            "versions": versions(),
        },
    )


def _filled(
    row: PlannedRow,
    scorers: Mapping[str, Scorer],
    bench: Bench,
    tell: Callable[[str], None],
    failed: list[str],
) -> FilledRow:
    """Train and score a row; adds to `failed` why that could not be done."""
    if row.material is None:
        return FilledRow(row.printed, reason=row.reason)
    where = f"{row.words} on {row.material.name}"
    tell(where)
    found: dict[str, list[float]] = {}
    try:
        for jobs in row.jobs:
            models = [(job.activities, job.model_for(bench)) for job in jobs]
            for column, value in scorers[row.material.name].score(models).items():
                found.setdefault(column, []).append(value)
    except (InputError, TrainingError) as error:
        failed.append(f"{where}: {error}")
        return FilledRow(row.printed, reason="failed, see below")
    sources = [
        str(job.folder(bench)) if job.trained else job.model.method
        for jobs in row.jobs
        for job in jobs
    ]
    return FilledRow(row.printed, found, "" if found else "nothing to measure", sources)


# Words ------------------------------------------------------------------------------------------


def _work(rows: Sequence[PlannedRow], bench: Bench) -> str:
    """What there is to do, before it is begun."""
    todo = to_train(rows, bench)
    able = sum(row.material is not None for row in rows)
    steps = sum(job.settings(bench).steps for job in todo)
    work = f"{len(todo)} runs to train, {steps} steps in all" if todo else "nothing to train"
    return f"{able} of {len(rows)} rows can be filled; {work}"


def _setup(
    paper: PaperTable,
    plan: Plan,
    found: Mapping[str, Material],
    rows: Sequence[PlannedRow],
    bench: Bench,
) -> list[str]:
    """What was done, and what of it is not as in the paper."""
    here = plan.here or f"CARL's transformer on frozen features of {bench.backbone}"
    lines = [
        f"Encoder here: {here}; the paper's: {plan.encoder}.",
        f"The paper: {paper.data}. {paper.note}.",
        f"Data here: {'; '.join(each.said for each in found.values())}.",
        f"Definitions: {_definitions(paper, plan)}. Trained on the train videos, scored on val.",
    ]
    if bench.steps is not None:
        lines.append(
            f"A smaller version: {bench.steps} steps a run in place of the paper's, so it says "
            "nothing about the paper's numbers."
        )
    seeds = f"{bench.seeds} seeds, mean ± standard deviation" if bench.seeds > 1 else "one seed"
    lines.append(f"Runs: {seeds}. Adam, learning rate 1e-4, weight decay 1e-5, cosine.")
    if bench.steps is None:
        lines += _left_out_by_papers(rows)
    return lines


def _definitions(paper: PaperTable, plan: Plan) -> str:
    linear = any(column_of(name).metric == SUB_ACTION for name in paper.metrics)
    return "one linear layer over frames, CARL's code" if linear else f"protocol {plan.protocol}"


def _left_out_by_papers(rows: Sequence[PlannedRow]) -> list[str]:
    """How long those are trained whose papers do not say it."""
    models = [job.model for row in rows for jobs in row.jobs for job in jobs if job.trained]
    said: dict[str, dict[str, None]] = {}
    for model in models:
        if words := training_of(model).said:
            said.setdefault(words, {})[model.method] = None
    return [f"Training of {', '.join(names)}: {words}." for words, names in said.items()]


def _notes(
    found: Mapping[str, Material], scorers: Mapping[str, Scorer], rows: Sequence[PlannedRow]
) -> list[str]:
    notes = [note for each in found.values() for note in each.notes]
    notes += [note for each in scorers.values() for note in each.notes]
    for row in rows:
        if row.lacking:
            notes.append(
                f"{row.printed[0]} has no setting {', '.join(row.lacking)}, which the paper sets: "
                "its default is used"
            )
    if any("tau" in column.name for each in scorers.values() for column in each.columns):
        notes.append("tau is no headline: a clock, which looks at no pixel, is beside it")
    return list(dict.fromkeys(notes))
