"""Audit: every act there ever was, newest first, each row chained to the one before it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from textual.widget import Widget

from console import routes
from console.acting.commands import Verify
from console.queries.question import Question, Rows
from console.queries.questions import AskAudit
from console.screens.list_page import ListPage
from console.text import tables
from console.text.overview_lines import TALL
from console.text.tables import reason_lines
from console.widgets.lines_view import LinesView
from engine.records import AuditRow


class AuditPage(ListPage[AuditRow]):
    name_of, place = "audit", "Audit"
    columns = tables.AUDIT
    empty = ("No row yet.",)

    @staticmethod
    def key(record: AuditRow) -> int:
        return record.seq

    def body(self) -> Iterable[Widget]:
        yield from super().body()
        yield LinesView(id="reason")

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw_reason)

    def show(self, answer: Rows[AuditRow], at: datetime) -> None:
        super().show(answer, at)
        self._draw_reason()

    def selection_changed(self) -> None:
        super().selection_changed()
        self._draw_reason()

    def _draw_reason(self) -> None:
        """The reason of the row under the cursor, whole where there is room for it below the list."""
        row, below = self.selected, self.lines("#reason")
        below.display = self.app.size.height >= TALL
        below.show(lambda width: reason_lines(row, width) if row is not None else ())

    def question(self) -> Question:
        return AskAudit(self.window)

    def why_not(self, action: str) -> str | None:
        return None if action == "verify" else super().why_not(action)

    def do_open(self) -> None:
        if self.selected is not None:
            self.app.push_screen(routes.audit_row(self.selected))

    def do_verify(self) -> None:
        self.app.run_command(Verify())
