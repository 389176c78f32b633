"""outbox: what was mailed to whom, what waits, what was given up and why; and try again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from console.cli import report_documents
from console.cli.paging import newest_of, rest_of
from console.cli.printing import Cell, document, say, table
from console.cli.report import STATES
from console.cli.session import Session, VerbGroup, limit_option, matching_option
from console.text.admin_tables import MAIL_TONES
from console.text.lines import Span

if TYPE_CHECKING:
    from engine.outbox.mails import Mail

HEADINGS = ("mail", "queued (UTC)", "state", "to", "about", "why")


@click.group(cls=VerbGroup, invoke_without_command=True)
@click.pass_context
def outbox(context: click.Context) -> None:
    """What was mailed to whom, the newest first, and what waits; 'outbox retry' tries again."""
    if context.invoked_subcommand is None:
        _list(context.ensure_object(Session), None, "")


@outbox.command("list")
@limit_option
@matching_option
@click.pass_obj
def list_outbox(session: Session, limit: int | None, matching: str) -> None:
    """Mails, the newest first: queued, sending, sent or failed."""
    _list(session, limit, matching)


def _list(session: Session, limit: int | None, matching: str) -> None:
    with session.engine() as engine:
        shown = newest_of(
            session,
            lambda offset, some: engine.outbox(offset=offset, limit=some, matching=matching),
            lambda row: row.id,
            limit,
            report_documents.mail,
        )
        if shown is None:
            return
        if not shown:
            say(f"No mail {'holds ' + matching if matching else 'was queued yet'}.")
            return
        table([_row(each) for each in shown], HEADINGS, right=["mail"], give_way=["queued (UTC)"])
        more = session.command("outbox list --limit N")
        rest_of(len(shown), None if matching else engine.count_outbox(), more)
        in_vain = engine.outbox_waits_in_vain()
        if in_vain:
            say(Span(in_vain, "watch"))


def _row(mail: Mail) -> tuple[Cell, ...]:
    why = mail.why or ("" if mail.state == "sent" else STATES[mail.state] if mail.attempts else "it waits for its turn")
    state = Span(mail.state, MAIL_TONES[mail.state])
    return str(mail.id), f"{mail.queued_at:%Y-%m-%d %H:%M}", state, mail.recipient, mail.subject, why


@outbox.command("retry")
@click.argument("mail", type=int, required=False)
@click.pass_obj
def retry(session: Session, mail: int | None) -> int:
    """Try MAIL now, or all that wait or were given up."""
    with session.engine() as engine:
        found = engine.retry_outbox(mail)
    if session.json:
        document([report_documents.mail(each) for each in found])
    elif found:
        table([_row(each) for each in found], HEADINGS, right=["mail"], give_way=["queued (UTC)"])
    else:
        say("There is nothing to try again.")
    return int(any(each.state != "sent" for each in found))
