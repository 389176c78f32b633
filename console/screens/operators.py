"""Operators: who may work here, and as what."""

from __future__ import annotations

from console import routes
from console.dialogs.admin import binding, changing_role, disabling, enabling, letting_in
from console.queries.admin_questions import AskOperators
from console.queries.question import Question
from console.screens.list_page import WholeListPage
from console.text import people_lines
from console.text.admin_tables import OPERATORS
from engine.access.roles import a_role
from engine.records import Operator


class OperatorsPage(WholeListPage[Operator]):
    name_of, place = "operators", "Admin"
    columns = OPERATORS
    heading = "Operators"
    of_no_row = ("let_in",)

    @staticmethod
    def key(record: Operator) -> str:
        return record.name

    def question(self) -> Question:
        return AskOperators()

    @staticmethod
    def words(record: Operator) -> str:
        ways = " ".join(f"{each.label} {each.comment}" for each in record.ways)
        return f"{record.name} {record.role} {people_lines.projects(record)} {ways}"

    def why_not(self, action: str) -> str | None:
        here = self.selected
        if action == "disable" and here is not None and here.disabled:
            return f"{here.name} is disabled; u lets them work here again."
        if action == "enable" and here is not None and not here.disabled:
            return f"{here.name} may work here already."
        return super().why_not(action)

    def so(self, action: str) -> frozenset[str]:
        here = self.selected
        return frozenset([f"{here.name} is {a_role(here.role)}"] if here and action in ("role", "enable") else ())

    def do_open(self) -> None:
        if self.selected is not None:
            self.app.push_screen(routes.operator(self.selected))

    def do_let_in(self) -> None:
        self.app.push_screen(letting_in())

    def do_role(self) -> None:
        if self.selected is not None:
            self.app.push_screen(changing_role(self.selected))

    def do_bind_key(self) -> None:
        if self.selected is not None:
            self.app.push_screen(binding(self.selected.name))

    def do_disable(self) -> None:
        if self.selected is not None:
            self.app.push_screen(disabling(self.selected.name))

    def do_enable(self) -> None:
        if self.selected is not None:
            self.app.push_screen(enabling(self.selected))
