"""Send a report now: what it says and who gets it are shown first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import cast, get_args

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from console.acting.admin_commands import SendReport
from console.dialogs.field import FieldDialog
from console.queries.admin_questions import AskReport, ReportKind, ReportPlan
from console.queries.question import Question
from console.text.lines import EMPTY, Line, Span, line, wrapped
from console.widgets.lines_view import LinesView
from engine.text import plain

KINDS: tuple[ReportKind, ...] = get_args(ReportKind)


class ReportDialog(FieldDialog):
    """One field, for the period; another period shows another report."""

    GIVEN = "Period"
    NOTHING = f"Write the period: {', '.join(KINDS)}."

    def __init__(self, project: str) -> None:
        said = (
            "It is kept as it is sent. Whoever has the report of that period already is sent no other.",
            "Below: the period; days (the last seven), week or month (the last whole one).",
        )
        super().__init__(f"SEND THE REPORT OF {project}", said, "send it", self._send, "days, week or month")
        self._project = project
        self._plan: ReportPlan | None = None
        self._trouble: str | None = None

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield LinesView(id="text", grows=7)
            yield Input(KINDS[0], placeholder=self._example, id="reason", max_length=10)
            yield LinesView(id="progress", grows=9)
            yield LinesView(id="keys")

    @property
    def kind(self) -> ReportKind | None:
        """The period that is written, where it is one."""
        return next((kind for kind in KINDS if kind == self.reason), None)

    def question(self) -> Question | None:
        kind = self.kind if self.is_mounted and self.command is None else None
        return AskReport(self._project, kind) if kind else None

    def on_input_changed(self) -> None:
        self._plan = self._trouble = None
        self.draw_text()
        self.app.ask(self.question())

    def answered(self, answer: ReportPlan, at: datetime) -> None:  # type: ignore[override]
        self._plan, self._trouble = answer, None
        self.draw_text()

    def unanswered(self, sentence: str) -> None:
        self._trouble = sentence
        self.draw_text()

    @property
    def ready(self) -> bool:
        return self._plan is not None or self._trouble is not None or self.kind is None

    def wrong(self) -> str | None:
        return self.NOTHING if self.kind is None else self._trouble

    def text(self, width: int) -> Sequence[Line]:
        said = super().text(width)
        if self._trouble is not None:
            return [*wrapped(f"■ {plain(self._trouble)}", width, tone="failing"), EMPTY, *said]
        if self._plan is None:
            return [line(Span("Reading …" if self.kind else self.NOTHING, "dim")), EMPTY, *said]
        report, to = self._plan.report, self._plan.to
        return [
            *wrapped(plain(f"{report.period.name}: {report.sentence}"), width),
            *wrapped(plain(f"To {', '.join(to)}", 2000), width, tone="strong"),
            EMPTY,
            *said,
        ]

    def _send(self, kind: str) -> SendReport:
        return SendReport(self._project, cast(ReportKind, kind))
