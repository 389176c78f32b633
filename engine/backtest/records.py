"""What a backtest came to, as its document says it and as it is asked for. Times are texts in ISO 8601, in UTC.

A field with a default is one that an older Leverframe did not write yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from engine.backtest.policies import NEVER, Policy, Window
from engine.json_records import Kept
from engine.records import Comparison


@dataclass(frozen=True)
class Training:
    """One training. ``rows`` is what extract returned as of ``at``, with the ``digest`` of all of it; ``later`` of them
    lie after that moment, and were left out; ``learnt`` were trained on. ``anew``: False where they are those of the
    training before, whose model was taken. ``seconds`` and ``cpu_seconds``: extract, labels and train."""

    at: str
    rows: int
    digest: str
    later: int
    learnt: int
    anew: bool
    seconds: float
    cpu_seconds: float


@dataclass(frozen=True)
class WeekRows:
    """One week of the window: how many rows happened in it, and of how many the label is known."""

    since: str
    rows: int
    labelled: int


@dataclass(frozen=True)
class PolicyResult:
    """One policy over the whole window. ``every`` in seconds, None for never; ``weekly``: the metric of each week, or
    None where it has none; ``trainings``: those that it needed, the first with them, and their ``seconds``;
    ``year_seconds``: what a year of it would take."""

    word: str
    every: float | None
    value: float | None
    low: float | None
    high: float | None
    weekly: tuple[float | None, ...]
    trainings: int
    seconds: float
    cpu_seconds: float
    year_seconds: float

    @property
    def policy(self) -> Policy:
        return Policy(self.word, None if self.every is None else timedelta(seconds=self.every))


@dataclass(frozen=True)
class PolicyDifference:
    """``policy`` minus ``over`` on the same rows, with the interval of a bootstrap over weeks."""

    policy: str
    over: str
    value: float | None
    low: float | None
    high: float | None
    comparison: Comparison


@dataclass(frozen=True)
class BacktestDocument(Kept):
    """The whole of it. ``version``: the live version whose code and packages were used; None: the project's folder, at
    ``revision``. ``code``, ``environment`` and ``data`` are digests: of the files, of the lock, of the rows that
    policies were measured on, which extract returned as of ``as_of``. ``told``: how many weeks the metric rests on."""

    project: str
    version: str | None
    revision: str | None
    code: str
    environment: str
    data: str
    as_of: str
    since: str
    until: str
    metric: str
    rows: int
    told: int
    weeks: tuple[WeekRows, ...]
    policies: tuple[PolicyResult, ...]
    differences: tuple[PolicyDifference, ...]
    trainings: tuple[Training, ...]

    def of(self, word: str) -> PolicyResult:
        return next(each for each in self.policies if each.word == word)

    def difference(self, one: str, other: str) -> PolicyDifference | None:
        """The first minus the second; it is kept in one direction only."""
        return next((each for each in self.differences if (each.policy, each.over) == (one, other)), None)

    @property
    def never(self) -> PolicyResult:
        return self.of(NEVER)

    @property
    def training_seconds(self) -> float:
        """What one training took, on average."""
        made = [each.seconds for each in self.trainings if each.anew]
        return sum(made) / len(made) if made else 0.0


@dataclass(frozen=True)
class KeptBacktest:
    """A backtest as the ledger keeps it: the run that made it, when, and the digest of its document."""

    run: int
    project: str
    at: datetime
    digest: str
    document: BacktestDocument


@dataclass(frozen=True)
class RetrainSchedule:
    """How often retrains are due by themselves: ``every`` is None where none is. ``line``: where ``leverframe.toml`` in
    the project's folder says so."""

    every: timedelta | None = None
    paused: bool = False
    line: int | None = None


@dataclass(frozen=True)
class BacktestPlan:
    """What a backtest would take. ``seconds``: for all of it, by what such steps took in earlier runs; None where that
    is not known."""

    project: str
    window: Window
    policies: tuple[Policy, ...]
    trainings: int
    seconds: float | None
    schedule: RetrainSchedule


@dataclass(frozen=True)
class ToldBacktest:
    """The newest backtest of a project with what is scheduled now, and the run of one that has not ended."""

    kept: KeptBacktest | None
    schedule: RetrainSchedule
    under_way: int | None = None
    progress: float = 0.0
    state: Literal["queued", "running", ""] = ""
