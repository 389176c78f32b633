"""Tokens in words: the columns of their list, one whole, and what is said where one is shown this once. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from console.text.lines import EMPTY, Column, Line, Span, Tone, line, pad, wrapped
from engine.access.token_records import NewToken, Standing, Token, listed
from engine.text import plain

# How long one that opens nothing any more stays in the list.
LISTED = timedelta(days=30)
_TONES: dict[Standing, Tone] = {
    "in force": "ok", "ends soon": "watch", "ended": "dim", "replaced": "dim", "revoked": "dim",
}  # fmt: skip
_GLYPHS: dict[Standing, str] = {"in force": "●", "ends soon": "▲", "ended": "○", "replaced": "○", "revoked": "○"}


def of_interest(found: Iterable[Token], now: datetime) -> tuple[Token, ...]:
    """Those that hold, and those that did until lately."""
    return tuple(each for each in found if each.holds(now) or now - each.until <= LISTED)


def projects(token: Token) -> str:
    """``flights, diamonds``, or that it is for all."""
    return ", ".join(token.projects) or "all"


def standing(token: Token, now: datetime) -> Span:
    """``● in force``."""
    said = token.standing(now)
    return Span(f"{_GLYPHS[said]} {said}", _TONES[said])


def until(token: Token) -> str:
    """``22 Feb 2027``."""
    return f"{token.until.day} {token.until:%b %Y}"


def used(token: Token) -> Span:
    """The last day on which it opened anything; more is not kept."""
    return Span(f"{token.used.day} {token.used:%b %Y}") if token.used is not None else Span("never", "dim")


COLUMNS: tuple[Column[Token], ...] = (
    Column("TOKEN", 12, lambda t, now: Span(plain(t.name), "strong"), grows=True),
    Column("MARK", 12, lambda t, now: Span(t.mark, "dim"), yields=2),
    Column("STANDING", 11, standing),
    Column("UNTIL", 11, lambda t, now: Span(until(t)), right=True),
    Column("USED", 11, lambda t, now: used(t), right=True, yields=1),
    Column("MAY", 19, lambda t, now: Span(" ".join(t.scopes))),
    Column("PROJECTS", 10, lambda t, now: Span(plain(projects(t), 200)), grows=True),
    Column("BY", 8, lambda t, now: Span(plain(t.made_by), "dim"), yields=3),
)  # fmt: skip
HEADS = tuple(each.title for each in COLUMNS)


def row(token: Token, now: datetime) -> tuple[str, ...]:
    """It for the terminal, as the list has it."""
    return tuple(each.cell(token, now).text for each in COLUMNS)


def opens(token: Token) -> str:
    """``It opens score and read of flights until 22 Feb 2027 12:00 UTC.``"""
    what = f"of {listed(token.projects)}" if token.projects else "of all projects"
    return f"It opens {listed(token.scopes)} {what} until {token.until:%d %b %Y %H:%M} UTC."


def token_lines(token: Token, now: datetime, width: int) -> list[Line]:
    """One token, whole."""
    ended = []
    if token.replaced_at is not None:
        ended.append(("replaced", f"by another, from {token.replaced_at:%d %b %Y %H:%M} UTC on; {token.replaced_by}"))
    if token.revoked_at is not None:
        ended.append(("revoked", f"{token.revoked_at:%d %b %Y %H:%M} UTC; {token.revoked_by}"))
    said = (
        ("token", token.name), ("mark", f"{token.mark}; it begins with that, and the rest is kept nowhere"),
        ("standing", standing(token, now).text), ("may", listed(token.scopes)), ("projects", projects(token)),
        ("made", f"{token.made_at:%d %b %Y %H:%M} UTC by {token.made_by}"), ("because", token.reason),
        ("ends", f"{token.ends_at:%d %b %Y %H:%M} UTC"), *ended,
        ("last used", f"{token.used:%d %b %Y}" if token.used is not None else "never"),
    )  # fmt: skip
    lines: list[Line] = [line(Span(token.name, "strong")), EMPTY]
    for name, text in said:
        first, *rest = wrapped(plain(text, 4000), width - 12) or [EMPTY]
        lines += [line(Span(pad(name, 12), "dim"), *first), *(line(" " * 12, *each) for each in rest)]
    return lines


def new_token_lines(made: NewToken, width: int) -> list[Line]:
    """A token, this once. It stands on a line of its own, which no terminal breaks: it has 56 characters."""
    return [
        line(Span(made.text, "strong")),
        EMPTY,
        *wrapped(opens(made.token), width),
        *wrapped(
            "It is shown this once and kept nowhere: copy it now, to where its program keeps what is secret. It comes "
            "with the header 'Authorization: Bearer TOKEN'.",
            width,
            tone="watch",
        ),
    ]
