"""Made-up records for the screen Admin and its lists, and the part of the fake engine that answers with them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from engine.housekeeping.places import WatchedFolder
from engine.housekeeping.settings import Setting
from engine.outbox.outbox import Mail
from engine.projects.allowances import Allowance
from engine.records import DoctorFinding, Operator, Project
from engine.reports.records import ReportPeriod
from tests.console.health_records import NOW, ago


def mail(number: int, state: Any, why: str | None = None) -> Mail:
    return Mail(
        number, "flights", "report", "ops@example.org", 3, "Late arrivals: well (last week)", "", "", ago(hours=2),
        state, 2, NOW + timedelta(minutes=4) if state == "queued" else None, None, why,
    )  # fmt: skip


OPERATORS = (Operator("ada", "admin"), Operator("bob", "operator"))
SETTINGS = (
    Setting("approvals", 1, "1", False, "people who must approve a release of any project"),
    Setting("keep_free", 2 << 30, "2 GiB", True, "with less free on the disk no retrain begins"),
)
FOLDER = WatchedFolder("/var/log", "logs", ago(days=20), "bob")
ALLOWANCE = Allowance("flights", 41, ("the network",), ago(days=3), "ada", "weather comes from a service")
MAILS = (mail(3, "failed", "the server refused it."), mail(2, "queued", "no answer."), mail(1, "sent"))
IN_VAIN = "1 mail waits, and no mail server is set up here: set LEVERFRAME_SMTP_HOST."
FOUND = (DoctorFinding("manifest", "ok", "tides, 2 gates of its own"),)


class FakeAdmin:
    """Answers with the records above."""

    _do: Callable[..., None]
    in_vain: str | None = None
    found = FOUND
    places_now: tuple[WatchedFolder, ...] = (FOLDER,)

    def operators(self) -> tuple[Operator, ...]:
        return OPERATORS

    def add_operator(self, name: str, role: Any, reason: str) -> Operator:
        self._do("let in", name, role, reason)
        return Operator(name, role)

    def settings(self) -> tuple[Setting, ...]:
        return SETTINGS

    def choose(self, setting: str, value: str, reason: str) -> None:
        self._do("choose", setting, value, reason)

    def places(self) -> tuple[WatchedFolder, ...]:
        return self.places_now

    def watch(self, folder: Path, kind: Any, reason: str) -> WatchedFolder:
        self._do("watch", folder, kind, reason)
        return FOLDER

    def unwatch(self, folder: Path, reason: str) -> None:
        self._do("unwatch", folder, reason)

    def allowances(self) -> tuple[Allowance, ...]:
        return (ALLOWANCE,)

    def withdraw(self, project: str, reason: str) -> None:
        self._do("withdraw", project, reason)

    def outbox(self, *, offset: int = 0, limit: int = 50, matching: str = "") -> tuple[Mail, ...]:
        return tuple(each for each in MAILS if matching in each.state)[offset : offset + limit]

    def count_outbox(self) -> int:
        return len(MAILS)

    def outbox_waits_in_vain(self) -> str | None:
        return self.in_vain

    def retry_outbox(self, mail: int | None = None) -> tuple[Mail, ...]:
        self._do("retry", mail)
        return MAILS[:1]

    def hold(self, label: str, reason: str) -> None:
        self._do("hold", label, reason)

    def release_hold(self, label: str, reason: str) -> None:
        self._do("release hold", label, reason)

    def check(self, path: Path, on_step: Callable[[str], None]) -> tuple[DoctorFinding, ...]:
        for each in self.found:
            on_step(f"{each.what}: {each.sentence}")
        return self.found

    def add(self, path: Path) -> Project:
        self._do("add", path)
        return Project("tides", "Tides", "ops@example.org", str(path), NOW)

    def reach(self, project: str) -> tuple[str, ...]:
        return ("the network",)

    def remove(self, name: str, reason: str) -> None:
        self._do("remove", name, reason)

    def report_recipients(self, project: str) -> tuple[str, ...]:
        return ("ops@example.org", "chief@example.org")

    def report_period(self, project: str, kind: str, now: Any) -> ReportPeriod:
        return ReportPeriod(NOW - timedelta(days=7), NOW, "UTC", f"the last {kind}", kind == "days")

    def report(self, project: str, period: ReportPeriod) -> Any:
        return SimpleNamespace(project=project, period=period, sentence="All is well.")

    def send_report(self, report: Any) -> tuple[Mail, ...]:
        self._do("send report", report.project, report.period.name)
        return MAILS[2:]
