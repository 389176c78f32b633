"""Labels that have a source of their own (``[data] labels``): they join what extract returned by the project's key.

However late a label comes, and however often it is put right, it counts from the next time the source is asked: there
is no window within which it has to come, and nothing to remember.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.errors import StepFailed
from engine.jobs.label_keys import alike, example
from engine.runs.steps.tables import Types, read_output, types_of, with_types
from engine.text import plain
from engine.vocabulary import steps

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from engine.projects.manifest.records import Manifest
    from engine.runs.run_context import RunContext
    from engine.runs.steps.launch import Launch, Stage

LABELS = steps.LABELS.name
_TAKES = 0.02  # of a run
_ROW, _SAID = "(row)", "(label)"


@dataclass(frozen=True)
class Labelled:
    """The rows with their labels. ``brought``: labels that the source knows; ``met``: rows with a key among theirs.

    ``otherwise``: keys of both sides that did not meet, and would if both wrote them alike. ``said``: how many met, in
    words; where they are ``few``, with a key of each side."""

    table: pa.Table
    brought: int
    met: int
    said: str
    otherwise: int = 0

    @property
    def few(self) -> bool:
        """Less than a tenth of what could meet: late labels alone are rarely so few. Or some, though all others met,
        that are only written otherwise: which these are is no chance, so what is learnt without them is askew."""
        rows: int = self.table.num_rows
        return self.met * 10 < min(self.brought, rows) or self.otherwise > 0


def labels_step(context: RunContext, stage: Stage, at: float) -> Launch | None:
    """The step that fetches labels, not yet begun; None where they come with the data."""
    if stage.manifest.data.labels is None:
        return None
    return context.launch(stage, steps.LABELS, (at, at + _TAKES))


def labelled(table: pa.Table, labels: pa.Table, manifest: Manifest) -> Labelled:
    """``table`` with the label of each row whose key is in ``labels``; the others keep what extract gave them, or none.

    Order and rows of ``table`` stay. Raises StepFailed when the two do not fit together: also when no key of the one is
    in the other and no row has a label of its own.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    from engine.validation.columns import missing, unwrapped

    key, target = list(manifest.data.key), manifest.data.target
    _check(table, key, "extract")
    _check(labels, [*key, target], LABELS)
    theirs = _plain(labels.select(key))
    nameless = np.any([missing(theirs.column(name)) for name in key], axis=0)
    bare = missing(labels.column(target))  # A row without a label says nothing, and one without a key of none.
    labels, theirs = (side.filter(pa.array(~bare & ~nameless)) for side in (labels, theirs))
    hidden = any(name in manifest.data.sensitive for name in key)
    ours = _plain(table.select(key))
    found, unmet = _found(ours, theirs, unwrapped(labels.column(target)), hidden=hidden)
    met = len(found) - found.null_count
    own = ours.filter(pc.is_null(found))
    told = Labelled(table, labels.num_rows, met, "", otherwise=alike(own, unmet) if met else 0)
    told = replace(told, said=_said(told, own, unmet, int((nameless & ~bare).sum()), hidden=hidden))
    none = target not in table.column_names or bool(missing(table.column(target)).all())
    if labels.num_rows and not met and none:
        raise StepFailed(f"{told.said}.")
    if none:
        return replace(told, table=_put(table, target, found, types_of(labels)))
    given = unwrapped(table.column(target))
    try:
        both = pc.coalesce(found.cast(given.type) if found.type != given.type else found, given)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise StepFailed(
            f"labels returned {found.type} for '{target}' and extract {given.type}; let both return the same kind of "
            "value, or leave the column out of what extract returns."
        ) from None
    return replace(told, table=table.set_column(table.column_names.index(target), target, both))


def _put(table: pa.Table, target: str, found: pa.ChunkedArray, types: Types) -> pa.Table:
    """``table`` with ``found`` as its target, of the type that labels returned, for extract gave none."""
    kept = {name: about for name, about in types_of(table).items() if name != target}
    kept |= {name: about for name, about in types.items() if name == target}
    if target in table.column_names:
        table = table.set_column(table.column_names.index(target), target, found)
    else:
        table = table.append_column(target, found)
    return with_types(table, kept) if kept or types_of(table) else table


def _said(told: Labelled, ours: pa.Table, theirs: pa.Table, nameless: int, *, hidden: bool) -> str:
    """How many keys met; where few did, what a key of each side looks like, unless nobody may see it. ``ours`` and
    ``theirs``: those that did not."""
    rows, key = told.table.num_rows, ", ".join(f"'{plain(name, 60)}'" for name in ours.column_names)
    brought = f"labels brought {told.brought:,} {'row' if told.brought == 1 else 'rows'}"
    if nameless:
        brought = f"{brought} with a key and {nameless:,} without one"
    if told.met:
        counted = f"{brought}, and {told.met:,} of the {rows:,} rows of the data have a key ({key}) among theirs"
    else:
        counted = f"{brought}, and none of their keys ({key}) is in the data"
    if not told.brought or not told.few:
        return counted
    shown = "" if hidden else example(ours, theirs)
    counted += f", and {told.otherwise:,} would if both wrote it alike" if told.otherwise else ""
    return f"{counted}{': ' if shown else ''}{shown}; let both write the key in the same way"


def fetched(step: Launch, context: RunContext, at: float) -> pa.Table:
    """Let the step run, and read what it left. Raises StepFailed when it fails, or that is not readable.

    ``at``: how far the run is by then.
    """
    context.tell(at, LABELS)
    step.begin()
    step.conclude(context.record)
    return read_output(step.output, LABELS, step.stage.manifest.form, LABELS)


def _check(table: pa.Table, wanted: Sequence[str], who: str) -> None:
    lacking = [name for name in wanted if table.column_names.count(name) != 1]
    if lacking:
        raise StepFailed(
            f"{who} returned no column '{plain(lacking[0], 60)}', or more than one; labels join the data by "
            f"{', '.join(plain(name, 60) for name in wanted)}."
        )


def _found(
    ours: pa.Table, theirs: pa.Table, said: pa.ChunkedArray, *, hidden: bool
) -> tuple[pa.ChunkedArray, pa.Table]:
    """For each row of ``ours`` what is said of its key, null where nothing is; and those of ``theirs`` that are in no
    row of ours."""
    import pyarrow as pa

    if not theirs.num_rows:
        return pa.chunked_array([pa.nulls(ours.num_rows, said.type)]), theirs
    asked, key = _as(theirs, ours, hidden=hidden), ours.column_names
    keys = [f"key {place}" for place in range(len(key))]  # a column of the project may be called as one of ours
    try:
        _check_unique(asked)
        asked, left = asked.rename_columns(keys), ours.rename_columns(keys)
        numbered = left.append_column(_ROW, pa.array(range(ours.num_rows), pa.int64()))
        joined = numbered.join(asked.append_column(_SAID, said), keys=keys, join_type="left outer")
        counted = asked.append_column(_ROW, pa.array(range(asked.num_rows), pa.int64()))
        unmet = counted.join(left, keys=keys, join_type="left anti").column(_ROW)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        kinds = ", ".join(f"'{plain(name, 60)}' is {ours.schema.field(name).type}" for name in key)
        raise StepFailed(
            f"Labels cannot join the data: {kinds}, and the label is {said.type}; a key and a label are numbers, texts "
            "or times."
        ) from None
    return joined.sort_by(_ROW).column(_SAID), theirs.take(unmet.combine_chunks().sort())


def _as(labels: pa.Table, table: pa.Table, *, hidden: bool) -> pa.Table:
    """The key columns of ``labels`` in the types of those of ``table``."""
    import pyarrow as pa

    try:
        return labels.cast(pa.schema([pa.field(name, table.schema.field(name).type) for name in labels.column_names]))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        held = [(name, labels.schema.field(name).type, table.schema.field(name).type) for name in labels.column_names]
        said = ", ".join(f"'{plain(name, 60)}' is {a} in labels, {b} in extract" for name, a, b in held if a != b)
        shown = "" if hidden else example(table, labels)
        raise StepFailed(
            f"The keys of labels and data do not fit: {said}{f' ({shown})' if shown else ''}; let both return the same "
            "kind."
        ) from None


def _plain(keys: pa.Table) -> pa.Table:
    """Without what only encodes them; the whole numbers of a database that knows decimals only are whole numbers."""
    import pyarrow as pa

    from engine.validation.columns import unwrapped

    found = {name: unwrapped(keys.column(name)) for name in keys.column_names}
    for name, column in found.items():
        if pa.types.is_decimal(column.type):
            with suppress(pa.ArrowInvalid):
                found[name] = column.cast(pa.int64())
    return pa.table(found)


def _check_unique(keys: pa.Table) -> None:
    """Of two labels for one row nobody can say which is right."""
    from engine.validation.holdout.row_keys import different

    names = keys.column_names
    several = keys.num_rows - different(keys)
    if several:
        raise StepFailed(
            f"labels returned {several:,} {'row' if several == 1 else 'rows'} with a key that another has "
            f"({', '.join(plain(name, 60) for name in names)}); let it return one label a key, the newest."
        )
