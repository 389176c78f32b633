"""Candidates: everything that waits for a decision, of all projects."""

from __future__ import annotations

from datetime import datetime

from console import doors, tables
from console.asking import Question, Rows
from console.dialogs import reasons
from console.questions import AskCandidates
from console.screens.list_page import ListPage
from engine.records import Version


class CandidatesPage(ListPage[Version]):
    name_of, place = "candidates", "Candidates"
    columns = tables.CANDIDATES
    empty = (
        "Nothing waits for a decision.",
        "",
        "A retrain that passes its gates puts a candidate here: r on the overview starts one.",
    )

    def __init__(self) -> None:
        super().__init__()
        self._all: tuple[Version, ...] = ()

    @staticmethod
    def key(record: Version) -> str:
        return record.label

    def question(self) -> Question:
        return AskCandidates()

    def show(self, answer: tuple[Version, ...], at: datetime) -> None:  # type: ignore[override]
        self._all = answer
        wanted = self.matching.lower()
        found = tuple(v for v in answer if wanted in f"{v.label} {v.sentence}".lower())
        self.table.show(Rows(len(found), 0, found), at, self.empty_lines())

    def filter_changed(self) -> None:
        if self.at is not None:
            self.show(self._all, self.at)

    def on_paged_list_moved(self) -> None:
        self.selection_changed()

    def do_open(self) -> None:
        if self.selected is not None:
            self.app.push_screen(doors.card(self.selected.label))

    def do_approve(self) -> None:
        if self.selected is not None:
            self.app.push_screen(doors.release(self.selected.label))

    def do_reject(self) -> None:
        if self.selected is not None:
            self.app.push_screen(reasons.rejecting(self.selected.label))
