"""The rows that a learner learns: those of extract whose labels came since, in the order in which they became known."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from engine.errors import StepFailed
from engine.feedback.reading import Come, Counts, Word, read
from engine.feedback.records import Key
from engine.feedback.rows import as_kind, key_of_values, written
from engine.jobs.learn.logged import with_logged
from engine.text import plain

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.projects.manifest.records import Manifest

# A key and the label that was learnt of it, as they are written.
Learnt = Collection[tuple[Key, str]]


@dataclass(frozen=True)
class LearnRows:
    """``table``: the rows to learn with their labels, in the order of ``words``, which are the words on them.

    ``whole``: all that extract returned, with these labels.
    ``counts``: what became of every row of feedback; ``before``: words that were learnt already, or whose row the
    version was trained on; ``unfit``: those whose label is none that the target can have; ``left``: those of before the
    learner was reset. ``logged``: rows that extract does not have yet, and the request log has.
    """

    table: pa.Table
    whole: pa.Table
    words: tuple[Word, ...]
    counts: Counts
    before: int
    unfit: int
    left: int = 0
    logged: int = 0


def keys_of(table: pa.Table, key: Sequence[str]) -> list[Key | None]:
    """The key of each row as feedback writes it; None where a part of it is missing. Raises StepFailed."""
    lacking = [name for name in key if table.column_names.count(name) != 1]
    if lacking:
        raise StepFailed(
            f"extract returned no column '{plain(lacking[0], 60)}', or more than one; a label finds its row by "
            f"{', '.join(plain(name, 60) for name in key)}."
        )
    return [key_of_values(values) for values in zip(*(table.column(name).to_pylist() for name in key), strict=True)]


def rows_to_learn(
    table: pa.Table,
    came: Sequence[Come],
    manifest: Manifest,
    boundary: datetime | None,
    learnt: Learnt,
    until: datetime,
    *,
    logged: pa.Table | None = None,
    features: Sequence[str] = (),
    since: datetime | None = None,
) -> LearnRows:
    """What there is to learn of ``came`` at ``until``, for a version that was trained up to ``boundary`` and has
    ``learnt`` since.

    ``logged``: answers of the request log with the ``features``, for keys that extract has no row of yet. ``since``:
    labels that became known before that are left, since the learner was reset. Raises StepFailed where extract returned
    no such rows as the manifest says.
    """
    import numpy as np
    import pyarrow as pa

    from engine.validation.event_times import instant, microseconds, read_moments

    assert manifest.data.time is not None
    keys = keys_of(table, manifest.data.key)
    from_log = 0
    if logged is not None:
        known = {key for key in keys if key is not None}
        wanted = {word.key: word.since for word in read(came, None, until).words if word.key not in known}
        data = manifest.data
        table, from_log = with_logged(table, logged, wanted, key=data.key, time=str(data.time), features=features)
        keys = keys_of(table, data.key) if from_log else keys
    moments, dated = read_moments(table, manifest.data.time)
    trained = dated & (moments <= microseconds(boundary)) if boundary else np.zeros(len(keys), dtype=bool)
    places = {key: place for place, key in enumerate(keys) if key is not None and dated[place]}
    found = read(came, {key: instant(int(moments[place])) for key, place in places.items()}, until)
    kind = _kind(table, manifest.data.target, found.words)
    words, labels, before, unfit, left = list[Word](), list[Any](), 0, 0, 0
    for word in found.words:
        if trained[places[word.key]] or (word.key, written(word.label)) in learnt:
            before += 1
        elif since is not None and word.since < since:
            left += 1
        elif (label := as_kind(word.label, kind)) is None:
            unfit += 1
        elif word.since <= until:  # Its row may be of a time that is still to come.
            words.append(word)
            labels.append(label)
    chosen = [places[word.key] for word in words]
    whole = _with_labels(table, manifest.data.target, chosen, pa.array(labels, kind))
    taken = whole.take(pa.array(chosen, pa.int64()))
    learnt_from_log = sum(place >= table.num_rows - from_log for place in chosen)
    return LearnRows(taken, whole, tuple(words), found.counts, before, unfit, left, learnt_from_log)


def _with_labels(table: pa.Table, target: str, places: Sequence[int], labels: pa.Array) -> pa.Table:
    """``table`` with each of the ``labels`` as the target of the row at its place."""
    import pyarrow as pa

    from engine.validation.columns import unwrapped

    if target not in table.column_names:
        table = table.append_column(target, pa.nulls(table.num_rows, labels.type))
    column = unwrapped(table.column(target))
    given = [None] * table.num_rows if pa.types.is_null(column.type) else column.to_pylist()
    for place, label in zip(places, labels.to_pylist(), strict=True):
        given[place] = label
    return table.set_column(table.column_names.index(target), target, pa.array(given, labels.type))


def _kind(table: pa.Table, target: str, words: Sequence[Word]) -> pa.DataType:
    """The type that labels have: that of the target where extract returns one, else what they are written as."""
    import pyarrow as pa

    if target in table.column_names and not pa.types.is_null(table.schema.field(target).type):
        kind = table.schema.field(target).type
        return kind.value_type if pa.types.is_dictionary(kind) else kind
    for kinds, kind in (((bool,), pa.bool_()), ((int,), pa.int64()), ((int, float), pa.float64())):
        if all(type(word.label) in kinds for word in words):
            return kind
    return pa.string()


def said_of(rows: LearnRows) -> str:
    """What became of the feedback, in words for the run."""
    told = [f"{rows.counts.came:,} labels came: {rows.counts.words}"]
    if rows.before:
        told.append(f"{rows.before:,} of these were learnt before")
    if rows.unfit:
        told.append(f"{rows.unfit:,} are no label that the target can have")
    if rows.left:
        told.append(f"{rows.left:,} are of before the learner was reset")
    if rows.logged:
        told.append(f"{rows.logged:,} have no row in extract yet, and what was asked stands in for it")
    return "; ".join(told)


def counted(rows: LearnRows) -> Mapping[str, int]:
    """The same as numbers."""
    return {**vars(rows.counts), "before": rows.before, "unfit": rows.unfit, "left": rows.left, "logged": rows.logged}
