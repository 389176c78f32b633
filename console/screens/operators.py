"""Operators: who may work here, and as what."""

from __future__ import annotations

from console.dialogs.admin import letting_in
from console.queries.admin_questions import AskOperators
from console.queries.question import Question
from console.screens.list_page import WholeListPage
from console.text.admin_tables import OPERATORS
from engine.records import Operator


class OperatorsPage(WholeListPage[Operator]):
    name_of, place = "operators", "Admin"
    columns = OPERATORS
    heading = "Operators"

    @staticmethod
    def key(record: Operator) -> str:
        return record.name

    def question(self) -> Question:
        return AskOperators()

    @staticmethod
    def words(record: Operator) -> str:
        return f"{record.name} {record.role}"

    def why_not(self, action: str) -> str | None:
        return None if action == "let_in" else super().why_not(action)

    def chosen(self) -> None:
        """There is no more of an operator than stands in the row."""

    def do_let_in(self) -> None:
        self.app.push_screen(letting_in())
