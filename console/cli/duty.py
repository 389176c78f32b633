"""handover: who is on duty, and giving that to the next one with what is open and what was promised."""

from __future__ import annotations

import click

from console.cli import duty_documents as documents
from console.cli.paging import MOST_SHOWN, newest
from console.cli.printing import Cell, document, lines, room, say, table
from console.cli.session import Session, VerbGroup, limit_option
from console.text import duty_lines
from console.text.lines import Span
from engine.routing.duty_records import Handover


@click.group(cls=VerbGroup, invoke_without_command=True)
@click.option("--to", metavar="OPERATOR", help="Hand over to OPERATOR; they are on duty once they take it.")
@click.option("--note", default="", metavar="TEXT", help="With --to: your words to them.")
@click.option("--preview", is_flag=True, help="What is open and what was promised now; nothing is handed over.")
@limit_option
@click.pass_context
def handover(context: click.Context, to: str | None, note: str, preview: bool, limit: int | None) -> None:
    """Who is on duty and all hand-overs; --to hands over, 'handover take' takes over."""
    session = context.ensure_object(Session)
    if context.invoked_subcommand is not None:
        if to is not None or preview or limit is not None:
            raise click.UsageError("--to, --preview and --limit go without another word.")
    elif limit is not None and (to is not None or preview):
        raise click.UsageError("--limit is for the list of all hand-overs; leave out --to and --preview.")
    elif to is not None:
        _offer(session, to, note)
    elif preview:
        _preview(session)
    else:
        _list(session, limit)


def _offer(session: Session, to: str, note: str) -> None:
    with session.engine() as engine:
        found = engine.hand_over(to, note)
        matters = engine.handover(found.id)[1]
    if session.json:
        document({**documents.handover(found), "matters": documents.matters(matters)})
        return
    lines(duty_lines.handover_lines(found, matters, min(room(), 100)))
    still = f"{found.former} stays on duty" if found.former else "nobody is on duty"
    say()
    say(f"Offered to {found.to}; {still} until they take it: {session.act('handover take')}")


def _preview(session: Session) -> None:
    with session.engine() as engine:
        found = engine.matters()
    if session.json:
        document(documents.matters(found))
    else:
        lines(duty_lines.matter_lines(found, min(room(), 100)))


def _list(session: Session, limit: int | None) -> None:
    most = limit if session.json else limit or MOST_SHOWN
    with session.engine() as engine:
        duty, me = engine.on_duty(), engine.operator.name
        pages = newest(lambda offset, some: engine.handovers(offset=offset, limit=some), lambda each: each.id, most)
        found = list(pages)
    if session.json:
        document({"on_duty": documents.on_duty(duty), "handovers": [documents.handover(each) for each in found]})
        return
    say(Span(duty_lines.standing(duty, me, session.now()), "strong"))
    if found:
        table([_row(each) for each in found], ("no.", "offered (UTC)", "state", "from", "to", "note"), right=["no."])
    if duty.operator is None or duty.offered_to == me:
        say(f"Take over: {session.act('handover take')}")


def _row(each: Handover) -> tuple[Cell, ...]:
    state = Span(each.state, duty_lines.STATES[each.state])
    return str(each.id), f"{each.offered_at:%Y-%m-%d %H:%M}", state, each.former or "–", each.to, each.note


@handover.command("take")
@click.option("--reason", default="", metavar="TEXT", help="Why, where nobody has handed over to you.")
@click.pass_obj
def take(session: Session, reason: str) -> None:
    """Go on duty: what was handed over to you, or what nobody has; from somebody else only with --reason.

    Whoever is on duty takes back what they offered.
    """
    with session.engine() as engine:
        found = engine.take_over(reason)
        matters = engine.handover(found.id)[1]
        me = engine.operator.name
    if session.json:
        document({**documents.handover(found), "matters": documents.matters(matters)})
        return
    if found.state == "withdrawn":
        say(f"{me} stays on duty; what was offered to {found.to} is taken back.")
        return
    lines(duty_lines.handover_lines(found, matters, min(room(), 100)))
    say()
    say(f"{found.to} is on duty now.")


@handover.command("show")
@click.argument("number", type=int)
@click.pass_obj
def show(session: Session, number: int) -> None:
    """Hand-over NUMBER with what was open and what was promised then."""
    with session.engine() as engine:
        found, matters = engine.handover(number)
    if session.json:
        document({**documents.handover(found), "matters": documents.matters(matters)})
    else:
        lines(duty_lines.handover_lines(found, matters, min(room(), 100)))
