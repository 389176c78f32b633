"""Change when a schedule is due: its rule and its zone, from now on; the engine says what is wrong with a rule."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from console.acting.commands import Command
from console.acting.run_commands import Reschedule
from console.dialogs.dialog import ReasonDialog
from console.widgets.lines_view import LinesView
from engine.schedule.records import Schedule


class RescheduleDialog(ReasonDialog):
    """Three fields; Tab goes from one to the next, Enter in any of them does it."""

    AUTO_FOCUS = "#rule"

    def __init__(self, schedule: Schedule) -> None:
        said = (
            "The rule is a cron line in its own zone (minute hour day month weekday; 1 is Monday), or 'every 6h'.",
            "It acts from now on: nothing is made up for. It holds until leverframe.toml says something new.",
            "Below: the rule, its zone, your reason. Tab goes from one to the next.",
        )
        name = f"{schedule.project} {schedule.job}".upper()
        super().__init__(f"CHANGE THE SCHEDULE OF {name}", said, "change it", self._change)
        self._schedule = schedule

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield LinesView(id="text", grows=11)
            yield Input(self._schedule.rule, id="rule", classes="field")
            yield Input(self._schedule.timezone, id="zone", classes="field")
            yield Input(placeholder="your reason, for the audit trail", id="reason", max_length=1000)
            yield LinesView(id="progress", grows=11)
            yield LinesView(id="keys")

    def _change(self, reason: str) -> Command:
        for name in ("#rule", "#zone"):
            self.query_one(name, Input).display = False
        rule, zone = (self.query_one(name, Input).value.strip() for name in ("#rule", "#zone"))
        return Reschedule(self._schedule.project, self._schedule.job, rule, zone, reason)
