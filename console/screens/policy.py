"""Policy: what a release takes, of every project and of those that ask for more, and who says so."""

from __future__ import annotations

from console.dialogs.admin import asking
from console.queries.admin_questions import AskPolicy
from console.queries.question import Question
from console.screens.list_page import WholeListPage
from console.text.admin_tables import POLICY
from engine.projects.policy import PolicyLine


class PolicyPage(WholeListPage[PolicyLine]):
    name_of, place = "policy", "Admin"
    columns = POLICY
    heading = "Policy"

    @staticmethod
    def key(record: PolicyLine) -> tuple[str, str]:
        return record.project or "", record.name

    def question(self) -> Question:
        return AskPolicy()

    @staticmethod
    def words(record: PolicyLine) -> str:
        return f"{record.project or 'every project'} {record.name} {record.text} {record.meaning}"

    def so(self, action: str) -> frozenset[str]:
        return frozenset([f"{self.selected.name} is {self.selected.text}"] if self.selected else ())

    def chosen(self) -> None:
        self.app.action_act("set_policy")

    def do_set_policy(self) -> None:
        if self.selected is not None:
            self.app.push_screen(asking(self.selected))
