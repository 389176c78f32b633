"""Clean up: what goes to the bin and what stays, each with its reason; then a reason, and it is done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from textual.widgets import Input

from console.asking import Question
from console.commands import CleanUp, Command
from console.dialogs.dialog import ReasonDialog
from console.disk_lines import clean_lines
from console.lines import Line, Span, wrapped
from console.questions import AskCleanUp
from engine.housekeeping.records import CleanPlan
from engine.text import plain


class CleanDialog(ReasonDialog):
    """Carries out the plan that it showed; the engine refuses it when what it protects has changed since."""

    def __init__(self) -> None:
        super().__init__("CLEAN UP", (), "move it to the bin", self._clean)
        self.plan: CleanPlan | None = None
        self._trouble: str | None = None

    def question(self) -> Question | None:
        return AskCleanUp() if self.plan is None else None

    @property
    def ready(self) -> bool:
        return self.plan is not None and bool(self.plan.going)

    @property
    def hopeless(self) -> bool:
        return self._trouble is not None or (self.plan is not None and not self.plan.going)

    def answered(self, answer: CleanPlan, at: datetime) -> None:  # type: ignore[override]
        self.plan = answer
        self._settle()

    def unanswered(self, sentence: str) -> None:
        self._trouble = sentence
        self._settle()

    def _settle(self) -> None:
        self.query_one("#reason", Input).display = not self.hopeless
        self.draw_text()
        self.draw_keys()

    def text(self, width: int) -> Sequence[Line]:
        if self._trouble is not None:
            return wrapped(f"■ {plain(self._trouble)}", width, tone="failing")
        if self.plan is None:
            return [(Span("Looking at what is there …", "dim"),)]
        return clean_lines(self.plan, width)

    def _clean(self, reason: str) -> Command:
        assert self.plan is not None
        return CleanUp(self.plan, reason)
