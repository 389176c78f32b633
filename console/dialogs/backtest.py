"""Ask for a backtest: over how many weeks, of which policies; how many trainings that takes is shown first."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from console.acting.run_commands import Backtest
from console.dialogs.foreseeing import ForeseeingDialog
from console.queries.backtest_questions import AskBacktestPlan
from console.queries.question import Question
from console.text.backtest_lines import plan_lines
from console.text.lines import Line, Span, line
from console.widgets.lines_view import LinesView
from engine.backtest.defaults import POLICIES, WEEKS


class BacktestDialog(ForeseeingDialog):
    """Two fields; Tab goes from one to the other, Enter in either begins it. What changes nothing needs no reason."""

    AUTO_FOCUS = "#weeks"
    GIVEN = "Policies"
    NOTHING = f"Write the policies, such as {POLICIES}."

    def __init__(self, project: str) -> None:
        said = (
            "It runs in the background, makes no version and touches nothing that is live. Every model counts as "
            "released at its moment.",
            "Below: how many weeks back; the policies: 1d, 1w, 4w ..., and never, with which all are compared.",
        )
        super().__init__(f"BACKTEST RETRAINING OF {project}", said, "begin", self._begin)
        self._project = project

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield LinesView(id="text", grows=11)
            yield Input(str(WEEKS), placeholder="weeks", id="weeks", classes="field", max_length=4, restrict="[0-9]*")
            yield Input(POLICIES, placeholder=POLICIES, id="reason", max_length=200)
            yield LinesView(id="progress", grows=9)
            yield LinesView(id="keys")

    @property
    def weeks(self) -> int:
        return int(self.query_one("#weeks", Input).value or 0)

    def question(self) -> Question | None:
        if not self.is_mounted or self.command is not None or not (self.weeks and self.reason):
            return None
        return AskBacktestPlan(self._project, self.weeks, self.reason)

    def wrong(self) -> str | None:
        return "Write how many weeks to replay." if not self.weeks else self._trouble

    def foreseen(self, width: int) -> Sequence[Line]:
        if self._plan is None:
            waits = self.is_mounted and self.question() is not None
            return [line(Span("Working it out …" if waits else self.NOTHING, "dim"))]
        return plan_lines(self._plan, width)

    def _begin(self, every: str) -> Backtest:
        weeks = self.query_one("#weeks", Input)
        weeks.display = False
        return Backtest(self._project, int(weeks.value), every)

    def refused(self, sentence: str) -> None:
        self.write_anew(sentence)
