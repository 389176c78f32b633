"""Requests of one project: how many a second, how long answers took, what failed, who answered, and the log of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from console.queries.question import Question
from console.queries.request_questions import AskRequests
from console.screens.charted import Charted
from console.text.lines import EMPTY, Line, indented, wrapped
from console.text.request_lines import chart_heading, curves_of, point_lines, standing_lines, table_lines
from engine.requests.report import RequestReport

if TYPE_CHECKING:
    from console.widgets.chart import Chart

WINDOWS = (timedelta(hours=1), timedelta(days=1), timedelta(days=7), timedelta(days=30))


class RequestsPage(Charted):
    name_of, place = "requests", "Health"

    def __init__(self, project: str, window: int = 0, *, times: bool = False) -> None:
        super().__init__()
        self.project, self.window, self.times = project, window, times
        self.report: RequestReport | None = None

    def anew(self) -> RequestsPage:
        return RequestsPage(self.project, self.window, times=self.times)

    @property
    def heading(self) -> str:
        return f"Requests of {self.project}"

    def question(self) -> Question:
        return AskRequests(self.project, WINDOWS[self.window])

    def show(self, answer: RequestReport, at: datetime) -> None:
        self.report = answer
        self.draw()

    def draw(self) -> None:
        report, at, times = self.report, self.at, self.times
        if report is None or at is None:
            return
        found = report.figures
        curves = curves_of(found, times=times) if self.roomy else None
        shown = found.requests > 0 and curves is None

        def above(width: int) -> list[Line]:
            lines = standing_lines(report, width - 2, strip=shown)
            none = f"Nobody answers requests for {self.project}; it takes 'realtime = true' in [serve] of its manifest."
            lines = lines or wrapped(none, width - 2, tone="dim")
            return indented([*lines, EMPTY, *chart_heading(curves, times=times)] if curves is not None else lines)

        def below(width: int) -> list[Line]:
            if not standing_lines(report, width):
                return []
            points = [EMPTY, *point_lines(found.points, width - 2)] if shown else []
            return indented([*table_lines(report, at, width - 2), *points])

        self.lines("#standing").show(above)
        self.lines("#sections").show(below)
        self.draw_chart(curves)

    def kind_of_chart(self) -> type[Chart]:
        from console.widgets.request_chart import RequestChart

        return RequestChart

    # Actions

    def why_not(self, action: str) -> str | None:
        if action in ("back", "window"):
            return None
        if self.report is None:
            return "It is still being read."
        if action == "request_times" and not self.report.figures.requests:
            return f"No request of {self.project} came in that time."
        return None

    def do_request_times(self) -> None:
        self.times = not self.times
        self.draw()

    def do_window(self) -> None:
        self.window = (self.window + 1) % len(WINDOWS)
        self.ask()
