"""Backtest: what policies of retraining would have been worth on the project's own past, week by week, and the cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING

from textual.containers import VerticalScroll
from textual.events import Resize
from textual.widget import Widget

from console import routes
from console.queries.backtest_questions import AskBacktest
from console.queries.question import Question
from console.screens.page import Page
from console.text.backtest_lines import backtest_lines, bars_of, chart_heading, curves_of
from console.text.lines import EMPTY, Line, line
from console.widgets.lines_view import LinesView
from engine.backtest.records import BacktestDocument, ToldBacktest

if TYPE_CHECKING:
    from console.widgets.backtest_chart import BacktestChart

# Where a chart has room beside what else must be seen; below that the same stands as bars.
CHART_WIDTH, CHART_HEIGHT = 100, 32


class BacktestPage(Page):
    name_of, place = "backtest", "Versions"
    AUTO_FOCUS = "#scroll"

    def __init__(self, project: str) -> None:
        super().__init__()
        self.project = project
        self.told: ToldBacktest | None = None
        self.gain = False
        self._loading = False

    def anew(self) -> BacktestPage:
        return BacktestPage(self.project)

    @property
    def heading(self) -> str:
        return f"Backtest of {self.project}"

    def body(self) -> Iterable[Widget]:
        with VerticalScroll(id="scroll"):
            yield LinesView(id="standing", whole=True)
            yield LinesView(id="sections", whole=True)

    def question(self) -> Question:
        return AskBacktest(self.project)

    def show(self, answer: ToldBacktest, at: datetime) -> None:
        self.told = answer
        self._draw()

    def on_resize(self, event: Resize) -> None:
        self.call_after_refresh(self._draw)

    @property
    def found(self) -> BacktestDocument | None:
        return self.told.kept.document if self.told is not None and self.told.kept is not None else None

    @property
    def roomy(self) -> bool:
        return self.app.size.width >= CHART_WIDTH and self.app.size.height >= CHART_HEIGHT

    def _draw(self) -> None:
        told, at, found = self.told, self.at, self.found
        if told is None or at is None:
            return
        project, gain = self.project, self.gain
        drawn = self.roomy and found is not None and curves_of(found, gain=gain) is not None
        self.lines("#standing").show(
            lambda width: _indented(
                [
                    *backtest_lines(told, project, at, width - 2, bars=False),
                    *([chart_heading(found, gain=gain)] if drawn and found is not None else []),
                ]
            )
        )
        self.lines("#sections").show(
            lambda width: _indented(bars_of(found, width - 2, gain=gain) if found is not None and not drawn else [])
        )
        if drawn and found is not None:
            self._draw_chart(found)
        for chart in self.query("#chart"):
            chart.display = drawn

    def _draw_chart(self, found: BacktestDocument) -> None:
        charts: list[BacktestChart] = list(self.query("#chart"))  # type: ignore[arg-type]
        if charts:
            charts[0].show(curves_of(found, gain=self.gain))
        elif not self._loading:
            # numpy comes with it, for a quarter of a second that nobody should wait for.
            self._loading = True
            self.run_worker(self._load_chart, thread=True)

    def _load_chart(self) -> None:
        import_module("console.widgets.backtest_chart")
        self.app.call_from_thread(self._mount_chart)

    def _mount_chart(self) -> None:
        from console.widgets.backtest_chart import BacktestChart

        if self.is_attached:
            self.query_one("#scroll").mount(BacktestChart(id="chart"), after="#standing")
            self.call_after_refresh(self._draw)

    # Actions

    def why_not(self, action: str) -> str | None:
        if action == "back":
            return None
        if self.told is None:
            return "It is still being read."
        if action == "backtest" and self.told.under_way is not None:
            run = f"Run {self.told.under_way}, a backtest of {self.project}, is {self.told.state} already"
            return f"{run}: key 3 shows it, x there ends it."
        if action == "gain" and self.found is None:
            return f"{self.project} was never backtested; b begins one."
        return None

    def do_backtest(self) -> None:
        self.app.push_screen(routes.new_backtest(self.project))

    def do_gain(self) -> None:
        self.gain = not self.gain
        self._draw()


def _indented(lines: Sequence[Line]) -> list[Line]:
    return [line(" ", *each) if each else EMPTY for each in lines]
