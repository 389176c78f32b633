"""The rows that a version was validated on, taken out of its own data again, and what each feature of them is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.clock import moment
from engine.errors import Refusal
from engine.runs.steps.tables import with_types
from engine.scoring.parity import gaps, unseen
from engine.storage.blocks import read_folder
from engine.text import plain
from engine.validation.holdout.split import as_recorded

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from engine.projects.manifest.reader import Manifest
    from engine.versions.records import VersionDocument

    Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class HoldoutRows:
    """``inputs``: the features of the rows to compare; ``places``: where each stands in the holdout, which has
    ``of`` rows; ``gaps`` and ``unseen``: which of them lack a value, or have a category that training had not.
    ``kinds``: of each feature ``number``, ``whole`` (numbers or truth values without a gap) or ``text``."""

    inputs: pa.Table
    places: NDArray[np.int64]
    of: int
    gaps: Mask
    unseen: Mask
    kinds: dict[str, str]


def holdout_rows(document: VersionDocument, manifest: Manifest, data: Path, most: int) -> HoldoutRows:
    """The holdout of the version whose data lie in the folder ``data``, at most ``most`` rows evenly over it.

    Raises Refusal where a feature is of a type that no converter takes, or the rows are not those that were recorded.
    """
    import numpy as np
    import pyarrow as pa

    table = with_types(read_folder(data), document.data.types or {})
    parts = as_recorded(table, manifest, moment(document.lineage.as_of), document.data.cut)
    found, features = parts.holdout, list(document.model.features)
    learner = document.learnt_until is not None  # Judged by rows that it went on to learn: to compare, any rows do.
    if found.num_rows != document.data.holdout_rows and not learner:
        raise Refusal(
            f"The holdout that its data give is of {found.num_rows:,} rows, and {document.data.holdout_rows:,} were "
            "recorded, so nothing can be compared; retrain, and export that version."
        )
    kinds = {name: kind_of(table.column(name), name) for name in features}
    places = np.arange(found.num_rows)
    if found.num_rows > most:
        places = np.linspace(0, found.num_rows - 1, most).astype(np.int64)
    rows = found.take(pa.array(places)).select(features)
    texts = [name for name, kind in kinds.items() if kind == "text"]
    return HoldoutRows(rows, places, found.num_rows, gaps(rows), unseen(rows, parts.train, texts), kinds)


def kind_of(column: pa.ChunkedArray, name: str) -> str:
    """``number``, ``whole`` or ``text``; see ``HoldoutRows``. Raises Refusal for a type that no converter takes."""
    import pyarrow as pa

    from engine.validation.columns import is_text, missing

    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if is_text(kind):
        return "text"
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind):
        return "number" if bool(missing(column).any()) else "whole"
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return "number"
    raise Refusal(
        f"The feature '{plain(name, 60)}' is of the type {plain(str(kind), 40)}, and exports take numbers and text; "
        "have extract make a number of it, and retrain."
    )


def numbers_only(rows: HoldoutRows) -> pa.Table:
    """The rows as a caller gives them: 64-bit numbers, texts; whatever kept their types is left behind."""
    import pyarrow as pa
    import pyarrow.compute as pc

    columns = {}
    for name, kind in rows.kinds.items():
        column = rows.inputs.column(name)
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if pa.types.is_boolean(column.type):
            column = column.cast(pa.int8())
        column = column.cast({"text": pa.string(), "whole": pa.int64(), "number": pa.float64()}[kind], safe=False)
        if kind == "number":  # A gap is a gap, however it was kept: a database tells NaN from it.
            column = pc.if_else(pc.is_nan(column), pa.scalar(None, pa.float64()), column)
        columns[name] = column
    return pa.table(columns)
