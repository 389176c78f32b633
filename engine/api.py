"""The one door to the engine: ``open_engine()`` gives an Engine, and each command is a method of a few lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from engine import clock
from engine import overview as overviews
from engine.audit import trail
from engine.errors import Refusal
from engine.housekeeping.door import Housekeeping
from engine.people import operators
from engine.projects import registry
from engine.records import (
    AuditRow,
    AuditVerdict,
    Change,
    DecisionCard,
    Deployment,
    Finding,
    Moved,
    MovePlan,
    Operator,
    Overview,
    Project,
    ProjectStatus,
    ProofStep,
    Role,
    Run,
    Version,
)
from engine.release import live as projection
from engine.release import plan as plans
from engine.release import swap
from engine.release.card import card, difference
from engine.release.history import at
from engine.runs import history, queue, times_history
from engine.runs.logindex import LogReader, LogWindow
from engine.runs.times_records import RunTimes
from engine.schedule import book
from engine.schedule.commands import ScheduleCommands
from engine.storage import workspace as workspaces
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace
from engine.versions import catalog
from engine.versions import document as documents


@dataclass(frozen=True)
class LogPage:
    """Some lines of a step's log, safe to show, and where the next page starts."""

    lines: tuple[str, ...]
    next_offset: int
    size: int
    ended: bool


def open_engine(home: Path | None = None, operator: str | None = None, *, create: bool = False) -> Engine:
    """Open the workspace at ``home`` (``$LEVERFRAME_HOME``, ``~/.leverframe``) as ``operator`` (the account's name).

    Raises NotFound when there is no workspace and ``create`` is false, or when it knows no such operator;
    Forbidden when the workspace belongs to another account; Refusal when a newer Leverframe wrote it.
    """
    place = home or workspaces.default_home()
    name = operators.claimed_name(operator)
    workspace = workspaces.create(place) if create else workspaces.find(place)
    ledger = Ledger(workspace.ledger, locks=workspace.root / "locks")
    if create:
        with ledger.write() as db:
            operators.found_workspace(db, name, clock.now())
    return Engine(workspace, ledger, operators.identify(ledger, name))


class Engine(ScheduleCommands, Housekeeping):
    """A workspace, opened by an operator. Every method may be called from any thread; none prints."""

    def __init__(self, workspace: Workspace, ledger: Ledger, operator: Operator) -> None:
        self._workspace, self._ledger = workspace, ledger
        self._store = ObjectStore(workspace.objects)
        self._logs = LogReader()
        self.home = workspace.root
        self.operator = operator
        try:
            self.reconcile()
        except Refusal:
            # A full disk keeps nobody from looking. Whoever wants to change something is told, and doctor tells too.
            return

    def close(self) -> None:
        """Let go of the ledger, and of the schedules if this hosted them."""
        self.stop_clockwork()
        self._ledger.close()

    def change_marker(self) -> int:
        """A number that changes whenever anybody commits to the ledger."""
        return self._ledger.marker()

    def reconcile(self) -> None:
        """Settle what a killed process left: dead runs, a link that lags behind the ledger, candidates grown old."""
        queue.settle(self._workspace, self._ledger, clock.now())
        queue.retry(self._ledger, clock.now())
        swap.expire(self._ledger, clock.now())
        with self._ledger.read() as db:
            expected = plans.live_releases(db)
        projection.reconcile(self._workspace, expected)
        self._settle_bin()
        queue.dispatch(self._workspace, self._ledger)

    def keep_traceback(self, text: str) -> Path:
        """Keep the traceback of a bug in the workspace's logs, so that no screen has to show it; returns its file."""
        path = self.home / "logs" / "failures.log"
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{clock.stamp(clock.now())}\n{text}\n")
        return path

    # Projects

    def add(self, path: Path) -> Project:
        """Register the project in the folder ``path``."""
        return registry.add(self._ledger, path, self.operator, clock.now())

    def remove(self, name: str, reason: str) -> None:
        """Take a project off the list; its versions and history stay."""
        registry.remove(self._ledger, name, swap.checked_reason(reason), self.operator, clock.now())

    def check(self, path: Path, on_step: Callable[[str], None]) -> tuple[Finding, ...]:
        """Validate the project in ``path`` and run its steps once on a sample."""
        from engine.runs.dryrun import check

        return check(self._workspace, path, clock.now(), on_step)

    def projects(self) -> tuple[Project, ...]:
        """All projects, by name."""
        with self._ledger.read() as db:
            return registry.everything(db)

    # Status

    def overview(self, now: datetime) -> Overview:
        """Every project with its verdict, as one snapshot."""
        with self._ledger.read() as db:
            return overviews.overview(db, self._workspace, self.operator, now)

    def status(self, project: str, now: datetime) -> ProjectStatus:
        """One project with its verdict."""
        with self._ledger.read() as db:
            return overviews.status(db, self._workspace, project, now)

    # Runs

    def retrain(
        self,
        project: str,
        *,
        as_of: datetime | None = None,
        allow_dirty: bool = False,
        fresh_lock: bool = False,
        force: bool = False,
    ) -> Run:
        """Queue a retrain and start it if it may start now; ``force`` trains also where nothing is new.

        Raises Refusal at once when the project's folder has uncommitted changes and ``allow_dirty`` is false,
        so that nobody waits for a run that cannot succeed.
        """
        operators.require(self.operator, "operator", "retrain")
        with self._ledger.read() as db:
            path = Path(registry.find(db, project).path)
        now = clock.now()
        if as_of is not None and as_of > now:
            raise Refusal(f"--as-of {clock.stamp(as_of)[:16]} is in the future; the data of then is not there yet.")
        self._refuse_dirty(path, allow_dirty)
        options = {"allow_dirty": allow_dirty, "fresh_lock": fresh_lock, "force": force}
        run = queue.enqueue(self._ledger, project, self.operator, as_of or now, now, options)
        queue.dispatch(self._workspace, self._ledger)
        return history.find(self._ledger, run)

    @staticmethod
    def _refuse_dirty(path: Path, allow_dirty: bool) -> None:
        from engine.projects.source import inspect, refuse_dirty

        if not allow_dirty:
            refuse_dirty(inspect(path), path)

    def wait(self, run: int, on_change: Callable[[Run], None]) -> Run:
        """Wait until ``run`` has ended, calling ``on_change`` whenever it looks different."""
        seen: Run | None = None
        while True:
            found = history.find(self._ledger, run)
            if found != seen:
                seen = found
                on_change(found)
            if found.state in queue.ENDED:
                return found
            clock.pause(0.1)
            queue.settle(self._workspace, self._ledger, clock.now())
            if found.state == "queued":
                queue.dispatch(self._workspace, self._ledger)

    def cancel(self, run: int, reason: str) -> None:
        """Ask a run to end."""
        operators.require(self.operator, "operator", "cancel runs")
        queue.cancel(self._workspace, self._ledger, run, self.operator, swap.checked_reason(reason), clock.now())

    def run(self, run: int) -> Run:
        """One run."""
        return history.find(self._ledger, run)

    def count_runs(self, project: str | None = None) -> int:
        """How many runs there are."""
        return history.count(self._ledger, project)

    def runs(
        self, project: str | None = None, *, offset: int = 0, limit: int = 50, matching: str = ""
    ) -> tuple[Run, ...]:
        """Runs, newest first."""
        return history.page(self._ledger, project, offset=offset, limit=limit, matching=matching)

    def run_times(self, project: str, job: str = "retrain") -> RunTimes:
        """How long the runs of a job take, step by step, and what changed when that changed."""
        with self._ledger.read() as db:
            registry.find(db, project)
            return times_history.run_times(db, project, job)

    def overdue(self, now: datetime) -> tuple[tuple[Run, float], ...]:
        """The runs that run, or wait to, for longer than their bound (in seconds), each with it."""
        with self._ledger.read() as db:
            return times_history.overdue(db, now)

    def log(self, run: int, *, step: str | None = None, offset: int = 0, limit: int = 65536) -> LogPage:
        """Lines of a run's log from byte ``offset`` on; without ``step`` that of the newest step."""
        from engine.runs import steplog

        path, ended = self._log_of(run, step)
        if path is None:
            return LogPage((), 0, 0, ended)
        page = steplog.read_lines(path, offset, limit=limit, ended=ended)
        return LogPage(page.lines, page.next_offset, page.size, ended)

    def logs_of(self, run: int) -> tuple[str, ...]:
        """The logs of a run that hold something: its steps, ``validate``, and ``engine``, which holds tracebacks."""
        from engine.runs import logfiles

        history.find(self._ledger, run)
        return logfiles.names(self._workspace.run_folder(run))

    def log_window(self, run: int, step: str | None, *, line: int | Literal["end"], count: int) -> LogWindow:
        """``count`` lines of a log from the one numbered ``line`` on, or the last ones, and how many there are."""
        path, ended = self._log_of(run, step)
        if path is None:
            return LogWindow((), 0, ended)
        return self._logs.window(path, line, count, ended=ended)

    def search_log(
        self, run: int, step: str | None, text: str, *, after_line: int = 0, limit: int = 100
    ) -> tuple[int, ...]:
        """The numbers of the lines of a log that hold ``text``, in either case; the first ``limit`` of them."""
        path, _ = self._log_of(run, step)
        return self._logs.search(path, text, after_line=after_line, limit=limit) if path else ()

    def _log_of(self, run: int, step: str | None) -> tuple[Path | None, bool]:
        """The file, and whether it grows no more."""
        from engine.runs import logfiles

        ended = history.find(self._ledger, run).state in queue.ENDED
        return logfiles.find(self._workspace.run_folder(run), step), ended

    # Schedules: the rest is in ScheduleCommands

    def run_now(self, project: str, job: str) -> Run:
        """Start a job by hand; its schedule is not touched."""
        with self._ledger.read() as db:
            book.find(db, project, job)
        return self.retrain(project)

    # Versions and decisions

    def count_versions(self, project: str | None = None) -> int:
        """How many versions there are."""
        return catalog.count(self._ledger, project)

    def versions(
        self, project: str | None = None, *, offset: int = 0, limit: int = 50, matching: str = ""
    ) -> tuple[Version, ...]:
        """Versions, newest first."""
        return catalog.page(self._ledger, project, offset=offset, limit=limit, matching=matching)

    def version(self, label: str) -> Version:
        """One version."""
        with self._ledger.read() as db:
            return catalog.record(catalog.find(db, label))

    def show(self, label: str) -> dict[str, Any]:
        """The version document with its digest."""
        digest = self.version(label).digest
        return {**documents.of_version(self._store, label, digest), "version": label, "digest": digest}

    def diff(self, old: str, new: str) -> tuple[Change, ...]:
        """What differs between two versions."""
        with self._ledger.read() as db:
            return difference(db, self._store, old, new)

    def candidates(self, project: str | None = None) -> tuple[Version, ...]:
        """What waits for a decision, newest first."""
        with self._ledger.read() as db:
            if project is not None:
                registry.find(db, project)
            return catalog.candidates(db, project)

    def card(self, label: str, now: datetime) -> DecisionCard:
        """The decision card of a version."""
        with self._ledger.read() as db:
            return card(db, self._store, label, self.operator, now)

    def plan_release(self, label: str) -> MovePlan:
        """What approving ``label`` would do, or why it cannot be."""
        with self._ledger.read() as db:
            return plans.plan_release(db, self._store, label, self.operator, clock.now())

    def plan_rollback(self, project: str, to: str | None = None, *, lift: bool = False) -> MovePlan:
        """What rolling back would do, or why it cannot be; ``lift`` takes the bar of the target away with it."""
        with self._ledger.read() as db:
            registry.find(db, project)
            return plans.plan_rollback(db, self._store, project, to, self.operator, clock.now(), lift=lift)

    def move(self, plan: MovePlan, reason: str, on_step: Callable[[ProofStep], None]) -> Moved:
        """Carry out a plan exactly as it was shown: proof, one commit, switch."""
        return swap.move(self._workspace, self._ledger, self._store, plan, reason, self.operator, on_step)

    def reject(self, label: str, reason: str) -> Version:
        """Turn a candidate down."""
        swap.reject(self._ledger, label, reason, self.operator, clock.now())
        return self.version(label)

    def lift(self, label: str, reason: str) -> Version:
        """Lift the bar from a version that was rolled back from."""
        swap.lift(self._ledger, label, reason, self.operator, clock.now())
        return self.version(label)

    def rollback_targets(self, project: str) -> tuple[Version, ...]:
        """Versions that were live and may be gone back to, the latest first."""
        with self._ledger.read() as db:
            registry.find(db, project)
            return catalog.were_live(db, project)

    def at(self, moment: datetime, project: str | None = None) -> tuple[Deployment, ...]:
        """What was live at ``moment``, and who made it so."""
        with self._ledger.read() as db:
            return at(db, moment, project)

    # Audit

    def count_audit(self) -> int:
        """How many rows the audit trail has."""
        return trail.count(self._ledger)

    def audit(self, *, offset: int = 0, limit: int = 50, matching: str = "") -> tuple[AuditRow, ...]:
        """Audit rows, newest first."""
        return trail.page(self._ledger, offset=offset, limit=limit, matching=matching)

    def verify_audit(self) -> AuditVerdict:
        """Follow the whole chain."""
        return trail.verify(self._ledger)

    def export_audit(self, target: Path) -> AuditVerdict:
        """Write the whole trail to ``target``, which must not exist."""
        return trail.export(self._ledger, target)

    # People and machine

    def operators(self) -> tuple[Operator, ...]:
        """Everybody who may work here."""
        return operators.everyone(self._ledger)

    def add_operator(self, name: str, role: Role, reason: str) -> Operator:
        """Let somebody work here."""
        return operators.add(self._ledger, self.operator, name, role, swap.checked_reason(reason), clock.now())

    def doctor(self, mend: bool) -> tuple[Finding, ...]:
        """What is wrong with this workspace; with ``mend`` what can be is put right."""
        from engine.doctor import examine

        if mend:
            operators.require(self.operator, "operator", "mend the workspace")
        return examine(self._workspace, self._ledger, self._store, clock.now(), mend=mend)


