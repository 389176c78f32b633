"""What the screen of backtests wants to know, and whoever is about to ask for one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.api import Engine
    from engine.backtest.records import BacktestPlan, ToldBacktest

# How far one is, is a commit, which the watcher sees within half a second; only its age is drawn anew.
REFRESH = 5.0


@dataclass(frozen=True)
class AskBacktest:
    project: str
    refresh: float = REFRESH

    def answer(self, engine: Engine, now: datetime) -> ToldBacktest:
        return engine.last_backtest(self.project)


@dataclass(frozen=True)
class AskBacktestPlan:
    """Asked for what somebody writes; the answer is the same until the ledger changes."""

    project: str
    weeks: int
    every: str
    refresh: float = 3600.0

    def answer(self, engine: Engine, now: datetime) -> BacktestPlan:
        return engine.plan_backtest(self.project, weeks=self.weeks, every=self.every)
