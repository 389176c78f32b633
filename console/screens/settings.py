"""Settings: how much stays free, how long what is kept, where backups go."""

from __future__ import annotations

from console.dialogs.admin import setting_of
from console.queries.admin_questions import AskSettings
from console.queries.question import Question
from console.screens.list_page import WholeListPage
from console.text.admin_tables import SETTINGS
from engine.housekeeping.settings import Setting


class SettingsPage(WholeListPage[Setting]):
    name_of, place = "settings", "Admin"
    columns = SETTINGS
    heading = "Settings"

    @staticmethod
    def key(record: Setting) -> str:
        return record.name

    def question(self) -> Question:
        return AskSettings()

    @staticmethod
    def words(record: Setting) -> str:
        return f"{record.name} {record.meaning}"

    def so(self, action: str) -> frozenset[str]:
        return frozenset([f"{self.selected.name} is {self.selected.text}"] if self.selected else ())

    def chosen(self) -> None:
        self.app.action_act("choose")

    def do_choose(self) -> None:
        if self.selected is not None:
            self.app.push_screen(setting_of(self.selected))
