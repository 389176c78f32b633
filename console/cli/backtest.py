"""backtest: how often a model should be retrained, by what that would have been worth on its project's own past."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from console.cli import documents
from console.cli.backtest_documents import told_document
from console.cli.printing import complain, document, lines, room, say
from console.cli.runs import waited
from console.cli.session import Session, Verb
from console.text.backtest_lines import backtest_lines, plan_lines
from engine import clock
from engine.backtest.defaults import POLICIES, WEEKS

if TYPE_CHECKING:
    from engine.api import Engine
    from engine.records import Run


@click.command(cls=Verb)
@click.argument("project")
@click.option("--weeks", type=int, default=WEEKS, show_default=True, metavar="N", help="How much of the past.")
@click.option(
    "--every", default=POLICIES, show_default=True, metavar="POLICIES",
    help="Intervals between retrains, such as 1d, 1w or 4w, and never, with which all are compared.",
)  # fmt: skip
@click.option("--as-of", metavar="TIME", help="The end of the past that is replayed, such as 2026-11-03.")
@click.option("--wait", is_flag=True, help="Stay until it has ended; exit code 1 unless it went well.")
@click.option("--last", is_flag=True, help="Show what the newest backtest said, and replay nothing.")
@click.pass_obj
def backtest(
    session: Session, project: str, weeks: int, every: str, as_of: str | None, wait: bool, last: bool
) -> int:
    """Replay policies of retraining on PROJECT's own past and say what each is worth, with its cost in time.

    It runs in the background, makes no version and touches nothing that is live.
    """
    if last and (wait or as_of):
        raise click.UsageError("--last shows what was found; leave --wait and --as-of away.")
    moment = clock.moment(as_of) if as_of else None
    with session.engine() as engine:
        if last:
            return _told(session, engine, project)
        plan = engine.plan_backtest(project, weeks=weeks, every=every, as_of=moment)
        run = engine.backtest(project, weeks=weeks, every=every, as_of=moment)
        if not session.json:
            say(f"Run {run.id} is queued: backtest of {project}.")
            lines(plan_lines(plan, room()))
        if wait:
            return _watched(session, engine, run)
    if session.json:
        document(documents.run(run))
    else:
        say(f"What it says: {session.command(f'backtest {project} --last')}")
    return 0


def _watched(session: Session, engine: Engine, run: Run) -> int:
    ended = waited(session, engine, run, f"What it says: {session.command(f'backtest {run.project} --last')}")
    if ended.state == "succeeded":
        return _told(session, engine, run.project)
    if session.json:
        document(documents.run(ended))
    how = "failed" if ended.state == "failed" else f"was {ended.state}"
    complain(f"Run {run.id} {how}{f': {ended.why}' if ended.why else '.'}")
    return 1


def _told(session: Session, engine: Engine, project: str) -> int:
    told = engine.last_backtest(project)
    if session.json:
        document(told_document(project, told))
    else:
        lines(backtest_lines(told, project, session.now(), room()))
    return 0
