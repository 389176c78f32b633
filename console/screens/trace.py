"""Where predictions come from and went: what a version wrote, or what a run did and with what."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from textual.widget import Widget

from console.queries.question import Question
from console.queries.trace_questions import AskTrace
from console.screens.page import Page
from console.text.lines import EMPTY, Line, indented
from console.text.trace_lines import trace_lines
from console.widgets.lines_view import LinesView
from engine.jobs.score.records import Trace


class TracePage(Page):
    """``what``: the label of a version, or the number of a run."""

    name_of, place = "trace", "Versions"
    AUTO_FOCUS = "#trace"

    def __init__(self, what: str | int) -> None:
        super().__init__()
        self.what = what

    def anew(self) -> TracePage:
        return TracePage(self.what)

    @property
    def heading(self) -> str:
        return f"Predictions of {self.what}" if isinstance(self.what, str) else f"Predictions of run {self.what}"

    def body(self) -> Iterable[Widget]:
        yield LinesView(id="trace", focusable=True)

    def question(self) -> Question:
        return AskTrace(self.what)

    def show(self, answer: Trace, at: datetime) -> None:
        def lines(width: int) -> list[Line]:
            return [EMPTY, *indented(trace_lines(answer, at, width - 2))]

        self.lines("#trace").show(lines)
