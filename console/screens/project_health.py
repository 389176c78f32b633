"""The health of one project: verdict and why, a metric over time with its swaps, alerts, drift, segments, quality."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from console import routes
from console.queries.health_questions import AskHealthOf, Health, HealthOverTime
from console.queries.question import Question
from console.screens.charted import Charted
from console.screens.health_acts import HealthActs
from console.text.health_lines import parts, standing
from console.text.lines import EMPTY, Line, indented
from console.text.period_lines import heading, strip_lines, swapped
from console.text.section_lines import sections, whole
from console.text.timeline import Timeline, timeline

if TYPE_CHECKING:
    from console.widgets.chart import Chart

FEWEST_POINTS = 2


class ProjectHealthPage(Charted, HealthActs):
    name_of, place = "project_health", "Health"

    def __init__(self, project: str) -> None:
        super().__init__()
        self.project = project
        self.found: HealthOverTime | None = None
        self._metric = 0
        self._begins: list[int] = []

    def anew(self) -> ProjectHealthPage:
        return ProjectHealthPage(self.project)

    @property
    def heading(self) -> str:
        return f"Health of {self.project}"

    @property
    def health(self) -> Health | None:
        return self.found.health if self.found is not None else None

    def question(self) -> Question:
        return AskHealthOf(self.project)

    def show(self, answer: HealthOverTime, at: datetime) -> None:
        self.found = answer
        self.draw()

    # What it shows

    @property
    def metrics(self) -> Sequence[str]:
        return tuple(self.health.document.metrics) if self.health is not None else ()

    @property
    def metric(self) -> str:
        """The one that is shown over time."""
        names = self.metrics
        if names:
            return names[self._metric % len(names)]
        known = self.health.status.metric if self.health is not None else None
        return known.name if known is not None else ""

    def draw(self) -> None:
        found, at = self.found, self.at
        if found is None or at is None:
            return
        line_of_time = timeline(found, self.metric)
        drawn = self.roomy and line_of_time is not None and len(line_of_time.points) >= FEWEST_POINTS
        metric = self.metric
        self.lines("#standing").show(lambda width: _top(found, at, metric, line_of_time, width, drawn=drawn))
        self.lines("#sections").show(lambda width: self._sections(found, at, width))
        self.draw_chart(line_of_time if drawn else None)

    def kind_of_chart(self) -> type[Chart]:
        from console.widgets.metric_chart import MetricChart

        return MetricChart

    def _sections(self, found: HealthOverTime, at: datetime, width: int) -> Sequence[Line]:
        lines, self._begins = whole(sections(found, at, width - 2))
        return [EMPTY, *indented(lines)]

    # Actions

    def why_not(self, action: str) -> str | None:
        if action in ("back", "section", "backtests", "requests"):
            return None
        if action == "metric":
            return None if len(self.metrics) > 1 else f"There is no other metric of {self.project}."
        return self.why_not_act(action)

    def do_metric(self) -> None:
        self._metric += 1
        self.draw()
        self.query_one("#scroll").scroll_home(animate=False)

    def do_backtests(self) -> None:
        self.app.push_screen(routes.backtest(self.project))

    def do_requests(self) -> None:
        self.app.push_screen(routes.requests(self.project))

    def do_section(self) -> None:
        """The next section comes to the top; after the last one, the beginning."""
        scroll = self.query_one("#scroll")
        base = self.lines("#sections").virtual_region.y + 1
        below = [base + begins for begins in self._begins if base + begins > scroll.scroll_offset.y + 1]
        at_end = scroll.scroll_offset.y >= scroll.max_scroll_y
        scroll.scroll_to(y=below[0] if below and not at_end else 0, animate=False)


def _top(
    found: HealthOverTime, at: datetime, metric: str, shown: Timeline | None, width: int, *, drawn: bool
) -> list[Line]:
    """What stands above the chart, or instead of it."""
    inner = width - 2
    lines = [*standing(found.health, at, inner, whole=True), EMPTY, *parts(found.health, inner)]
    if metric:
        lines += [EMPTY, heading(shown, metric)]
    if shown is not None:
        lines += swapped(shown, at, inner) + ([] if drawn else strip_lines(shown, at, inner))
    return indented(lines)
