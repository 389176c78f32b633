"""Requests over time as a chart: a second, with those that failed, or how long answers took, p50 to p99."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from textual_plot.axis_formatter import AxisFormatter

from console.text import cells
from console.text.request_lines import RequestCurves
from console.widgets.chart import DAY, Chart, Days

_CUT = 0.02  # so near to the right end half of what stands below a tick would be cut off
STEPS = (300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 10800.0, 21600.0)


class Moments(AxisFormatter):
    """Ticks at round times of the day (UTC) where it is about hours, at midnight where it is about days."""

    def __init__(self) -> None:
        self._days = Days()

    def get_ticks(self, min_: float, max_: float, max_ticks: int = 8) -> list[float]:
        if max_ - min_ > 2 * DAY:
            return self._days.get_ticks(min_, max_, max_ticks)
        step = next((each for each in STEPS if (max_ - min_) / each <= max_ticks), STEPS[-1])
        first, last = -(-min_ // step) * step, max_ - (max_ - min_) * _CUT
        return [first + n * step for n in range(int((last - first) // step) + 1)]

    def get_labels_for_ticks(self, ticks: Sequence[float]) -> list[str]:
        if len(ticks) > 1 and ticks[1] - ticks[0] >= DAY:
            return self._days.get_labels_for_ticks(ticks)
        return [f"{datetime.fromtimestamp(tick, UTC):%H:%M}" for tick in ticks]


class FromZero(AxisFormatter):
    """Three numbers, the lowest of them nothing."""

    def get_ticks(self, min_: float, max_: float, max_ticks: int = 3) -> list[float]:
        return [max_ * part for part in (0.0, 0.46, 0.92)]

    def get_labels_for_ticks(self, ticks: Sequence[float]) -> list[str]:
        return [cells.number(tick) for tick in ticks]


class RequestChart(Chart, can_focus=False):
    """Shows curves, each of a glyph that the line above the chart names; the first lies on top."""

    shown: RequestCurves | None

    def ticks(self) -> AxisFormatter:
        return Moments()

    def figures(self) -> AxisFormatter:
        return FromZero()

    def draw(self) -> None:
        found = self.shown
        assert found is not None
        values = [value for curve in found.curves for value in curve.values if value is not None]
        self.set_xlimits(found.times[0], found.until)
        self.set_ylimits(0.0, max(values, default=0.0) * 1.08 or 1.0)
        for curve in reversed(found.curves):
            known = [(at, value) for at, value in zip(found.times, curve.values, strict=True) if value is not None]
            if len(known) > 1:
                self.line([at for at, _ in known], [value for _, value in known], "·", "dim")
            if known:
                self.scatter(
                    [at for at, _ in known], [value for _, value in known], marker=curve.glyph,
                    marker_style=self.look(curve.tone),
                )  # fmt: skip
