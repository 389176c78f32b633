"""Trusted keys: whose bundles are taken in here, and this workspace's own key."""

from __future__ import annotations

from console import travel_routes
from console.queries.question import Question
from console.queries.travel_questions import AskTrusted
from console.screens.list_page import WholeListPage
from console.text.bundle_lines import TRUSTED
from engine.bundles.trusted import TrustedKey


class TrustPage(WholeListPage[TrustedKey]):
    name_of, place = "trust", "Admin"
    columns = TRUSTED
    empty = (
        "Nobody else's bundles are taken in here.",
        "",
        "+ trusts the key of another workspace; o shows the key of this one.",
    )
    heading = "Trusted keys"
    of_no_row = ("add_key", "own_key")

    @staticmethod
    def key(record: TrustedKey) -> tuple[str, str]:
        return record.name, record.fingerprint

    def question(self) -> Question:
        return AskTrusted()

    @staticmethod
    def words(record: TrustedKey) -> str:
        return f"{record.name} {record.fingerprint} {record.by} {record.reason}"

    def do_open(self) -> None:
        if self.selected is not None:
            self.app.push_screen(travel_routes.trusted_key(self.selected))

    def do_add_key(self) -> None:
        from console.dialogs.travel import trusting

        self.app.push_screen(trusting())

    def do_remove_key(self) -> None:
        from console.dialogs.travel import distrusting

        if self.selected is not None:
            self.app.push_screen(distrusting(self.selected))

    def do_own_key(self) -> None:
        self.app.push_screen(travel_routes.own_key())
