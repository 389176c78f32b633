"""A metric over time as a chart: intervals as bars, what it was validated with as a line, swaps as marks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from textual.app import RenderResult
from textual_hires_canvas import Canvas, TextAlign
from textual_plot import PlotWidget
from textual_plot.axis_formatter import AxisFormatter

from console import themes
from console.text import cells
from console.text.lines import Tone
from console.text.period_lines import ends_of
from console.text.timeline import Timeline

DAY = 86_400.0
LINE = 400  # more points than a terminal has columns


class Days(AxisFormatter):
    """Ticks at midnight UTC, as many as have room."""

    def get_ticks(self, min_: float, max_: float, max_ticks: int = 8) -> list[float]:
        days = max(1, -(-int((max_ - min_) // DAY) // max_ticks))
        step = days * DAY if days < 5 else -(-days // 7) * 7 * DAY
        first = -(-min_ // DAY) * DAY
        return [first + n * step for n in range(int((max_ - first) // step) + 1)]

    def get_labels_for_ticks(self, ticks: Sequence[float]) -> list[str]:
        return [f"{at.day} {at:%b}" for at in (datetime.fromtimestamp(tick, UTC) for tick in ticks)]


class Figures(AxisFormatter):
    """Three numbers are enough to read a curve by."""

    def get_ticks(self, min_: float, max_: float, max_ticks: int = 3) -> list[float]:
        return [min_ + (max_ - min_) * part for part in (0.1, 0.5, 0.9)]

    def get_labels_for_ticks(self, ticks: Sequence[float]) -> list[str]:
        return [cells.number(tick) for tick in ticks]


class MetricChart(PlotWidget, can_focus=False):
    """Shows a time line; no keys and no mouse of its own."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, allow_pan_and_zoom=False)
        self._shown: Timeline | None = None
        self._drawn: tuple[Timeline, str] | None = None

    def on_mount(self) -> None:
        self.margin_left, self.margin_top, self.margin_bottom = 9, 1, 1
        self.set_x_formatter(Days())
        self.set_y_formatter(Figures())
        # The widget's own handler comes after this one, and clears.
        self.call_after_refresh(self._redraw)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        if self._drawn is not None:
            self._redraw()

    def show(self, found: Timeline) -> None:
        """Draw it, unless that is what is drawn already."""
        self._shown = found
        if self._drawn is not None:
            self._redraw()

    def _redraw(self) -> None:
        found = self._shown
        if found is None or self._drawn == (found, self.app.theme):
            return
        self._drawn = (found, self.app.theme)
        self.clear()
        start, end = found.points[0].at.timestamp(), found.until.timestamp()
        room = max(DAY / 2, (end - start) * 0.02)
        low, high = ends_of(found.points, found.validated)
        self.set_xlimits(start - room, end + room)
        self.set_ylimits(low, high)
        if found.validated is not None:
            self._line([start - room, end + room], [found.validated] * 2, "─", "rule")
        self._draw_points(found)
        for mark in found.marks:
            self.add_v_line(mark.at.timestamp(), self._look("key"))

    def _draw_points(self, found: Timeline) -> None:
        times = [point.at.timestamp() for point in found.points]
        self._line(times, [point.value for point in found.points], "·", "dim")
        looks: tuple[tuple[bool, str, Tone], ...] = ((False, "○", "dim"), (True, "●", "strong"))
        for of_live, marker, tone in looks:
            points = [point for point in found.points if point.of_live is of_live]
            if points:
                halves = [(p.high - p.low) / 2 if p.low is not None and p.high is not None else 0.0 for p in points]
                self.errorbar(
                    [p.at.timestamp() for p in points], [p.value for p in points], yerr=halves, marker=marker,
                    marker_style=self._look(tone),
                )  # fmt: skip

    def _line(self, times: Sequence[float], values: Sequence[float], marker: str, tone: Tone) -> None:
        """A line of ordinary characters: not every terminal's font has the dots of Braille, which are finer."""
        every = np.linspace(times[0], times[-1], LINE)
        self.scatter(every, np.interp(every, times, values), marker=marker, marker_style=self._look(tone))

    def _look(self, tone: Tone) -> str:
        return themes.tone_table(self.app.theme)[tone]

    def render(self) -> RenderResult:
        drawn = super().render()
        if self._shown is not None:
            self._quieten()
            self._name_marks(self._shown)
        return drawn

    def _quieten(self) -> None:
        """Two thin axes in place of a thick box."""
        canvas = self.query_one("#plot", Canvas)
        width, height = canvas.size
        if width < 3 or height < 3:
            return
        with canvas.batch_refresh():
            canvas.draw_line(0, 0, width - 1, 0, char=" ")
            canvas.draw_line(width - 1, 0, width - 1, height - 1, char=" ")
            canvas.draw_line(0, 0, 0, height - 1, char="│", style=self._look("rule"))
            canvas.draw_line(0, height - 1, width - 1, height - 1, char="─", style=self._look("rule"))
            canvas.set_pixel(0, height - 1, "└", style=self._look("rule"))

    def _name_marks(self, found: Timeline) -> None:
        """The labels of the versions above their lines; where lines touch, the newest label stands."""
        canvas = self.query_one("#margin-top", Canvas)
        if canvas.size.width == 0:
            return
        canvas.reset()
        free = canvas.size.width
        for mark in reversed(found.marks):
            x = self.get_pixel_from_coordinate(mark.at.timestamp(), 0.0)[0] + self.margin_left
            end = min(x + (len(mark.label) + 1) // 2, free)
            if end - len(mark.label) >= self.margin_left:
                canvas.write_text(end - 1, 0, f"[{self._look('key')}]{mark.label}", TextAlign.RIGHT)
                free = end - len(mark.label) - 1
