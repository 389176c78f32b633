"""Where a row, a file, a run or a version leads to, in lines. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from console.text import cells
from console.text.lines import EMPTY, Line, Span, line, wrapped
from engine.jobs.score.records import Origin, Release, Scoring, Trace
from engine.jobs.score.releases import in_force
from engine.text import plain

NAME = 14
_INDENT = " " * (NAME + 1)


def trace_lines(found: Trace, now: datetime, width: int) -> list[Line]:
    """All of it: the row, what wrote it, the version, who approved it, and what was written."""
    lines = list[Line]()
    if found.row is not None:
        lines += [line(Span(f"Row {found.row.number:,}", "head")), *_values(found.row.values, width), EMPTY]
    if found.whole is False:
        said = f"{found.asked} is not the file as it was written: it was changed since. What its rows say is told."
        lines += [*wrapped(said, width, tone="watch"), EMPTY]
    if found.origin is not None:
        lines += [*_origin(found.origin, width), EMPTY]
    lines += [*_approved(found, width), EMPTY]
    return [*lines, *_scorings(found, now, width)]


def _values(values: tuple[tuple[str, str], ...], width: int) -> Iterator[Line]:
    for name, value in values:
        yield from _named(name, value, width)


def _named(name: str, text: str, width: int) -> list[Line]:
    first, *rest = wrapped(text, max(width - NAME - 1, 20)) or [EMPTY]
    head = Span(plain(name, 60).ljust(NAME) + " ", "dim")
    return [line(head, *first), *(line(_INDENT, *each) for each in rest)]


def _origin(found: Origin, width: int) -> Iterator[Line]:
    yield line(Span(found.label, "strong"), f"  {found.state}, made {cells.day(found.made_at)} by run {found.run}")
    yield from _named("digest", found.digest, width)
    if found.missing is not None:
        yield from _named("content", found.missing, width)
        return
    yield from _named("asked for by", found.requested_by or cells.NOTHING, width)
    yield from _named("code", found.code or cells.NOTHING, width)
    yield from _named("data", f"{found.data}, digest {(found.data_digest or '')[:16]}", width)
    yield from _named("environment", f"{found.environment}, lock {(found.environment_digest or '')[:16]}", width)


def _approved(found: Trace, width: int) -> Iterator[Line]:
    if not found.releases:
        yield from _named("approved", "never live here, so nobody approved it", width)
    for each in found.releases:
        yield from _named("approved", approved(each), width)


def approved(found: Release) -> str:
    """``by ada: better; live from 9 Nov 2026 03:04 UTC until …``."""
    move, until = found.deployment, found.until
    ended = f"until {until:%d %b %Y %H:%M} UTC" if until else "and still"
    verb = "rolled back to" if move.kind == "rollback" else "approved"
    return (
        f"{verb} by {', '.join(found.approved_by)}: {plain(move.reason, 300).rstrip('.')}; live from "
        f"{move.at:%d %b %Y %H:%M} UTC {ended}"
    )


def _scorings(found: Trace, now: datetime, width: int) -> Iterator[Line]:
    if not found.scorings:
        yield from wrapped("It has scored no file and no table.", width, tone="dim")
        return
    more = f", the newest of {found.total:,}" if found.total > len(found.scorings) else ""
    yield line(Span(f"What was written{more}", "head"))
    for each in found.scorings:
        yield from _scoring(each, found.releases, now, width)


def _scoring(each: Scoring, releases: tuple[Release, ...], now: datetime, width: int) -> Iterator[Line]:
    rows = "" if each.rows is None else f"{each.rows:,} rows "
    state = Span("", "") if each.ended_at else Span("  did not come to its end", "failing")
    yield line(Span(f"run {each.run}", "strong"), f"  {cells.ago(each.at, now)}  {rows}by {each.label}", state)
    yield from _named("from", each.input, width)
    yield from _named("", f"digest {each.input_digest or 'not known'}", width)
    yield from _named("to", each.output, width)
    if each.digest is not None:
        yield from _named("", f"digest {each.digest}", width)
    if each.named != each.run:
        yield from _named("", f"its rows name run {each.named}, which wrote this very thing first", width)
    release = in_force(releases, each)
    if release is None:
        yield from _named("", f"{each.label} was not live then; somebody asked for it with --version", width)
