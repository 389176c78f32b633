"""Made-up records for the screen Admin and its lists, and the part of the fake engine that answers with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from engine.access.confirmation import check_typed
from engine.clock import stamp
from engine.duty.matters import Matter, kept
from engine.housekeeping.places import WatchedFolder
from engine.housekeeping.settings import Setting
from engine.outbox.mails import Mail
from engine.packages.matrix import LockedProject, PackageMatrix, compose
from engine.packages.rules import CommonList
from engine.presence.sessions import Present
from engine.projects.allowances import Allowance
from engine.projects.policy import PolicyLine
from engine.records import Binding, DoctorFinding, Operator, Project
from engine.reports.records import ReportPeriod
from engine.routing.duty_records import Duty, Handover
from engine.routing.records import Route, Routed
from tests.console.health_records import NOW, ago


def mail(number: int, state: Any, why: str | None = None) -> Mail:
    return Mail(
        number, "flights", "report", "ops@example.org", 3, "Late arrivals: well (last week)", "", "", ago(hours=2),
        state, 2, NOW + timedelta(minutes=4) if state == "queued" else None, None, why,
    )  # fmt: skip


COMMON = CommonList({"pandas": "<3"}, at=NOW, by="ada", reason="one stack")
LOCKED = (
    LockedProject("diamonds", "diamonds@3", True, {"numpy": "2.4.6", "pandas": "2.3.3"}),
    LockedProject("flights", "flights@12", True, {"numpy": "2.4.6", "pandas": "3.1.1"}),
)
WAYS = (Binding("ada", "account", "ada@box", ago(days=99)), Binding("ada", "key", "SHA256:abc", ago(days=9), "", "[b]"))
OPERATORS = (
    Operator("ada", "admin", ways=WAYS), Operator("bob", "operator", projects=(("flights", "admin"),)),
    Operator("carl", "viewer", disabled=True),
)  # fmt: skip
SETTINGS = (
    Setting("log_days", 90, "90 days", False, "how long logs are kept"),
    Setting("keep_free", 2 << 30, "2 GiB", True, "with less free on the disk no retrain begins"),
)
POLICY = (
    PolicyLine(None, "approvals", "2", "the workspace"),
    PolicyLine(None, "four_eyes", "no", "default"),
    PolicyLine("flights", "approvals", "3", "leverframe.toml"),
)
FOLDER = WatchedFolder("/var/log", "logs", ago(days=20), "bob")
ALLOWANCE = Allowance("flights", 41, ("the network",), ago(days=3), "ada", "weather comes from a service")
MAILS = (mail(3, "failed", "the server refused it."), mail(2, "queued", "no answer."), mail(1, "sent"))
IN_VAIN = "1 mail waits, and no mail server is set up here: set LEVERFRAME_SMTP_HOST."
FOUND = (DoctorFinding("manifest", "ok", "tides, 2 gates of its own"),)


ROUTE_LIST = (
    Route("reach", "ada", address="ada@example.org", id=1, at=ago(days=20), by="ada"),
    Route("quiet", "ada", starts="22:00", ends="07:00", days=(0, 1, 2, 3, 4), zone="Europe/Berlin", id=2,
          at=ago(days=3), by="ada"),
    Route("escalate", "on-duty", after=1800, id=3, at=ago(days=3), by="ada"),
)  # fmt: skip
ROUTED = (Routed(1, 3, "escalate", "on-duty", 7, ago(hours=3), ago(hours=3), 1, ""),)
MATTERS = (
    Matter("alert", "churn@22", "failing: recall 0.58 is below 0.65", stamp(ago(minutes=18))),
    Matter("candidate", "flights@11", "BETTER THAN LIVE.", stamp(ago(hours=12)), stamp(NOW + timedelta(days=12))),
    Matter("pause", "flights retrain", "paused", stamp(ago(days=1)), None, "bob", "the source moves house"),
)
HANDOVERS = (
    Handover(2, "bob", "ada", "bob", "churn is the one to watch", ago(hours=1), None, None, kept(MATTERS)),
    Handover(1, None, "bob", "bob", "", ago(days=7), ago(days=7), None, kept(())),
)
DUTY = Duty("bob", ago(days=7), "ada", "bob", ago(hours=1))


class FakeAdmin:
    """Answers with the records above."""

    duty_now = Duty()
    others_now: tuple[Present, ...] = ()

    def __init__(self) -> None:
        super().__init__()
        self.places_been: list[str] = []

    def be_at(self, screen: str) -> None:
        self.places_been.append(screen)

    def others(self) -> tuple[Present, ...]:
        return self.others_now

    def routes(self) -> tuple[Route, ...]:
        return ROUTE_LIST

    def routed(self, route: int | None = None, *, offset: int = 0, limit: int = 50) -> tuple[Routed, ...]:
        return ROUTED

    def add_route(self, words: str, reason: str) -> Route:
        self._do("add route", words, reason)
        return ROUTE_LIST[2]

    def remove_route(self, route: int, reason: str) -> Route:
        self._do("remove route", route, reason)
        return ROUTE_LIST[0]

    def choose_quiet_hours(self, words: str, reason: str) -> Route | None:
        self._do("quiet hours", words, reason)
        return None if words == "none" else ROUTE_LIST[1]

    def on_duty(self) -> Duty:
        return self.duty_now

    def matters(self) -> tuple[Matter, ...]:
        return MATTERS

    def handovers(self, *, offset: int = 0, limit: int = 50) -> tuple[Handover, ...]:
        return HANDOVERS

    def hand_over(self, to: str, note: str) -> Handover:
        self._do("hand over", to, note)
        return HANDOVERS[0]

    def take_over(self, reason: str = "") -> Handover:
        self._do("take over", reason)
        return HANDOVERS[0]

    _do: Callable[..., None]
    in_vain: str | None = None
    complaints: tuple[str, ...] = ()
    found = FOUND
    places_now: tuple[WatchedFolder, ...] = (FOLDER,)

    def operators(self) -> tuple[Operator, ...]:
        return OPERATORS

    def add_operator(self, name: str, role: Any, reason: str, *, keys: Sequence[str] = ()) -> Operator:
        self._do("let in", name, role, reason, *keys)
        return Operator(name, role, ways=tuple(Binding(name, "key", key, ago(days=0)) for key in keys))

    def set_role(self, name: str, role: Any, reason: str) -> Operator:
        self._do("role", name, role, reason)
        return Operator(name, role)

    def disable_operator(self, name: str, reason: str) -> Operator:
        self._do("disable", name, reason)
        return Operator(name, "operator", disabled=True)

    def enable_operator(self, name: str, reason: str) -> Operator:
        self._do("enable", name, reason)
        return Operator(name, "viewer")

    def bind_key(self, name: str, key: str, reason: str) -> Operator:
        self._do("bind", name, key, reason)
        return Operator(name, "operator", ways=(Binding(name, "key", "SHA256:new", ago(days=0)),))

    def settings(self) -> tuple[Setting, ...]:
        return SETTINGS

    def choose(self, setting: str, value: str, reason: str) -> None:
        self._do("choose", setting, value, reason)

    def policy(self, project: str | None = None) -> tuple[PolicyLine, ...]:
        return POLICY if project is None else tuple(each for each in POLICY if each.project == project)

    def common_packages(self) -> CommonList:
        return COMMON

    def packages(self) -> PackageMatrix:
        return compose(COMMON, LOCKED, {"old": "nothing of it is live or waits"}, NOW)

    def policy_complaints(self) -> tuple[str, ...]:
        return self.complaints

    def set_policy(self, name: str, value: str, reason: str) -> tuple[str, ...]:
        self._do("set policy", name, value, reason)
        return self.complaints

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

    def remove(self, name: str, reason: str, confirmed: str) -> None:
        check_typed(confirmed, name, to=f"remove {name}", which="the project's name")
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
