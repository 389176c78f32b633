"""A line over time as SVG, written by hand: the interval as a band, new versions marked, the limit as a dashed line.

Colours and sizes of text come from the page's style sheet, by class, so that dark mode, print and a narrow screen are
its business. A reader that shows no pictures has the title and the description.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from engine.reports.records import Dot

WIDTH, HEIGHT = 640, 232
_LEFT, _RIGHT, _TOP, _BOTTOM = 76, 20, 34, 36
_NEAR = 3.0  # A limit further away than this many times the line's own height would only flatten the line.
_APART = 70.0
_DOTS = 30  # More of them would be a thick line.


@dataclass(frozen=True)
class _Frame:
    """Where a moment and a value lie on the page."""

    start: float
    end: float
    low: float
    high: float

    def x(self, at: float) -> float:
        inside = WIDTH - _LEFT - _RIGHT
        if self.end == self.start:
            return _LEFT + inside / 2
        return _LEFT + inside * (at - self.start) / (self.end - self.start)

    def y(self, value: float) -> float:
        return _TOP + (HEIGHT - _TOP - _BOTTOM) * (self.high - value) / (self.high - self.low)


def line_chart(dots: Sequence[Dot], title: str, description: str, limit: float | None = None) -> str:
    """The chart of ``dots``, which are in order of time; '' for fewer than two."""
    if len(dots) < 2:
        return ""
    limit = limit if limit is not None and _is_near(dots, limit) else None
    ticks = _ticks(dots, limit)
    frame = _Frame(dots[0].at.timestamp(), dots[-1].at.timestamp(), ticks[0], ticks[-1])
    body = [*_grid(frame, ticks), *_band(frame, dots), *_limit(frame, dots, limit), *_versions(frame, dots)]
    body += [*_line(frame, dots), *_dates(frame, dots)]
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title><desc>{escape(description)}</desc>{''.join(body)}</svg>"
    )


def _reach(dots: Sequence[Dot]) -> tuple[float, float]:
    lows = [dot.value if dot.low is None else min(dot.low, dot.value) for dot in dots]
    highs = [dot.value if dot.high is None else max(dot.high, dot.value) for dot in dots]
    return min(lows), max(highs)


def _is_near(dots: Sequence[Dot], limit: float) -> bool:
    low, high = _reach(dots)
    return low - _NEAR * (high - low) <= limit <= high + _NEAR * (high - low)


def _ticks(dots: Sequence[Dot], limit: float | None) -> list[float]:
    """Three to six round values that hold all that is drawn between the first and the last."""
    low, high = _reach(dots)
    if limit is not None:
        low, high = min(low, limit), max(high, limit)
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        room = abs(high) / 10 or 1.0
        low, high = low - room, high + room
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * each for each in (1, 2, 2.5, 5, 10) if power * each >= rough)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [number * step for number in range(first, last + 1)]


def _grid(frame: _Frame, ticks: Sequence[float]) -> Iterator[str]:
    step = ticks[1] - ticks[0]
    decimals = max(0, 1 - math.floor(math.log10(step))) if step < 10 else 0
    for tick in ticks:
        y = frame.y(tick)
        yield f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        word = f"{tick:,.{decimals}f}"
        yield f'<text class="tick" x="{_LEFT - 10}" y="{y:.1f}" dy=".35em" text-anchor="end">{word}</text>'


def _band(frame: _Frame, dots: Sequence[Dot]) -> Iterator[str]:
    """The interval, between neighbours that both have one; a lone one is a whisker."""
    known = [(frame.x(dot.at.timestamp()), dot) for dot in dots]
    for (x, a), (next_x, b) in pairwise(known):
        if a.low is not None and a.high is not None and b.low is not None and b.high is not None:
            corners = ((x, a.high), (next_x, b.high), (next_x, b.low), (x, a.low))
            points = " ".join(f"{px:.1f},{frame.y(value):.1f}" for px, value in corners)
            yield f'<polygon class="band" points="{points}"/>'
    for x, dot in known:
        if dot.low is not None and dot.high is not None:
            top, bottom = frame.y(dot.high), frame.y(dot.low)
            yield f'<line class="whisker" x1="{x:.1f}" x2="{x:.1f}" y1="{top:.1f}" y2="{bottom:.1f}"/>'


def _limit(frame: _Frame, dots: Sequence[Dot], limit: float | None) -> Iterator[str]:
    if limit is not None:
        y = frame.y(limit)
        yield f'<line class="limit" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        # Beside the line where nothing is drawn: below one that is above all values.
        shift = "1.2em" if y < frame.y(dots[-1].value) else "-.4em"
        yield f'<text class="limit-word" x="{WIDTH - _RIGHT}" y="{y:.1f}" dy="{shift}" text-anchor="end">limit</text>'


def _versions(frame: _Frame, dots: Sequence[Dot]) -> Iterator[str]:
    """A mark wherever another version is in use than at the moment before; words only where there is room for them."""
    written = -math.inf
    for before, dot in pairwise((None, *dots)):
        assert dot is not None
        if before is not None and before.version == dot.version:
            continue
        x = frame.x(dot.at.timestamp())
        if before is not None:
            yield f'<line class="version" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP - 8}" y2="{HEIGHT - _BOTTOM}"/>'
        if x - written >= _APART:
            name = escape("@" + dot.version.rpartition("@")[2])
            anchor = "end" if x > WIDTH - _RIGHT - 30 else "middle"
            yield f'<text class="version-word" x="{x:.1f}" y="{_TOP - 14}" text-anchor="{anchor}">{name}</text>'
            written = x


def _line(frame: _Frame, dots: Sequence[Dot]) -> Iterator[str]:
    places = [(frame.x(dot.at.timestamp()), frame.y(dot.value)) for dot in dots]
    yield f'<polyline class="line" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in places)}"/>'
    for x, y in places[:-1] if len(places) <= _DOTS else ():
        yield f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="3"/>'
    yield f'<circle class="now" cx="{places[-1][0]:.1f}" cy="{places[-1][1]:.1f}" r="5.5"/>'


def _dates(frame: _Frame, dots: Sequence[Dot]) -> Iterator[str]:
    middle = [dots[len(dots) // 2]] if len(dots) > 4 else []
    for dot, anchor in [(dots[0], "start"), *((each, "middle") for each in middle), (dots[-1], "end")]:
        x = frame.x(dot.at.timestamp())
        x = {"start": _LEFT, "end": WIDTH - _RIGHT}.get(anchor, x)
        day = f"{dot.at.day} {dot.at:%b}"
        yield f'<text class="tick" x="{x:.1f}" y="{HEIGHT - 8}" text-anchor="{anchor}">{day}</text>'
