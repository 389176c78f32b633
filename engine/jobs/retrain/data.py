"""From what extract left to what train, score and the judge get: checked, ordered by rule, split by time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from engine.errors import StepFailed
from engine.jobs.retrain import imported
from engine.projects.manifest.reader import Manifest
from engine.projects.manifest.rules import check_columns, features_of
from engine.records import Gate
from engine.text import plain
from engine.validation.event_times import reach, read_moments
from engine.validation.gates.behaviour import choose_golden
from engine.validation.holdout.split import Split, split
from engine.validation.schema import infer_schema
from engine.vocabulary.gates import name_of

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.jobs.labels import Labelled
    from engine.versions.records import DrawnHoldout

GOLDEN_ROWS = 200
_POSITION = "__leverframe_row__"


@dataclass(frozen=True)
class Prepared:
    """The data of one run. ``golden`` are positions in the holdout, ``boundary`` and ``cut`` as in ``Split``.

    ``doubts`` are gates that warn of how the data fits.
    """

    table: pa.Table
    since: datetime | None
    until: datetime | None
    schema: dict[str, Any]
    features: tuple[str, ...]
    train: pa.Table
    holdout: pa.Table
    golden: pa.Array
    doubts: tuple[Gate, ...] = ()
    boundary: str | None = None
    cut: DrawnHoldout | None = None

    @property
    def holdout_inputs(self) -> pa.Table:
        return self.holdout.select(list(self.features))

    @property
    def golden_inputs(self) -> pa.Table:
        return self.holdout_inputs.take(self.golden)


def prepare(
    table: pa.Table,
    manifest: Manifest,
    as_of: datetime,
    labels: Labelled | None = None,
    *,
    live: DrawnHoldout | None = None,
) -> Prepared:
    """Check and split what extract returned. Raises StepFailed with everything that is wrong.

    ``labels``: how those met the rows, where they come from a source of their own. ``live``: how the live version's
    holdout was drawn where there are no times.
    """
    if table.num_rows == 0:
        raise StepFailed("extract returned no rows; there is nothing to train on.")
    complaints = check_columns(manifest, table.column_names)
    if complaints:
        said = "; ".join(complaints[:5])
        end = "" if said.endswith("?") else "."
        raise StepFailed(f"extract returned data that does not fit the manifest: {said}{end}")
    features = features_of(manifest, table.column_names)
    if all(_is_empty(table.column(name)) for name in features):
        raise StepFailed(
            f"extract returned {table.num_rows:,} rows without a value in any of the features "
            f"({', '.join(features[:5])}); look at where it reads them from."
        )
    parts = split(table, manifest, as_of, live=live)
    if parts.train.num_rows == 0 or parts.holdout.num_rows == 0:
        raise StepFailed(_too_few(parts, manifest, table.num_rows, labels))
    return Prepared(
        table=table,
        since=parts.since,
        until=parts.until,
        schema=infer_schema(table, manifest.data.sensitive),
        features=features,
        train=parts.train.select([*features, manifest.data.target]),
        holdout=parts.holdout,
        golden=_golden(parts.holdout, features),
        doubts=_doubts(table, manifest, labels),
        boundary=parts.boundary,
        cut=parts.cut,
    )


def _doubts(table: pa.Table, manifest: Manifest, labels: Labelled | None) -> tuple[Gate, ...]:
    from engine.validation.holdout.row_keys import rows_told_apart

    joined = Gate(name_of("labels"), "labels", "warn", f"{labels.said}.") if labels and labels.few else None
    found = (rows_told_apart(table, manifest.data.key, manifest.data.time), joined, imported.doubt(manifest.train))
    return tuple(gate for gate in found if gate is not None)


def _is_empty(column: pa.ChunkedArray) -> bool:
    import pyarrow.compute as pc

    valid = column.drop_null()
    return len(valid) == 0 or (str(valid.type) in ("float", "double") and bool(pc.all(pc.is_nan(valid)).as_py()))


def _too_few(parts: Split, manifest: Manifest, rows: int, labels: Labelled | None) -> str:
    """Why one side of the split is empty, from the rows that could not be placed on either."""
    target, time = manifest.data.target, manifest.data.time
    left_out = [
        f"{count:,} {reason}"
        for count, reason in (
            (parts.unlabelled, f"have no value in the target '{target}'"),
            (parts.undated, f"have no time in '{time}'"),
            (parts.future, f"lie after the moment that the run looks from (in '{time}')"),
            (parts.before_window, "lie before [train] window"),
        )
        if count
    ]
    where = "look at what extract returns" if left_out else "look at [validation] holdout and [train] window"
    if labels is not None and parts.unlabelled:
        where = labels.said
    elif same := _all_alike(parts, manifest):
        where = same
    elif parts.holdout.num_rows and not parts.before_window:
        where = _all_held_out(parts.holdout, manifest)
    return (
        f"Of the {rows:,} rows that extract returned, {', '.join([*left_out, ''])}"
        f"{parts.train.num_rows:,} are left to train on and {parts.holdout.num_rows:,} to judge by; "
        f"both are needed: {where}."
    )


def _all_alike(parts: Split, manifest: Manifest) -> str | None:
    """Where the rows cannot be divided, for all of them are of one moment, or of one key, or have none."""
    from engine.validation.holdout.drawn import places

    whole = parts.train if parts.train.num_rows else parts.holdout
    if whole.num_rows < 2:
        return None
    if time := manifest.data.time:
        moments, _ = read_moments(whole, time)
        once = f"all of them are of one moment (in '{plain(time, 60)}'), which is not divided"
        return f"{once}: name another column in [data] time" if (moments == moments[0]).all() else None
    by = list(parts.cut.by) if parts.cut else []
    place = places(whole, by)
    if not by or (place != place[0]).any():
        return None
    one = f"all of them have the same value, or none, in {', '.join(plain(name, 60) for name in by[:3])}"
    return f"{one}, and rows of one key are not divided: name in [data] key what tells them apart, or no key"


def _all_held_out(holdout: pa.Table, manifest: Manifest) -> str:
    """The rule of the manifest that leaves nothing to train on, and how far the rows reach that it takes."""
    since, until = reach(*read_moments(holdout, time)) if (time := manifest.data.time) else (None, None)
    said = f", which reach from {since:%Y-%m-%d} to {until:%Y-%m-%d}" if since and until else ""
    rule = json.dumps(manifest.document["validation"]["holdout"])
    return f"[validation] holdout = {rule} takes all of these{said}; make it smaller, or extract more"


def _golden(holdout: pa.Table, features: tuple[str, ...]) -> pa.Array:
    import numpy as np
    import pyarrow as pa

    numbered = holdout.select(list(features)).append_column(_POSITION, pa.array(np.arange(holdout.num_rows)))
    return choose_golden(numbered, GOLDEN_ROWS, seed=0).columns[-1].combine_chunks()
