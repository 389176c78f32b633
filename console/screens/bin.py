"""The bin: what a clean-up took away, and until when it can be restored."""

from __future__ import annotations

from datetime import datetime

from console import tables
from console.asking import Question, Rows
from console.dialogs import reasons
from console.questions import AskBin
from console.screens.list_page import ListPage
from engine.housekeeping.records import BinItem


class BinPage(ListPage[BinItem]):
    name_of, place = "bin", "Disk"
    columns = tables.BIN
    empty = ("The bin is empty. A clean-up (C on the Disk screen) moves what is not needed here first.",)

    def __init__(self) -> None:
        super().__init__()
        self._all: tuple[BinItem, ...] = ()

    @property
    def heading(self) -> str:
        return "Bin"

    @staticmethod
    def key(record: BinItem) -> int:
        return record.id

    def question(self) -> Question:
        return AskBin()

    def show(self, answer: tuple[BinItem, ...], at: datetime) -> None:  # type: ignore[override]
        self._all = answer
        wanted = self.matching.lower()
        found = tuple(item for item in answer if wanted in f"{item.what} {item.kind}".lower())
        self.table.show(Rows(len(found), 0, found), at, self.empty_lines())

    def filter_changed(self) -> None:
        if self.at is not None:
            self.show(self._all, self.at)

    def on_paged_list_moved(self) -> None:
        self.selection_changed()

    def on_paged_list_chosen(self) -> None:
        self.app.action_act("restore")

    def do_restore(self) -> None:
        if self.selected is not None:
            self.app.push_screen(reasons.restoring(self.selected))

    def do_empty(self) -> None:
        self.app.push_screen(reasons.emptying())
