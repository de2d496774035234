"""The rows of a table before they are filled: what to train for each, or why it cannot be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from inphase.evaluation.published.models import UNTRAINED, NotBuilt
from inphase.evaluation.published.paper_tables import PaperTable
from inphase.evaluation.published.plans import Ask, ask_of
from inphase.evaluation.reproduction.data import Material
from inphase.evaluation.reproduction.runs import Bench, Job


@dataclass(frozen=True, eq=False)
class PlannedRow:
    """What a row asks for.

    Attributes:
        printed: Its cells.
        words: Those of them that are no numbers.
        reason: Why it cannot be filled; empty if it can.
        material: What it is trained and scored on.
        jobs: For each seed its models, one for all activities or one for each.
        lacking: Settings of the paper that the method does not have.
    """

    printed: tuple[str, ...]
    words: str
    reason: str = ""
    material: Material | None = None
    jobs: Sequence[Sequence[Job]] = ()
    lacking: Sequence[str] = ()


def planned(
    paper: PaperTable, printed: tuple[str, ...], found: Mapping[str, Material], bench: Bench
) -> PlannedRow:
    """Look what a row asks for, and whether that can be done."""
    words = ", ".join(filter(None, printed[: len(printed) - len(paper.metrics)]))
    try:
        asked = ask_of(paper, paper.named(printed))
        material = found.get(asked.data)
        if material is None:
            raise NotBuilt("no data, see below")
        jobs = [
            _jobs(asked, material, seed)
            for seed in range(1 if asked.model.method in UNTRAINED else bench.seeds)
        ]
        lacking = []
        if jobs[0][0].trained:
            _, lacking = jobs[0][0].method()
            jobs[0][0].plus()
    except NotBuilt as reason:
        return PlannedRow(printed, words, str(reason))
    return PlannedRow(printed, words, "", material, jobs, lacking)


def to_train(rows: Sequence[PlannedRow], bench: Bench) -> list[Job]:
    """The runs that are still to be trained, each once.

    Raises:
        InputError: If a run that is there is another one than that wanted.
    """
    jobs = {job.folder(bench): job for row in rows for seed in row.jobs for job in seed}
    for job in jobs.values():
        job.check(bench)
    return [job for job in jobs.values() if not job.finished(bench)]


def _jobs(asked: Ask, material: Material, seed: int) -> list[Job]:
    activities = material.activities
    if asked.activity:
        one = material.activity(asked.activity)
        if one is None:
            raise NotBuilt("no data of this activity")
        activities = [one]
    # Of a set with one activity there is one model, and its run says so.
    joint = asked.joint or not material.several
    groups = [activities] if joint else [[name] for name in activities]
    return [
        Job(
            asked.model,
            material.source.folder,
            "" if joint else group[0],
            seed,
            tuple(material.videos(group, "train")),
            tuple(group),
            material.labels,
        )
        for group in groups
    ]
