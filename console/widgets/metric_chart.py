"""A metric over time as a chart: intervals as bars, what it was validated with as a line, swaps as marks."""

from __future__ import annotations

from textual.app import RenderResult
from textual_hires_canvas import Canvas, TextAlign

from console.text.lines import Tone
from console.text.period_lines import ends_of
from console.text.timeline import Timeline
from console.widgets.chart import DAY, Chart


class MetricChart(Chart, can_focus=False):
    """Shows a time line."""

    shown: Timeline | None

    def draw(self) -> None:
        found = self.shown
        assert found is not None
        start, end = found.points[0].at.timestamp(), found.until.timestamp()
        room = max(DAY / 2, (end - start) * 0.02)
        low, high = ends_of(found.points, found.validated)
        self.set_xlimits(start - room, end + room)
        self.set_ylimits(low, high)
        if found.validated is not None:
            self.line([start - room, end + room], [found.validated] * 2, "─", "rule")
        self._draw_points(found)
        for mark in found.marks:
            self.add_v_line(mark.at.timestamp(), self.look("key"))

    def _draw_points(self, found: Timeline) -> None:
        """Of two points of one time the live version's is the one that the line goes through; the other one is drawn
        over its interval, which would hide it."""
        through = {point.at.timestamp(): point.value for point in sorted(found.points, key=lambda point: point.of_live)}
        times = sorted(through)
        self.line(times, [through[at] for at in times], "·", "dim")
        looks: tuple[tuple[bool, str, Tone], ...] = ((True, "●", "strong"), (False, "○", "dim"), (True, "●", "strong"))
        for place, (of_live, marker, tone) in enumerate(looks):
            points = [point for point in found.points if point.of_live is of_live]
            if not points:
                continue
            at, values = [p.at.timestamp() for p in points], [p.value for p in points]
            if place < 2:
                halves = [(p.high - p.low) / 2 if p.low is not None and p.high is not None else 0.0 for p in points]
                self.errorbar(at, values, yerr=halves, marker=marker, marker_style=self.look(tone))
            else:
                self.scatter(at, values, marker=marker, marker_style=self.look(tone))

    def render(self) -> RenderResult:
        drawn = super().render()
        if self.shown is not None:
            self._name_marks(self.shown)
        return drawn

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
                canvas.write_text(end - 1, 0, f"[{self.look('key')}]{mark.label}", TextAlign.RIGHT)
                free = end - len(mark.label) - 1
