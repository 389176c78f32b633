"""A metric period by period in text: for a terminal without room for a chart, and without colour. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from console.text import cells
from console.text.lines import EMPTY, Line, Span, Tone, fit, line, pad, wrapped
from console.text.timeline import Mark, Timeline, TimelinePoint
from engine.text import plain

if TYPE_CHECKING:
    from engine.monitoring.look_document import LookDocument

STRIP = 25
MOST = 8
WHEN, VALUE = 8, 8


def heading(found: Timeline | None, metric: str) -> Line:
    """What is drawn, and what it is held against."""
    said = "   no whole period of it has been measured yet" if found is None else ""
    if found is not None and found.validated is not None:
        said = f"   validated with {cells.number(found.validated)}"
    return line(Span(f"{plain(metric, 40)} OVER TIME", "head"), Span(said, "dim"))


def swapped(found: Timeline, now: datetime, width: int) -> list[Line]:
    """The swaps that are marked, in words, the newest first."""
    if not found.marks:
        return []
    said = [f"{_named(mark)} {cells.ago(mark.at, now)}" for mark in found.marks[-4:]]
    return wrapped("│ " + ", ".join(reversed(said)), width, tone="dim", indent="  ", first="")[:2]


def _named(mark: Mark) -> str:
    """A mark in words; that a learner was reset says so by itself."""
    return mark.label if mark.kind == "reset" else f"{mark.label} {'live' if mark.kind == 'release' else 'back'}"


def strip_lines(found: Timeline, now: datetime, width: int) -> list[Line]:
    """A line for each of the newest points: when, value, and where it lies with its interval."""
    points = found.points[-MOST:]
    low, high = ends_of(points, found.validated)
    lines = []
    for place, point in enumerate(points):
        after = points[place + 1].at if place + 1 < len(points) else found.until
        marks = [mark for mark in found.marks if point.at <= mark.at <= after]
        lines.append(fit(_strip_line(point, found.validated, low, high, marks), width))
    return lines


def _strip_line(
    point: TimelinePoint, validated: float | None, low: float, high: float, marks: Sequence[Mark]
) -> Line:
    half = f" ±{cells.number((point.high - point.low) / 2)}" if point.low is not None and point.high is not None else ""
    said = ", ".join(map(_named, marks[-2:]))
    tone: Tone = "" if point.of_live else "dim"
    return line(
        Span(pad(f"{point.at.day:>2} {point.at:%b}", WHEN), "dim"),
        Span(pad(cells.number(point.value), VALUE, right=True) + pad(half, 10), tone),
        *_strip(point, validated, low, high, tone),
        Span(f"  {said}" if said else "", "key"),
    )


def _strip(point: TimelinePoint, validated: float | None, low: float, high: float, tone: Tone) -> Line:
    def place(value: float) -> int:
        return round((min(max(value, low), high) - low) / (high - low) * (STRIP - 1))

    drawn = ["·"] * STRIP
    if point.low is not None and point.high is not None:
        for at in range(place(point.low), place(point.high) + 1):
            drawn[at] = "─"
    if validated is not None:
        drawn[place(validated)] = "┊"
    drawn[place(point.value)] = "●" if point.of_live else "○"
    return tuple(Span(each, "rule" if each == "·" else "dim" if each == "┊" else tone) for each in drawn)


def ends_of(points: Sequence[TimelinePoint], validated: float | None) -> tuple[float, float]:
    """From where to where the scale goes, so that every interval and what it was validated with lie inside."""
    values = [v for p in points for v in (p.value, p.low, p.high) if v is not None]
    values += [validated] if validated is not None else []
    low, high = min(values), max(values)
    room = (high - low) * 0.05 or abs(high) * 0.05 or 1.0
    return low - room, high + room


def metric_lines(document: LookDocument, width: int) -> list[Line]:
    """Each metric now, with its interval, and when the version was validated; below it what is not mature yet."""
    metrics, problem = document.metrics, document.problem
    if not metrics:
        return wrapped(f"No metric can be told: {plain(problem)}", width, tone="dim") if problem else []
    name = max(10, *(len(each) for each in metrics))
    titles = f"{pad('NOW', name)}{pad('value', 10, right=True)}  {pad('95 % between', 18)}"
    titles += f"{pad('rows', 9, right=True)}{pad('validated', 12, right=True)}"
    lines: list[Line] = [fit((Span(titles, "head"),), width)]
    for metric, now in metrics.items():
        was = document.validated_value(metric)
        between = f"{cells.number(now.low)} to {cells.number(now.high)}" if now.low is not None else ""
        text = f"{pad(metric, name)}{pad(cells.number(now.value), 10, right=True)}  {pad(between, 18)}"
        text += f"{pad(format(now.n, ','), 9, right=True)}{pad(cells.number(was), 12, right=True)}"
        reasons = [plain(now.reason)] if now.reason else []
        reasons += ["it was not measured when it was validated"] if was is None else []
        lines.append(fit(line(text, Span("".join(f"  {each}" for each in reasons), "dim")), width))
    sentence = document.periods.sentence if document.periods is not None else None
    return [*lines, *(wrapped(plain(sentence), width, tone="dim") if sentence else [EMPTY][:0])]
