"""times: how long the runs of a project take, step by step, and what changed when that changed."""

from __future__ import annotations

from dataclasses import asdict

import click

from console.cli.printing import Cell, document, say, table
from console.cli.session import Session, Verb
from console.text import cells
from console.text.lines import Span, Tone
from console.text.times_lines import speed
from engine.runs.times.times_records import RunTimes, StepTimes

HEADINGS = ("step", "usual", "at most", "last", "share", "cpu", "memory", "rows/s", "trend")
NUMBERS = HEADINGS[1:-1]
TONES: dict[str, Tone] = {"slower": "watch", "faster": "ok", "cannot tell": "dim"}


@click.command(cls=Verb)
@click.argument("project")
@click.option("--job", default="retrain", show_default=True, metavar="JOB", help="The job whose runs are looked at.")
@click.pass_obj
def times(session: Session, project: str, job: str) -> None:
    """How long the runs of PROJECT take, step by step, what costs most, and what changed when they got slower."""
    with session.engine() as engine:
        found = engine.run_times(project, job)
    if session.json:
        document(asdict(found))
        return
    if not found.n:
        say(f"No {job} of {project} has gone well yet, so there is nothing to go by.")
        return
    say(_whole(found))
    table([_row(step) for step in found.steps], HEADINGS, indent=2, right=NUMBERS, give_way=["cpu", "memory", "rows/s"])
    for step in found.steps:
        if step.since_run is not None:
            say(
                Span(f"{step.name} is {step.trend} since run {step.since_run}: {step.why}.", TONES[step.trend]),
                indent=2,
            )


def _whole(found: RunTimes) -> str:
    past = "the last that went well" if found.n == 1 else f"the last {found.n} that went well"
    bound = (
        "too few for a bound"
        if found.bound is None
        else f"one that takes longer than {cells.span(found.bound)} is to be looked at"
    )
    costliest = f"; {found.costliest} costs most" if found.costliest else ""
    return (
        f"A {found.job} of {found.project} takes {cells.span(found.p50)}, nineteen of twenty at most "
        f"{cells.span(found.p95)} ({past}; {bound}){costliest}."
    )


def _row(step: StepTimes) -> tuple[Cell, ...]:
    return (
        Span(step.name, "strong"),
        cells.span(step.p50),
        cells.span(step.p95),
        cells.span(step.last),
        cells.percent(step.share),
        cells.span(step.cpu_p50) if step.cpu_p50 is not None else cells.NOTHING,
        cells.size(step.peak_memory_p95),
        speed(step),
        Span(step.trend, TONES.get(step.trend, "")),
    )
