"""Backtest: what policies of retraining would have been worth on the project's own past, week by week, and the cost."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from console import routes
from console.queries.backtest_questions import AskBacktest
from console.queries.question import Question
from console.screens.charted import Charted
from console.text.backtest_lines import backtest_lines, bars_of, chart_heading, curves_of
from console.text.lines import indented
from engine.backtest.records import BacktestDocument, ToldBacktest

if TYPE_CHECKING:
    from console.widgets.chart import Chart


class BacktestPage(Charted):
    name_of, place = "backtest", "Versions"

    def __init__(self, project: str) -> None:
        super().__init__()
        self.project = project
        self.told: ToldBacktest | None = None
        self.gain = False

    def anew(self) -> BacktestPage:
        return BacktestPage(self.project)

    @property
    def heading(self) -> str:
        return f"Backtest of {self.project}"

    def question(self) -> Question:
        return AskBacktest(self.project)

    def show(self, answer: ToldBacktest, at: datetime) -> None:
        self.told = answer
        self.draw()

    @property
    def found(self) -> BacktestDocument | None:
        return self.told.kept.document if self.told is not None and self.told.kept is not None else None

    def draw(self) -> None:
        told, at, found = self.told, self.at, self.found
        if told is None or at is None:
            return
        project, gain = self.project, self.gain
        curves = curves_of(found, gain=gain) if found is not None and self.roomy else None
        drawn = curves is not None
        self.lines("#standing").show(
            lambda width: indented(
                [
                    *backtest_lines(told, project, at, width - 2, bars=False),
                    *([chart_heading(found, gain=gain)] if drawn and found is not None else []),
                ]
            )
        )
        self.lines("#sections").show(
            lambda width: indented(bars_of(found, width - 2, gain=gain) if found is not None and not drawn else [])
        )
        self.draw_chart(curves)

    def kind_of_chart(self) -> type[Chart]:
        from console.widgets.backtest_chart import BacktestChart

        return BacktestChart

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
        self.draw()
