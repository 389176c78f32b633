"""The bin: what a clean-up took away, and until when it can be restored."""

from __future__ import annotations

from console.dialogs import reasons
from console.queries.question import Question
from console.queries.questions import AskBin
from console.screens.list_page import WholeListPage
from console.text import cells, tables
from engine.housekeeping.records import BinItem


class BinPage(WholeListPage[BinItem]):
    name_of, place = "bin", "Disk"
    columns = tables.BIN
    of_no_row = ("empty",)
    empty = ("The bin is empty. A clean-up (C on Disk) moves here what is not needed.",)

    @property
    def heading(self) -> str:
        return "Bin"

    @staticmethod
    def key(record: BinItem) -> int:
        return record.id

    def question(self) -> Question:
        return AskBin()

    @staticmethod
    def words(record: BinItem) -> str:
        return f"{record.what} {record.kind}"

    def why_not(self, action: str) -> str | None:
        return "The bin is empty already." if action == "empty" and not self._all else super().why_not(action)

    def so(self, action: str) -> frozenset[str]:
        held = f"{cells.counted(len(self._all), 'thing')} of {cells.size(sum(record.bytes for record in self._all))}"
        return frozenset([f"the bin holds {held} by now"] if action == "empty" else ())

    def chosen(self) -> None:
        self.app.action_act("restore")

    def do_restore(self) -> None:
        if self.selected is not None:
            self.app.push_screen(reasons.restoring(self.selected))

    def do_empty(self) -> None:
        self.app.push_screen(reasons.emptying(self.app.who.home))
