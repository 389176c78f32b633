"""routes: whom news reaches, and when: quiet hours, digests, escalation, and where people are reached."""

from __future__ import annotations

import click

from console.cli import duty_documents as documents
from console.cli.paging import newest_of
from console.cli.printing import Cell, document, say, table
from console.cli.session import Session, VerbGroup, limit_option, reason_option
from console.text import duty_lines
from console.text.lines import Span
from engine.routing.records import Route, Routed


@click.group(cls=VerbGroup, invoke_without_command=True)
@click.pass_context
def routes(context: click.Context) -> None:
    """Whom news reaches and when: quiet hours, digests, escalation; add, quiet, remove, history."""
    if context.invoked_subcommand is None:
        _list(context.ensure_object(Session))


@routes.command("list")
@click.pass_obj
def list_routes(session: Session) -> None:
    """The routes that are in force."""
    _list(session)


def _list(session: Session) -> None:
    with session.engine() as engine:
        found = engine.routes()
    if session.json:
        document([documents.route(each) for each in found])
    elif found:
        table([_row(each) for each in found], ("route", "who", "does", "how"), right=["route"])
    else:
        say("Nothing is routed: news goes at once to whom each project names.")
        say(f"Quiet hours of your own: {session.decision('routes quiet 22:00-07:00 Europe/Berlin')}")


def _row(each: Route) -> tuple[Cell, ...]:
    return str(each.id), Span(each.who, "strong"), each.kind, each.sentence


@routes.command("add")
@click.argument("words", nargs=-1, required=True)
@reason_option
@click.pass_obj
def add_route(session: Session, words: tuple[str, ...], reason: str) -> None:
    """Put a route in force; only an admin may.

    \b
    reach ada ada@example.org                      where somebody is reached
    quiet ada 22:00-07:00 mon-fri Europe/Berlin    quiet hours; 'except nothing' holds what is failing too
    digest ada 08:00 Europe/Berlin                 what is not failing, once a day in one message
    escalate on-duty 30m                           a failing alert that nobody has taken on for so long
    """
    with session.engine() as engine:
        found = engine.add_route(" ".join(words), reason)
    _say(session, found)


@routes.command("quiet")
@click.argument("words", nargs=-1, required=True)
@reason_option
@click.pass_obj
def choose_quiet_hours(session: Session, words: tuple[str, ...], reason: str) -> None:
    """Your own quiet hours from now on, such as 22:00-07:00 mon-fri Europe/Berlin; 'none' takes them away."""
    with session.engine() as engine:
        found = engine.choose_quiet_hours(" ".join(words), reason)
    if found is not None:
        _say(session, found)
    elif session.json:
        document(None)
    else:
        say("You have no quiet hours any more.")


def _say(session: Session, found: Route) -> None:
    if session.json:
        document(documents.route(found))
    else:
        say(f"Route {found.id} is in force: {found.who}: {found.sentence}.")


@routes.command("remove")
@click.argument("route", type=int)
@reason_option
@click.pass_obj
def remove_route(session: Session, route: int, reason: str) -> None:
    """Put ROUTE, a number, out of force; only an admin may. What it holds back is sent within a day."""
    with session.engine() as engine:
        found = engine.remove_route(route, reason)
    if session.json:
        document(documents.route(found))
    else:
        say(f"Route {found.id} is out of force: {found.who}: {found.sentence}.")


@routes.command("history")
@limit_option
@click.pass_obj
def history(session: Session, limit: int | None) -> None:
    """What routes have done, the newest first: digests, and the steps of escalations."""
    with session.engine() as engine:
        shown = newest_of(
            session,
            lambda offset, some: engine.routed(offset=offset, limit=some),
            lambda row: row.id,
            limit,
            documents.routed,
        )
        if shown is None:
            return
    if shown:
        table([_done(each) for each in shown], ("at (UTC)", "route", "who", "what"), right=["route"])
    else:
        say("No route has done anything yet.")


def _done(each: Routed) -> tuple[Cell, ...]:
    return f"{each.at:%Y-%m-%d %H:%M}", str(each.route), each.who, duty_lines.routed_sentence(each)
