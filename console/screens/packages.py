"""Packages: what every project is locked to, beside the list that all of them keep to."""

from __future__ import annotations

from console import routes
from console.queries.admin_questions import AskPackages, PackageRow
from console.queries.question import Question
from console.screens.list_page import WholeListPage
from console.text.admin_tables import PACKAGES


class PackagesPage(WholeListPage[PackageRow]):
    name_of, place = "packages", "Admin"
    columns = PACKAGES
    empty = (
        "Nothing is live and nothing is listed.",
        "",
        "leverframe packages set 'pandas<3' --reason … puts a constraint on the list.",
    )
    heading = "Packages"

    @staticmethod
    def key(record: PackageRow) -> str:
        return record.line.package

    def question(self) -> Question:
        return AskPackages()

    def do_open(self) -> None:
        if self.selected is not None:
            self.app.push_screen(routes.package(self.selected.line))

    @staticmethod
    def words(record: PackageRow) -> str:
        return f"{record.line.package} {record.line.versions} {' '.join(record.projects)}"
