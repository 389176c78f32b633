"""tokens: which programs may ask for predictions, give feedback or read, by what they come with, and until when."""

from __future__ import annotations

from datetime import datetime, timedelta

import click

from console.cli.printing import document, say, table
from console.cli.session import Session, VerbGroup, reason_option
from console.cli.token_documents import token_document
from console.text import token_lines
from console.text.lines import Span
from engine import clock
from engine.access.token_records import SCOPES, NewToken, listed
from engine.projects.manifest.durations import parse_duration


@click.group(cls=VerbGroup, invoke_without_command=True)
@click.pass_context
def tokens(context: click.Context) -> None:
    """Which programs may score, give feedback or read, and until when."""
    if context.invoked_subcommand is None:
        _shown(context.ensure_object(Session), every=False)


@tokens.command("list")
@click.option("--all", "every", is_flag=True, help="Also those that ended more than 30 days ago.")
@click.pass_obj
def list_tokens(session: Session, every: bool) -> None:
    """The tokens that there are, with when each was last used; none of them with what opens anything."""
    _shown(session, every=every)


def _shown(session: Session, *, every: bool) -> None:
    with session.engine() as engine:
        found = engine.tokens()
    now = session.now()
    if session.json:
        document([token_document(each, now) for each in found])
        return
    shown = found if every else token_lines.of_interest(found, now)
    if not shown:
        say("There is no token: no program comes in by one.")
        return
    table([token_lines.row(each, now) for each in shown], token_lines.HEADS)
    if len(shown) < len(found):
        say(f"{len(found) - len(shown):,} more ended long ago: {session.act('tokens list --all')}")


@tokens.command("make")
@click.argument("name")
@click.option(
    "--scope", "scopes", type=click.Choice(SCOPES), multiple=True, required=True,
    help="What it may; more than once for more.",
)  # fmt: skip
@click.option("--project", "projects", metavar="NAME", multiple=True, help="For this project; more than once for more.")
@click.option("--all-projects", "everywhere", is_flag=True, help="For every project, those to come too.")
@click.option("--until", metavar="TIME", required=True, help="When it ends, such as 2027-03-01; at most a year on.")
@reason_option
@click.pass_obj
def make_token(
    session: Session, name: str, scopes: tuple[str, ...], projects: tuple[str, ...], everywhere: bool, until: str,
    reason: str,
) -> None:  # fmt: skip
    """Make a token called NAME, which is shown this once. Only an admin may. For example:

    tokens make shop --scope score --project flights --until 2027-03-01 --reason 'the shop asks before it sells'
    """
    if bool(projects) == everywhere:
        raise click.UsageError("make needs --project NAME, or --all-projects, and not both.")
    end = _moment(until)
    with session.engine() as engine:
        made = engine.make_token(name, projects, scopes, end, reason)
    _told(session, made)


@tokens.command("rotate")
@click.argument("name")
@click.option(
    "--overlap", metavar="SPAN", required=True,
    help="How long the old one goes on besides, such as 7d; at most 30d, 0s for not at all.",
)  # fmt: skip
@click.option("--until", metavar="TIME", help="When the new one ends.  [default: as long as the old one was made for]")
@reason_option
@click.pass_obj
def rotate_token(session: Session, name: str, overlap: str, until: str | None, reason: str) -> None:
    """Make a token that takes the place of the one called NAME, for the same. Only an admin may."""
    goes_on = parse_duration(overlap)
    if goes_on is None:
        raise click.UsageError(f"--overlap '{overlap[:20]}' is no length of time; write it like 7d or 12h.")
    end = _moment(until) if until is not None else None
    with session.engine() as engine:
        made = engine.rotate_token(name, goes_on, reason, ends_at=end)
        old = next((each for each in engine.tokens() if each.name == name and each.mark != made.token.mark), None)
    _told(session, made)
    if not session.json and old is not None:
        say(f"The old one, {old.mark}, {_goes_on(goes_on, old.until)}")


def _goes_on(overlap: timedelta, until: datetime) -> str:
    return f"goes on until {until:%d %b %Y %H:%M} UTC." if overlap else "opens nothing any more."


@tokens.command("revoke")
@click.argument("token")
@reason_option
@click.pass_obj
def revoke_token(session: Session, token: str, reason: str) -> None:
    """Let TOKEN open nothing from now on: every one of that name, or the one whose mark (lvf_…) it is."""
    with session.engine() as engine:
        ended = engine.revoke_token(token, reason)
    if session.json:
        document([token_document(each, session.now()) for each in ended])
        return
    marks, opens = listed(tuple(each.mark for each in ended)), "opens" if len(ended) == 1 else "open"
    say(f"{marks} of '{ended[0].name}' {opens} nothing any more, from the next request on.")


def _moment(text: str) -> datetime:
    return clock.moment(text)


def _told(session: Session, made: NewToken) -> None:
    if session.json:
        document(token_document(made.token, session.now()) | {"token": made.text})
        return
    say(Span(made.text, "strong"))
    say(f"{token_lines.opens(made.token)} It is shown this once.")
    say(f"Take it back: {session.decision(f'tokens revoke {made.token.name}')}", indent=2)
