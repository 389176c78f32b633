"""What the door to the engine offers about backtests of retraining; ``engine.api.Engine`` inherits it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from engine import clock
from engine.access.acts import Door, changes, looks
from engine.backtest.defaults import POLICIES, WEEKS
from engine.errors import Refusal
from engine.projects import registry
from engine.records import Run
from engine.runs import history, queue
from engine.versions import catalog
from engine.vocabulary.jobs import BACKTEST

if TYPE_CHECKING:
    from engine.backtest.records import BacktestPlan, ToldBacktest


class BacktestCommands(Door):
    """How often a model should be retrained, by what that would have been worth on the project's own past."""

    @looks("see what a backtest would take", of="project", in_past=False)
    def plan_backtest(
        self, project: str, *, weeks: int = WEEKS, every: str = POLICIES, as_of: datetime | None = None
    ) -> BacktestPlan:
        """What a backtest of these policies over so many weeks would take. Raises what ``backtest`` raises."""
        from engine.jobs.backtest import plan

        now = clock.now()
        self._refuse_future(as_of, now)
        with self._ledger.read() as db:
            return plan.plan(db, self._store, project, weeks, every, as_of or now, now)

    @changes(BACKTEST.act, least="operator", of="project")
    def backtest(
        self, project: str, *, weeks: int = WEEKS, every: str = POLICIES, as_of: datetime | None = None
    ) -> Run:
        """Queue a backtest and start it if it may start now; it makes no candidate and touches nothing that is live.

        Raises Invalid for what is no policy; Refusal where there is no time column, where the data does not go back so
        far, or for a moment to come; Conflict while another backtest of the project has not ended.
        """
        from engine.jobs.backtest import plan

        now = clock.now()
        self._refuse_future(as_of, now)
        with self._ledger.read() as db:
            plan.plan(db, self._store, project, weeks, every, as_of or now, now)
            plan.refuse_second(db, project)
            path, live = registry.folder(db, project), catalog.live(db, project)
        if live is None:
            from engine.projects.source.code import inspect, refuse_dirty

            refuse_dirty(inspect(path), path)
        options = {"weeks": weeks, "every": every}
        run = queue.enqueue(self._ledger, project, self.caller, as_of or now, now, options, job=BACKTEST.name)
        queue.dispatch(self._workspace, self._ledger)
        return history.find(self._ledger, run)

    @looks("see backtests", of="project")
    def last_backtest(self, project: str) -> ToldBacktest:
        """The newest backtest of ``project`` that came to its end, what is scheduled, and whether one is under way."""
        from engine.backtest import archive, retrain_schedule
        from engine.backtest.records import ToldBacktest
        from engine.jobs.backtest import plan

        with self._ledger.read() as db:
            registry.find(db, project)
            run = plan.under_way(db, project)
            kept, schedule = archive.newest(db, project), retrain_schedule.in_force(db, project, self.now())
        if run is None:
            return ToldBacktest(kept, schedule)
        return ToldBacktest(kept, schedule, run.id, run.progress, "running" if run.state == "running" else "queued")

    @staticmethod
    def _refuse_future(as_of: datetime | None, now: datetime) -> None:
        if as_of is not None and as_of > now:
            raise Refusal(f"--as-of {clock.stamp(as_of)[:16]} is in the future; the data of then is not there yet.")
