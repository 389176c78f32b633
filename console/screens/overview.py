"""Overview: every project on one screen; within five seconds one knows whether anything needs doing, and which key."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from textual.widget import Widget

from console import routes
from console.queries.question import AskOverview, Desk, Question, Rows
from console.screens.list_page import ListPage
from console.text import overview_table
from console.text.overview_lines import detail, ordered, summary
from console.widgets.lines_view import LinesView
from engine.records import ProjectStatus

FIRST_STEPS = (
    "No project yet. It is a folder in Git with a leverframe.toml. In a shell:",
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

    def __init__(self) -> None:
        super().__init__()
        self.desk: Desk | None = None

    @staticmethod
    def key(record: ProjectStatus) -> str:
        return record.project.name

    def body(self) -> Iterable[Widget]:
        yield LinesView(id="summary")
        yield from super().body()
        yield LinesView(id="detail")

    def on_mount(self) -> None:
        super().on_mount()
        first = self.app.first
        # Read while Textual was loading; a failure is left to the watcher, which asks again and says it.
        if first is not None and first.done() and first.exception() is None:
            self.answered(first.result(), first.result().overview.at)

    def question(self) -> Question:
        return AskOverview(self.app.last_visit)

    def show(self, answer: Desk, at: datetime) -> None:  # type: ignore[override]
        self.desk = answer
        self.app.remember(answer)
        wanted = self.matching.lower()
        found = tuple(s for s in ordered(answer.overview.projects) if wanted in _words(s))
        self.table.show(Rows(len(found), 0, found), at, self.empty_lines())
        self.lines("#summary").show(lambda width: [*summary(answer, at, width), ()])
        self.selection_changed()

    def filter_changed(self) -> None:
        if self.desk is not None and self.at is not None:
            self.show(self.desk, self.at)

    def on_paged_list_moved(self) -> None:
        self.selection_changed()

    def selection_changed(self) -> None:
        status, at = self.selected, self.at
        if status is not None and at is not None:
            self.lines("#detail").show(lambda width: detail(status, at, width))
        else:
            self.lines("#detail").show(lambda width: ())
        self.draw_frame()

    # Actions

    def why_not(self, action: str) -> str | None:
        status = self.selected
        if action in ("filter", "back", "add"):
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

    def do_health(self) -> None:
        if self.selected is not None:
            self.app.push_screen(routes.health(self.selected.project.name))

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
            from console.acting.commands import Retrain

            self.app.run_command(Retrain(self.selected.project.name))


def _words(status: ProjectStatus) -> str:
    """What the filter looks into."""
    return f"{status.project.name} {status.project.title} {status.verdict}".lower()
