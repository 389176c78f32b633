"""The rows that a look is at: all that extract returns, or what is new merged into what the look before kept."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from engine.clock import moment, stamp
from engine.errors import Damage, StepFailed
from engine.jobs.health import kept
from engine.jobs.health.kept import Disagreement, Head, Learnt
from engine.jobs.health.merging import BEFORE, SAID, SCORED, Unfit, difference, fitted, merged, own_columns, places
from engine.jobs.labels import fetched, labelled, labels_step
from engine.runs.run_context import RunContext
from engine.runs.steps.launch import Launch
from engine.runs.steps.tables import read_output, with_types
from engine.scoring.unpacked import Unpacked
from engine.storage.blocks import read_folder
from engine.validation.holdout.split import Newer, Split, arrived, as_recorded, newer
from engine.versions.document import named, write_folder
from engine.vocabulary import steps

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.jobs.health.look import Memory
    from engine.jobs.health.merging import Places
    from engine.projects.manifest.reader import Manifest

# Of more rows than these the newest are looked at: scoring them all would take ever longer, look by look.
MOST_ROWS = 200_000
_ROW = "(row)"


@dataclass(frozen=True)
class Rows:
    """``current``: what is measured, ``left_out`` more are older. ``all_rows``: all that extract returned, where it was
    asked for that. ``table``: what is kept, of which ``current`` is the rows ``at``; None where nothing can be.

    ``reference``: what the version learnt from; ``split``: with what it was validated on, where it was read for this.
    ``news``: rows that are new or changed since the look before, of which ``head`` is. ``labels``: the digest of what
    labels returned.
    """

    current: Newer
    left_out: int
    learnt: Learnt
    reference: pa.Table
    new_rows: int = 0
    split: Split | None = None
    head: Head | None = None
    labels: str | None = None
    labels_problem: str | None = None
    all_rows: pa.Table | None = None
    table: pa.Table | None = None
    at: Places | None = None
    news: int = 0
    disagreement: Disagreement | None = None


@dataclass(frozen=True)
class Fresh:
    """What is new or changed since the look before, and all labels that are known by now."""

    table: pa.Table
    labels: pa.Table | None

    @property
    def labels_digest(self) -> str | None:
        return digest_of(self.labels)


def digest_of(table: pa.Table | None) -> str | None:
    """The digest of what a table holds, in its order."""
    import pyarrow as pa

    if table is None:
        return None
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema.remove_metadata()) as stream:
        stream.write_table(table.combine_chunks())
    return hashlib.sha256(memoryview(sink.getvalue())).hexdigest()


def fresh(context: RunContext, live: Unpacked, since: datetime) -> Fresh:
    """Ask for what is new or changed since then. Raises StepFailed."""
    table = _new(context, live, since)
    step = labels_step(context, live.stage, 0.45)
    return Fresh(table, fetched(step, context, 0.45) if step is not None else None)


def _new(context: RunContext, live: Unpacked, since: datetime) -> pa.Table:
    stage = replace(live.stage, since=since)
    # It has no input to wait for.
    extract = context.launch(stage, steps.EXTRACT_NEW, (0.05, 0.45), warm=False)
    context.tell(0.05, "extract")
    extract.begin()
    extract.conclude(context.record)
    return read_output(extract.output, "data", live.manifest.form, "extract")


def put_together(
    context: RunContext, live: Unpacked, found: Fresh, head: Head, folder: Path, until: datetime | None
) -> Rows:
    """The rows of the look before with what is new. Raises Unfit where that is not surely what all of extract is."""
    manifest = live.manifest
    before, reference = kept.table(folder, head.rows), kept.table(folder, head.reference)
    if before is None or reference is None:
        raise Unfit("what was kept is not there any more")
    table, news = _merged(manifest, head, before, found.table)
    joined = table.select(own_columns(table))
    if found.labels is not None:
        try:
            joined = labelled(joined, found.labels, manifest).table
        except StepFailed:
            raise Unfit("labels do not fit what is kept") from None
    current, at = _numbered(joined, manifest, None, head.learnt.boundary, context.run.as_of)
    return Rows(
        current,
        current.left_out + head.left_out,
        head.learnt,
        reference,
        new_rows=arrived(joined, manifest, until, 0, context.run.as_of),
        head=head,
        labels=found.labels_digest,
        table=table,
        at=at,
        news=news,
    )


def _merged(manifest: Manifest, head: Head, before: pa.Table, new: pa.Table) -> tuple[pa.Table, int]:
    """The table that is kept from now on, and how many of its rows are new to it."""
    import numpy as np
    import pyarrow as pa

    from engine.validation.event_times import microseconds, read_moments

    data = manifest.data
    assert data.time is not None  # The manifest's reader sees to it.
    if not new.num_rows:
        return before, 0
    new = fitted(new, before, head.hidden)
    if head.left_out and head.oldest is not None:
        moments, dated = read_moments(new, data.time)
        if bool(np.any(dated & (moments <= microseconds(moment(head.oldest))))):
            raise Unfit("rows as old as those that are left out are new")
    table = merged(before, new, data.key)
    table = table.take(pa.array(places(table, data.time, data.key, head.learnt.boundary)))
    return table, min(new.num_rows, table.num_rows)


def whole(
    context: RunContext, live: Unpacked, memory: Memory, head: Head | None, folder: Path, asked: Fresh | None = None
) -> Rows:
    """All that extract returns. ``head`` and ``folder``: what the look before kept, to be held against it. ``asked``:
    what this look asked for before it had to ask for everything."""
    manifest = live.manifest
    extract = context.launch(live.stage, steps.EXTRACT, (0.05, 0.45))
    context.tell(0.05, "extract")
    extract.begin()
    labels = labels_step(context, live.stage, 0.45) if asked is None else None
    reference = _reference(context, live)
    extract.conclude(context.record)
    table = read_output(extract.output, "data", manifest.form, "extract")
    _refuse_undated(table, manifest)
    joined, digest, problem = _labelled(context, table, labels or (asked.labels if asked else None), manifest)
    found = replace(
        all_of_it(table, joined, manifest, reference, _learnt(live, reference), context.run.as_of),
        new_rows=arrived(joined, manifest, memory.until, memory.rows, context.run.as_of),
        labels=digest,
        labels_problem=problem,
    )
    return replace(found, disagreement=_disagreement(context, live, found.table, head, folder))


def all_of_it(
    table: pa.Table, joined: pa.Table, manifest: Manifest, reference: Split, learnt: Learnt, as_of: datetime
) -> Rows:
    """The rows to look at of all that extract returned, ``table``, which with its labels is ``joined``."""
    chosen = _chosen(table, manifest, reference.boundary)
    looked_at = joined if chosen is None else joined.take(chosen)
    current, at = _numbered(looked_at, manifest, reference.train, reference.boundary, as_of)
    found = Rows(current, current.left_out, learnt, reference.train, split=reference, all_rows=table)
    if chosen is None:
        return found
    names = [name for name in table.column_names if name not in manifest.data.sensitive]
    return replace(found, table=table.take(chosen).select(names), at=at)


def _chosen(table: pa.Table, manifest: Manifest, boundary: str | None) -> pa.Array | None:
    """The rows that are kept, in their order; None where none can be: no second look could be put to them."""
    import pyarrow as pa

    data, names = manifest.data, table.column_names
    if not data.since or data.time is None:
        return None
    if any(names.count(name) != 1 for name in (*data.key, *names)) or len(own_columns(table)) < len(names):
        return None
    try:
        return pa.array(places(table, data.time, data.key, boundary))
    except Unfit:
        return None


def _numbered(
    table: pa.Table, manifest: Manifest, learnt: pa.Table | None, boundary: str | None, as_of: datetime
) -> tuple[Newer, Places]:
    """The rows that are measured, and where they stand in ``table``."""
    import numpy as np
    import pyarrow as pa

    numbered = table.append_column(_ROW, pa.array(np.arange(table.num_rows)))
    found = newer(numbered, manifest, table.slice(0, 0) if learnt is None else learnt, boundary, as_of, MOST_ROWS)
    at = found.table.column(found.table.num_columns - 1).to_numpy()
    return replace(found, table=found.table.remove_column(found.table.num_columns - 1)), at


def _disagreement(
    context: RunContext, live: Unpacked, rows: pa.Table | None, head: Head | None, folder: Path
) -> Disagreement | None:
    """Whether what looks merged since they asked for everything is what extract brings as a whole.

    What is new is asked for after everything was: rows that come in between are new to both.
    """
    if rows is None or head is None or moment(head.as_of) >= context.run.as_of:
        return None
    if not (head.merged or head.disagreement):
        return None
    before = kept.table(folder, head.rows)
    if before is None:
        return head.disagreement
    new = _new(context, live, moment(head.as_of))
    try:
        ours, _ = _merged(live.manifest, head, before, new)
        new = fitted(new, before, head.hidden) if new.num_rows else before.slice(0, 0)
        theirs, ours, new = (_later(table, live.manifest, head.oldest) for table in (rows, ours, new))
        found = difference(fitted(theirs, before, {}), ours, new, live.manifest.data.key)
    except Unfit:
        return head.disagreement
    if not found:
        return None
    why = f"what looks have put together from what extract brought since {head.whole_at[:16].replace('T', ' ')} UTC"
    since = head.disagreement.since if head.disagreement else stamp(context.run.as_of)
    return Disagreement(f"{why} {found.words}, against all that it brings", since)


def _later(table: pa.Table, manifest: Manifest, oldest: str | None) -> pa.Table:
    """The rows that are not among those that were left out as too old."""
    import pyarrow as pa

    from engine.validation.event_times import microseconds, read_moments

    if oldest is None or manifest.data.time is None:
        return table
    moments, dated = read_moments(table, manifest.data.time)
    return table.filter(pa.array(~dated | (moments > microseconds(moment(oldest)))))


def _reference(context: RunContext, live: Unpacked) -> Split:
    """The rows that the version learnt from, and those that it was validated on."""
    folder = context.folder / "learnt"
    try:
        write_folder(context.store, live.document.data.files, folder)
    except Damage as damage:
        raise named(context.store, live.label, damage) from None
    table = with_types(read_folder(folder), live.document.data.types or {})
    document = live.document
    as_of = moment(document.lineage.as_of)
    return as_recorded(table, live.manifest, as_of, document.data.cut, document.learnt_until)


def _learnt(live: Unpacked, split: Split) -> Learnt:
    """What the meter must know of these rows. From the rows, not from the document: older ones say nothing of dates and
    of text. Its ``lag`` is the seconds by which the version's own data ended before its as-of moment: so late is usual.
    """
    lag = (moment(live.document.lineage.as_of) - split.until).total_seconds() if split.until else 0.0
    return Learnt(split.boundary, stamp(split.until) if split.until else None, split.undated, split.future, lag)


def _labelled(
    context: RunContext, table: pa.Table, source: Launch | pa.Table | None, manifest: Manifest
) -> tuple[pa.Table, str | None, str | None]:
    """The rows with the labels that are known by now, or why they could not be fetched: drift does without them."""
    if source is None:
        return table, None, None
    try:
        labels = fetched(source, context, 0.45) if isinstance(source, Launch) else source
        return labelled(table, labels, manifest).table, digest_of(labels), None
    except StepFailed as problem:
        return table, None, str(problem)


def _refuse_undated(table: pa.Table, manifest: Manifest) -> None:
    time = manifest.data.time
    if time is not None and time not in table.column_names:
        raise StepFailed(
            f"extract no longer returns the time column '{time}', so nothing says which rows are new; "
            "look at where it reads it from."
        )


def said_of(seen: Rows, who: str) -> tuple[pa.Table, pa.Array] | None:
    """What ``who`` ('live', or the digest of the version before) said of the rows that are measured, and of which of
    them it was asked; None where nothing is kept of it."""
    if seen.head is None or seen.table is None or who not in ("live", seen.head.rival):
        return None
    import pyarrow as pa

    prefix = SAID if who == "live" else BEFORE
    names = [name for name in seen.table.column_names if name.startswith(prefix)]
    if not names:
        return None
    rows = seen.table.select([*names, SCORED]).take(pa.array(seen.at))
    said = rows.select(names).rename_columns([name.removeprefix(prefix) for name in names])
    return said, rows.column(SCORED).fill_null(False).combine_chunks()


def with_said(seen: Rows, said: pa.Table | None, before: pa.Table | None) -> pa.Table:
    """The table that is kept, with what both versions said of the rows that were measured."""
    import numpy as np
    import pyarrow as pa

    assert seen.table is not None and seen.at is not None
    table = seen.table.select(own_columns(seen.table))
    place = np.full(table.num_rows, -1, dtype=np.int64)
    place[seen.at] = np.arange(len(seen.at))
    found = pa.array(place, mask=place < 0)
    for prefix, predictions in ((SAID, said), (BEFORE, before)):
        if predictions is None:
            continue
        for name in predictions.column_names:
            table = table.append_column(f"{prefix}{name}", predictions.column(name).take(found))
    return table.append_column(SCORED, pa.array((place >= 0) & (said is not None)))
