"""What the parts of a look at a live version's health find: drift, quality, performance. Pure; times in ISO 8601.

They stand apart from what measures them, so that who only reads a look need not load numpy and scikit-learn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

ShareVerdict = Literal["ok", "watch", "failing", "cannot tell"]
DriftVerdict = Literal["none", "some", "large", "cannot tell", "new column", "lost column", "changed type"]
ColumnKind = Literal["number", "time", "category", "empty", "unreadable"]
QualityKind = Literal[
    "missing", "invalid", "new-category", "out-of-range", "duplicate", "volume", "freshness",
    "lost-column", "new-column", "changed-type",
]  # fmt: skip
Trend = Literal["falling", "steady", "rising", "cannot tell"]
TOGETHER = "(all columns together)"


@dataclass(frozen=True)
class QualityCheck:
    """One thing that was looked at; ``column`` is None where it is about all rows.

    ``count`` of ``n`` rows (``share``) against ``reference_share``; ``bound`` is the share from which it is watched.
    Of volume, ``count`` is rows in the newest whole period and ``bound`` the usual lowest (or highest) number; of
    freshness, ``age`` and ``bound`` are seconds. ``values`` names a few new categories, fit to show.
    """

    kind: QualityKind
    column: str | None
    verdict: ShareVerdict
    sentence: str
    n: int = 0
    count: int | None = None
    share: float | None = None
    reference_share: float | None = None
    bound: float | None = None
    age: float | None = None
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Extract:
    """What extract brought: the digest of its rows, since when it has brought these (ISO 8601), and in how many looks.
    ``changed``: earlier looks saw others, so that it was seen to change at all."""

    digest: str
    rows: int
    since: str
    looks: int
    changed: bool


@dataclass(frozen=True)
class Bar:
    """One bin: its label, fit for a screen, and the share (0 to 1) of each side's rows in it."""

    label: str
    reference: float
    current: float


@dataclass(frozen=True)
class ColumnDrift:
    """One column. Shares are 0 to 1, of all rows of their side; None is what is not defined or not asked of its kind.

    ``wasserstein`` is in the column's unit, ``wasserstein_sd`` in standard deviations of the reference. ``why`` is one
    sentence for people. ``approximate``: the reference has too many values or labels to be kept whole.
    """

    column: str
    kind: ColumnKind
    verdict: DriftVerdict
    why: str
    n_reference: int
    n_current: int
    missing_reference: float | None = None
    missing_current: float | None = None
    infinite_reference: float | None = None
    infinite_current: float | None = None
    size: float | None = None
    p: float | None = None
    psi: float | None = None
    ks: float | None = None
    ks_p: float | None = None
    wasserstein: float | None = None
    wasserstein_sd: float | None = None
    jensen_shannon: float | None = None
    chi_square: float | None = None
    chi_square_p: float | None = None
    bars: tuple[Bar, ...] = ()
    approximate: bool = False

    @property
    def broken(self) -> bool:
        """The model cannot be given what it learnt from: certain at the first look."""
        return self.verdict in ("lost column", "changed type")


@dataclass(frozen=True)
class WeighedDrift(ColumnDrift):
    """A column's drift with its ``importance`` to the predictions and the product of both; None: not known."""

    importance: float | None = None
    weight: float | None = None


@dataclass(frozen=True)
class Separation:
    """``low`` and ``high``: the AUC's interval at 95 %. ``used``: columns with their share (0 to 1) of what tells the
    two apart, most first. ``n_reference`` and ``n_current``: the rows that were given; at most ``MOST_ROWS`` of each
    side are learnt from. None is what cannot be told."""

    verdict: DriftVerdict
    why: str
    n_reference: int
    n_current: int
    auc: float | None = None
    low: float | None = None
    high: float | None = None
    size: float | None = None
    p: float | None = None
    used: tuple[tuple[str, float], ...] = ()
    left_out: tuple[str, ...] = ()
    column: str = TOGETHER
    broken: bool = False


@dataclass(frozen=True)
class MetricValue:
    """One metric on ``n`` labelled rows with its 95 % interval; without a value, ``reason`` says why."""

    metric: str
    n: int
    value: float | None = None
    low: float | None = None
    high: float | None = None
    reason: str | None = None


@dataclass(frozen=True)
class MetricPeriod:
    """From ``start`` until before ``end`` (ISO 8601 in UTC; None without a time column).

    ``share``: labelled rows of all rows. Not ``mature``: ``reason`` says why and the readings have no value.
    """

    start: str | None
    end: str | None
    rows: int
    labelled: int
    share: float | None
    over: bool
    mature: bool
    reason: str | None
    readings: tuple[MetricValue, ...]

    def of(self, metric: str) -> MetricValue | None:
        return next((reading for reading in self.readings if reading.metric == metric), None)


@dataclass(frozen=True)
class MetricPeriods:
    """Oldest first. ``days``: how long each is. ``bound``: the share of labels from which a period is mature.

    ``live``: each metric over all mature labelled rows; ``window``: over the newest of them, from ``window_start`` on.
    ``outside``: rows that are in no period (no time, of the future, or older than what is shown).
    """

    days: int | None
    periods: tuple[MetricPeriod, ...]
    rows: int
    labelled: int
    outside: int
    bound: float
    settled: float | None
    live: tuple[MetricValue, ...]
    window: tuple[MetricValue, ...]
    window_start: str | None
    sentence: str


@dataclass(frozen=True)
class Fall:
    """``reference`` became ``value`` (``low`` to ``high``, 95 %) on ``n`` labelled rows of ``periods`` periods from
    ``since`` on. ``drop`` is how much worse, always positive; ``failing`` when surely at least twice what matters."""

    metric: str
    verdict: Literal["watch", "failing"]
    since: str | None
    reference: float
    value: float
    low: float
    high: float
    drop: float
    n: int
    periods: int
    sentence: str


@dataclass(frozen=True)
class PreviousVersion:
    """``value`` is its, ``live`` that of the live version; ``better``: it is surely better by as much as matters."""

    version: str
    metric: str
    sentence: str
    told: bool = False
    better: bool = False
    value: float | None = None
    live: float | None = None
    n: int = 0


@dataclass(frozen=True)
class Bin:
    """``n`` rows with chances (or predicted values) from ``low`` to ``high``: the mean ``predicted`` against what was
    ``observed``, with its 95 % interval."""

    low: float
    high: float
    n: int
    predicted: float
    observed: float
    observed_low: float
    observed_high: float


@dataclass(frozen=True)
class Calibration:
    """Of a classifier ``error`` is the expected calibration error and ``chance`` what a calibrated model stays below in
    99 of 100 cases; ``bias`` is the mean chance minus the share that happened. Of a regression ``bias`` is the mean of
    predicted minus actual, ``spread`` the standard deviation of the errors, ``spread_error`` the standard error of its
    logarithm. ``slope`` and ``intercept`` with standard errors. ``subject``: the class whose chance it is, or 'the
    predicted class', or 'the value'."""

    kind: Literal["chances", "values"]
    subject: str
    verdict: ShareVerdict
    sentence: str
    n: int
    error: float | None = None
    chance: float | None = None
    bias: float | None = None
    bias_low: float | None = None
    bias_high: float | None = None
    slope: float | None = None
    slope_error: float | None = None
    intercept: float | None = None
    intercept_error: float | None = None
    spread: float | None = None
    bins: tuple[Bin, ...] = ()
    spread_error: float | None = None


@dataclass(frozen=True)
class Estimate:
    """Each metric as a reading whose ``n`` is the rows without a label that it is about; ``low`` to ``high`` is its
    band (95 %). ``learnt_on``: labelled rows behind it. ``assumptions`` are to be shown wherever a value is."""

    method: Literal["confidence", "loss model", "none"]
    n: int
    learnt_on: int
    readings: tuple[MetricValue, ...]
    assumptions: tuple[str, ...]
    sentence: str
    estimated: bool = True


@dataclass(frozen=True)
class Condition:
    """``column`` is ``value``; for a range also from ``low`` on (None: no end) until before ``high``."""

    column: str
    value: str
    low: float | None = None
    high: float | None = None

    @property
    def name(self) -> str:
        return f"{self.column}={self.value}"


@dataclass(frozen=True)
class Slice:
    """``n`` rows for which every condition holds. ``low`` to ``high``: the interval of ``value``; ``difference`` is
    value minus that of all other rows (``rest``); both intervals hold for all slices together. ``trend`` is that of
    performance: falling means getting worse, whichever way the metric runs. ``reason``: why there is no value."""

    conditions: tuple[Condition, ...]
    n: int
    share: float
    metric: str
    value: float | None
    low: float | None
    high: float | None
    rest: float | None
    difference: float | None
    difference_low: float | None
    difference_high: float | None
    verdict: Literal["worse", "better", "same", "cannot tell"]
    trend: Trend
    reason: str | None = None

    @property
    def name(self) -> str:
        return " and ".join(condition.name for condition in self.conditions)


@dataclass(frozen=True)
class Slices:
    """Worst first, those that nothing can be said of last. ``tried``: how many the intervals are widened for.

    ``left_out``: per column how many of its values nobody looked at. ``rows``: rows that were looked at in all.
    """

    metric: str
    found: tuple[Slice, ...]
    tried: int
    rows: int
    left_out: Mapping[str, int]
    sentence: str


@dataclass(frozen=True)
class SliceRows:
    """``columns`` names the cells of each row: the row's number in the data (from 1), what was ``actual``, what was
    ``predicted``, ``error`` (of a class: how much chance was not given to what happened), then the table's own.
    A cell is text, None where there is no value. ``total``: how many rows the slice has, of which these are the worst.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
    total: int
