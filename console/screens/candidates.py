"""Candidates: everything that waits for a decision, of all projects."""

from __future__ import annotations

from console import routes
from console.dialogs import reasons
from console.dialogs.later import CancelSwapDialog, LaterDialog
from console.queries.question import Question
from console.queries.questions import AskCandidates
from console.screens.list_page import WholeListPage
from console.text import tables
from engine.records import Version


class CandidatesPage(WholeListPage[Version]):
    name_of, place = "candidates", "Candidates"
    columns = tables.CANDIDATES
    empty = (
        "Nothing waits for a decision.",
        "",
        "What passes its gates comes here; r on the overview starts a retrain.",
    )

    gone = "it waits for no decision any more."

    @staticmethod
    def key(record: Version) -> str:
        return record.label

    def question(self) -> Question:
        return AskCandidates()

    @staticmethod
    def words(record: Version) -> str:
        return f"{record.label} {record.sentence}"

    def do_open(self) -> None:
        if self.selected is not None:
            self.app.push_screen(routes.card(self.selected.label))

    def do_approve(self) -> None:
        if self.selected is not None:
            self.app.push_screen(routes.release(self.selected.label))

    def do_later(self) -> None:
        if self.selected is not None:
            self.app.push_screen(LaterDialog(self.selected.label))

    def do_cancel_swap(self) -> None:
        if self.selected is not None:
            self.app.push_screen(CancelSwapDialog(self.selected.label))

    def do_try_out(self) -> None:
        if self.selected is not None:
            self.app.push_screen(routes.trial(self.selected.label))

    def do_reject(self) -> None:
        if self.selected is not None:
            self.app.push_screen(reasons.rejecting(self.selected.label))
