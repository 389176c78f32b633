"""Policies of retraining week by week as a chart: a glyph for each policy, which the line above it names."""

from __future__ import annotations

from console.text.backtest_lines import OF_NEVER, PolicyCurves
from console.widgets.chart import DAY, Chart


class BacktestChart(Chart, can_focus=False):
    """Shows a curve for each policy; the first lies on top."""

    shown: PolicyCurves | None

    def draw(self) -> None:
        found = self.shown
        assert found is not None
        values = [value for curve in found.curves for value in curve.values if value is not None]
        values += [found.level] if found.level is not None else []
        low, high = min(values), max(values)
        room = (high - low) * 0.08 or abs(high) * 0.05 or 1.0
        self.set_xlimits(found.times[0] - 4 * DAY, found.times[-1] + 4 * DAY)
        self.set_ylimits(low - room, high + room)
        if found.level is not None:
            self.line([found.times[0] - 4 * DAY, found.times[-1] + 4 * DAY], [found.level] * 2, "─", "rule")
        for curve in reversed(found.curves):
            known = [(at, value) for at, value in zip(found.times, curve.values, strict=True) if value is not None]
            if len(known) > 1:
                self.line([at for at, _ in known], [value for _, value in known], "·", "dim")
        for curve in reversed(found.curves):
            known = [(at, value) for at, value in zip(found.times, curve.values, strict=True) if value is not None]
            if known:
                self.scatter(
                    [at for at, _ in known], [value for _, value in known], marker=curve.glyph,
                    marker_style=self.look("strong" if curve.strong else "dim" if curve.glyph == OF_NEVER else "key"),
                )  # fmt: skip
