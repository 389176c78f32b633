"""Run times of one project: what each step usually takes, which costs most, since when it is slower and why."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from textual.widget import Widget

from console import routes
from console.queries.question import Question
from console.queries.questions import AskTimes
from console.screens.page import Page
from console.text.times_lines import times_lines
from console.widgets.lines_view import LinesView
from engine.runs.times.times_records import RunTimes


class TimesPage(Page):
    name_of, place = "times", "Runs"
    AUTO_FOCUS = "#times"

    def __init__(self, project: str) -> None:
        super().__init__()
        self.project = project

    def anew(self) -> TimesPage:
        return TimesPage(self.project)

    @property
    def heading(self) -> str:
        return f"Run times of {self.project}"

    def body(self) -> Iterable[Widget]:
        yield LinesView(id="times", focusable=True)

    def question(self) -> Question:
        return AskTimes(self.project)

    def do_backtests(self) -> None:
        self.app.push_screen(routes.backtest(self.project))

    def show(self, answer: RunTimes, at: datetime) -> None:
        self.lines("#times").show(lambda width: times_lines(answer, width))
