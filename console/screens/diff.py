"""Differences: all that changed from one version to another."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from textual.widget import Widget

from console.queries.question import Question
from console.queries.questions import AskDiff
from console.screens.page import Page
from console.text.card_lines import change_lines
from console.text.lines import Line, Span
from console.widgets.lines_view import LinesView
from engine.records import Change


class DiffPage(Page):
    name_of, place = "diff", "Versions"
    AUTO_FOCUS = "#diff"

    def __init__(self, old: str, new: str) -> None:
        super().__init__()
        self.old, self.new = old, new

    def anew(self) -> DiffPage:
        return DiffPage(self.old, self.new)

    @property
    def heading(self) -> str:
        return f"What changed from {self.old} to {self.new}"

    def body(self) -> Iterable[Widget]:
        yield LinesView(id="diff", focusable=True)

    def question(self) -> Question:
        return AskDiff(self.old, self.new)

    def show(self, answer: tuple[Change, ...], at: datetime) -> None:
        def lines(width: int) -> list[Line]:
            return [
                (Span(" "), *each) if each else ()
                for change in answer
                for each in ((), *change_lines(change, width - 2))
            ]

        self.lines("#diff").show(lines)
