"""Overview: every project on one screen; within five seconds one knows whether anything needs doing, and which key."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from textual.events import Resize
from textual.widget import Widget

from console import routes
from console.queries.question import AskOverview, Desk, Question, Rows
from console.screens.list_page import ListPage
from console.text import overview_table
from console.text.frame import rule
from console.text.overview_lines import detail, ordered, rows_below, summary
from console.widgets.lines_view import LinesView
from engine.records import ProjectStatus

if TYPE_CHECKING:
    from console.queries.recent_question import Recent

FIRST_STEPS = (
    "No project yet. It is a folder in Git or Subversion with a leverframe.toml:",
    "",
    "  leverframe check PATH      looks at it and tries its steps once",
    "  leverframe add PATH        puts it on this screen; key + does both",
    "",
    "'leverframe demo' makes a workspace with two projects to try things on.",
)


class OverviewPage(ListPage[ProjectStatus]):
    name_of, place = "overview", "Overview"
    columns = overview_table.PROJECTS
    empty = FIRST_STEPS
    of_no_row = ("add", "duty")

    def __init__(self) -> None:
        super().__init__()
        self.desk: Desk | None = None
        self.recent: dict[str, Recent] = {}
        self.rows = 0  # of what is said of the selected project where there is room

    @staticmethod
    def key(record: ProjectStatus) -> str:
        return record.project.name

    def body(self) -> Iterable[Widget]:
        yield LinesView(id="summary")
        yield from super().body()
        yield LinesView(id="detail")
        yield LinesView(id="recent")

    def on_mount(self) -> None:
        first = self.app.first
        # Read while Textual was loading; a failure is left to the watcher, which asks again and says it.
        if first is not None and first.done() and first.exception() is None:
            self.answered(first.result(), first.result().overview.at)

    def question(self) -> Question:
        return AskOverview(self.app.last_visit)

    def show(self, answer: Desk, at: datetime) -> None:  # type: ignore[override]
        self.desk = answer
        self._make_room(self.app.size.height)
        wanted = self.matching.lower()
        found = tuple(s for s in ordered(answer.overview.projects) if wanted in _words(s))
        columns = overview_table.columns(answer.overview.projects)
        self.table.show(Rows(len(found), 0, found), at, self.empty_lines(), columns)
        self.lines("#summary").show(lambda width: [*summary(answer, at, width), ()])
        self.selection_changed()
        self._remember()

    def on_resize(self, event: Resize) -> None:
        self._make_room(event.size.height)
        if self.selected is not None and self.at is not None:
            self._draw_recent(self.at)  # All else makes itself anew for another width.
        self.ask_beside()

    def _make_room(self, height: int) -> None:
        self.rows = rows_below(height, len(self.desk.overview.projects)) if self.desk is not None else 0
        below = self.lines("#recent")
        below.display = self.rows > 0
        below.styles.height = self.rows

    def _remember(self) -> None:
        if self.desk is not None:
            first = ordered(self.desk.overview.projects)[:1]
            self.app.remember(self.desk, self.recent.get(first[0].project.name) if first else None)

    def beside(self) -> Question | None:
        status = self.selected
        if not self.rows or status is None:
            return None
        from console.queries.recent_question import AskRecent

        return AskRecent(status.project.name)

    def answered_beside(self, answer: Recent, at: datetime) -> None:
        self.recent[answer.name] = answer
        self._draw_recent(at)
        self._remember()

    def _draw_recent(self, at: datetime) -> None:
        # What is known of a project stands there at once, until the newest comes.
        found = self.recent.get(self.selected.project.name) if self.selected is not None else None
        if found is None:
            self.lines("#recent").show(lambda width: [rule(width)])
            return
        from console.text.recent_lines import recent_lines  # the first picture does not wait for it

        rows = self.rows
        self.lines("#recent").show(lambda width: recent_lines(found, at, width, rows))

    def filter_changed(self) -> None:
        if self.desk is not None and self.at is not None:
            self.show(self.desk, self.at)

    def selection_changed(self) -> None:
        status, at = self.selected, self.at
        if status is not None and at is not None:
            self.lines("#detail").show(lambda width: detail(status, at, width))
            self._draw_recent(at)
        else:
            self.lines("#detail").show(lambda width: ())
            self.lines("#recent").show(lambda width: ())
        self.ask_beside()
        self.draw_frame()

    # Actions

    def why_not(self, action: str) -> str | None:
        status = self.selected
        if action in ("filter", "back", *self.of_no_row):
            return None
        if status is None:
            return "There is no project under the cursor."
        if action == "decide" and not status.candidates:
            return f"{status.project.name} has no candidate to decide on; r retrains it."
        if action == "roll_back" and status.rollback_to is None:
            return f"{status.project.name} has no earlier live version to go back to."
        return None

    def do_open(self) -> None:
        if self.selected is not None:
            self.app.push_screen(routes.versions(self.selected.project.name))

    def do_decide(self) -> None:
        if self.selected is not None and self.selected.candidates:
            self.app.push_screen(routes.card(self.selected.candidates[0].label))

    def do_roll_back(self) -> None:
        if self.selected is not None:
            self.app.push_screen(routes.rollback(self.selected.project.name, None))

    def do_times(self) -> None:
        if self.selected is not None:
            self.app.push_screen(routes.times(self.selected.project.name))

    def do_backtests(self) -> None:
        if self.selected is not None:
            self.app.push_screen(routes.backtest(self.selected.project.name))

    def do_requests(self) -> None:
        if self.selected is not None:
            self.app.push_screen(routes.requests(self.selected.project.name))

    def do_score(self) -> None:
        if self.selected is not None:
            self.app.push_screen(routes.score(self.selected.project.name))

    def do_health(self) -> None:
        if self.selected is not None:
            self.app.push_screen(routes.health(self.selected.project.name))

    def do_duty(self) -> None:
        self.app.push_screen(routes.admin_list("duty"))

    def do_send_report(self) -> None:
        if self.selected is not None:
            self.app.push_screen(routes.send_report(self.selected.project.name))

    def do_add(self) -> None:
        from console.dialogs.admin import AddDialog

        self.app.push_screen(AddDialog())

    def do_remove(self) -> None:
        from console.dialogs.admin import removing

        if self.selected is not None:
            self.app.push_screen(removing(self.selected.project.name))

    def do_retrain(self) -> None:
        if self.selected is not None:
            from console.acting.run_commands import Retrain

            self.app.run_command(Retrain(self.selected.project.name))


def _words(status: ProjectStatus) -> str:
    """What the filter looks into."""
    return f"{status.project.name} {status.project.title} {status.verdict}".lower()
