"""What ``Engine`` offers of reports: a method per command, a few lines each."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from engine import clock
from engine.access.acts import Door, changes, looks
from engine.records import Run
from engine.vocabulary.jobs import REPORT

if TYPE_CHECKING:
    from engine.outbox.mails import Mail
    from engine.reports.archive import KeptReport
    from engine.reports.records import Report, ReportPeriod

Form = Literal["html", "text"]


class ReportCommands(Door):
    """The part of the engine that tells business people. Imports what it needs when it is called."""

    @looks("see reports", of="project")
    def report_period(self, project: str, kind: Literal["week", "month", "days"], now: datetime) -> ReportPeriod:
        """The last whole week or month before ``now``, in the project's own time zone, or the seven days up to it."""
        from engine.reports import build

        with self._ledger.read() as db:
            return build.period_of(db, project, kind, now)

    @looks("see reports", of="project")
    def report(self, project: str, period: ReportPeriod | tuple[datetime, datetime]) -> Report:
        """What is to be told of a project and a period (since and until), from the ledger as it stands."""
        from engine.reports import build

        with self._ledger.read() as db:
            if isinstance(period, tuple):
                period = build.between_of(db, project, *period)
            return build.report(db, self._store, project, period)

    @looks("see reports", of="report")
    def render_report(self, report: Report, form: Form) -> str:
        """A report as a page of HTML that needs nothing else, or as plain text."""
        from engine.reports import html, text

        return html.page(report) if form == "html" else text.text(report)

    @looks("see reports", of="report")
    def write_report(self, report: Report, target: Path) -> None:
        """Write a report to a file, whose ending says in which form: .html, or .txt. Raises Invalid, Refusal."""
        _write(target, self.render_report(report, _form_of(target)))

    @changes(REPORT.act, least="operator", of="project")
    def report_soon(self, project: str) -> Run:
        """Queue the report of the period that has ended, as its schedule does."""
        from engine.runs import by_hand

        return by_hand.begin(self._workspace, self._ledger, project, REPORT, self.caller, clock.now())

    @looks("see reports", of="project")
    def reports(self, project: str) -> tuple[KeptReport, ...]:
        """All reports of a project that were made and kept, the newest first."""
        from engine.projects import registry
        from engine.reports import archive

        with self._ledger.read() as db:
            registry.find(db, project)
            return archive.everything(db, project)

    @looks("see reports", of="project")
    def kept_report(self, project: str, number: int, form: Form) -> str:
        """A kept report exactly as it was sent. Raises NotFound, or Damage when it is not whole in the store."""
        from engine.reports import archive

        with self._ledger.read() as db:
            kept = archive.find(db, project, number)
        return self._store.get(kept.page if form == "html" else kept.text).decode()

    @looks("see reports", of="project")
    def write_kept_report(self, project: str, number: int, target: Path) -> None:
        """Write a kept report to a file, as ``write_report`` does."""
        _write(target, self.kept_report(project, number, _form_of(target)))

    @looks("see reports", of="project")
    def report_recipients(self, project: str) -> tuple[str, ...]:
        """Who gets the report of a project: everybody in [report] to. Raises Refusal when nobody is named."""
        from engine.outbox import sending

        with self._ledger.read() as db:
            return sending.recipients(db, project)

    @changes("send reports", least="operator", of="report")
    def send_report(self, report: Report) -> tuple[Mail, ...]:
        """Keep a report and mail it now to everybody in [report] to who has not got that of this period yet.

        Returns the mails, each as it stands after the first attempt. Raises Refusal when nobody is named, no server.
        """
        from engine.outbox import sending
        from engine.outbox.channels import MAIL, set_up

        return sending.send(self._ledger, self._store, report, self.caller, set_up(MAIL), clock.now)

    @looks("see what mails a report makes", of="report", in_past=False)
    def dry_run_report(self, report: Report, folder: Path) -> tuple[Path, ...]:
        """Write the mails that would be sent as files that any mail reader opens; nothing is kept, nothing is sent."""
        from engine.outbox import sending

        return sending.dry_run(self._ledger, report, folder, clock.now())

    @looks("see the outbox")
    def count_outbox(self) -> int:
        """How many mails there are."""
        from engine.outbox import mails

        return mails.count(self._ledger)

    @looks("see the outbox")
    def outbox(self, *, offset: int = 0, limit: int = 50, matching: str = "") -> tuple[Mail, ...]:
        """Mails, newest first: what waits, what was taken, what was given up and why."""
        from engine.outbox import mails

        return mails.page(self._ledger, offset=offset, limit=limit, matching=matching)

    @looks("see the outbox")
    def outbox_waits_in_vain(self) -> str | None:
        """Why mails that wait are not sent, where no server is set up in this environment, and how to set one up."""
        from engine.outbox import sending

        return sending.waits_in_vain(self._ledger)

    @changes("send mail again", least="operator")
    def retry_outbox(self, mail: int | None = None) -> tuple[Mail, ...]:
        """Try one mail now, or all that wait or were given up. Raises NotFound, Refusal when no server is set up."""
        from engine.outbox import sending
        from engine.outbox.channels import set_up

        sending.needs_a_way()
        return sending.retry(self._ledger, self._store, mail, self.caller, set_up, clock.now)


def _form_of(target: Path) -> Form:
    from engine.errors import Invalid

    forms: dict[str, Form] = {".html": "html", ".htm": "html", ".txt": "text"}
    form = forms.get(target.suffix.lower())
    if form is None:
        raise Invalid(f"{target.name} does not say in which form; let its name end in .html or in .txt.")
    return form


def _write(target: Path, content: str) -> None:
    from engine.storage.atomic import write_file
    from engine.storage.disk import refused

    with refused(f"The report could not be written to {target}"):
        write_file(target, content.encode())
