"""Bundles: which versions came in from other workspaces, from where, and what became of them here."""

from __future__ import annotations

from console import routes, travel_routes
from console.queries.question import Question
from console.queries.travel_questions import AskArrivals
from console.screens.list_page import WholeListPage
from console.text.bundle_lines import ARRIVALS
from engine.bundles.whereabouts import Arrived


class ArrivalsPage(WholeListPage[Arrived]):
    name_of, place = "arrivals", "Admin"
    columns = ARRIVALS
    empty = (
        "No version came in from another workspace yet.",
        "",
        "+ takes a bundle in; whose are taken in stands on the screen Trusted keys.",
    )
    heading = "Bundles that came in"
    of_no_row = ("take_in",)

    @staticmethod
    def key(record: Arrived) -> str:
        return record.origin.label

    def question(self) -> Question:
        return AskArrivals()

    @staticmethod
    def words(record: Arrived) -> str:
        return f"{record.origin.label} {record.state} {record.origin.by} {record.origin.sentence}"

    def why_not(self, action: str) -> str | None:
        return self.app.runner.why_no_file() if action == "take_in" else super().why_not(action)

    def do_open(self) -> None:
        if self.selected is not None:
            self.app.push_screen(routes.card(self.selected.origin.label))

    def do_take_in(self) -> None:
        self.app.push_screen(travel_routes.take_in())
