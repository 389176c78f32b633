"""Whether the newest rows are the kind of data that the version learnt from: complete, valid, known, on time.

Shares are judged on the newest stretch of the current rows, so that an outage of today is not lost among months and
one that is over is forgotten. A share alarms only when it exceeds the reference's by an amount that matters *and* by
more than chance explains (an exact binomial test), and exceeds what a day (or week) of the reference reached by itself.
What new categories and values out of range are usual is taken from the reference, too: what it held that its rows
before did not. A column that moves on by nature (a counter, a season, identifiers) therefore stays quiet.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa

from engine.errors import StepFailed
from engine.monitoring.look_parts import QualityCheck, QualityKind, ShareVerdict
from engine.monitoring.quality import arrivals
from engine.monitoring.quality.columns import CountedRows, found_in, infinite, out_of_range, retyped, unknown
from engine.monitoring.quality.shares import Shares, judge_share
from engine.monitoring.timestamps import DAY, UNDATED, microseconds, moments, periods_of
from engine.validation.columns import Codes, column_or_none, is_number, is_text, missing, shown, unwrapped
from engine.validation.holdout.row_keys import REPEATED, duplicates

# The newest stretch is the shortest of these that holds enough rows to tell a share of 2 % from chance.
_STRETCHES = (DAY, 7 * DAY, 28 * DAY)
_STRETCH_ROWS = 500
# From which excess over the reference a share is watched, and from which it is a failure. A value out of range or
# never seen is one that the model has to guess at; a few of them in a thousand rows change nothing that is decided.
LIMITS: dict[str, tuple[float, float]] = {
    "missing": (0.02, 0.20),
    "invalid": (0.001, 0.05),
    "new-category": (0.01, 0.20),
    "out-of-range": (0.01, 0.20),
    "duplicate": (0.001, 0.05),
}
_BADNESS = {"failing": 0, "watch": 1, "cannot tell": 2, "ok": 3}


@dataclass(frozen=True)
class _Pair:
    """One column of both sides. ``was``: the reference in the order of time, in ``stretches``; ``now``: the newest
    stretch."""

    name: str
    was: pa.ChunkedArray
    now: pa.ChunkedArray
    secret: bool
    stretches: Codes | None


def quality(
    reference: pa.Table,
    current: pa.Table,
    *,
    features: Sequence[str],
    key: Sequence[str],
    time: str | None,
    as_of: datetime,
    sensitive: Collection[str] = (),
    leave_out: Collection[str] = (),
    lag: timedelta = timedelta(0),
) -> tuple[QualityCheck, ...]:
    """Every check, the worst first. No content of the tables makes it raise.

    ``sensitive``: columns whose values are never named. ``leave_out``: columns that nothing is said about (the target).
    ``lag``: how far the version's own data ended before its as-of moment, which is then usual for freshness too.
    """
    now = microseconds(as_of)
    times_before, times_after = _times(reference, time), _times(current, time)
    ordered = _by_time(reference, times_before)
    newest, length = _newest(current, times_after, now)
    stretches = None if times_before is None else periods_of(np.sort(times_before), length)
    used = dict.fromkeys([*features, *key, *([time] if time else ())])
    checks = [*_columns(reference, current, used, leave_out)]
    for name in used:
        was, held = column_or_none(ordered, name), column_or_none(newest, name)
        if was is not None and held is not None:
            checks += _of_column(_Pair(name, was, held, name in sensitive, stretches), feature=name in features)
    checks += _duplicates(reference, newest, key)
    checks += _arrivals(times_before, times_after, now, lag)
    if times_after is not None:
        checks.append(_future(times_after, now, str(time)))
    return tuple(sorted(checks, key=lambda check: _BADNESS[check.verdict]))


@dataclass(frozen=True)
class Unplaced:
    """Rows without a time, or of the future, in what extract returns now and in what the version was made of. No other
    check sees them: nothing tells whether they are newer than what it learnt."""

    undated: int = 0
    future: int = 0
    were_undated: int = 0
    were_future: int = 0


def with_unplaced(
    checks: Sequence[QualityCheck], time: str, newer: int, learnt: int, rows: Unplaced
) -> tuple[QualityCheck, ...]:
    """The checks with those of the time column made of all rows. ``newer``, ``learnt``: how many rows were placed.

    Undated rows are counted beyond as many as there were, for older data holds these still. Where rows of the future
    are usual (a timetable), nothing is said about them.
    """
    undated = max(0, rows.undated - rows.were_undated)
    future = 0 if rows.were_future else rows.future
    without = CountedRows(undated, newer + undated, rows.were_undated, learnt + rows.were_undated)
    ahead = CountedRows(future, newer + future, 0, learnt)
    kept = [check for check in checks if check.column != shown(time) or check.kind not in ("missing", "invalid")]
    kept.append(_check("missing", time, without, "have no value", "look at its source"))
    kept.append(_check("invalid", time, ahead, "are of the future", "look at clocks and time zones"))
    return tuple(sorted(kept, key=lambda check: _BADNESS[check.verdict]))


def _times(table: pa.Table, time: str | None) -> Codes | None:
    """None where the time column is lost or holds no times; the check of its type says so."""
    if time is None or time not in table.column_names:
        return None
    try:
        return moments(table, time)
    except StepFailed:
        return None


def _by_time(table: pa.Table, times: Codes | None) -> pa.Table:
    """Rows by rising time; as they are where there is none, which is how the split takes its holdout too."""
    if times is None or bool(np.all(times[1:] >= times[:-1])):
        return table
    return table.take(pa.array(np.argsort(times, kind="stable")))


def _newest(table: pa.Table, times: Codes | None, now: int) -> tuple[pa.Table, int]:
    """The newest stretch with rows enough; undated rows belong to it, for they may be what is wrong. And its length."""
    if times is None:
        return table, _STRETCHES[-1]
    dated = times[(times != UNDATED) & (times <= now)]
    end = int(dated.max()) if len(dated) else now
    for length in _STRETCHES:
        inside = (times > end - length) | (times == UNDATED)
        if int(inside.sum()) >= _STRETCH_ROWS:
            return table.take(pa.array(np.flatnonzero(inside))), length
    return table, _STRETCHES[-1]


def _columns(
    reference: pa.Table, current: pa.Table, used: Collection[str], leave_out: Collection[str]
) -> Iterator[QualityCheck]:
    """Columns that were lost, that are new, and that hold another kind of value."""
    before = dict.fromkeys(name for name in reference.column_names if name not in leave_out)
    after = dict.fromkeys(name for name in current.column_names if name not in leave_out)
    rows = current.num_rows
    for name in [*before, *(n for n in used if n not in before)]:
        if name not in after:
            why = "and the model needs it" if name in used else "though the model does not need it"
            told = f"Column {shown(name)} is gone, {why}; look at what extract returns."
            yield QualityCheck("lost-column", shown(name), "failing" if name in used else "watch", told, rows)
    for name in after:
        was, now = column_or_none(reference, name), column_or_none(current, name)
        if was is None and name not in used:
            told = f"Column {shown(name)} is new; the next retrain may learn from it, unless [data] leaves it out."
            yield QualityCheck("new-column", shown(name), "watch", told, rows)
        if was is None or now is None:
            continue
        if change := retyped(was, now):
            verdict: ShareVerdict = "failing" if change.broken and name in used else "watch"
            told = f"Column {shown(name)} was {change.was} in training and is {change.now}; look at its source."
            yield QualityCheck("changed-type", shown(name), verdict, told, rows)


def _of_column(pair: _Pair, *, feature: bool) -> Iterator[QualityCheck]:
    gaps = missing(pair.was), missing(pair.now)
    words = "have no value"
    yield _check("missing", pair.name, found_in(gaps[1], gaps[0], pair.stretches), words, "look at its source")
    change = retyped(pair.was, pair.now)
    if change and change.broken:
        return
    kind = unwrapped(pair.was).type
    if pa.types.is_floating(unwrapped(pair.now).type):
        yield _check(
            "invalid",
            pair.name,
            infinite(pair.was, pair.now, pair.stretches),
            "are infinite",
            "look for a division by zero",
        )
    if feature and is_number(kind) and not pa.types.is_boolean(kind):
        beyond = out_of_range(pair.was, pair.now, pair.stretches)
        words = f"lie outside of {beyond.words}" if beyond.words and not pair.secret else "lie out of range"
        yield _check("out-of-range", pair.name, beyond, words, _look_at_range(beyond))
    if feature and is_text(kind):
        new = unknown(pair.was, pair.now, pair.stretches)
        named = () if pair.secret else new.values
        words = "hold a value never seen" + (f" ({', '.join(named)})" if named else "")
        yield _check("new-category", pair.name, new, words, "look for a renamed code; a retrain learns new ones", named)


def _look_at_range(beyond: CountedRows) -> str:
    return "look for another unit or a broken sensor" if beyond.far else "a retrain learns them, if they are right"


def _check(
    kind: QualityKind, column: str | None, found: CountedRows, words: str, look: str, values: tuple[str, ...] = ()
) -> QualityCheck:
    """A share with its verdict in words: ``temp: 41 % of 6,410 rows have no value, 2 % in training; look at …``."""
    watch, failing = LIMITS[kind]
    shares = Shares(found.count, found.n, found.reference_count, found.reference_n, found.peak)
    judged = judge_share(shares, watch, failing if found.far else float("inf"))
    subject = shown(column) if column is not None else "Rows"
    if judged.verdict == "cannot tell":
        told = f"{subject}: {found.n:,} rows are too few to tell how many {words}."
    elif found.count == 0:
        told = f"{subject}: of {found.n:,} rows none {words}."
    else:
        told = f"{subject}: {_percent(judged.share)} of {found.n:,} rows {words}, {_percent(judged.usual)} in training"
        told += "." if judged.verdict == "ok" else f"; {look}."
    return QualityCheck(
        kind, None if column is None else shown(column), judged.verdict, told, found.n, found.count, judged.share,
        judged.usual, judged.bound, values=values,
    )  # fmt: skip


def _duplicates(reference: pa.Table, newest: pa.Table, key: Sequence[str]) -> Iterator[QualityCheck]:
    if not key:
        yield QualityCheck("duplicate", None, "cannot tell", "Name [data] key to see rows that come twice.")
        return
    name = ", ".join(shown(part) for part in key)
    before, after = duplicates(reference, key), duplicates(newest, key)
    if before is None or after is None:
        yield QualityCheck("duplicate", name, "cannot tell", f"{name}: rows cannot be told apart by these columns.")
        return
    if reference.num_rows and before > reference.num_rows * REPEATED:
        told = f"{name}: repeats in training too ({before:,} rows), so nothing is said about rows that come twice."
        yield QualityCheck("duplicate", name, "cannot tell", told, newest.num_rows, after)
        return
    found = CountedRows(after, newest.num_rows, before, reference.num_rows)
    yield _check("duplicate", name, found, "repeat the key of another", "look at a join or a delivery that came twice")


def _arrivals(before: Codes | None, after: Codes | None, now: int, lag: timedelta) -> Iterator[QualityCheck]:
    if before is None or after is None:
        told = "There is no time column to tell by; name [data] time."
        yield QualityCheck("volume", None, "cannot tell", told)
        yield QualityCheck("freshness", None, "cannot tell", told)
        return
    rows = arrivals.volume(before, after, now)
    low = rows.rows is None or rows.usual is None or rows.rows <= rows.usual
    yield QualityCheck(
        "volume", None, rows.verdict, rows.sentence, len(after), rows.rows, bound=rows.low if low else rows.high
    )
    age = arrivals.freshness(before, after, now, lag // timedelta(microseconds=1))
    yield QualityCheck("freshness", None, age.verdict, age.sentence, len(after), bound=age.bound, age=age.age)


def _future(times: Codes, now: int, time: str) -> QualityCheck:
    found = CountedRows(int((times > now).sum()), len(times), 0, len(times))
    return _check("invalid", time, found, "are of the future", "look at clocks and time zones")


def _percent(share: float | None) -> str:
    """``41 %``, ``0.3 %``."""
    share = 100 * (share or 0.0)
    return f"{share:.0f} %" if share >= 10 or share == 0 else f"{share:.2g} %"
