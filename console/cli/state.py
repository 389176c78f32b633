"""status: what is live, how it does, what waits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import click

from console import cells
from console.cli import documents
from console.cli.printing import Cell, document, say, table, verdict
from console.cli.session import Session, Verb
from console.lines import Span
from engine import clock
from engine.records import Overview, ProjectStatus

HEADINGS = ("status", "project", "live", "for", "metric", "waiting", "last run", "ago", "next")


@click.command(cls=Verb)
@click.argument("project", required=False)
@click.pass_obj
def status(session: Session, project: str | None) -> None:
    """Health, live version, candidates, last and next run of every project, or of PROJECT alone."""
    now = clock.now()
    with session.engine() as engine:
        one = engine.status(project, now) if project else None
        found = engine.overview(now)
    statuses = (one,) if one else found.projects
    if session.json:
        document(documents.overview(found, statuses))
    elif one:
        _one(session, one, now)
    else:
        _all(session, found)


def _all(session: Session, found: Overview) -> None:
    if not found.projects:
        say(f"No project is registered yet: {session.command('add PATH')}")
        return
    table([_row(each, found.at) for each in found.projects], HEADINGS)
    reasons = [each for each in found.projects if each.verdict != "ok"]
    if reasons:
        say()
        _reasons(reasons, found.at)


def _row(found: ProjectStatus, now: datetime) -> tuple[Cell, ...]:
    run = found.active_run or found.last_run
    return (
        verdict(found.verdict),
        Span(found.project.name, "strong"),
        found.live or cells.NOTHING,
        cells.age(found.live_since, now),
        cells.metric(found.metric),
        _waiting(found),
        cells.run_state(run) if run else cells.NOTHING,
        cells.age(run.ended_at or run.started_at or run.queued_at, now) if run else cells.NOTHING,
        cells.until(found.next_due, now),
    )


def _waiting(found: ProjectStatus) -> str:
    if not found.candidates:
        return cells.NOTHING
    more = len(found.candidates) - 1
    return found.candidates[0].label + (f" and {more} more" if more else "")


def _reasons(found: Sequence[ProjectStatus], now: datetime) -> None:
    rows = []
    for each in found:
        since = f" (for {cells.age(each.since, now)})" if each.since else ""
        rows.append((Span(cells.GLYPHS[each.verdict], verdict(each.verdict).tone), each.project.name, each.why + since))
    table(rows)


def _one(session: Session, found: ProjectStatus, now: datetime) -> None:
    since = f" (for {cells.age(found.since, now)})" if found.since else ""
    say(Span(f"{found.project.name}: {found.project.title}", "strong"))
    rows: list[tuple[Cell, Cell]] = [(verdict(found.verdict), found.why + since)]
    live = f"{found.live}, for {cells.age(found.live_since, now)}" if found.live else "nothing"
    rows.append(("live", live))
    if found.metric is not None:
        rows.append(("metric", f"{cells.metric(found.metric)}, measured {cells.age(found.measured_at, now)} ago"))
    if found.history:
        values = f"{cells.number(found.history[0].value)} to {cells.number(found.history[-1].value)}"
        rows.append(("trend", f"{cells.sparkline(found.history)}  {values}"))
    rows += [("waiting", f"{each.label}: {each.sentence}") for each in found.candidates] or [("waiting", "nothing")]
    for name, run in (("running", found.active_run), ("last run", found.last_run)):
        if run is not None:
            ended = cells.age(run.ended_at or run.started_at or run.queued_at, now)
            rows.append((name, f"{run.id}, {run.job} {cells.run_state(run)}, {ended} ago"))
    rows.append(("next run", cells.until(found.next_due, now) if found.next_due else "none is scheduled"))
    rows.append(("data", f"up to {cells.day(found.data_until)}" if found.data_until else "none yet"))
    rows.append(("rollback", f"to {found.rollback_to}" if found.rollback_to else "there is no earlier live version"))
    rows.append(("folder", found.project.path))
    table(rows, indent=2)
    if found.candidates:
        say(f"Look: {session.command(f'show {found.candidates[0].label}')}", indent=2)
