"""What a tall overview says of the selected project: its metric over time, what waits, its last events. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from console.text import cells
from console.text.health_lines import in_order, key_of
from console.text.lines import EMPTY, Line, Span, Tone, beside, cut, fit, line, pad, wrapped
from console.text.period_lines import heading, strip_lines, swapped
from console.text.timeline import timeline
from engine.text import plain

if TYPE_CHECKING:
    from console.queries.recent_question import Recent
    from engine.monitoring.records import Alert

TWO_COLUMNS, METRIC = 118, 70
EVENTS, WAITING, AGE = 5, 4, 9
LEAST_EVENTS = 3  # lines, with the blank one before them
_WENT = {"release": "↑ {} made live", "rollback": "↩ back to {}"}


def recent_lines(found: Recent, now: datetime, width: int, rows: int) -> list[Line]:
    """At most ``rows`` lines: in two columns where there is room for them, else one part below the other."""
    inner, room = width - 4, rows - 1
    if width >= TWO_COLUMNS:
        right = inner - METRIC - 2
        lines = beside(_metric(found, now, METRIC, room), _told(found, now, right, room), METRIC, right)
    else:
        lines = _metric(found, now, inner, max(3, room // 3))
        lines += [EMPTY, *_told(found, now, inner, room - len(lines) - 1)]
    return [(Span("─" * width, "rule"),), *(line("   ", *each) if each else EMPTY for each in lines[:room])]


def _metric(found: Recent, now: datetime, width: int, room: int) -> list[Line]:
    metric = found.metric
    if metric is None:
        return [line(Span("No metric is known of it yet.", "dim"))]
    shown = timeline(found.over_time, metric)
    lines = [heading(shown, metric)]
    if shown is not None:
        marks = swapped(shown, now, width)
        points = strip_lines(shown, now, width)
        lines += marks if len(marks) + len(points) + 1 <= room else []
        lines += points[-max(1, room - len(lines)) :]
    return [fit(each, width) for each in lines]


def _told(found: Recent, now: datetime, width: int, room: int) -> list[Line]:
    """What waits and what happened, each whole in up to three lines where there is room for that, else cut."""
    for most in (3, 2, 1):
        waiting = _waiting(found, now, width, most)[: max(2, room - LEAST_EVENTS)]
        lines = [*waiting, EMPTY, *_events(found, now, width, most)]
        if len(lines) <= room:
            break
    return lines[:room]


def _waiting(found: Recent, now: datetime, width: int, most: int) -> list[Line]:
    """Each with the key that leads to it."""
    waits = list(_waits(found, now))
    if not waits:
        return [line(Span("NOTHING WAITS", "head"))]
    lines: list[Line] = [line(Span("WHAT WAITS", "head"))]
    for key, tone, text in waits[:WAITING]:
        lines += _entry(Span(f"{key}  ", "key"), tone, text, width, most)
    more = len(waits) - WAITING
    return [*lines, line(Span(f"   and {more} more", "dim"))] if more > 0 else lines


def _waits(found: Recent, now: datetime) -> Iterator[tuple[str, Tone, str]]:
    status = found.over_time.health.status
    for place, version in enumerate(status.candidates):
        what = plain(version.said) if version.said else "for a decision"
        made = f"{version.label} {what}: {cells.comparison(version)}, made {cells.ago(version.made_at, now)}"
        yield "2" if place else "c", "", made
    keys: dict[str, list[Alert]] = {}  # what alerts propose; why they are there stands in the detail
    for alert in in_order(found.over_time.health.alerts, now):
        if not alert.quiet(now):
            keys.setdefault(key_of(alert.act) or "h", []).append(alert)
    for key, alerts in keys.items():
        first = alerts[0]
        told = "1 alert" if len(alerts) == 1 else f"{len(alerts):,} alerts, the first"
        yield key, first.severity, f"{cells.GLYPHS[first.severity]} {told}: {plain(first.act)}"
    if status.live is None and not status.candidates and status.active_run is None:
        yield "r", "", "a first retrain: nothing is live yet"


class Event(NamedTuple):
    at: datetime
    tone: Tone
    text: str


def events(found: Recent) -> list[Event]:
    """Swaps, alerts raised and over, runs that failed; the newest first."""
    told = [
        Event(swap.at, "", f"{_WENT[swap.kind].format(swap.label)} by {swap.actor}: {plain(swap.reason)}")
        for swap in found.over_time.swaps
    ]
    for alert in found.alerts:
        told.append(Event(alert.raised_at, alert.severity, f"{cells.GLYPHS[alert.severity]} alert: {plain(alert.why)}"))
        if alert.resolved_at is not None:
            told.append(Event(alert.resolved_at, "dim", f"● over: {plain(alert.why)}"))
    for run in found.failed:
        said = f"■ {run.job} {run.state}: {plain(run.why or 'it left no reason')} (run {run.id})"
        told.append(Event(run.ended_at or run.queued_at, "failing", said))
    return sorted(told, key=lambda event: event.at, reverse=True)


def _events(found: Recent, now: datetime, width: int, most: int) -> list[Line]:
    told = events(found)[:EVENTS]
    if not told:
        return [line(Span("NOTHING HAPPENED YET", "head"))]
    lines: list[Line] = [line(Span("LAST EVENTS", "head"))]
    for event in told:
        age = Span(pad(cells.age(event.at, now), AGE - 2, right=True) + "  ", "dim")
        lines += _entry(age, event.tone, event.text, width, most)
    return lines


def _entry(first: Span, tone: Tone, text: str, width: int, most: int) -> Sequence[Line]:
    """``text`` behind ``first``, in at most so many lines."""
    indent = len(first.text)
    room = max(10, width - indent)
    found = ["".join(part.text for part in each) for each in wrapped(text, room)]
    if len(found) > most:
        found = [*found[: most - 1], cut(" ".join(found[most - 1 :]), room)]
    return [line(first if place == 0 else " " * indent, Span(each, tone)) for place, each in enumerate(found)]
