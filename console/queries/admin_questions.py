"""What the screen Admin and its lists want to know, and whoever is about to send a report."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from console.queries.question import ListWindow, Rows
from console.queries.questions import SELDOM
from console.queries.travel_questions import NEWEST
from console.text.cells import counted

if TYPE_CHECKING:
    from engine.access.token_records import Token
    from engine.api import Engine
    from engine.duty.matters import Matter
    from engine.housekeeping.places import WatchedFolder
    from engine.housekeeping.settings import Setting
    from engine.outbox.mails import Mail
    from engine.packages.matrix import PackageLine
    from engine.projects.allowances import Allowance
    from engine.projects.policy import PolicyLine
    from engine.records import Operator
    from engine.reports.records import Report
    from engine.routing.duty_records import Duty, Handover
    from engine.routing.records import Route, Routed

NEWEST_MAILS = 200
NEWEST_HANDOVERS = 200
ReportKind = Literal["days", "week", "month"]


@dataclass(frozen=True)
class AdminList:
    """One of the lists: the name of its screen, what people call it, what is in it, and what it is for.

    ``wanting``: what of it wants somebody.
    """

    page: str
    title: str
    holds: str
    meaning: str
    wanting: str = ""


def _newest(count: int) -> str:
    return f"{count:,} and more" if count == NEWEST else f"{count:,}"


def _came_in(count: int) -> str:
    return f"{_newest(count)} came in"


def _tokens(found: tuple[Token, ...], now: datetime) -> AdminList:
    held = [each for each in found if each.holds(now)]
    soon = sum(each.standing(now) == "ends soon" and each.in_use(now) for each in held)
    wanting = f"{counted(soon, 'token')} in use {'ends' if soon == 1 else 'end'} soon" if soon else ""
    meaning = "which programs may score, give feedback or read, and until when"
    return AdminList("tokens", "Tokens", counted(len(held), "token"), meaning, wanting)


@dataclass(frozen=True)
class AskAdmin:
    refresh: float = SELDOM

    def answer(self, engine: Engine, now: datetime) -> tuple[AdminList, ...]:
        settings, mails = engine.settings(), engine.outbox(limit=NEWEST_MAILS)
        chosen, people = sum(each.chosen for each in settings), engine.operators()
        admins = sum(each.role == "admin" and not each.disabled for each in people)
        given_up = sum(mail.state == "failed" for mail in mails)
        duty = engine.on_duty()
        vain = "mail waits, and no server is set up" if engine.outbox_waits_in_vain() else ""
        came = engine.feedback(limit=NEWEST)
        held = sum(each.state == "quarantined" for each in came)
        unmet = "nobody can meet what is asked" if engine.policy_complaints() else ""
        return (
            AdminList("operators", "Operators", f"{len(people):,}, {counted(admins, 'admin')}",
                      "who may work here, and as what"),
            AdminList("settings", "Settings", f"{len(settings):,}, {chosen:,} chosen",
                      "how much stays free, how long what is kept, where backups go"),
            AdminList("places", "Watched folders", f"{len(engine.places()):,}",
                      "folders beside the workspace that are looked at and never cleaned"),
            AdminList("allowances", "Allowances", f"{len(engine.allowances()):,}",
                      "what projects' steps may reach beyond what is in force"),
            AdminList("outbox", "Mail", f"{engine.count_outbox():,}", "what was sent to whom, what waits, and why",
                      counted(given_up, "mail") + " given up" if given_up else vain),
            AdminList("routes", "Routes", f"{len(engine.routes()):,}",
                      "whom news reaches and when: quiet hours, digests, escalation"),
            AdminList("duty", "Duty", duty.operator or "nobody", "who is on duty, and what was handed over",
                      f"offered to {duty.offered_to}" if duty.offered_to else ""),
            AdminList("policy", "Policy", counted(len(engine.policy()), "rule"),
                      "what a release takes: who approves, whose eyes, when not", unmet),
            AdminList("packages", "Packages", counted(len(engine.common_packages().rules), "constraint"),
                      "what every project is locked to, beside the list that all keep to"),
            AdminList("trust", "Trusted keys", counted(len(engine.trusted_keys()), "key"),
                      "whose bundles are taken in here, and this workspace's own key"),
            AdminList("arrivals", "Bundles", _came_in(len(engine.arrivals(limit=NEWEST))),
                      "which versions came in from where; take one in"),
            AdminList("exports", "Exports", _newest(len(engine.exports(limit=NEWEST))),
                      "versions as ONNX or SQL for their callers, and how they compared"),
            AdminList("feedback", "Feedback", _newest(len(came)), "labels of what was scored, as they came",
                      f"{held:,} quarantined" if held else ""),
            _tokens(engine.tokens(), now),
        )  # fmt: skip


@dataclass(frozen=True)
class AskOperators:
    refresh: float = SELDOM

    def answer(self, engine: Engine, now: datetime) -> tuple[Operator, ...]:
        return engine.operators()


@dataclass(frozen=True)
class AskTokens:
    refresh: float = SELDOM

    def answer(self, engine: Engine, now: datetime) -> tuple[Token, ...]:
        from console.text.token_lines import of_interest

        return of_interest(engine.tokens(), now)


@dataclass(frozen=True)
class AskSettings:
    refresh: float = SELDOM

    def answer(self, engine: Engine, now: datetime) -> tuple[Setting, ...]:
        return engine.settings()


@dataclass(frozen=True)
class AskPolicy:
    refresh: float = SELDOM

    def answer(self, engine: Engine, now: datetime) -> tuple[PolicyLine, ...]:
        return engine.policy()


@dataclass(frozen=True)
class PackageRow:
    """One package, with the projects that are told of on its screen, and the cells that each of them takes there."""

    line: PackageLine
    projects: tuple[str, ...]
    wide: tuple[int, ...]
    asked: bool
    """Whether anybody has asked the registry for what is newest."""


@dataclass(frozen=True)
class AskPackages:
    refresh: float = SELDOM

    def answer(self, engine: Engine, now: datetime) -> tuple[PackageRow, ...]:
        from console.text.package_lines import widths

        matrix = engine.packages()
        wide = widths(matrix.lines, matrix.projects)
        asked = matrix.newest_at is not None
        return tuple(PackageRow(line, matrix.projects, wide, asked) for line in matrix.lines)


@dataclass(frozen=True)
class AskPlaces:
    refresh: float = SELDOM

    def answer(self, engine: Engine, now: datetime) -> tuple[WatchedFolder, ...]:
        return engine.places()


@dataclass(frozen=True)
class AskAllowances:
    refresh: float = SELDOM

    def answer(self, engine: Engine, now: datetime) -> tuple[Allowance, ...]:
        return engine.allowances()


@dataclass(frozen=True)
class MailList:
    """A window of mails, and why those that wait are not sent."""

    mails: Rows[Mail]
    in_vain: str | None


@dataclass(frozen=True)
class AskOutbox:
    page: ListWindow
    refresh: float = SELDOM

    def answer(self, engine: Engine, now: datetime) -> MailList:
        page = self.page
        found = engine.outbox(offset=page.offset, limit=page.limit, matching=page.matching)
        return MailList(page.rows(found, engine.count_outbox()), engine.outbox_waits_in_vain())


@dataclass(frozen=True)
class AskRoutes:
    refresh: float = SELDOM

    def answer(self, engine: Engine, now: datetime) -> tuple[Route, ...]:
        return engine.routes()


@dataclass(frozen=True)
class AskRouted:
    """What one route has done."""

    route: int
    refresh: float = SELDOM

    def answer(self, engine: Engine, now: datetime) -> tuple[Routed, ...]:
        return engine.routed(self.route)


@dataclass(frozen=True)
class DutyDesk:
    """Who is on duty and who looks, what is open and promised now, and hand-overs, the newest first."""

    duty: Duty
    me: str
    matters: tuple[Matter, ...]
    handovers: tuple[Handover, ...]


@dataclass(frozen=True)
class AskDuty:
    refresh: float = SELDOM

    def answer(self, engine: Engine, now: datetime) -> DutyDesk:
        newest = engine.handovers(limit=NEWEST_HANDOVERS)
        return DutyDesk(engine.on_duty(), engine.operator.name, engine.matters(), newest)


@dataclass(frozen=True)
class ReportPlan:
    """What would be sent, and to whom."""

    report: Report
    to: tuple[str, ...]


@dataclass(frozen=True)
class AskReport:
    """Asked once for each period: a report reads the whole of it."""

    project: str
    kind: ReportKind
    refresh: float = 3600.0

    def answer(self, engine: Engine, now: datetime) -> ReportPlan:
        to = engine.report_recipients(self.project)
        return ReportPlan(engine.report(self.project, engine.report_period(self.project, self.kind, engine.now())), to)
