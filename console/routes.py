"""Every screen and dialog that can be opened, each loaded when it is: the first picture needs only one of them."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from textual.screen import Screen

    from console.queries.health_questions import Health
    from console.queries.question import Question
    from engine.access.token_records import Token
    from engine.outbox.mails import Mail
    from engine.packages.matrix import PackageLine
    from engine.records import AuditRow, OnTrial, Operator
    from engine.release.records import DecisionCard
    from engine.routing.duty_records import Handover
    from engine.routing.records import Route
    from engine.scoring.trials import Kind

# The numbered screens.
PLACES = {
    "overview": "OverviewPage",
    "candidates": "CandidatesPage",
    "runs": "RunsPage",
    "versions": "VersionsPage",
    "audit": "AuditPage",
    "schedules": "SchedulesPage",
    "disk": "DiskPage",
    "health": "HealthPage",
    "admin": "AdminPage",
}
# What is opened from the screen Admin.
ADMIN_LISTS = {
    "operators": "OperatorsPage",
    "settings": "SettingsPage",
    "places": "PlacesPage",
    "allowances": "AllowancesPage",
    "outbox": "OutboxPage",
    "routes": "RoutesPage",
    "duty": "DutyPage",
    "policy": "PolicyPage",
    "packages": "PackagesPage",
    "trust": "TrustPage",
    "arrivals": "ArrivalsPage",
    "exports": "ExportsPage",
    "feedback": "FeedbackPage",
    "tokens": "TokensPage",
}


def place(name: str) -> Screen[None]:
    """One of the numbered screens."""
    return _made(name, PLACES[name])


def admin_list(name: str) -> Screen[None]:
    """One of the lists of the screen Admin."""
    return _made(name, ADMIN_LISTS[name])


def _made(file: str, page: str) -> Screen[None]:
    made: Screen[None] = getattr(import_module(f"console.screens.{file}"), page)()
    return made


def card(label: str) -> Screen[None]:
    """The decision card of a version."""
    from console.screens.card import CardPage

    return CardPage(label)


def versions(project: str) -> Screen[None]:
    """The versions of one project."""
    from console.screens.versions import VersionsPage

    return VersionsPage(project)


def diff(old: str, new: str) -> Screen[None]:
    """What changed from one version to another."""
    from console.screens.diff import DiffPage

    return DiffPage(old, new)


def run(number: int) -> Screen[None]:
    """One run with its logs."""
    from console.screens.run import RunPage

    return RunPage(number)


def health(project: str) -> Screen[None]:
    """The health of one project."""
    from console.screens.project_health import ProjectHealthPage

    return ProjectHealthPage(project)


def trial(label: str, running: OnTrial | None = None) -> Screen[None]:
    """Put a candidate on trial, or give its trial another share."""
    from console.dialogs.trial import TrialDialog

    return TrialDialog(label, running)


def trial_plan(label: str, kind: Kind, share: float) -> Screen[None]:
    """What that would do, then the reason."""
    from console.dialogs.trial import TrialPlanDialog

    return TrialPlanDialog(label, kind, share)


def end_trial(project: str, running: OnTrial) -> Screen[None]:
    """End what runs beside the live version."""
    from console.dialogs.trial import ending

    return ending(project, running)


def requests(project: str) -> Screen[None]:
    """What was asked of one project in real time."""
    from console.screens.requests import RequestsPage

    return RequestsPage(project)


def acknowledge(health: Health, at: datetime) -> Screen[None]:
    """Take an alert of a project on."""
    from console.dialogs.alerts import AcknowledgeDialog

    return AcknowledgeDialog(health, at)


def snooze(health: Health, at: datetime) -> Screen[None]:
    """Leave an alert of a project out of its status for a while."""
    from console.dialogs.alerts import SnoozeDialog

    return SnoozeDialog(health, at)


def by_column(health: Health) -> Screen[None]:
    """Performance by a column that somebody names."""
    from console.dialogs.by_column import ByColumnDialog

    return ByColumnDialog(health)


def moment(opened: tuple[Question, ...], last_visit: datetime | None) -> Screen[None]:
    """Step back in time; ``opened``: what the screens ask that are to stay open."""
    from console.dialogs.moment import MomentDialog

    return MomentDialog(opened, last_visit)


def times(project: str) -> Screen[None]:
    """How long a project's runs take."""
    from console.screens.times import TimesPage

    return TimesPage(project)


def backtest(project: str) -> Screen[None]:
    """What policies of retraining would have been worth."""
    from console.screens.backtest import BacktestPage

    return BacktestPage(project)


def trace(what: str | int) -> Screen[None]:
    """Where predictions come from and went, of a version by its label or of a run."""
    from console.screens.trace import TracePage

    return TracePage(what)


def score(project: str, label: str | None = None) -> Screen[None]:
    """Score a file with a version, or with the live one."""
    from console.dialogs.score import ScoreDialog

    return ScoreDialog(project, label)


def learner(project: str) -> Screen[None]:
    """How a project's live version goes on learning."""
    from console.screens.learner import LearnerPage

    return LearnerPage(project)


def new_backtest(project: str) -> Screen[None]:
    """Replay policies of retraining."""
    from console.dialogs.backtest import BacktestDialog

    return BacktestDialog(project)


def occurrences(matching: str) -> Screen[None]:
    """Due times and what became of them."""
    from console.screens.occurrences import OccurrencesPage

    return OccurrencesPage(matching)


def bin_page() -> Screen[None]:
    """What can be restored."""
    from console.screens.bin import BinPage

    return BinPage()


def release(label: str, due: datetime | None = None) -> Screen[None]:
    """Approve a candidate; ``due``: to go live then."""
    from console.dialogs.move import MoveDialog
    from console.queries.questions import AskRelease

    return MoveDialog(AskRelease(label, due))


def rollback(project: str, to: str | None, *, lift: bool = False) -> Screen[None]:
    """Go back to a version that was live; ``lift`` takes a rollback back, to the version that it left."""
    from console.dialogs.move import MoveDialog
    from console.dialogs.rollback import RollbackDialog
    from console.queries.questions import AskRollback

    ask = AskRollback(project, to, lift)
    return MoveDialog(ask) if lift else RollbackDialog(ask)


def audit_row(row: AuditRow) -> Screen[None]:
    """A row of the trail, whole."""
    from console.dialogs.reading import ReadingDialog, audit_lines

    return ReadingDialog(lambda width: audit_lines(row, width))


def operator(found: Operator) -> Screen[None]:
    """Somebody who may work here, whole."""
    from console.dialogs.reading import ReadingDialog, operator_lines

    return ReadingDialog(lambda width: operator_lines(found, width))


def package(found: PackageLine) -> Screen[None]:
    """What every project has of a package."""
    from console.dialogs.reading import ReadingDialog
    from console.text.package_lines import whole

    return ReadingDialog(lambda width: whole(found, width))


def token(found: Token, at: datetime) -> Screen[None]:
    """A token, whole but for what opens anything."""
    from console.dialogs.reading import ReadingDialog
    from console.text.token_lines import token_lines

    return ReadingDialog(lambda width: token_lines(found, at, width))


def whole_card(card: DecisionCard, at: datetime) -> Screen[None]:
    """A decision card with nothing left out."""
    from console.dialogs.reading import ReadingDialog
    from console.text.card_lines import card_lines

    return ReadingDialog(lambda width: card_lines(card, at, width, whole=True))


def mail(row: Mail) -> Screen[None]:
    """A mail of the outbox, whole."""
    from console.dialogs.reading import ReadingDialog, mail_lines

    return ReadingDialog(lambda width: mail_lines(row, width))


def route(found: Route) -> Screen[None]:
    """What a route has done."""
    from console.dialogs.routing import RouteDialog

    return RouteDialog(found)


def handover(found: Handover) -> Screen[None]:
    """A hand-over, whole."""
    from console.dialogs.reading import ReadingDialog
    from console.text.duty_lines import handover_lines
    from engine.duty.matters import read

    matters = read(found.matters)
    return ReadingDialog(lambda width: handover_lines(found, matters, width))


def send_report(project: str) -> Screen[None]:
    """Send a project's report now."""
    from console.dialogs.report import ReportDialog

    return ReportDialog(project)


def help_page(screen: str, heading: str, texts: Sequence[str]) -> Screen[None]:
    """Every key of a screen."""
    from console.dialogs.reading import ReadingDialog, help_lines

    return ReadingDialog(lambda width: help_lines(screen, heading, texts, width))
