"""What the charts have in common: two thin axes, a line of days and three figures, drawn in the tones of the theme."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime

import numpy as np
from textual.app import RenderResult
from textual.css.query import NoMatches
from textual_hires_canvas import Canvas
from textual_plot import PlotWidget
from textual_plot.axis_formatter import AxisFormatter

from console import themes
from console.text import cells
from console.text.lines import Tone

DAY = 86_400.0
YEAR = 365 * DAY
LINE = 400  # more points than a terminal has columns


class Days(AxisFormatter):
    """Ticks at midnight UTC, as many as have room; where a day might be that of another year, the year says so."""

    def get_ticks(self, min_: float, max_: float, max_ticks: int = 8) -> list[float]:
        days = max(1, -(-int((max_ - min_) // DAY) // max_ticks))
        step = days * DAY if days < 5 else -(-days // 7) * 7 * DAY
        first = -(-min_ // DAY) * DAY
        return [first + n * step for n in range(int((max_ - first) // step) + 1)]

    def get_labels_for_ticks(self, ticks: Sequence[float]) -> list[str]:
        days = [datetime.fromtimestamp(tick, UTC) for tick in ticks]
        if len(ticks) > 1 and ticks[-1] - ticks[0] > YEAR:
            return [f"{at:%b %Y}" for at in days]
        return [f"{at.day} {at:%b}" for at in days]


class Figures(AxisFormatter):
    """Three numbers are enough to read a curve by."""

    def get_ticks(self, min_: float, max_: float, max_ticks: int = 3) -> list[float]:
        return [min_ + (max_ - min_) * part for part in (0.1, 0.5, 0.9)]

    def get_labels_for_ticks(self, ticks: Sequence[float]) -> list[str]:
        return [cells.number(tick) for tick in ticks]


class Chart(PlotWidget, can_focus=False):
    """Shows something; no keys and no mouse of its own. Who is one draws ``shown`` in ``draw``."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, allow_pan_and_zoom=False)
        self.shown: object = None
        self._drawn: tuple[object, str] | None = None

    def draw(self) -> None:
        """Draw ``shown``, which is not None, on the empty plot."""
        raise NotImplementedError

    def ticks(self) -> AxisFormatter:
        """What stands below the lower axis."""
        return Days()

    def figures(self) -> AxisFormatter:
        """What stands left of the left axis."""
        return Figures()

    def on_mount(self) -> None:
        self.margin_left, self.margin_top, self.margin_bottom = 9, 1, 1
        self.set_x_formatter(self.ticks())
        self.set_y_formatter(self.figures())
        # The widget's own handler comes after this one, and clears.
        self.call_after_refresh(self._redraw)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        if self._drawn is not None:
            self._redraw()

    def show(self, shown: object) -> None:
        """Show it, unless that is what is drawn already."""
        self.shown = shown
        if self._drawn is not None:
            self._redraw()

    def _redraw(self) -> None:
        if self.shown is None or self._drawn == (self.shown, self.app.theme):
            return
        self._drawn = (self.shown, self.app.theme)
        with suppress(NoMatches):  # The screen is being left: its parts go before it does, one after the other.
            self.clear()
            self.draw()

    def line(self, times: Sequence[float], values: Sequence[float], marker: str, tone: Tone) -> None:
        """A line of ordinary characters: not every terminal's font has the dots of Braille, which are finer."""
        every = np.linspace(times[0], times[-1], LINE)
        self.scatter(every, np.interp(every, times, values), marker=marker, marker_style=self.look(tone))

    def look(self, tone: Tone) -> str:
        return themes.tone_table(self.app.theme)[tone]

    def render(self) -> RenderResult:
        drawn = super().render()
        if self.shown is not None:
            self._quieten()
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
            canvas.draw_line(0, 0, 0, height - 1, char="│", style=self.look("rule"))
            canvas.draw_line(0, height - 1, width - 1, height - 1, char="─", style=self.look("rule"))
            canvas.set_pixel(0, height - 1, "└", style=self.look("rule"))
