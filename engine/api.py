"""The one door to the engine: ``open_engine()`` gives an Engine, and each command is a method of a few lines."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from engine import clock
from engine import overview as overviews
from engine.access import entering
from engine.access.acts import changes, checked_reason, looks
from engine.access.admission import Admission
from engine.access.caller import Caller, claimed_name
from engine.access.commands import PeopleCommands
from engine.access.proof import Proof, of_process
from engine.audit import flood, times, trail
from engine.backup.commands import BackupCommands
from engine.bundles.commands import BundleCommands
from engine.duty.commands import DutyCommands
from engine.errors import LeverframeError, NotFound, Refusal
from engine.exports.commands import ExportCommands
from engine.founding import create_workspace
from engine.housekeeping.commands import HousekeepingCommands
from engine.jobs.backtest.commands import BacktestCommands
from engine.jobs.commands import HealthCommands
from engine.jobs.learn.commands import LearnCommands
from engine.jobs.score.commands import ScoreCommands
from engine.monitoring.alerts import alert_book
from engine.outbox.commands import ReportCommands
from engine.packages.commands import PackagesCommands
from engine.presence.commands import PresenceCommands
from engine.projects import registry
from engine.records import AuditRow, AuditVerdict, DoctorFinding, Overview, Project, ProjectStatus, Run
from engine.release.commands import ReleaseCommands
from engine.release.following import follow_ledger
from engine.release.policy_commands import PolicyCommands
from engine.requests.commands import RequestCommands
from engine.rewind.past_engine import PastAnswers
from engine.runs import by_hand, queue
from engine.runs import history as run_history
from engine.runs.commands import RunCommands
from engine.schedule.commands import ScheduleCommands
from engine.scoring.trials import end_removed
from engine.serving.commands import ServingCommands
from engine.storage import failures, reserve, temporary
from engine.storage import workspace as workspaces
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace
from engine.vocabulary import jobs

if TYPE_CHECKING:
    from engine.projects.reach import Reach
    from engine.rewind.past_ledger import PastLedger


def open_engine(
    home: Path | None = None,
    operator: str | None = None,
    *,
    proof: Proof | None = None,
    create: bool = False,
    at: datetime | None = None,
) -> Engine:
    """Open the workspace at ``home`` (``$LEVERFRAME_HOME``, ``~/.leverframe``) as whom ``proof`` proves.

    Without a proof it is the account of this process. ``operator`` is whom somebody says they are
    (``$LEVERFRAME_OPERATOR``) and must be the same. With ``at``: see ``Engine.as_of``.

    Raises NotFound when there is no workspace and ``create`` is false; Forbidden when the workspace belongs to another
    account, or the proof proves nobody, or another; Refusal when a newer Leverframe wrote it.
    """
    place, name, proved = home or workspaces.default_home(), claimed_name(operator), proof or of_process()
    if create:
        create_workspace(place, operator, proof=proved)
    workspace = workspaces.find(place)
    ledger = Ledger(workspace.ledger, locks=workspace.root / "locks")
    try:
        who = entering.identify(ledger, proved, name, clock.now())
        if at is None:
            return Engine(workspace, ledger, who)
        then = _engine_then(workspace, ledger, who, at)
    except LeverframeError:
        ledger.close()
        raise
    ledger.close()  # What is over is read from a copy.
    return then


def open_service(home: Path | None = None, operator: str | None = None) -> Engine:
    """Open the workspace for the engine's own work, as the account that owns its files; see ``Act.by``.

    Raises what ``open_engine`` does, and Forbidden where the account is that of somebody who may not host the engine.
    An account that is bound to nobody may, as long as nobody says that it is ``operator``.
    """
    name = claimed_name(operator)
    workspace = workspaces.find(home or workspaces.default_home())
    ledger = Ledger(workspace.ledger, locks=workspace.root / "locks")
    try:
        return Engine(workspace, ledger, entering.enter_as_service(ledger, of_process(), name))
    except LeverframeError:
        ledger.close()
        raise


class Engine(
    PeopleCommands,
    Admission,
    RunCommands,
    ScheduleCommands,
    ReleaseCommands,
    PolicyCommands,
    HealthCommands,
    BacktestCommands,
    ScoreCommands,
    ReportCommands,
    HousekeepingCommands,
    BackupCommands,
    BundleCommands,
    ExportCommands,
    DutyCommands,
    PackagesCommands,
    PresenceCommands,
    LearnCommands,
    ServingCommands,
    RequestCommands,
):
    """A workspace, opened by an operator. Every method may be called from any thread; none prints."""

    def __init__(self, workspace: Workspace, ledger: Ledger, caller: Caller) -> None:
        self._workspace, self._ledger = workspace, ledger
        self._store = ObjectStore(workspace.objects)
        self.home = workspace.root
        self.caller = caller
        temporary.tidy(workspace.cache)
        try:
            self.reconcile()
        except Refusal:
            # A full disk keeps nobody from looking. Whoever wants to change something is told, and doctor tells too.
            return

    def _project_of(self, parameter: str, given: Any) -> str | None:
        with self._ledger.read() as db:
            try:
                if parameter == "run":
                    return run_history.one(db, given).project
            except NotFound:
                return None
            if parameter == "alert":
                alert = alert_book.find(db, given)
                return alert.project if alert is not None else None
        return super()._project_of(parameter, given)

    def _refuse_unknown_project(self, project: str) -> None:
        with self._ledger.read() as db:
            registry.find(db, project)

    @looks("look at an earlier moment", in_past=False)
    def as_of(self, moment: datetime) -> PastEngine:
        """Another engine that shows everything as it stood at ``moment`` and refuses to change anything.

        It reads a copy of the ledger, which takes some seconds for a gigabyte and goes when it is closed. Raises
        Refusal for a moment that is to come, or before the workspace.
        """
        return _engine_then(self._workspace, self._ledger, self.caller, moment)

    @looks("leave the workspace", by="process")
    def close(self) -> None:
        """Let go of the ledger, and of the schedules if this hosted them."""
        self.stop_scheduler()
        self._go()
        self._ledger.close()

    @looks("ask whether anything has changed", by="process")
    def change_marker(self) -> int:
        """A number that changes whenever anybody commits to the ledger."""
        return self._ledger.marker()

    @changes("settle what killed processes left", least="viewer", in_past=True, by="process")
    def reconcile(self) -> None:
        """Settle what a killed process left: dead runs, a link that lags behind the ledger, a clean-up cut short.

        Whoever looks does this, so nothing of it is decided by the time; for that there is ``pass_time``.
        """
        reserve.keep(self._workspace)
        queue.settle(self._workspace, self._ledger, clock.now())
        follow_ledger(self._workspace, self._ledger, clock.now())
        self._settle_bin()
        queue.dispatch(self._workspace, self._ledger)

    @changes("do what the time has come for", least="viewer", by="process")
    def pass_time(self) -> None:
        """What only the engine does when its time has come: try again, let expire, tell what is late, escalate."""
        from engine.release import at_its_time
        from engine.release.swap import expire

        now = clock.now()
        queue.retry(self._ledger, now)
        with self._ledger.read() as db:
            certain = times.certain(db, now)
        expire(self._ledger, now, certain)
        at_its_time.look(self._ledger, now)
        self._tell_overdue()
        self._escalate(certain)
        self._route(now)
        with self._ledger.read() as db:
            folded = flood.waiting(db, now)
        if folded:
            with self._ledger.write() as db:
                flood.close_windows(db, now)

    @changes("keep a traceback", least="viewer", in_past=True, by="process")
    def keep_traceback(self, text: str) -> Path:
        """Keep the traceback of a bug in the workspace's logs, so that no screen has to show it; returns its file."""
        return failures.keep_traceback(self.home / "logs", text, clock.now())

    # Projects

    @changes("add projects", least="operator", of="path")
    def add(self, path: Path) -> Project:
        """Register the project in the folder ``path``."""
        return registry.add(self._ledger, path, self.caller, clock.now(), vouches=self._vouches())

    @changes("remove projects", least="admin", of="name", dangerous=True)
    def remove(self, name: str, reason: str, confirmed: str) -> None:
        """Take a project off the list; its versions and history stay. ``confirmed``: its name, typed once more."""
        registry.remove(self._ledger, name, checked_reason(reason), confirmed, self.caller, clock.now(), [end_removed])

    @looks("check projects", of="path", in_past=False)
    def check(self, path: Path, on_step: Callable[[str], None]) -> tuple[DoctorFinding, ...]:
        """Validate the project in ``path`` and run its steps once on a sample."""
        from engine.jobs.retrain.dry_run import check

        found = check(self._workspace, path, clock.now(), on_step, self._allowed, vouched=self._vouches())
        found = (*found, *self._package_findings(path))
        return (*found, *(each for each in self._routing_findings() if each.verdict != "ok"))

    def _vouches(self) -> bool:
        """Whether the caller can have a folder's steps reach what its manifest asks for: as the account, that is as
        theirs on the machine itself, but over SSH it is the service's, which holds the workspace."""
        return not self.caller.over_ssh or self.operator.role == "admin"

    def _allowed(self, project: str) -> tuple[Reach, ...]:
        from engine.projects import allowances
        from engine.projects.reach import RULE

        with self._ledger.read() as db:
            if registry.there(db, project) is None:
                return () if self._vouches() else (RULE,)
            return allowances.allowed(db, project)

    @looks("list projects")
    def projects(self) -> tuple[Project, ...]:
        """All projects, by name."""
        with self._ledger.read() as db:
            return registry.everything(db)

    @looks("see the overview")
    def overview(self, now: datetime) -> Overview:
        """Every project with its verdict, as one snapshot."""
        with self._ledger.read() as db:
            return overviews.overview(db, self._workspace, self.operator, now)

    @looks("see the status", of="project")
    def status(self, project: str, now: datetime) -> ProjectStatus:
        """One project with its verdict."""
        with self._ledger.read() as db:
            return overviews.status(db, self._workspace, project, now)

    @changes(jobs.RETRAIN.act, least="operator", of="project", kind="job", kinds={j.name: j.act for j in jobs.JOBS})
    def run_now(self, project: str, job: str) -> Run:
        """Start a job by hand; its schedule is not touched."""
        with self._ledger.read() as db:
            from engine.schedule import book

            book.find(db, project, job)
        if job == jobs.RETRAIN.name:
            return self.retrain(project)
        return by_hand.begin(self._workspace, self._ledger, project, jobs.of(job), self.caller, clock.now())

    # Audit

    @looks("read the trail")
    def count_audit(self) -> int:
        """How many rows the audit trail has."""
        return trail.count(self._ledger)

    @looks("read the trail")
    def audit(self, *, offset: int = 0, limit: int = 50, matching: str = "") -> tuple[AuditRow, ...]:
        """Audit rows, newest first."""
        return trail.page(self._ledger, offset=offset, limit=limit, matching=matching)

    @looks("verify the trail")
    def verify_audit(self) -> AuditVerdict:
        """Follow the whole chain."""
        return trail.verify(self._ledger)

    @looks("export the trail", least="auditor")
    def export_audit(self, target: Path | IO[str]) -> AuditVerdict:
        """Write the whole trail to ``target``: a file that must not exist, or one that is open."""
        if isinstance(target, Path):
            return trail.export(self._ledger, target)
        return trail.export_to_stream(self._ledger, target)

    @looks("examine the workspace", in_past=False)
    def doctor(
        self, mend: bool, *, deep: bool = False, tell: Callable[[int, int], None] = lambda done, total: None
    ) -> tuple[DoctorFinding, ...]:
        """What is wrong with this workspace; with ``mend`` what can be is put right.

        ``deep``: first every object of every version is read; ``tell`` gets how many were, of how many.
        """
        from engine.doctor import examine

        if deep:
            self.scrub(tell)
        if mend:
            self._require("operator", "mend the workspace")  # Anybody may look at what is wrong.
        return examine(self._workspace, self._ledger, self._store, clock.now(), mend=mend)


class PastEngine(PastAnswers, Engine):
    """A workspace as it stood at a moment that is over: what was not declared possible there is refused.

    Who may look is who may look now, which the ledger of now says.
    """

    def __init__(self, workspace: Workspace, ledger: PastLedger, caller: Caller, at: datetime) -> None:
        self.past, self._present = at, Ledger(workspace.ledger, locks=workspace.root / "locks")
        super().__init__(workspace, ledger, caller)

    @property
    def _people(self) -> Ledger:
        return self._present

    def close(self) -> None:
        """Let go of both ledgers."""
        self._present.close()
        super().close()


def _engine_then(workspace: Workspace, ledger: Ledger, caller: Caller, at: datetime) -> PastEngine:
    from engine.rewind.past_ledger import stand

    return PastEngine(workspace, stand(workspace, ledger, at, clock.now()), caller, at)
