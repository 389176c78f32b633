"""Due times and what became of each: ran, skipped or missed, and why. None is left out."""

from __future__ import annotations

from console import routes
from console.queries.question import Question
from console.queries.questions import AskOccurrences
from console.screens.list_page import ListPage
from console.text import tables
from engine.schedule.records import Occurrence


class OccurrencesPage(ListPage[Occurrence]):
    name_of, place = "occurrences", "Schedules"
    columns = tables.OCCURRENCES
    empty = ("Nothing was due yet.",)

    def __init__(self, matching: str = "") -> None:
        super().__init__()
        self.matching = matching

    def anew(self) -> OccurrencesPage:
        return OccurrencesPage(self.matching)

    @property
    def heading(self) -> str:
        return "Due times" + (f" · filter '{self.matching}'" if self.matching else "")

    @staticmethod
    def key(record: Occurrence) -> int:
        return record.id

    def question(self) -> Question:
        return AskOccurrences(self.window)

    def why_not(self, action: str) -> str | None:
        found = self.selected
        if action == "open" and found is not None and found.run is None:
            return f"It {'was' if found.state == 'skipped' else 'is'} {found.state}: no run came of it."
        return super().why_not(action)

    def do_open(self) -> None:
        if self.selected is not None and self.selected.run is not None:
            self.app.push_screen(routes.run(self.selected.run))
