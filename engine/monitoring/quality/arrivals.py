"""Whether rows still come: how many a day or week, and how old the newest is, against the version's own data. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.monitoring.look_parts import ShareVerdict
from engine.monitoring.quality.freshness import age_told
from engine.monitoring.timestamps import DAY, UNDATED, WEEK, date, iso, periods_of, start_of
from engine.validation.columns import Codes, Floats

# Fewer whole days or weeks than this say nothing about what is usual; four of one weekday do, beside all others.
FEWEST_PERIODS = 8
_FEWEST_WEEKS = 4
# Volumes have long tails (holidays, storms): four robust deviations, each at least a tenth of what is usual.
DEVIATIONS = 4.0
_LEAST_SPREAD = 0.1
_MAD_TO_DEVIATION = 1.4826
# A tenth of the usual rows is not a quiet day any more.
NEARLY_NOTHING = 0.1
# A table that is filled once a day is always up to a day old; a whole weekend is not yet a failure.
WATCH_AGE, FAILING_AGE = 1 * DAY, 3 * DAY
_MOST_DAYS = 4_000


@dataclass(frozen=True)
class Volume:
    """The newest whole day or week: ``rows`` in it, what is ``usual`` for it and between which bounds."""

    verdict: ShareVerdict
    sentence: str
    rows: int | None = None
    usual: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Freshness:
    """The age of the newest row, and from which age on it is watched; seconds."""

    verdict: ShareVerdict
    sentence: str
    age: float | None = None
    bound: float | None = None


def usual_age(times: Codes) -> int:
    """The age (microseconds) that the newest row stays below at 99 of 100 moments; 0 with fewer than two moments.

    A gap of a night counts for as long as it lasts, however many rows come by day: at a random moment inside a gap g
    the newest row is older than a for a time of max(0, g - a).
    """
    gaps = np.sort(np.diff(np.unique(times[times != UNDATED])))[::-1].astype(np.float64)
    if len(gaps) == 0:
        return 0
    # The k longest gaps together exceed a by sum(g) - k * a; the age is where that is 1 % of all time.
    longest, k = np.cumsum(gaps), np.arange(1, len(gaps) + 1)
    ages = (longest - 0.01 * gaps.sum()) / k
    return int(max(0.0, ages.max()))


def freshness(reference: Codes, current: Codes, as_of: int, lag: int) -> Freshness:
    """How old the newest row is. ``lag``: how far behind its own as-of moment the version's data ended."""
    known = np.concatenate([reference, current])
    known = known[(known != UNDATED) & (known <= as_of)]
    if len(known) == 0:
        return Freshness("cannot tell", "No row has a time up to now; how fresh the data is cannot be told.")
    newest = int(known.max())
    age, usual = as_of - newest, usual_age(reference)
    watch = max(WATCH_AGE, usual * 3 // 2) + lag
    failing = max(FAILING_AGE, usual * 3) + lag
    verdict: ShareVerdict = "failing" if age > failing else "watch" if age > watch else "ok"
    sentence = age_told(iso(newest), age / 1e6, watch / 1e6, well=verdict == "ok")
    return Freshness(verdict, sentence, age / 1e6, watch / 1e6)


def volume(reference: Codes, current: Codes, as_of: int) -> Volume:
    """Rows of the newest whole day, or ISO week where days are too thin, against those of the reference.

    A period that is not over, or that the data does not reach the end of yet, is not looked at. Days are compared with
    the same weekday where the reference has at least four of it.
    """
    before, after = reference[reference != UNDATED], current[(current != UNDATED) & (current <= as_of)]
    if len(before) == 0 or len(after) == 0:
        return Volume("cannot tell", "There are no dated rows to compare; how many come in a day cannot be told.")
    length = _natural(before)
    first, counts = _counts(before, length)
    counts = counts[1:-1]  # the first and the last are cut off somewhere
    if len(counts) < FEWEST_PERIODS:
        word = "days" if length == DAY else "weeks"
        return Volume("cannot tell", f"Training has {len(counts)} whole {word}; {FEWEST_PERIODS} tell what is usual.")
    newest = _newest_whole(after, as_of, length, usual_age(before))
    begins = int(periods_of(before.max(keepdims=True), length)[0]) + 1
    if newest < begins:
        return Volume("cannot tell", "No whole day or week has passed since the version's own data ended.")
    rows = int((periods_of(after, length) == newest).sum())
    return _judged(rows, newest, length, _comparable(counts, first + 1, newest, length))


def _natural(times: Codes) -> int:
    """Days when rows come on most of them, else weeks."""
    days = np.unique(periods_of(times, DAY))
    covered = len(days) / (days[-1] - days[0] + 1)
    return DAY if covered >= 0.6 and days[-1] - days[0] < _MOST_DAYS else WEEK


def _counts(times: Codes, length: int) -> tuple[int, Codes]:
    """The first period and the rows of each from there on, those without any included."""
    numbers, rows = np.unique(periods_of(times, length), return_counts=True)
    first = max(int(numbers[0]), int(numbers[-1]) - _MOST_DAYS)  # one row of the year 1 shall not cost memory
    kept = numbers >= first
    counts = np.zeros(int(numbers[-1]) - first + 1, dtype=np.int64)
    counts[numbers[kept] - first] = rows[kept]
    return first, counts


def _newest_whole(times: Codes, as_of: int, length: int, usual: int) -> int:
    """The newest period that is over and that the data reaches the end of, as far as its usual gaps let it."""
    reached = min(as_of, int(times.max()) + max(usual, length // 24))
    return int(periods_of(np.array([reached]), length)[0]) - 1


def _comparable(counts: Codes, first: int, newest: int, length: int) -> Floats:
    """The reference's counts that the newest is compared with: those of its weekday when they are enough."""
    same = counts[(np.arange(len(counts)) + first - newest) % 7 == 0]
    return (same if length == DAY and len(same) >= _FEWEST_WEEKS else counts).astype(np.float64)


def _judged(rows: int, newest: int, length: int, usual: Floats) -> Volume:
    middle = float(np.median(usual))
    deviation = _MAD_TO_DEVIATION * float(np.median(np.abs(usual - middle)))
    spread = max(deviation, float(np.sqrt(middle)), _LEAST_SPREAD * middle)
    # What the reference itself reached now and then is usual too, its one odd day is not.
    rarely = np.quantile(usual, [0.05, 0.95])
    low = max(0.0, min(middle - DEVIATIONS * spread, float(rarely[0])))
    high = max(middle + DEVIATIONS * spread, float(rarely[1]))
    word = "day" if length == DAY else "week"
    told = f"{date(start_of(newest, length))}: {rows:,} rows in the {word}, usual are {middle:,.0f}"
    if low <= rows <= high:
        return Volume("ok", f"{told}.", rows, middle, low, high)
    collapsed = rows <= NEARLY_NOTHING * middle
    look = "look at what delivers the data" if rows < low else "look whether rows are delivered twice"
    return Volume("failing" if collapsed else "watch", f"{told}; {look}.", rows, middle, low, high)
