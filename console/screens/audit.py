"""Audit: every act there ever was, newest first, each row chained to the one before it."""

from __future__ import annotations

from console import routes
from console.acting.commands import Verify
from console.queries.question import Question
from console.queries.questions import AskAudit
from console.screens.list_page import ListPage
from console.text import tables
from engine.records import AuditRow


class AuditPage(ListPage[AuditRow]):
    name_of, place = "audit", "Audit"
    columns = tables.AUDIT
    empty = ("No row yet.",)

    @staticmethod
    def key(record: AuditRow) -> int:
        return record.seq

    def question(self) -> Question:
        return AskAudit(self.window)

    def why_not(self, action: str) -> str | None:
        return None if action == "verify" else super().why_not(action)

    def do_open(self) -> None:
        if self.selected is not None:
            self.app.push_screen(routes.audit_row(self.selected))

    def do_verify(self) -> None:
        self.app.run_command(Verify())
