"""Admin: what a workspace is run by; each list opens with Enter."""

from __future__ import annotations

from console import routes
from console.queries.admin_questions import AdminList, AskAdmin
from console.queries.question import Question
from console.screens.list_page import WholeListPage
from console.text.admin_tables import ADMIN


class AdminPage(WholeListPage[AdminList]):
    name_of, place = "admin", "Admin"
    columns = ADMIN

    @staticmethod
    def key(record: AdminList) -> str:
        return record.page

    def question(self) -> Question:
        return AskAdmin()

    @staticmethod
    def words(record: AdminList) -> str:
        return f"{record.title} {record.meaning}"

    def do_open(self) -> None:
        if self.selected is not None:
            self.app.push_screen(routes.admin_list(self.selected.page))
