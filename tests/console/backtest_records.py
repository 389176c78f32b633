"""A made-up backtest, and what an engine answers about backtests; seen from the moment of ``records``."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from engine.backtest.policies import read_policies, window_of
from engine.backtest.records import BacktestPlan, KeptBacktest, RetrainSchedule, ToldBacktest
from engine.errors import Refusal
from tests.console.health_records import NOW, ago
from tests.engine.backtest.made import document

SCHEDULED = RetrainSchedule(timedelta(weeks=1), False, 54)
TOLD = ToldBacktest(KeptBacktest(44, "flights", ago(days=2), "ab" * 32, document()), SCHEDULED)
NEVER_MADE = ToldBacktest(None, SCHEDULED)


class FakeBacktests:
    """The part of the engine's door that is about backtests. ``told_now``: what it says of every project."""

    told_now: ToldBacktest = TOLD
    seconds_now: float | None = 286.0

    def last_backtest(self, project: str) -> ToldBacktest:
        return self.told_now

    def plan_backtest(self, project: str, *, weeks: int, every: str) -> BacktestPlan:
        policies = read_policies(every, weeks)
        if weeks > 44:
            raise Refusal(f"{weeks} weeks are more than the data of {project} goes back; replay at most 44.")
        window = window_of(NOW, weeks, policies)
        return BacktestPlan(project, window, policies, len(window.trainings(policies)), self.seconds_now, SCHEDULED)

    def backtest(self, project: str, *, weeks: int, every: str) -> Any:
        from tests.console.records import run

        self._do("backtest", project, weeks, every)  # type: ignore[attr-defined]
        return run(46, job="backtest")
