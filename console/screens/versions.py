"""Versions: what there is and was, of one project or of all, and the way back."""

from __future__ import annotations

from console import routes, travel_routes
from console.acting.run_commands import Retrain
from console.dialogs import admin, reasons
from console.queries.question import Question
from console.queries.questions import AskVersions
from console.screens.list_page import ListPage
from console.text import tables
from engine.records import Version


class VersionsPage(ListPage[Version]):
    name_of, place = "versions", "Versions"
    columns = tables.VERSIONS
    empty = (
        "No version yet. A retrain makes one: r on the overview starts it.",
        "+ takes in one that another workspace has bundled.",
    )
    of_no_row = ("take_in",)

    def __init__(self, project: str | None = None) -> None:
        super().__init__()
        self.project = project

    def anew(self) -> VersionsPage:
        return VersionsPage(self.project)

    @property
    def heading(self) -> str:
        return f"{super().heading} of {self.project}" if self.project else super().heading

    @staticmethod
    def key(record: Version) -> str:
        return record.label

    def question(self) -> Question:
        return AskVersions(self.project, self.window)

    def why_not(self, action: str) -> str | None:
        if action in ("bundle", "take_in", "score") and (why := self.app.runner.why_no_file()) is not None:
            return why
        version = self.selected
        if version is None or action not in ("diff", "lift", "roll_back"):  # of holds the engine knows
            return super().why_not(action)
        if action == "diff" and version.against is None:
            return f"{version.label} is the first: there was nothing to compare it with."
        if action == "lift" and version.state != "barred":
            return f"{version.label} is not barred; there is no bar to lift."
        return why_not_here(version) if action == "roll_back" else None

    def do_open(self) -> None:
        if self.selected is not None:
            self.app.push_screen(routes.card(self.selected.label))

    def do_diff(self) -> None:
        if self.selected is not None and self.selected.against is not None:
            self.app.push_screen(routes.diff(self.selected.against, self.selected.label))

    def do_roll_back(self) -> None:
        """To the version under the cursor; from the live version itself, to the one before it."""
        version = self.selected
        if version is not None:
            self.app.push_screen(routes.rollback(version.project, None if version.state == "live" else version.label))

    def do_lift(self) -> None:
        if self.selected is not None:
            self.app.push_screen(reasons.lifting(self.selected.label))

    def do_hold(self) -> None:
        if self.selected is not None:
            self.app.push_screen(admin.holding(self.selected.label))

    def do_release_hold(self) -> None:
        if self.selected is not None:
            self.app.push_screen(admin.releasing(self.selected.label))

    def do_bundle(self) -> None:
        if self.selected is not None:
            self.app.push_screen(travel_routes.bundle(self.selected.label))

    def do_send(self) -> None:
        if self.selected is not None:
            self.app.push_screen(travel_routes.send(self.selected.label))

    def do_where(self) -> None:
        if self.selected is not None:
            self.app.push_screen(travel_routes.where(self.selected.label))

    def do_exports(self) -> None:
        if self.selected is not None:
            self.app.push_screen(travel_routes.exports(self.selected.label))

    def do_score(self) -> None:
        """With the version under the cursor; with the live one it is the project's, whichever is live by then."""
        version = self.selected
        if version is not None:
            self.app.push_screen(routes.score(version.project, None if version.state == "live" else version.label))

    def do_trace(self) -> None:
        if self.selected is not None:
            self.app.push_screen(routes.trace(self.selected.label))

    def do_take_in(self) -> None:
        self.app.push_screen(travel_routes.take_in())

    def do_health(self) -> None:
        project = self.project or (self.selected.project if self.selected else None)
        if project is not None:
            self.app.push_screen(routes.health(project))

    def do_backtests(self) -> None:
        project = self.project or (self.selected.project if self.selected else None)
        if project is not None:
            self.app.push_screen(routes.backtest(project))

    def do_retrain(self) -> None:
        project = self.project or (self.selected.project if self.selected else None)
        if project is not None:
            self.app.run_command(Retrain(project))


def why_not_here(version: Version) -> str | None:
    """Why one cannot roll back to ``version``, as far as the list knows; the plan says the rest."""
    if version.state in ("live", "retired"):
        return None
    if version.state == "barred":
        return f"{version.label} is barred; l lifts the bar, with a reason."
    if version.state == "candidate":
        return f"{version.label} was never live; Enter opens its card, where a approves it."
    return f"{version.label} was never live; only a version that was live can be gone back to."


