"""What ``Engine`` offers of reports: a method per command, a few lines each."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from engine.records import Operator
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace

if TYPE_CHECKING:
    from engine.reports.records import Period, Report

Form = Literal["html", "text"]


class ReportCommands:
    """The part of the engine that tells business people. Imports what it needs when it is called."""

    _workspace: Workspace
    _ledger: Ledger
    _store: ObjectStore
    operator: Operator

    def report_period(self, project: str, kind: Literal["week", "month"], now: datetime) -> Period:
        """The last whole week or month before ``now``, in the project's own time zone."""
        from engine.reports import making

        with self._ledger.read() as db:
            return making.period_of(db, project, kind, now)

    def report(self, project: str, period: Period | tuple[datetime, datetime]) -> Report:
        """What is to be told of a project and a period (since and until), from the ledger as it stands."""
        from engine.reports import making

        with self._ledger.read() as db:
            if isinstance(period, tuple):
                period = making.between_of(db, project, *period)
            return making.report(db, self._store, project, period)

    def render_report(self, report: Report, form: Form) -> str:
        """A report as a page of HTML that needs nothing else, or as plain text."""
        from engine.reports import html, text

        return html.page(report) if form == "html" else text.text(report)

    def write_report(self, report: Report, target: Path) -> None:
        """Write a report to a file, whose ending says in which form: .html, or .txt. Raises Invalid, Refusal."""
        from engine.errors import Invalid
        from engine.storage.atomic import write_file
        from engine.storage.disk import refused

        forms: dict[str, Form] = {".html": "html", ".htm": "html", ".txt": "text"}
        form = forms.get(target.suffix.lower())
        if form is None:
            raise Invalid(f"{target.name} does not say in which form; let its name end in .html or in .txt.")
        with refused(f"The report could not be written to {target}"):
            write_file(target, self.render_report(report, form).encode())
