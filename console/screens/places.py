"""Watched folders: what the disk is scanned for beside the workspace; nothing in them is ever cleaned."""

from __future__ import annotations

from console.dialogs import admin
from console.queries.admin_questions import AskPlaces
from console.queries.question import Question
from console.screens.list_page import WholeListPage
from console.text.admin_tables import PLACES
from engine.housekeeping.places import WatchedFolder


class PlacesPage(WholeListPage[WatchedFolder]):
    name_of, place = "places", "Admin"
    columns = PLACES
    empty = ("No folder is watched. + watches one, such as /var/log.",)
    heading = "Watched folders"
    of_no_row = ("watch",)

    @staticmethod
    def key(record: WatchedFolder) -> str:
        return record.path

    def question(self) -> Question:
        return AskPlaces()

    @staticmethod
    def words(record: WatchedFolder) -> str:
        return f"{record.path} {record.kind}"

    def chosen(self) -> None:
        """What is in the folder stands on the screen Disk."""

    def do_watch(self) -> None:
        self.app.push_screen(admin.watching())

    def do_unwatch(self) -> None:
        if self.selected is not None:
            self.app.push_screen(admin.unwatching(self.selected))
