"""The split of the data into what a model learns from and what it is judged by, so that nothing leaks: the newest part
where a column tells the time, else rows that are drawn (``drawn``).

- Rows after the as-of moment are from the future and are left out; rows without a time cannot be placed and are left
  out; rows without a target can neither teach nor judge and are left out. Each is counted.
- A duration counts back from the newest row that is left, not from as-of: data that arrives late keeps its holdout.
- A fraction is that part of the newest rows; where there is no time, of each class. Rows of one moment, or of one
  key, are never divided between the two sides.
- ``window`` keeps only what is that recent before the holdout for training.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from engine.clock import stamp
from engine.errors import StepFailed
from engine.projects.manifest.rules import features_of
from engine.validation.event_times import instant, microseconds, reach, read_moments

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from engine.projects.manifest.records import Manifest
    from engine.validation.columns import Codes, Floats
    from engine.validation.event_times import Mask, Moments
    from engine.versions.records import DrawnHoldout


@dataclass(frozen=True)
class Split:
    """Both parts, in the order of the data. ``boundary`` is the last moment of the training part, ISO 8601 in UTC;
    where there is no time, ``cut`` says how the holdout was drawn.

    ``since`` and ``until``: the oldest and the newest moment of all rows but those of the future.
    """

    train: pa.Table
    holdout: pa.Table
    boundary: str | None
    since: datetime | None = None
    until: datetime | None = None
    future: int = 0
    undated: int = 0
    unlabelled: int = 0
    before_window: int = 0
    cut: DrawnHoldout | None = None


def split(table: pa.Table, manifest: Manifest, as_of: datetime, *, live: DrawnHoldout | None = None) -> Split:
    """Divide ``table`` as the manifest says. Either part may come out empty; the caller knows what that means.

    ``live``: how the live version's holdout was drawn, which is gone on with. Raises StepFailed when the time column
    holds no times.
    """
    data, holdout = manifest.data, manifest.validation.holdout
    if data.time is not None:
        return _by_time(table, manifest, data.time, as_of)
    if isinstance(holdout, timedelta):
        raise StepFailed("A holdout of a duration needs [data] time; name the column, or give a fraction.")
    from engine.validation.holdout import drawn

    by = data.key or features_of(manifest, table.column_names)
    fraction = float(holdout)

    def made(place: Floats, kind: Codes, names: list[str]) -> DrawnHoldout:
        return drawn.cut(place, kind, names, by, fraction, live)

    return _drawn(table, manifest, _labelled(table, manifest), by, made)


def _by_time(
    table: pa.Table, manifest: Manifest, time: str, as_of: datetime, learnt_until: str | None = None
) -> Split:
    import numpy as np
    import pyarrow.compute as pc

    labelled = _mask(pc.is_valid(_without_nan(table.column(manifest.data.target))))
    moments, dated = read_moments(table, time)
    past = dated & (moments <= microseconds(as_of))
    usable = past & labelled
    since, until = reach(moments, past)
    counts: dict[str, Any] = {
        "undated": int((~dated).sum()),
        "future": int((dated & ~past).sum()),
        "unlabelled": int((past & ~labelled).sum()),
    }
    if not usable.any():
        return Split(table.slice(0, 0), table.slice(0, 0), None, since, until, **counts)
    boundary = _boundary(moments[usable], manifest.validation.holdout)
    if learnt_until is not None:
        boundary = microseconds(datetime.fromisoformat(learnt_until))
    window = manifest.train.window
    oldest = -(2**63) if window is None else boundary - window // timedelta(microseconds=1)
    early = usable & (moments <= boundary)
    train = early & (moments > oldest)
    return Split(
        _take(table, np.flatnonzero(train)),
        _take(table, np.flatnonzero(usable & (moments > boundary))),
        _iso(boundary),
        since,
        until,
        before_window=int((early & ~train).sum()),
        **counts,
    )


def as_recorded(
    table: pa.Table, manifest: Manifest, as_of: datetime, recorded: DrawnHoldout | None, learnt_until: str | None = None
) -> Split:
    """The parts of a version's own data as they were when it was made. Without times that is as its cut says or,
    without one, the last rows, which is how a holdout was taken before rows were drawn. ``learnt_until``: of a learner
    the last moment of what it learnt, which it was judged on too."""
    holdout = manifest.validation.holdout
    if manifest.data.time is not None and learnt_until is not None:
        return _by_time(table, manifest, manifest.data.time, as_of, learnt_until)
    if manifest.data.time is not None or isinstance(holdout, timedelta):
        return split(table, manifest, as_of)
    rows = _labelled(table, manifest)
    if recorded is not None:
        return _drawn(table, manifest, rows, recorded.by, lambda *found: recorded)
    first = len(rows) - round(len(rows) * holdout)
    return Split(_take(table, rows[:first]), _take(table, rows[first:]), None, unlabelled=table.num_rows - len(rows))


def _labelled(table: pa.Table, manifest: Manifest) -> NDArray[np.int64]:
    """Positions of the rows that have a target."""
    import numpy as np
    import pyarrow.compute as pc

    return np.flatnonzero(_mask(pc.is_valid(_without_nan(table.column(manifest.data.target)))))


def _drawn(
    table: pa.Table,
    manifest: Manifest,
    rows: NDArray[np.int64],
    by: Sequence[str],
    made: Callable[[Floats, Codes, list[str]], DrawnHoldout],
) -> Split:
    """Both parts of the labelled ``rows``, drawn by the columns ``by`` as ``made`` cuts their places and classes."""
    from engine.validation.holdout import drawn

    judged, part = manifest.validation, _take(table, rows)
    place = drawn.places(part, by)
    kind, names = drawn.strata(part.column(manifest.data.target), judged.metrics[0], judged.task, place)
    cut = made(place, kind, names)
    out, unlabelled = drawn.held_out(place, kind, names, cut), table.num_rows - len(rows)
    return Split(_take(table, rows[~out]), _take(table, rows[out]), None, unlabelled=unlabelled, cut=cut)


def _boundary(moments: Moments, holdout: timedelta | float) -> int:
    """The moment after which the holdout begins."""
    import numpy as np

    newest = int(moments.max())
    if isinstance(holdout, timedelta):
        return newest - holdout // timedelta(microseconds=1)
    wanted = round(len(moments) * holdout)
    ordered = np.sort(moments)
    boundary = int(ordered[max(0, len(ordered) - wanted - 1)])
    if boundary == newest and ordered[0] < newest:
        # More rows than asked for share the newest moment: it is the holdout, undivided.
        boundary = int(ordered[np.searchsorted(ordered, newest) - 1])
    return boundary


def _without_nan(column: pa.ChunkedArray) -> pa.ChunkedArray:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_floating(column.type):
        return column
    return pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)


def _mask(column: pa.ChunkedArray) -> Mask:
    import numpy as np

    return np.asarray(column.to_numpy(), dtype=bool)


def _take(table: pa.Table, rows: NDArray[np.int64]) -> pa.Table:
    """``rows`` of ``table``, in their order; a stretch without gaps is cut out instead of copied."""
    import numpy as np
    import pyarrow as pa

    if len(rows) == 0:
        return table.slice(0, 0)
    first, last = int(rows[0]), int(rows[-1])
    if last - first + 1 == len(rows) and bool(np.all(np.diff(rows) == 1)):
        return table.slice(first, len(rows))
    return table.take(pa.array(rows))


def _iso(moment: int) -> str | None:
    found = instant(moment)
    return None if found is None else stamp(found)


def after(table: pa.Table, time: str, since: datetime) -> Mask:
    """Which rows of ``table`` are later than ``since``."""
    moments, dated = read_moments(table, time)
    return dated & (moments > microseconds(since))


@dataclass(frozen=True)
class Newer:
    """Rows that a version did not learn from, the newest ones, by time. ``left_out`` counts those beyond the bound;
    ``undated`` and ``future`` those of all rows that cannot be placed."""

    table: pa.Table
    left_out: int = 0
    undated: int = 0
    future: int = 0


def newer(
    table: pa.Table, manifest: Manifest, learnt: pa.Table, boundary: str | None, as_of: datetime, most: int
) -> Newer:
    """The rows of ``table`` after ``boundary`` and up to ``as_of``, ordered by time; the newest ``most`` of them.

    Without a time column: the rows whose key is not among those of ``learnt``, or all where there is no key.
    Rows without a target stay: their label may not have come yet. Raises StepFailed when the time column holds none.
    """
    import numpy as np

    time = manifest.data.time
    undated = future = 0
    if time is None:
        rows = _unknown(table, learnt, manifest.data.key)
    else:
        moments, dated = read_moments(table, time)
        after = -(2**63) if boundary is None else microseconds(datetime.fromisoformat(boundary))
        past = moments <= microseconds(as_of)
        undated, future = int((~dated).sum()), int((dated & ~past).sum())
        chosen = np.flatnonzero(dated & (moments > after) & past)
        rows = chosen[np.argsort(moments[chosen], kind="stable")]
    kept = rows[-most:]
    return Newer(_take(table, kept), len(rows) - len(kept), undated, future)


def arrived(table: pa.Table, manifest: Manifest, until: datetime | None, rows: int, as_of: datetime) -> int:
    """How many labelled rows of ``table`` are later than ``until`` and not of the future; without times, how many more
    than ``rows``. Give it all of what extract returned."""
    import pyarrow.compute as pc

    time, target = manifest.data.time, manifest.data.target
    if target not in table.column_names:
        return 0
    labelled = _mask(pc.is_valid(_without_nan(table.column(target))))
    if time is None:
        return max(0, int(labelled.sum()) - rows)
    moments, dated = read_moments(table, time)
    later = dated & (moments <= microseconds(as_of))
    if until is not None:
        later &= moments > microseconds(until)
    return int((later & labelled).sum())


def _unknown(table: pa.Table, learnt: pa.Table, key: tuple[str, ...]) -> NDArray[np.int64]:
    """Positions of the rows whose key ``learnt`` does not have."""
    import numpy as np

    names = list(key)
    if not names or any(name not in side.column_names for name in names for side in (table, learnt)):
        return np.arange(table.num_rows)
    known = set(zip(*(_hashable(learnt.column(name)) for name in names), strict=True))
    keys = zip(*(_hashable(table.column(name)) for name in names), strict=True)
    return np.flatnonzero([each not in known for each in keys])


def _hashable(column: pa.ChunkedArray) -> list[Any]:
    """The values of a column of keys; lists and structures by how they are written."""
    import pyarrow as pa

    values: list[Any] = column.to_pylist()
    return [str(value) for value in values] if pa.types.is_nested(column.type) else values
