"""report: what business people want to know of a project and a period; to the screen, to a file, by mail."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from console.cli import report_documents
from console.cli.printing import Cell, document, say, table
from console.cli.session import Session, Verb
from console.text.admin_tables import MAIL_TONES
from console.text.lines import Span
from engine import clock

if TYPE_CHECKING:
    from engine.api import Engine
    from engine.outbox.mails import Mail
    from engine.reports.archive import KeptReport
    from engine.reports.records import Report, ReportPeriod

STANDARD_OUTPUT = "-"
STATES = {
    "sent": "it was taken",
    "queued": "it is tried again",
    "sending": "it is being sent",
    "failed": "it is given up",
    "over": "it was not sent",
    "held": "it waits for a later hour",
    "gathered": "another message tells it",
}


@click.command(cls=Verb)
@click.argument("project")
@click.option("--week", is_flag=True, help="The last whole week, in the project's own time zone.")
@click.option("--month", is_flag=True, help="The last whole month.")
@click.option("--since", metavar="TIME", help="From then on.  [default: seven days before the end]")
@click.option("--until", metavar="TIME", help="Up to then.  [default: now]")
@click.option(
    "-o", "--output", metavar="FILE", type=click.Path(path_type=Path, allow_dash=True),
    help="Write it to FILE: .html or .txt; - is standard output, which gets the page.",
)  # fmt: skip
@click.option("--send", is_flag=True, help="Mail it to everybody in [report] to who has not got it yet.")
@click.option(
    "--dry-run", metavar="FOLDER", type=click.Path(path_type=Path), help="Write the mails to FOLDER instead, as .eml."
)
@click.option("--list", "listed", is_flag=True, help="The reports that were kept; --kept shows one.")
@click.option("--kept", type=int, metavar="NUMBER", help="A kept report, exactly as it was sent.")
@click.pass_obj
def report(
    session: Session,
    project: str,
    week: bool,
    month: bool,
    since: str | None,
    until: str | None,
    output: Path | None,
    send: bool,
    dry_run: Path | None,
    listed: bool,
    kept: int | None,
) -> int:
    """How PROJECT did, for people who do not run it: its figures in words, what went live, what waits.

    Without a period: the last seven days.
    """
    if week + month + bool(since or until) > 1:
        raise click.UsageError("report takes one of --week, --month and --since with --until.")
    if send + (dry_run is not None) + listed + (kept is not None) > 1:
        raise click.UsageError("report takes one of --send, --dry-run, --list and --kept.")
    if str(output) == STANDARD_OUTPUT and (send or listed or dry_run is not None or session.json):
        raise click.UsageError("report -o - prints the page and nothing else; leave the others out.")
    with session.engine() as engine:
        if listed:
            return _list(session, engine.reports(project))
        if kept is not None:
            return _kept(session, engine, project, kept, output)
        found = engine.report(project, _period(engine, project, week, month, since, until))
        if str(output) == STANDARD_OUTPUT:
            return _page(engine.render_report(found, "html"))
        if output is not None:
            engine.write_report(found, output.expanduser())
        if send:
            return _sent(session, found, engine.send_report(found))
        if dry_run is not None:
            return _dry(session, engine.dry_run_report(found, dry_run.expanduser()))
        shown = engine.render_report(found, "text") if output is None and not session.json else ""
    _show(session, found, output, shown)
    return 0


def _period(
    engine: Engine, project: str, week: bool, month: bool, since: str | None, until: str | None
) -> ReportPeriod | tuple[datetime, datetime]:
    now = engine.now()
    if not (since or until):
        return engine.report_period(project, "week" if week else "month" if month else "days", now)
    end = clock.moment(until) if until else now
    return clock.moment(since) if since else end - timedelta(days=7), end


def _show(session: Session, found: Report, output: Path | None, text: str) -> None:
    if session.json:
        document(found.document() | ({"file": str(output)} if output else {}))
    elif output is not None:
        say(f"The report of {found.project} ({found.period.name}) is in {output}.")
        say(found.sentence, indent=2)
    for line in text.splitlines():
        say(line)


def _page(text: str) -> int:
    """A page for a browser, as it is: a program or a file gets it."""
    sys.stdout.write(text)
    return 0


def _sent(session: Session, found: Report, mails: Sequence[Mail]) -> int:
    """Exit code 1 when a mail was not taken: somebody who waits for it would not know."""
    if session.json:
        document([report_documents.mail(each) for each in mails])
    else:
        say(f"The report of {found.project} ({found.period.name}):")
        table([mail_row(each) for each in mails], indent=2)
    return int(any(each.state != "sent" for each in mails))


def mail_row(mail: Mail) -> tuple[Cell, ...]:
    """Who, what became of it, and why not."""
    why = mail.why or STATES[mail.state]
    if mail.state == "queued" and mail.next_try is not None and mail.attempts:
        why = f"{why} It is tried again at {mail.next_try:%H:%M} UTC."
    return mail.recipient, Span(mail.state, MAIL_TONES[mail.state]), why


def _dry(session: Session, files: Sequence[Path]) -> int:
    if session.json:
        document([str(path) for path in files])
        return 0
    say("Nothing was sent. This is what would be:")
    for path in files:
        say(str(path), indent=2)
    return 0


def _list(session: Session, found: Sequence[KeptReport]) -> int:
    if session.json:
        document([report_documents.kept(each) for each in found])
        return 0
    if not found:
        say("No report was kept yet: its schedule makes one, and so does --send.")
        return 0
    rows = [(str(each.id), f"{each.at:%Y-%m-%d %H:%M}", each.period, each.verdict, each.page[:12]) for each in found]
    table(rows, ("report", "made (UTC)", "period", "verdict", "page"), right=["report"])
    return 0


def _kept(session: Session, engine: Engine, project: str, number: int, output: Path | None) -> int:
    """A kept report lies in the store as it was sent, so it is written as it is."""
    if str(output) == STANDARD_OUTPUT:
        return _page(engine.kept_report(project, number, "html"))
    if output is not None:
        engine.write_kept_report(project, number, output.expanduser())
        say(f"Report {number} is in {output}, as it was sent.")
        return 0
    text = engine.kept_report(project, number, "text")
    if session.json:
        document({"report": number, "text": text})
        return 0
    for line in text.splitlines():
        say(line)
    return 0
