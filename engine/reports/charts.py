"""A line over time, drawn by hand: the interval as a band, new versions marked, the limit as a dashed line.

Colours and sizes of text come from the page's style sheet, by class, so that dark mode, print and a narrow screen are
its business. A reader that shows no pictures has the title and the description.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from engine.reports.records import Dot

WIDTH, HEIGHT = 640, 232
_LEFT, _RIGHT, _TOP, _BOTTOM = 76, 20, 34, 36
_NEAR = 3.0  # A limit further away than this many times the line's own height would only flatten the line.
_APART = 70.0
_DOTS = 30  # More of them would be a thick line.


@dataclass(frozen=True)
class Mark:
    """One element of the drawing, in SVG's own words; ``text`` stands in it."""

    tag: str
    attributes: Mapping[str, str | int]
    text: str | None = None


@dataclass(frozen=True)
class Chart:
    """What ``parts.html`` draws, from the first mark to the last."""

    title: str
    description: str
    marks: Sequence[Mark]
    width: int = WIDTH
    height: int = HEIGHT


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


def line_chart(dots: Sequence[Dot], title: str, description: str, limit: float | None = None) -> Chart | None:
    """The chart of ``dots``, which are in order of time; None for fewer than two."""
    if len(dots) < 2:
        return None
    limit = limit if limit is not None and _is_near(dots, limit) else None
    ticks = _ticks(dots, limit)
    frame = _Frame(dots[0].at.timestamp(), dots[-1].at.timestamp(), ticks[0], ticks[-1])
    body = [*_grid(frame, ticks), *_band(frame, dots), *_limit(frame, dots, limit), *_versions(frame, dots)]
    body += [*_line(frame, dots), *_dates(frame, dots)]
    return Chart(title, description, body)


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


def _grid(frame: _Frame, ticks: Sequence[float]) -> Iterator[Mark]:
    step = ticks[1] - ticks[0]
    decimals = max(0, 1 - math.floor(math.log10(step))) if step < 10 else 0
    for tick in ticks:
        y = frame.y(tick)
        yield _straight("grid", (_LEFT, WIDTH - _RIGHT), (y, y))
        yield _word("tick", _LEFT - 10, f"{y:.1f}", "end", f"{tick:,.{decimals}f}", dy=".35em")


def _band(frame: _Frame, dots: Sequence[Dot]) -> Iterator[Mark]:
    """The interval, between neighbours that both have one; a lone one is a whisker."""
    known = [(frame.x(dot.at.timestamp()), dot) for dot in dots]
    for (x, a), (next_x, b) in pairwise(known):
        if a.low is not None and a.high is not None and b.low is not None and b.high is not None:
            corners = ((x, a.high), (next_x, b.high), (next_x, b.low), (x, a.low))
            points = " ".join(f"{px:.1f},{frame.y(value):.1f}" for px, value in corners)
            yield Mark("polygon", {"class": "band", "points": points})
    for x, dot in known:
        if dot.low is not None and dot.high is not None:
            top, bottom = frame.y(dot.high), frame.y(dot.low)
            yield _straight("whisker", (x, x), (top, bottom))


def _limit(frame: _Frame, dots: Sequence[Dot], limit: float | None) -> Iterator[Mark]:
    if limit is not None:
        y = frame.y(limit)
        yield _straight("limit", (_LEFT, WIDTH - _RIGHT), (y, y))
        # Beside the line where nothing is drawn: below one that is above all values.
        shift = "1.2em" if y < frame.y(dots[-1].value) else "-.4em"
        yield _word("limit-word", WIDTH - _RIGHT, f"{y:.1f}", "end", "limit", dy=shift)


def _versions(frame: _Frame, dots: Sequence[Dot]) -> Iterator[Mark]:
    """A mark wherever another version is in use than at the moment before; words only where there is room for them."""
    written = -math.inf
    for before, dot in pairwise((None, *dots)):
        assert dot is not None
        if before is not None and before.version == dot.version:
            continue
        x = frame.x(dot.at.timestamp())
        if before is not None:
            yield _straight("version", (x, x), (_TOP - 8, HEIGHT - _BOTTOM))
        if x - written >= _APART:
            name = "@" + dot.version.rpartition("@")[2]
            anchor = "end" if x > WIDTH - _RIGHT - 30 else "middle"
            yield _word("version-word", f"{x:.1f}", _TOP - 14, anchor, name)
            written = x


def _line(frame: _Frame, dots: Sequence[Dot]) -> Iterator[Mark]:
    places = [(frame.x(dot.at.timestamp()), frame.y(dot.value)) for dot in dots]
    yield Mark("polyline", {"class": "line", "points": " ".join(f"{x:.1f},{y:.1f}" for x, y in places)})
    for x, y in places[:-1] if len(places) <= _DOTS else ():
        yield _circle("dot", x, y, "3")
    yield _circle("now", *places[-1], "5.5")


def _dates(frame: _Frame, dots: Sequence[Dot]) -> Iterator[Mark]:
    middle = [dots[len(dots) // 2]] if len(dots) > 4 else []
    for dot, anchor in [(dots[0], "start"), *((each, "middle") for each in middle), (dots[-1], "end")]:
        x = frame.x(dot.at.timestamp())
        x = {"start": _LEFT, "end": WIDTH - _RIGHT}.get(anchor, x)
        day = f"{dot.at.day} {dot.at:%b}"
        yield _word("tick", f"{x:.1f}", HEIGHT - 8, anchor, day)


def _straight(kind: str, x: tuple[float, float], y: tuple[float, float]) -> Mark:
    ends = {"x1": x[0], "x2": x[1], "y1": y[0], "y2": y[1]}
    return Mark("line", {"class": kind, **{name: _place(at) for name, at in ends.items()}})


def _word(kind: str, x: int | str, y: int | str, anchor: str, text: str, **more: str) -> Mark:
    return Mark("text", {"class": kind, "x": x, "y": y, **more, "text-anchor": anchor}, text)


def _circle(kind: str, x: float, y: float, radius: str) -> Mark:
    return Mark("circle", {"class": kind, "cx": _place(x), "cy": _place(y), "r": radius})


def _place(at: float) -> str:
    """Whole where it is a place of the frame, else with one digit."""
    return f"{at}" if isinstance(at, int) else f"{at:.1f}"
