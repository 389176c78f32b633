"""Figures of requests over a window: how many a second, how long they took, what failed, who answered. Pure.

They come from what was counted of every request, kept or not. A time of an answer is right to five parts in a hundred.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from engine.requests.counting import LOST, Count, CountKey, merge, quantile

Counted = tuple[str, CountKey, Count]  # who counted, what, how much
OK = 200
KINDS = {
    LOST: "too fast to be noted",
    400: "not understood",
    401: "not let in",
    403: "not let in",
    404: "not there",
    408: "came too slowly",
    413: "too large",
    415: "not understood",
    422: "input refused",
    429: "too many at once",
    500: "failed",
    503: "no room or no version",
    504: "out of time",
}
MOST_POINTS = 60
LIVE = "the version asked"
# Who answered in the end, by the word that stands in an answer; of one that was not asked first.
ANSWERERS = {"": LIVE, "live": "live for a canary", "previous": "previous", "rule": "rule"}


@dataclass(frozen=True)
class RequestTally:
    """Requests of one version, one worker, or one kind of fallback. Times in seconds, None where nothing was answered;
    ``failures``: those the server is to blame for (500 and above)."""

    name: str
    requests: int
    failures: int
    p50: float | None
    p99: float | None


@dataclass(frozen=True)
class RequestPoint:
    """Requests of the minutes from ``at`` on, until the next point."""

    at: datetime
    requests: int
    per_second: float
    failures: int
    p50: float | None
    p95: float | None
    p99: float | None


@dataclass(frozen=True)
class RequestFigures:
    """Of ``since`` until before ``until``. ``refused``: what the caller is to blame for (400 to 499). ``errors``: by
    kind, in words. ``kept`` and ``lost``: rows in blocks, and rows that should be in one and are not; ``unseen``:
    requests that came too fast to be noted; ``fallbacks``: answers that were not the live version's; ``failed``: kinds
    of ``failures`` with their number. Times are of answers, in seconds."""

    project: str
    since: datetime
    until: datetime
    requests: int = 0
    rows: int = 0
    per_second: float = 0.0
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    failures: int = 0
    refused: int = 0
    errors: tuple[tuple[str, int], ...] = ()
    failed: tuple[tuple[str, int], ...] = ()
    by_version: tuple[RequestTally, ...] = ()
    by_worker: tuple[RequestTally, ...] = ()
    by_fallback: tuple[RequestTally, ...] = ()
    fallbacks: int = 0
    kept: int = 0
    lost: int = 0
    unseen: int = 0
    points: tuple[RequestPoint, ...] = ()

    @property
    def failed_share(self) -> float:
        return self.failures / self.requests if self.requests else 0.0


@dataclass
class _Sum:
    requests: int = 0
    failures: int = 0
    histogram: dict[int, int] = field(default_factory=dict)

    def add(self, key: CountKey, count: Count) -> None:
        self.requests += count.requests
        self.failures += count.requests if key.status >= 500 else 0
        if key.status == OK:
            merge(self.histogram, count.histogram)

    def at(self, share: float) -> float | None:
        return quantile(self.histogram, share)


def figures(project: str, counted: Sequence[Counted], since: datetime, until: datetime) -> RequestFigures:
    """``counted``: of ``project`` in the minutes from ``since`` until before ``until``."""
    whole = _Sum()
    for _, key, count in counted:
        whole.add(key, count)
    seconds = (until - since).total_seconds()
    seen = [each for each in counted if each[1].status != LOST]
    return RequestFigures(
        project=project,
        since=since,
        until=until,
        requests=whole.requests,
        rows=sum(count.rows for _, _, count in counted),
        per_second=whole.requests / seconds if seconds > 0 else 0.0,
        p50=whole.at(0.5),
        p95=whole.at(0.95),
        p99=whole.at(0.99),
        failures=whole.failures,
        refused=sum(count.requests for _, key, count in counted if 400 <= key.status < 500),
        errors=_kinds(counted, lambda status: status != OK),
        failed=_kinds(counted, lambda status: status >= 500),
        by_version=_tallies(seen, lambda worker, key: key.version),
        by_worker=_tallies(seen, lambda worker, key: worker),
        by_fallback=_tallies(seen, lambda worker, key: ANSWERERS.get(key.fallback, key.fallback)),
        fallbacks=sum(count.requests for _, key, count in counted if key.status == OK and _stood_in(key)),
        kept=sum(count.kept for _, _, count in counted),
        lost=sum(count.lost for _, _, count in counted),
        unseen=sum(count.requests for _, key, count in counted if key.status == LOST),
        points=_points(counted, since, until),
    )


def _kinds(counted: Iterable[Counted], of: Callable[[int], bool]) -> tuple[tuple[str, int], ...]:
    found: dict[str, int] = {}
    for _, key, count in counted:
        if of(key.status):
            kind = KINDS.get(key.status, f"status {key.status}")
            found[kind] = found.get(kind, 0) + count.requests
    return tuple(sorted(found.items(), key=lambda each: (-each[1], each[0])))


def _stood_in(key: CountKey) -> bool:
    """Whether somebody answered for the live version; not where that did for a canary."""
    return key.fallback not in ("", "live")


def _tallies(counted: Iterable[Counted], named: Callable[[str, CountKey], str]) -> tuple[RequestTally, ...]:
    """One for each name, those with most requests first; hours of before, whose worker nobody kept, have none."""
    sums: dict[str, _Sum] = {}
    for worker, key, count in counted:
        sums.setdefault(named(worker, key), _Sum()).add(key, count)
    tallies = [
        RequestTally(name, found.requests, found.failures, found.at(0.5), found.at(0.99))
        for name, found in sums.items()
        if name
    ]
    return tuple(sorted(tallies, key=lambda each: (-each.requests, each.name)))


def _points(counted: Iterable[Counted], since: datetime, until: datetime) -> tuple[RequestPoint, ...]:
    """Of equal length, whole minutes each; also those in which nothing came."""
    first, last = int(since.timestamp()) // 60, -(-int(until.timestamp()) // 60)
    each = max(1, -(-(last - first) // MOST_POINTS))
    sums = {start: _Sum() for start in range(first, last, each)}
    for _, key, count in counted:
        sums[first + (key.minute - first) // each * each].add(key, count)
    return tuple(
        RequestPoint(
            at=datetime.fromtimestamp(start * 60, UTC),
            requests=found.requests,
            per_second=found.requests / max(1.0, min(each * 60.0, until.timestamp() - start * 60)),
            failures=found.failures,
            p50=found.at(0.5),
            p95=found.at(0.95),
            p99=found.at(0.99),
        )
        for start, found in sums.items()
    )


def window_of(length: timedelta, now: datetime) -> datetime:
    """When a window of that length began: with a whole minute, as requests are counted."""
    return (now - length).replace(second=0, microsecond=0)
