"""Drift as a look sees it: the newest whole weeks against the training data, both halves of them, and what goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from engine.clock import moment, stamp
from engine.errors import Damage
from engine.json_records import read
from engine.monitoring.drift import alarm
from engine.monitoring.drift.alarm import Alarm, Budget
from engine.monitoring.drift.columns import drift
from engine.monitoring.drift.importance import FEWEST_ROWS as FEWEST_TO_WEIGH
from engine.monitoring.drift.importance import Importances, importances
from engine.monitoring.drift.multivariate import separation
from engine.monitoring.drift.predictions import prediction_drift
from engine.monitoring.drift.thresholds import ENDED
from engine.monitoring.look_document import RememberedAlarm
from engine.monitoring.look_input import LookInput
from engine.monitoring.look_parts import ColumnDrift, Separation
from engine.monitoring.profile import Profile, from_bytes, profile_of, to_bytes
from engine.monitoring.timestamps import UNDATED, iso
from engine.storage.atomic import write_file
from engine.validation.columns import Codes

# The strictest: looks come every quarter of an hour at most, and mostly at the same rows.
EVERY = timedelta(minutes=15)
# What does not add up over rows is measured anew when one in so many rows of the window is new: fewer cannot move it
# by more than chance does. A day later it is measured anew in any case, for then a look asks for everything.
CARRIED = 100
_DAY = 86_400_000_000

Drifted = ColumnDrift | Separation


@dataclass(frozen=True)
class Dear:
    """What is measured by a model of its own: all columns ``together`` (the window and its halves) and importances. It
    does not add up over rows. ``carried``: by an earlier look, which saw the data ``as_of`` then."""

    as_of: str
    together: tuple[Separation, ...]
    importances: Importances | None
    before: Importances | None
    carried: bool = False

    @property
    def told(self) -> dict[str, str]:
        """From when each part is that was not measured now."""
        return dict.fromkeys(("together", "importance"), self.as_of) if self.carried else {}

    @property
    def dated(self) -> tuple[Separation, ...]:
        """``together``, whose sentence says when it was measured if that was not now."""
        whole, *halves = self.together
        if self.carried:
            at = self.as_of[:16].replace("T", " ")
            whole = replace(whole, why=f"{whole.why.removesuffix('.')}; measured at {at} UTC.")
        return whole, *halves


@dataclass(frozen=True)
class Watched:
    """``columns`` in their order; ``alarms`` that go on; the rows of the window, ascending. ``importances`` are those
    in the window, ``before`` those in the rows before it, or, where these are too few, in all; ``dear`` has both."""

    columns: tuple[ColumnDrift, ...]
    prediction: ColumnDrift | None
    together: Separation
    importances: Importances | None
    before: Importances | None
    alarms: tuple[Alarm, ...]
    rows: Codes
    since: str | None
    until: str | None
    dear: Dear


@dataclass(frozen=True)
class Window:
    """Positions of the newest rows and of the two halves of their time."""

    whole: Codes
    earlier: Codes
    later: Codes
    since: str | None
    until: str | None


def window_of(times: Codes | None, rows: int, wanted: timedelta | None) -> Window:
    """The newest stretch: ``wanted``, or whole weeks, as few as hold rows enough. Without times the newest rows."""
    if times is None:
        middle = rows // 2
        return Window(np.arange(rows), np.arange(middle), np.arange(middle, rows), None, None)
    dated = np.flatnonzero(times != UNDATED)
    if not len(dated):
        return Window(dated, dated, dated, None, None)
    newest, oldest = int(times[dated].max()), int(times[dated].min())
    length = wanted or alarm.window(len(dated) * _DAY / max(newest - oldest, _DAY))
    start = max(oldest, newest - length // timedelta(microseconds=1) + 1)
    middle = start + (newest - start) // 2
    inside = dated[times[dated] >= start]
    later = times[inside] > middle
    return Window(inside, inside[~later], inside[later], iso(start), iso(newest))


def kept_profile(path: Path, reference: pa.Table, features: Sequence[str]) -> Profile:
    """The version's profile: made once and kept in the cache, made again where it is gone or damaged."""
    try:
        profile = from_bytes(path.read_bytes())
        if [column.name for column in profile.columns] == list(features):
            return profile
    except (OSError, Damage):
        pass  # A cache: whatever is wrong with it, the training data is here.
    profile = profile_of(reference, list(features))
    path.parent.mkdir(exist_ok=True)
    write_file(path, to_bytes(profile), durable=False)
    return profile


def watch(case: LookInput, said: pa.ChunkedArray | None) -> Watched:
    """Every column, all of them together and the predictions (``said``: one a row), with the alarms that go on."""
    job = case.job
    profile = kept_profile(Path(job["profile"]), case.reference, job["features"])
    window = window_of(case.times, case.current.num_rows, timedelta(seconds=job["window"]) if job["window"] else None)
    names = [column.name for column in profile.columns if column.name in case.current.column_names]
    table = case.current.select(names)
    windows = (window.whole, window.earlier, window.later)
    parts = [_taken(table, rows) for rows in windows]
    found = [tuple(drift(profile, part)) for part in parts]
    prediction = prediction_drift(case, said, windows) if said is not None else None
    dear = _carried(case, len(window.whole)) or _dear(case, table, parts, names, said, window)
    together = dear.dated
    seen: list[tuple[Drifted, ...]] = [*zip(*found, strict=True), together]
    seen += [prediction] if prediction is not None else []
    return Watched(
        columns=found[0],
        prediction=prediction[0] if prediction else None,
        together=together[0],
        importances=dear.importances,
        before=dear.before,
        alarms=_followed(case, seen, window),
        rows=window.whole,
        since=window.since,
        until=window.until,
        dear=dear,
    )


def _dear(
    case: LookInput,
    table: pa.Table,
    parts: Sequence[pa.Table],
    names: Sequence[str],
    said: pa.ChunkedArray | None,
    window: Window,
) -> Dear:
    """What costs seconds, measured anew."""
    return Dear(
        as_of=case.job["as_of"],
        together=moved_together(case.reference, parts, names),
        importances=importances(parts[0], said.take(pa.array(window.whole))) if said is not None else None,
        before=_before(table, said, window) if said is not None else None,
    )


def _carried(case: LookInput, rows: int) -> Dear | None:
    """What an earlier look measured, while too few rows have come since to tell another thing. It says from when it is:
    the sentence is all that most people see of it."""
    kept = case.job.get("dear")
    if kept is None or case.job["news"] * CARRIED > rows:
        return None
    try:
        dear = read(Dear, kept, "What the look before measured")
    except Damage:
        return None
    return dear if dear.as_of == case.job["as_of"] else replace(dear, carried=True)


def _before(table: pa.Table, said: pa.ChunkedArray, window: Window) -> Importances:
    earlier = np.setdiff1d(np.arange(table.num_rows), window.whole, assume_unique=True)
    rows = pa.array(earlier if len(earlier) >= FEWEST_TO_WEIGH else np.arange(table.num_rows))
    return importances(table.take(rows), said.take(rows))


def _followed(case: LookInput, seen: Sequence[tuple[Drifted, ...]], window: Window) -> tuple[Alarm, ...]:
    budget = Budget(len(seen), EVERY)
    since = moment(window.since) if window.since else case.as_of
    before = {each["column"]: _alarm(each) for each in case.job["alarms"]}
    followed = [
        alarm.follow(before.get(whole.column), alarm.observed(since, case.as_of, whole, *halves), budget)
        for whole, *halves in seen
    ]
    return tuple(each for each in followed if each is not None and each.ended is None)


def moved_together(
    reference: pa.Table, parts: Sequence[pa.Table], names: Sequence[str]
) -> tuple[Separation, Separation, Separation]:
    """All columns at once. The halves, a second each, are looked at only where the whole is not plainly quiet."""
    whole, *halves = parts
    seen = separation(reference, whole, names)
    if seen.size is None or seen.size < ENDED:
        return seen, seen, seen
    earlier, later = (separation(reference, half, names, by_column=False) for half in halves)
    return seen, earlier, later


def _taken(table: pa.Table, rows: Codes) -> pa.Table:
    return table.take(pa.array(rows))


def remembered(alarms: Sequence[Alarm]) -> tuple[RememberedAlarm, ...]:
    """The alarms that go on, as the next look is given them."""
    return tuple(
        RememberedAlarm(each.column, stamp(each.since), stamp(each.over), each.size, each.level, each.why)
        for each in alarms
    )


def _alarm(kept: Mapping[str, Any]) -> Alarm:
    return Alarm(**{**kept, "since": moment(kept["since"]), "over": moment(kept["over"])})
