"""Send a report now: what it says and who gets it are shown first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast, get_args

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from console.acting.admin_commands import SendReport
from console.dialogs.field import FieldDialog
from console.dialogs.foreseeing import ForeseeingDialog
from console.queries.admin_questions import AskReport, ReportKind
from console.queries.question import Question
from console.text.lines import Line, Span, line, wrapped
from console.widgets.lines_view import LinesView
from engine.text import plain

KINDS: tuple[ReportKind, ...] = get_args(ReportKind)


class ReportDialog(ForeseeingDialog, FieldDialog):
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

    def wrong(self) -> str | None:
        return self.NOTHING if self.kind is None else self._trouble

    def foreseen(self, width: int) -> Sequence[Line]:
        if self._plan is None:
            return [line(Span("Reading …" if self.kind else self.NOTHING, "dim"))]
        report, to = self._plan.report, self._plan.to
        return [
            *wrapped(plain(f"{report.period.name}: {report.sentence}"), width),
            *wrapped(plain(f"To {', '.join(to)}", 2000), width, tone="strong"),
        ]

    def _send(self, kind: str) -> SendReport:
        return SendReport(self._project, cast(ReportKind, kind))
