"""Runs: what ran, what runs, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from textual.widget import Widget

from console import routes
from console.acting.run_commands import Retrain
from console.dialogs import reasons
from console.queries.question import Question
from console.queries.questions import AskRuns, RunList
from console.screens.list_page import ListPage
from console.text import tables
from console.text.lines import EMPTY, Line, line
from console.text.run_lines import ALL_UNLISTED, hidden_looks
from console.widgets.lines_view import LinesView
from engine.records import Run


class RunsPage(ListPage[Run]):
    name_of, place = "runs", "Runs"
    columns = tables.RUNS
    empty = ("Nothing has run yet. r retrains a project from the overview.",)
    looks = False  # finished ones: one every quarter of an hour, and what it found is an alert
    hidden = 0
    of_no_row = ("looks",)

    @staticmethod
    def key(record: Run) -> int:
        return record.id

    def body(self) -> Iterable[Widget]:
        yield LinesView(id="summary")
        yield from super().body()

    def question(self) -> Question:
        return AskRuns(self.window, self.looks)

    def show(self, answer: RunList, at: datetime) -> None:  # type: ignore[override]
        self.hidden = answer.hidden
        super().show(answer.runs, at)
        self.lines("#summary").show(lambda width: [hidden_looks(answer.hidden, shown=self.looks), EMPTY])

    def empty_lines(self) -> Sequence[Line]:
        if self.hidden and not self.matching:
            return [EMPTY, line(f"   Nothing has run yet but {ALL_UNLISTED}.")]
        return super().empty_lines()

    def why_not(self, action: str) -> str | None:
        run = self.selected
        if run is not None and action == "cancel":
            return why_not_cancel(run)
        if run is None and action == "retrain":
            return "There is no run under the cursor whose project could be retrained; the overview can."
        return super().why_not(action)

    def do_open(self) -> None:
        if self.selected is not None:
            self.app.push_screen(routes.run(self.selected.id))

    def do_looks(self) -> None:
        self.looks = not self.looks
        self.table.reset()
        self.ask()

    def do_times(self) -> None:
        if self.selected is not None:
            self.app.push_screen(routes.times(self.selected.project))

    def do_cancel(self) -> None:
        if self.selected is not None:
            self.app.push_screen(reasons.cancelling(self.selected))

    def do_retrain(self) -> None:
        if self.selected is not None:
            self.app.run_command(Retrain(self.selected.project))


def why_not_cancel(run: Run) -> str | None:
    """Why ``run`` cannot be cancelled, or None when it can."""
    if run.state in ("queued", "running"):
        return None
    return f"Run {run.id} has ended already: {run.state}."
