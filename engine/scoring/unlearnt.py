"""The rows of a holdout that the live version did not learn from: on others it would be held for better than it is.

As a rule that is all of them: a newer holdout begins later, and a drawn one goes on with the live version's cuts. It is
not where the holdout grew, where a run looks at the past, or where rows are told apart otherwise than they were.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from engine.clock import moment
from engine.scoring.unpacked import Unpacked
from engine.storage.blocks import read_folder
from engine.storage.objects import ObjectStore
from engine.validation.holdout.split import after, as_recorded
from engine.versions.absent_data import refuse_absent
from engine.versions.document import write_folder

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.validation.columns import Mask
    from engine.versions.records import DrawnHoldout

# What is left must be most of the holdout, or rows enough by itself: both versions are judged on it.
_ENOUGH, _PART, _FEWEST = 200, 0.5, 10


class Place(Protocol):
    """Where that is found out: a folder that goes afterwards, and the store that has the live version."""

    @property
    def folder(self) -> Path: ...
    @property
    def store(self) -> ObjectStore: ...


class HeldOut(Protocol):
    """The holdout, and how it was drawn where there are no times."""

    @property
    def holdout(self) -> pa.Table: ...
    @property
    def cut(self) -> DrawnHoldout | None: ...


def worth_it(kept: int, rows: int) -> bool:
    """Whether versions may be judged on the ``kept`` rows of a holdout of ``rows`` alone."""
    return kept == rows or kept >= _ENOUGH or (kept >= _FEWEST and kept >= _PART * rows)


def unlearnt(context: Place, live: Unpacked, data: HeldOut, time: str | None) -> Mask | None:
    """A mask over the holdout; None where nothing says what the live version learnt from."""
    if time is not None and live.manifest.data.time == time:
        since = _boundary(live)
        return None if since is None else after(data.holdout, time, since)
    return _by_place(context, live, data)


def _boundary(live: Unpacked) -> datetime | None:
    """The last moment that it learnt from. Where it was not recorded, by the length of its holdout if it has one."""
    data, holdout = live.document.data, live.manifest.validation.holdout
    if data.boundary:
        return moment(data.boundary)
    if data.until is None or not isinstance(holdout, timedelta):
        return None
    return min(moment(data.until), moment(live.document.lineage.as_of)) - holdout


def _by_place(context: Place, live: Unpacked, data: HeldOut) -> Mask | None:
    import numpy as np

    from engine.validation.holdout.drawn import held_out, places, strata

    recorded = live.document.data.cut
    by, rules = (data.cut.by if data.cut else live.manifest.data.key), live.manifest
    if not by or any(name not in data.holdout.column_names for name in by):
        return None
    place = places(data.holdout, by)
    if recorded is not None and recorded.by == tuple(by):
        target = data.holdout.column(rules.data.target)
        kind, names = strata(target, rules.validation.metrics[0], rules.validation.task, place)
        return held_out(place, kind, names, recorded)
    learnt = _learnt(context, live)
    if any(name not in learnt.column_names for name in by):
        return None
    return ~np.isin(place, places(learnt, by))


def _learnt(context: Place, live: Unpacked) -> Any:
    """The rows that it learnt from."""
    folder, data = context.folder / "learnt", live.document.data
    refuse_absent(context.store, live.document, live.label, "nobody knows which rows it learnt from")
    write_folder(context.store, data.files, folder)
    as_of, until = moment(live.document.lineage.as_of), live.document.learnt_until
    return as_recorded(read_folder(folder), live.manifest, as_of, data.cut, until).train
