"""Clean up: what goes to the bin and what stays, each with its reason; then a reason, and it is done."""

from __future__ import annotations

from datetime import datetime

from console.acting.commands import Command
from console.acting.disk_commands import CleanUp
from console.dialogs.plan import PlanDialog
from console.queries.question import Question
from console.queries.questions import AskCleanUp
from console.text.disk_lines import clean_lines
from engine.housekeeping.records import CleanPlan


class CleanDialog(PlanDialog[CleanPlan]):
    """Carries out the plan that it showed; the engine refuses it when what it protects has changed since."""

    waiting = "Looking at what is there …"

    def __init__(self) -> None:
        super().__init__("CLEAN UP", "move it to the bin", self._clean, lambda plan: not plan.going, clean_lines)

    def question(self) -> Question | None:
        return AskCleanUp() if self.plan is None else None

    def answered(self, answer: CleanPlan, at: datetime) -> None:  # type: ignore[override]
        self.plan = answer
        self.settle()

    def unanswered(self, sentence: str) -> None:
        self.trouble = sentence
        self.settle()

    def _clean(self, reason: str) -> Command:
        assert self.plan is not None
        return CleanUp(self.plan, reason)
