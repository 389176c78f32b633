"""Labels that have a source of their own (``[data] labels``): they join what extract returned by the project's key.

However late a label comes, and however often it is put right, it counts from the next time the source is asked: there
is no window within which it has to come, and nothing to remember.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.errors import StepFailed
from engine.runs.label_keys import example
from engine.runs.tables import read_output
from engine.text import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from engine.projects.manifest_records import Manifest
    from engine.runs.launch import Launch, Stage
    from engine.runs.room import Room

LABELS = "labels"
_TAKES = 0.02  # of a run
_ROW, _SAID = "(row)", "(label)"


@dataclass(frozen=True)
class Labelled:
    """The rows with their labels. ``brought``: labels that the source knows; ``met``: rows with a key among theirs.

    ``said``: how many met, in words; where they are ``few``, with a key of each side."""

    table: pa.Table
    brought: int
    met: int
    said: str

    @property
    def few(self) -> bool:
        """Less than a tenth of what could meet: late labels alone are rarely so few."""
        rows: int = self.table.num_rows
        return self.met * 10 < min(self.brought, rows)


def labels_step(room: Room, stage: Stage, at: float) -> Launch | None:
    """The step that fetches labels, not yet begun; None where they come with the data."""
    if stage.manifest.data.labels is None:
        return None
    return room.launch(stage, LABELS, LABELS, (at, at + _TAKES))


def labelled(table: pa.Table, labels: pa.Table, manifest: Manifest) -> Labelled:
    """``table`` with the label of each row whose key is in ``labels``; the others keep what extract gave them, or none.

    Order and rows of ``table`` stay. Raises StepFailed when the two do not fit together: also when no key of the one is
    in the other and no row has a label of its own.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    from engine.validation.columns import missing, unwrapped

    key, target = list(manifest.data.key), manifest.data.target
    _check(table, key, "extract")
    _check(labels, [*key, target], LABELS)
    labels = labels.filter(pa.array(~missing(labels.column(target))))  # A row without a label says nothing.
    hidden = any(name in manifest.data.sensitive for name in key)
    ours, theirs = _plain(table.select(key)), _plain(labels.select(key))
    found = _found(ours, theirs, unwrapped(labels.column(target)), hidden=hidden)
    met = len(found) - found.null_count
    told = Labelled(table, labels.num_rows, met, "")
    told = replace(told, said=_said(told, ours, theirs, hidden=hidden))
    bare = target not in table.column_names
    if labels.num_rows and not met and (bare or missing(table.column(target)).all()):
        raise StepFailed(f"{told.said}.")
    if bare:
        return replace(told, table=table.append_column(target, found))
    given = unwrapped(table.column(target))
    try:
        both = pc.coalesce(found.cast(given.type) if found.type != given.type else found, given)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise StepFailed(
            f"labels returned {found.type} for '{target}' and extract {given.type}; let both return the same kind of "
            "value, or leave the column out of what extract returns."
        ) from None
    return replace(told, table=table.set_column(table.column_names.index(target), target, both))


def _said(told: Labelled, ours: pa.Table, theirs: pa.Table, *, hidden: bool) -> str:
    """How many keys met; where few did, what a key of each side looks like, unless nobody may see it."""
    rows, key = told.table.num_rows, ", ".join(f"'{plain(name, 60)}'" for name in ours.column_names)
    brought = f"labels brought {told.brought:,} {'row' if told.brought == 1 else 'rows'}"
    if told.met:
        counted = f"{brought}, and {told.met:,} of the {rows:,} rows of the data have a key ({key}) among theirs"
    else:
        counted = f"{brought}, and none of their keys ({key}) is in the data"
    if not told.brought or not told.few:
        return counted
    alike = "" if hidden else example(ours, theirs)
    return f"{counted}{': ' if alike else ''}{alike}; let both write the key in the same way"


def fetched(step: Launch, room: Room, at: float) -> pa.Table:
    """Let the step run, and read what it left. Raises StepFailed when it fails, or that is not readable.

    ``at``: how far the run is by then.
    """
    room.tell(at, LABELS)
    step.begin()
    step.conclude(room.record)
    return read_output(step.output, LABELS, step.stage.manifest.data.format, LABELS)


def _check(table: pa.Table, wanted: Sequence[str], who: str) -> None:
    lacking = [name for name in wanted if table.column_names.count(name) != 1]
    if lacking:
        raise StepFailed(
            f"{who} returned no column '{plain(lacking[0], 60)}', or more than one; labels join the data by "
            f"{', '.join(plain(name, 60) for name in wanted)}."
        )


def _found(ours: pa.Table, asked: pa.Table, said: pa.ChunkedArray, *, hidden: bool) -> pa.ChunkedArray:
    """For each row of ``ours`` what is said of its key; null where nothing is."""
    import pyarrow as pa

    asked, key = _as(asked, ours, hidden=hidden), ours.column_names
    try:
        _check_unique(asked)
        left = ours.append_column(_ROW, pa.array(range(ours.num_rows), pa.int64()))
        joined = left.join(asked.append_column(_SAID, said), keys=key, join_type="left outer")
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        kinds = ", ".join(f"'{plain(name, 60)}' is {ours.schema.field(name).type}" for name in key)
        raise StepFailed(
            f"Labels cannot join the data: {kinds}, and the label is {said.type}; a key and a label are numbers, texts "
            "or times."
        ) from None
    return joined.sort_by(_ROW).column(_SAID)


def _as(labels: pa.Table, table: pa.Table, *, hidden: bool) -> pa.Table:
    """The key columns of ``labels`` in the types of those of ``table``."""
    import pyarrow as pa

    try:
        return labels.cast(pa.schema([pa.field(name, table.schema.field(name).type) for name in labels.column_names]))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        held = [(name, labels.schema.field(name).type, table.schema.field(name).type) for name in labels.column_names]
        said = ", ".join(f"'{plain(name, 60)}' is {a} in labels, {b} in extract" for name, a, b in held if a != b)
        alike = "" if hidden else f" ({example(table, labels)})"
        raise StepFailed(
            f"The keys of labels and data do not fit: {said}{alike}; let both return the same kind."
        ) from None


def _plain(keys: pa.Table) -> pa.Table:
    import pyarrow as pa

    from engine.validation.columns import unwrapped

    return pa.table({name: unwrapped(keys.column(name)) for name in keys.column_names})


def _check_unique(keys: pa.Table) -> None:
    """Of two labels for one row nobody can say which is right."""
    names = keys.column_names
    several = keys.num_rows - keys.group_by(names).aggregate([]).num_rows
    if several:
        raise StepFailed(
            f"labels returned {several:,} {'row' if several == 1 else 'rows'} with a key that another has "
            f"({', '.join(plain(name, 60) for name in names)}); let it return one label a key, the newest."
        )
