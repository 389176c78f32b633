"""score, trace: rows through a version, and back from a row to what said it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from console.cli import documents, score_documents
from console.cli.printing import complain, document, lines, room, say
from console.cli.runs import waited
from console.cli.session import Session, Verb
from console.text import cells
from console.text.trace_lines import trace_lines

if TYPE_CHECKING:
    from engine.api import Engine
    from engine.jobs.score.records import Trace
    from engine.records import Run


@click.command(cls=Verb)
@click.argument("project")
@click.argument("input")
@click.option("--output", "-o", required=True, metavar="OUT", help="A file .parquet or .csv, or table:NAME.")
@click.option("--version", metavar="V", help="Another version than the live one, such as flights@11.")
@click.option("--database", metavar="VARIABLE", help="The environment variable that holds the database's URL.")
@click.option("--replace", is_flag=True, help="Write over OUT where it is there.")
@click.option("--workers", is_flag=True, help="Score on the workers of [compute], not on this machine.")
@click.option("--no-wait", is_flag=True, help="Queue it, and do not stay until it has ended.")
@click.pass_obj
def score(
    session: Session,
    project: str,
    input: str,
    output: str,
    version: str | None,
    database: str | None,
    replace: bool,
    workers: bool,
    no_wait: bool,
) -> int:
    """Score the rows of INPUT with PROJECT's live version and write what it says of each to OUT.

    INPUT is a file .parquet or .csv, or, in the database of --database, table:NAME or a file .sql with one SELECT.
    """
    with session.engine() as engine:
        run = engine.score(project, input, output, version=version, database=database, replace=replace, workers=workers)
        if no_wait:
            return _queued(session, run)
        if not session.json:
            say(f"Run {run.id}: scoring of {run.project}")
        later = f"Trace it: {session.act(f'trace --run {run.id}')}"
        return _ended(session, engine, waited(session, engine, run, later))


def _queued(session: Session, run: Run) -> int:
    if session.json:
        document(documents.run(run))
    else:
        say(f"Run {run.id} is queued: scoring of {run.project}.")
        say(f"Watch it: {session.act(f'log {run.id} --follow')}", indent=2)
    return 0


def _ended(session: Session, engine: Engine, run: Run) -> int:
    if run.state == "succeeded":
        made = engine.trace_run(run.id)
        if session.json:
            document({**documents.run(run), "scorings": [score_documents.scoring(each) for each in made.scorings]})
            return 0
        took = f" in {cells.span(run.seconds)}" if run.seconds is not None else ""
        say(f"Run {run.id} succeeded{took}: {run.why}, by {run.version}.")
        say(f"Where a row comes from: {session.command(f'trace --run {run.id}')}", indent=2)
        return 0
    if session.json:
        document({**documents.run(run), "scorings": []})
    how = "failed" if run.state == "failed" else f"was {run.state}"
    complain(f"Run {run.id} {how}{f': {run.why}' if run.why else '.'}")
    return 1


@click.command(cls=Verb)
@click.argument("what", required=False)
@click.option("--run", type=click.IntRange(min=1), metavar="RUN", help="What this run wrote.")
@click.option("--row", type=click.IntRange(min=1), metavar="N", help="A row of the file, counted from 1.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, help="How many scorings of a version, newest first.")
@click.pass_obj
def trace(session: Session, what: str | None, run: int | None, row: int | None, limit: int) -> None:
    """Where predictions come from, and where a version's went.

    WHAT is a version (flights@12: what it wrote) or a file that a scoring wrote (its version, code, data, environment
    and who approved it); with --row one row of it.
    """
    if (what is None) is (run is None):
        raise click.UsageError("name a version or a file, or a run with --run.")
    if row is not None and (what is None or "@" in what):
        raise click.UsageError("--row is of a file.")
    with session.engine() as engine:
        found = _traced(engine, what, run, row, limit)
    if session.json:
        document(score_documents.trace(found))
    else:
        lines(trace_lines(found, session.now(), room()))


def _traced(engine: Engine, what: str | None, run: int | None, row: int | None, limit: int) -> Trace:
    if run is not None:
        return engine.trace_run(run)
    assert what is not None
    file = Path(what)
    if "@" in what and not file.exists():
        return engine.trace_version(what, limit=limit)
    return engine.trace_file(file, row=row)
