"""Allowances: what projects' steps may reach beyond what is in force, by whom and why."""

from __future__ import annotations

from console import routes
from console.dialogs.admin import withdrawing
from console.queries.admin_questions import AskAllowances
from console.queries.question import Question
from console.screens.list_page import WholeListPage
from console.text.admin_tables import ALLOWANCES
from engine.projects.allowances import Allowance


class AllowancesPage(WholeListPage[Allowance]):
    name_of, place = "allowances", "Admin"
    columns = ALLOWANCES
    empty = (
        "No project's steps are allowed more than what is in force.",
        "",
        "A run that asks for more is stopped; a on its screen allows it.",
    )
    heading = "Allowances"

    @staticmethod
    def key(record: Allowance) -> tuple[str, int]:
        return record.project, record.run

    def question(self) -> Question:
        return AskAllowances()

    @staticmethod
    def words(record: Allowance) -> str:
        return f"{record.project} {' '.join(record.what)} {record.by}"

    def so(self, action: str) -> frozenset[str]:
        return frozenset(self.selected.what if self.selected else ())

    def do_open(self) -> None:
        if self.selected is not None:
            self.app.push_screen(routes.run(self.selected.run))

    def do_withdraw(self) -> None:
        if self.selected is not None:
            self.app.push_screen(withdrawing(self.selected))
