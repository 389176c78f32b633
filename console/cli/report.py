"""report: what business people want to know of a project and a period; to the screen, to a file."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from console.cli.printing import document, say
from console.cli.session import Session, Verb
from engine import clock

if TYPE_CHECKING:
    from engine.api import Engine
    from engine.reports.records import Period


@click.command(cls=Verb)
@click.argument("project")
@click.option("--week", is_flag=True, help="The last whole week, in the project's own time zone.")
@click.option("--month", is_flag=True, help="The last whole month.")
@click.option("--since", metavar="TIME", help="From then on.  [default: seven days before the end]")
@click.option("--until", metavar="TIME", help="Up to then.  [default: now]")
@click.option(
    "-o", "--output", metavar="FILE", type=click.Path(path_type=Path), help="Write it to FILE: .html or .txt."
)
@click.pass_obj
def report(
    session: Session, project: str, week: bool, month: bool, since: str | None, until: str | None, output: Path | None
) -> None:
    """How PROJECT did, for people who do not run it: its figures in words, what went live, what waits.

    Without a period: the last seven days.
    """
    if week + month + bool(since or until) > 1:
        raise click.UsageError("report takes one of --week, --month and --since with --until.")
    with session.engine() as engine:
        found = engine.report(project, _period(engine, project, week, month, since, until))
        if output is not None:
            engine.write_report(found, output.expanduser())
        shown = engine.render_report(found, "text") if output is None and not session.json else ""
    if session.json:
        document(found.document() | ({"file": str(output)} if output else {}))
    elif output is not None:
        say(f"The report of {found.project} ({found.period.name}) is in {output}.")
        say(found.sentence, indent=2)
    for line in shown.splitlines():
        say(line)


def _period(
    engine: Engine, project: str, week: bool, month: bool, since: str | None, until: str | None
) -> Period | tuple[datetime, datetime]:
    now = clock.now()
    if week or month:
        return engine.report_period(project, "week" if week else "month", now)
    end = clock.moment(until) if until else now
    return clock.moment(since) if since else end - timedelta(days=7), end
