"""Runs: what ran, what runs, and what came of it."""

from __future__ import annotations

from console import doors, tables
from console.asking import Question
from console.commands import Retrain
from console.dialogs import reasons
from console.questions import AskRuns
from console.screens.list_page import ListPage
from engine.records import Run


class RunsPage(ListPage[Run]):
    name_of, place = "runs", "Runs"
    columns = tables.RUNS
    empty = ("Nothing has run yet. r retrains a project from the overview.",)

    @staticmethod
    def key(record: Run) -> int:
        return record.id

    def question(self) -> Question:
        return AskRuns(self.window)

    def why_not(self, action: str) -> str | None:
        run = self.selected
        if run is not None and action == "cancel":
            return why_not_cancel(run)
        if run is None and action == "retrain":
            return "There is no run under the cursor whose project could be retrained; the overview can."
        return super().why_not(action)

    def do_open(self) -> None:
        if self.selected is not None:
            self.app.push_screen(doors.run(self.selected.id))

    def do_times(self) -> None:
        if self.selected is not None:
            self.app.push_screen(doors.times(self.selected.project))

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
