"""Schedules: what starts by itself and when, who sees to it, and how to pause, change or run it now."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from textual.widget import Widget

from console import routes
from console.acting.run_commands import RunNow
from console.dialogs import reasons
from console.dialogs.reschedule import RescheduleDialog
from console.queries.question import Question
from console.queries.questions import AskSchedules, Plans
from console.screens.list_page import WholeListPage
from console.text import tables
from console.text.lines import EMPTY, ends, line
from console.text.schedule_lines import also, detail, who_sees_to_it
from console.widgets.lines_view import LinesView
from engine.monitoring.records import Trigger
from engine.schedule.records import Schedule
from engine.vocabulary.jobs import RETRAIN

ROOM = 13  # head, summary, keys and a few rows of the list


class SchedulesPage(WholeListPage[Schedule]):
    name_of, place = "schedules", "Schedules"
    columns = tables.SCHEDULES
    empty = (
        "No project has a schedule. In leverframe.toml:",
        "",
        "  [schedule]",
        '  retrain = { cron = "0 3 * * mon", timezone = "America/New_York" }',
    )

    of_no_row = ("history",)
    triggers: tuple[Trigger, ...] = ()

    @staticmethod
    def key(record: Schedule) -> tuple[str, str]:
        return record.project, record.job

    @staticmethod
    def words(record: Schedule) -> str:
        return f"{record.project} {record.job} {record.rule} {record.timezone}"

    def body(self) -> Iterable[Widget]:
        yield LinesView(id="summary")
        yield from super().body()
        yield LinesView(id="plan", grows=ROOM)

    def question(self) -> Question:
        return AskSchedules()

    def show(self, answer: Plans, at: datetime) -> None:  # type: ignore[override]
        self.triggers = answer.triggers
        super().show(answer.schedules, at)
        paused = sum(1 for s in answer.schedules if not s.enabled)
        said = f" {len(answer.schedules):,} schedules" + (f", {paused:,} paused" if paused else "")
        who = line(who_sees_to_it(answer.engine, at), " ")
        self.lines("#summary").show(lambda width: [ends(line(said), who, width), EMPTY])
        self.selection_changed()

    def selection_changed(self) -> None:
        schedule, at = self.selected, self.at
        if schedule is not None and at is not None:
            own = [each for each in self.triggers if (each.project, RETRAIN.name) == (schedule.project, schedule.job)]
            self.lines("#plan").show(lambda width: [*detail(schedule, at, None, width), *also(own, width)])
        else:
            self.lines("#plan").show(lambda width: ())
        self.draw_frame()

    # Actions

    def why_not(self, action: str) -> str | None:
        schedule = self.selected
        if action in ("filter", "back", *self.of_no_row):
            return None
        if schedule is None:
            return "There is no schedule under the cursor."
        if action == "pause" and not schedule.enabled:
            return f"The {schedule.job} schedule of {schedule.project} is paused already; u resumes it."
        if action == "resume" and schedule.enabled:
            return f"The {schedule.job} schedule of {schedule.project} is not paused."
        return None

    def so(self, action: str) -> frozenset[str]:
        here = self.selected if action == "edit" else None
        return frozenset([f"its rule is {here.rule}, {here.timezone}"] if here else ())

    def do_open(self) -> None:
        self.app.push_screen(routes.occurrences(self.selected.project if self.selected else ""))

    def do_history(self) -> None:
        self.app.push_screen(routes.occurrences(""))

    def do_pause(self) -> None:
        if self.selected is not None:
            self.app.push_screen(reasons.pausing(self.selected))

    def do_resume(self) -> None:
        if self.selected is not None:
            self.app.push_screen(reasons.resuming(self.selected))

    def do_edit(self) -> None:
        if self.selected is not None:
            self.app.push_screen(RescheduleDialog(self.selected))

    def do_run_now(self) -> None:
        if self.selected is not None:
            self.app.run_command(RunNow(self.selected.project, self.selected.job))
