"""What the door to the engine offers about runs and their logs; ``engine.api.Engine`` inherits it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from engine import clock
from engine.access.acts import Door, changes, checked_reason, looks
from engine.errors import Refusal
from engine.projects import registry
from engine.records import Run
from engine.runs import history, queue
from engine.runs.times import times_history
from engine.runs.times.times_history import Overdue
from engine.vocabulary.jobs import RETRAIN

if TYPE_CHECKING:
    from engine.projects.allowances import Allowance
    from engine.runs.logs.log_index import LogReader, LogWindow
    from engine.runs.times.times_records import RunTimes


@dataclass(frozen=True)
class LogPage:
    """Some lines of a step's log, safe to show, and where the next page starts."""

    lines: tuple[str, ...]
    next_offset: int
    size: int
    ended: bool


class RunCommands(Door):
    """Runs: queue one, wait for it, end it; how long they take; what they printed."""

    @changes(RETRAIN.act, least="operator", of="project")
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
        with self._ledger.read() as db:
            path = Path(registry.find(db, project).path)
        now = clock.now()
        if as_of is not None and as_of > now:
            raise Refusal(f"--as-of {clock.stamp(as_of)[:16]} is in the future; the data of then is not there yet.")
        self._refuse_dirty(path, allow_dirty)
        options = {"allow_dirty": allow_dirty, "fresh_lock": fresh_lock, "force": force}
        run = queue.enqueue(self._ledger, project, self.caller, as_of or now, now, options)
        queue.dispatch(self._workspace, self._ledger)
        return history.find(self._ledger, run)

    @staticmethod
    def _refuse_dirty(path: Path, allow_dirty: bool) -> None:
        from engine.projects.source.code import inspect, refuse_dirty

        if not allow_dirty:
            refuse_dirty(inspect(path), path)

    @looks("wait for runs", of="run", in_past=False)
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

    @changes("cancel runs", least="operator", of="run")
    def cancel(self, run: int, reason: str) -> None:
        """Ask a run to end."""
        queue.cancel(self._ledger, run, self.caller, checked_reason(reason), clock.now())

    @looks("see what steps may reach", of="project")
    def reach(self, project: str) -> tuple[str, ...]:
        """What is in force of what the steps of ``project`` may reach beyond the rule for all."""
        from engine.projects import allowances

        with self._ledger.read() as db:
            return allowances.in_force_of(db, project)

    @looks("see what steps ask for", of="run")
    def asks(self, run: int) -> tuple[str, ...]:
        """What the steps of ``run`` ask for that nobody has allowed, for which it was stopped; () for any other run."""
        from engine.projects import allowances

        with self._ledger.read() as db:
            return allowances.asks(db, run)

    # What steps may reach is the workspace's own: an admin of one project could let them reach all of it.
    @changes("allow a project's steps to reach more", least="admin")
    def allow(self, run: int, reason: str) -> Allowance:
        """Let the steps of the project's later runs reach what ``run`` was stopped for."""
        from engine.projects import allowances

        return allowances.allow(self._ledger, run, checked_reason(reason), self.caller, clock.now())

    @changes("withdraw what a project's steps were allowed", least="admin", of="project")
    def withdraw(self, project: str, reason: str) -> None:
        """End what the project's steps were allowed beyond what is in force for it."""
        from engine.projects import allowances

        allowances.withdraw(self._ledger, project, checked_reason(reason), self.caller, clock.now())

    @looks("see what steps may reach")
    def allowances(self) -> tuple[Allowance, ...]:
        """What is allowed to projects beyond what is in force for them."""
        from engine.projects import allowances

        with self._ledger.read() as db:
            return allowances.everything(db)

    @looks("see runs", of="run")
    def run(self, run: int) -> Run:
        """One run."""
        return self._timed((history.find(self._ledger, run),))[0]

    @looks("list runs", of="project")
    def count_runs(self, project: str | None = None, *, looks: bool = True) -> int:
        """How many runs there are; without ``looks``, finished looks at health are not counted."""
        return history.count(self._ledger, project, looks=looks)

    @looks("list runs", of="project")
    def runs(
        self, project: str | None = None, *, offset: int = 0, limit: int = 50, matching: str = "", looks: bool = True
    ) -> tuple[Run, ...]:
        """Runs, newest first; without ``looks``, finished looks at health are left out."""
        page = history.page(self._ledger, project, offset=offset, limit=limit, matching=matching, looks=looks)
        return self._timed(page)

    def _timed(self, runs: tuple[Run, ...]) -> tuple[Run, ...]:
        """Each of ``runs`` with what is said of it where it takes too long."""
        if all(run.state in queue.ENDED for run in runs):
            return runs
        with self._ledger.read() as db:
            late = {each.run.id: each.why for each in times_history.overdue(db, self.now(), runs)}
        return tuple(replace(run, overdue=late.get(run.id)) for run in runs)

    @looks("see run times", of="project")
    def run_times(self, project: str, job: str = RETRAIN.name) -> RunTimes:
        """How long the runs of a job take, step by step, and what changed when that changed."""
        with self._ledger.read() as db:
            registry.find(db, project)
            return times_history.run_times(db, project, job)

    @looks("list runs")
    def overdue(self, now: datetime) -> tuple[Overdue, ...]:
        """The runs that run, or wait to, for longer than such runs do."""
        with self._ledger.read() as db:
            return times_history.overdue(db, now)

    @looks("read logs", of="run")
    def log(self, run: int, *, step: str | None = None, offset: int = 0, limit: int = 65536) -> LogPage:
        """Lines of a run's log from byte ``offset`` on; without ``step`` that of the newest step."""
        from engine.runs.logs import step_log

        path, ended = self._log_of(run, step)
        if path is None:
            return LogPage((), 0, 0, ended)
        page = step_log.read_lines(path, offset, limit=limit, ended=ended)
        return LogPage(page.lines, page.next_offset, page.size, ended)

    @looks("read logs", of="run")
    def logs_of(self, run: int) -> tuple[str, ...]:
        """The logs of a run that hold something: its steps, ``validate``, and ``engine``, which holds tracebacks."""
        from engine.runs.logs import log_files

        history.find(self._ledger, run)
        return log_files.names(self._workspace.run_folder(run))

    @looks("read logs", of="run")
    def log_window(self, run: int, step: str | None, *, line: int | Literal["end"], count: int) -> LogWindow:
        """``count`` lines of a log from the one numbered ``line`` on, or the last ones, and how many there are."""
        from engine.runs.logs.log_index import LogWindow

        path, ended = self._log_of(run, step)
        if path is None:
            return LogWindow((), 0, ended)
        return self._logs.window(path, line, count, ended=ended)

    @looks("read logs", of="run")
    def search_log(
        self, run: int, step: str | None, text: str, *, after_line: int = 0, limit: int = 100
    ) -> tuple[int, ...]:
        """The numbers of the lines of a log that hold ``text``, in either case; the first ``limit`` of them."""
        path, _ = self._log_of(run, step)
        return self._logs.search(path, text, after_line=after_line, limit=limit) if path else ()

    @cached_property
    def _logs(self) -> LogReader:
        from engine.runs.logs.log_index import LogReader

        return LogReader()

    def _log_of(self, run: int, step: str | None) -> tuple[Path | None, bool]:
        """The file, and whether it grows no more."""
        from engine.runs.logs import log_files

        ended = history.find(self._ledger, run).state in queue.ENDED
        return log_files.find(self._workspace.run_folder(run), step), ended
