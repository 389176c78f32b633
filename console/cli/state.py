"""status: what is live, how it does, what waits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import click

from console.cli import documents, duty_documents
from console.cli.printing import Cell, document, say, table, verdict
from console.cli.session import Session, Verb
from console.text import cells, duty_lines
from console.text.lines import Span
from engine.records import Overview, ProjectStatus, Reason, Run

HEADINGS = ("status", "project", "live", "for", "metric", "waiting", "last run", "next")


@click.command(cls=Verb)
@click.argument("project", required=False)
@click.pass_obj
def status(session: Session, project: str | None) -> None:
    """Health, live version, candidates, last and next run of every project, or of PROJECT alone."""
    now = session.now()
    with session.engine() as engine:
        one = engine.status(project, now) if project else None
        found = engine.overview(now)
        state, duty = engine.engine_state(), engine.on_duty()
    statuses = (one,) if one else found.projects
    if session.json:
        document({**documents.overview(found, statuses, state), "duty": duty_documents.on_duty(duty)})
    elif one:
        _one(session, one, now)
    else:
        _all(session, found)
        if duty.operator or duty.offered_to:
            say()
            say(Span(duty_lines.standing(duty, found.operator.name, now), "dim"))


def _all(session: Session, found: Overview) -> None:
    if not found.projects:
        say(f"No project is registered yet: {session.act('add PATH')}")
        return
    table([_row(each, found.at) for each in found.projects], HEADINGS, give_way=["for", "metric"])
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
        cells.metric(found.metric, interval=False),
        _waiting(found),
        _last(run, now) if run else cells.NOTHING,
        cells.until(found.next_due, now),
    )


def _last(run: Run, now: datetime) -> str:
    """``✓ 2 h ago``, ``■ failed 2 h ago``, ``▸ running 40 %``: a word wherever it did not simply go well."""
    if run.ended_at is None:
        return cells.run_state(run)
    what = cells.RUN_GLYPHS[run.state] if run.state == "succeeded" else cells.run_state(run)
    return f"{what} {cells.ago(run.ended_at, now)}"


def _waiting(found: ProjectStatus) -> str:
    if not found.candidates:
        return cells.NOTHING
    more = len(found.candidates) - 1
    return found.candidates[0].label + (f" and {more} more" if more else "")


def _since(found: Reason, now: datetime) -> str:
    return f" (since {cells.clock_time(found.since, now).strip()} UTC)" if found.since else ""


def _reasons(found: Sequence[ProjectStatus], now: datetime) -> None:
    rows: list[tuple[Cell, ...]] = []
    for status in found:
        for number, each in enumerate(status.reasons):
            glyph = Span(cells.GLYPHS[each.verdict], verdict(each.verdict).tone)
            rows.append((glyph, "" if number else status.project.name, each.why + _since(each, now)))
    table(rows)


def _one(session: Session, found: ProjectStatus, now: datetime) -> None:
    say(Span(f"{found.project.name}: {found.project.title}", "strong"))
    rows: list[tuple[Cell, Cell]] = [(verdict(each.verdict), each.why + _since(each, now)) for each in found.reasons]
    live = f"{found.live}, for {cells.age(found.live_since, now)}" if found.live else "nothing"
    rows.append(("live", live))
    if found.metric is not None:
        when = f", {cells.ago(found.measured_at, now)}" if found.measured_at else ""
        rows.append(("metric", cells.known(found) + when))
    if found.history:
        values = dict.fromkeys(cells.number(found.history[i].value) for i in (0, -1))
        rows.append(("trend", f"{cells.sparkline(found.history)}  {' to '.join(values)}"))
    said = [f"{each.label}{f' ({each.said})' if each.said else ''}: {each.sentence}" for each in found.candidates]
    rows += [("waiting", each) for each in said] or [("waiting", "nothing")]
    for name, run in (("running", found.active_run), ("last run", found.last_run)):
        if run is not None:
            moment = run.ended_at or run.started_at or run.queued_at
            rows.append((name, f"{run.id}, {run.job} {cells.run_state(run)}, {cells.ago(moment, now)}"))
    rows.append(("next run", cells.until(found.next_due, now) if found.next_due else "none is scheduled"))
    rows.append(("data", f"up to {cells.day(found.data_until)}" if found.data_until else "none yet"))
    back = f"to {cells.way_back(found)}" if found.rollback_to else "there is no earlier live version"
    rows.append(("rollback", back))
    rows.append(("folder", found.project.path))
    table(rows, indent=2)
    if found.candidates:
        say(f"Look: {session.command(f'show {found.candidates[0].label}')}", indent=2)
