"""Overview: every project on one screen; within five seconds one knows whether anything needs doing, and which key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from textual.widget import Widget

from console import cells, tables
from console.commands import Retrain
from console.lines import Line, Span, cut, ends, line, wrapped
from console.questions import AskOverview, Question, Rows
from console.screens.list_page import ListPage
from console.widgets.lines_view import LinesView
from engine.records import Overview, ProjectStatus
from engine.text import plain

FIRST_STEPS = (
    "No project yet. A project is a folder with a leverframe.toml, in Git. In a shell:",
    "",
    "  leverframe check PATH      looks at it and tries its steps once",
    "  leverframe add PATH        puts it on this screen",
    "",
    "'leverframe demo' makes a workspace with two projects and eight weeks of history to try things on.",
)


class OverviewPage(ListPage[ProjectStatus]):
    name_of, place = "overview", "Overview"
    columns = tables.PROJECTS
    empty = FIRST_STEPS

    def __init__(self) -> None:
        super().__init__()
        self.overview: Overview | None = None

    @staticmethod
    def key(record: ProjectStatus) -> str:
        return record.project.name

    def body(self) -> Iterable[Widget]:
        yield LinesView(id="summary")
        yield from super().body()
        yield LinesView(id="detail")

    def question(self) -> Question:
        return AskOverview()

    def show(self, answer: Overview, at: datetime) -> None:  # type: ignore[override]
        self.overview = answer
        self.app.remember(answer)
        wanted = self.matching.lower()
        found = tuple(s for s in answer.projects if wanted in f"{s.project.name} {s.project.title} {s.verdict}".lower())
        self.table.show(Rows(len(found), 0, found), at, self.empty_lines())
        self.lines("#summary").show(lambda width: [summary(answer, width), ()])
        self.selection_changed()

    def filter_changed(self) -> None:
        if self.overview is not None and self.at is not None:
            self.show(self.overview, self.at)

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
        if action in ("filter", "back"):
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
            self.app.open_versions(self.selected.project.name)

    def do_decide(self) -> None:
        if self.selected is not None and self.selected.candidates:
            self.app.open_card(self.selected.candidates[0].label)

    def do_roll_back(self) -> None:
        if self.selected is not None:
            self.app.open_rollback(self.selected.project.name, None)

    def do_retrain(self) -> None:
        if self.selected is not None:
            self.app.run_command(Retrain(self.selected.project.name))


def summary(overview: Overview, width: int) -> Line:
    """How things stand in one line, and how much disk is left."""
    worst: list[Span] = []
    for verdict in ("failing", "unknown", "watch", "ok"):
        count = sum(1 for s in overview.projects if s.verdict == verdict)
        if count:
            worst += [Span(f"{cells.GLYPHS[verdict]} {count} {verdict}", verdict), Span(" · ")]
    waiting = sum(len(s.candidates) for s in overview.projects)
    said = Span("nothing waits for a decision", "dim")
    if waiting:
        said = Span(f"{waiting} waiting for a decision", "watch")
    used = 1 - overview.free / overview.total if overview.total else 0
    disk = line(Span(f"disk {used:.0%} used, {cells.size(overview.free)} free ", "dim"))
    return ends(line(" ", *worst, said), disk, width)


def detail(status: ProjectStatus, now: datetime, width: int) -> Sequence[Line]:
    """Why the selected project is as it is, and which key acts on it."""
    lines: list[Line] = [
        (Span("─" * width, "rule"),),
        line(" ", Span(f"{cells.GLYPHS[status.verdict]} {status.project.name}", status.verdict),
             Span(f"  {cut(plain(status.project.title), max(10, width - len(status.project.name) - 6))}", "dim")),
        *wrapped(plain(status.why) + ".", width - 4, indent="   ")[:2],
    ]  # fmt: skip
    run = status.active_run
    if run is not None:
        lines.append(line("   ", Span(f"{cells.run_state(run)}: {plain(run.phase)}", "key"), f", run {run.id}"))
    if status.candidates:
        newest = status.candidates[0]
        text = f"{newest.label} waits: {plain(newest.sentence)}"
        lines.append(line("   ", Span("c", "key"), " ", cut(text, width - 8)))
    if status.rollback_to is not None:
        lines.append(line("   ", Span("R", "key"), f" would roll back to {status.rollback_to}"))
    return lines[:6]
