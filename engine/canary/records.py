"""What is known of a canary beside the live version, in the same time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from engine.scoring.trials import Trial

Judged = Literal["worse", "no worse", "cannot tell"]


@dataclass(frozen=True)
class Losses:
    """How far predictions of one side are from their labels: of so many keys, each by the mean of what was answered to
    it, the mean and variance of the loss."""

    keys: int = 0
    mean: float = 0.0
    variance: float = 0.0


@dataclass(frozen=True)
class Predictions:
    """What one side predicted, of the logged rows. ``shares``: of each value, the most frequent first, where there are
    few; else ``quantiles``: the 10th, 50th and 90th percentile. ``rows``: of how many."""

    rows: int = 0
    shares: tuple[tuple[str, float], ...] = ()
    quantiles: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class Side:
    """Requests of one side, the live version's or the canary's. ``requests``: that were answered, or should have been;
    ``errors``: those of them that it could not answer itself, whoever did. ``answered``: with their times; ``slow`` of
    them took longer than the manifest's ``slow``. ``refused``: what the caller is to blame for. Times in seconds."""

    label: str
    requests: int = 0
    errors: int = 0
    answered: int = 0
    slow: int = 0
    refused: int = 0
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    predictions: Predictions = Predictions()
    losses: Losses = Losses()


@dataclass(frozen=True)
class Measured:
    """One thing that both sides are held against each other by. ``low``, ``high``: of the canary's value less the live
    version's, at every moment at once; None where there is nothing yet. ``bound``: above it the canary is worse."""

    name: Literal["errors", "slow answers", "loss"]
    live: float | None
    canary: float | None
    low: float | None
    high: float | None
    bound: float | None
    judged: Judged
    sentence: str


@dataclass(frozen=True)
class CanaryHealth:
    """A canary and the live version from ``since`` until before ``until``, and what may end it. ``loss``: what the loss
    of labelled keys is, in words; None while none is labelled. ``ends``: it is ended where one of the measures is
    surely worse. ``last_error``: what it said the last time that it could not answer."""

    trial: Trial
    since: datetime
    until: datetime
    live: Side
    canary: Side
    measured: tuple[Measured, ...]
    ends: bool
    loss: str | None = None
    last_error: str = ""

    @property
    def worse(self) -> tuple[Measured, ...]:
        return tuple(each for each in self.measured if each.judged == "worse")
