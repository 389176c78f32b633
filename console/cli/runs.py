"""retrain, runs, cancel: what is done and what was done."""

from __future__ import annotations

from datetime import datetime

import click

from console.cli import documents
from console.cli.paging import newest_of, rest_of
from console.cli.printing import Cell, ProgressLine, complain, document, say, table
from console.cli.session import Session, Verb, limit_option, matching_option
from console.text import cells
from console.text.lines import Span, Tone
from console.text.run_lines import ALL_UNLISTED
from console.text.run_lines import looks as looks_of
from engine import clock
from engine.api import Engine
from engine.records import Run
from engine.vocabulary.jobs import RETRAIN

NO_REASON = "no reason given"
HEADINGS = ("run", "project", "job", "state", "queued", "took", "peak", "outcome")
TONES: dict[str, Tone] = {"succeeded": "ok", "failed": "failing", "interrupted": "failing", "running": "watch"}
GOOD = ("succeeded", "nothing-new")


@click.command(cls=Verb)
@click.argument("project")
@click.option("--as-of", metavar="TIME", help="See the data as it was then, such as 2026-11-03 or 2026-11-03T06:00Z.")
@click.option("--wait", is_flag=True, help="Stay until it has ended; exit code 1 unless it went well.")
@click.option("--allow-dirty", is_flag=True, help="Take uncommitted changes too; the version keeps them as a patch.")
@click.option("--fresh-lock", is_flag=True, help="Resolve the requirements again instead of using the known lock.")
@click.option("--force", is_flag=True, help="Train also where nothing is new since the live version.")
@click.pass_obj
def retrain(
    session: Session, project: str, as_of: str | None, wait: bool, allow_dirty: bool, fresh_lock: bool, force: bool
) -> int:
    """Queue a retrain of PROJECT; what passes its gates becomes a candidate and nothing goes live by itself."""
    moment = clock.moment(as_of) if as_of else None
    with session.engine() as engine:
        run = engine.retrain(project, as_of=moment, allow_dirty=allow_dirty, fresh_lock=fresh_lock, force=force)
        if wait:
            return watched(session, engine, run)
    if session.json:
        document(documents.run(run))
    else:
        say(f"Run {run.id} is queued: retrain of {project}.")
        say(f"Watch it: {session.act(f'log {run.id} --follow')}", indent=2)
    return 0


def waited(session: Session, engine: Engine, run: Run, later: str) -> Run:
    """``run`` once it has ended, its progress shown meanwhile; ``later``: what is told to whoever does not stay."""
    progress = ProgressLine()

    def show(seen: Run) -> None:
        if not session.json and seen.ended_at is None:
            progress.show(seen.progress, seen.phase)

    try:
        ended = engine.wait(run.id, show)
    except KeyboardInterrupt:
        progress.clear()
        complain(f"Run {run.id} goes on without you. {later}")
        raise
    progress.clear()
    return ended


def watched(session: Session, engine: Engine, run: Run) -> int:
    """Stay until ``run``, which makes a version, has ended, and say what came of it; the exit code."""
    if not session.json:
        does = f"retrain of {run.project}" if run.job == RETRAIN.name else f"{run.project} learns"
        say(f"Run {run.id}: {does}")
    ended = waited(session, engine, run, f"Watch it: {session.act(f'log {run.id} --follow')}")
    if session.json:
        document(documents.run(ended))
    if ended.state not in GOOD:
        said = f": {ended.why.rstrip('.')}." if ended.why else "."
        complain(f"Run {run.id} {_ended(ended)}{said} See its log: {session.command(f'log {run.id}')}")
        return 1
    if not session.json:
        _made(session, engine, ended)
    return 0


def _ended(run: Run) -> str:
    return {"failed": "failed", "nothing-new": "found nothing new"}.get(run.state, f"was {run.state}")


def _made(session: Session, engine: Engine, run: Run) -> None:
    took = f" in {cells.span(run.seconds)}" if run.seconds is not None else ""
    if run.version is None:
        say(f"Run {run.id} found nothing new{took}{f': {run.why}' if run.why else '.'}")
        return
    version = engine.version(run.version)
    say(f"Run {run.id} succeeded{took} and made {version.label}.")
    say(version.sentence, indent=2)
    if version.state == "candidate":
        if run.why:
            say(run.why, indent=2)
        say(f"It waits for a decision: {session.command(f'show {version.label}')}", indent=2)
    elif version.state == "live":
        say(run.why or f"{version.label} is live.", indent=2)
    else:
        say(f"It is no candidate. See why: {session.command(f'show {version.label}')}", indent=2)


@click.command(cls=Verb)
@click.argument("project", required=False)
@limit_option
@matching_option
@click.option("--looks", is_flag=True, help=f"Also the finished {ALL_UNLISTED}; --json always has them.")
@click.pass_obj
def runs(session: Session, project: str | None, limit: int | None, matching: str, looks: bool) -> None:
    """Runs, the newest first, of every project or of PROJECT."""
    looks = looks or session.json
    with session.engine() as engine:
        if project is not None and not engine.count_runs(project):
            engine.candidates(project)  # Refuses a project that there is not.
        shown = newest_of(
            session,
            lambda offset, count: engine.runs(project, offset=offset, limit=count, matching=matching, looks=looks),
            lambda run: run.id,
            limit,
            documents.run,
        )
        if shown is None:
            return
        now = session.now()
        total = engine.count_runs(project, looks=looks)
        if shown:
            table([_row(run, now) for run in shown], HEADINGS, right=["run"], give_way=["job", "peak"])
            rest_of(len(shown), None if matching else total)
        else:
            say(f"No run {'holds ' + matching if matching else 'yet'}.")
        hidden = engine.count_runs(project) - total
        if hidden:
            say(Span(f"{looks_of(hidden)} left out; --looks shows them.", "dim"))


def _row(run: Run, now: datetime) -> tuple[Cell, ...]:
    running = run.started_at is not None and run.ended_at is None
    seconds = (now - run.started_at).total_seconds() if running and run.started_at else run.seconds
    peak = max((step.peak_memory for step in run.steps if step.peak_memory is not None), default=None)
    return (
        str(run.id),
        run.project,
        run.job,
        Span(cells.run_state(run), TONES.get(run.state, "")),
        cells.ago(run.queued_at, now),
        cells.span(seconds) if seconds is not None else cells.NOTHING,
        cells.size(peak),
        Span(run.overdue, "watch") if run.overdue else run.version or run.why or run.phase or cells.NOTHING,
    )


@click.command(cls=Verb)
@click.argument("run", type=click.IntRange(min=1))
@click.option("--reason", default=NO_REASON, metavar="TEXT", help="Why; kept for ever.")
@click.pass_obj
def cancel(session: Session, run: int, reason: str) -> None:
    """Ask RUN to end; what it was about to make is thrown away."""
    with session.engine() as engine:
        engine.cancel(run, reason)
        found = engine.run(run)
    if session.json:
        document(documents.run(found))
    elif found.state == "cancelled":
        say(f"Run {run} is cancelled.")
    else:
        say(f"Run {run} was asked to end; it does so within a second or two.")
