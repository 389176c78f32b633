"""From a row to what said it: version, code, data, environment, and who approved it; and from a version to its rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.clock import moment
from engine.errors import Damage, Refusal
from engine.jobs.score import book
from engine.jobs.score.reading import file_digest
from engine.jobs.score.records import RUN, VERSION, Origin, Release, Scoring, Trace, TracedRow
from engine.release import decisions, history
from engine.runs import history as runs
from engine.storage.disk import refused
from engine.storage.objects import ObjectStore
from engine.text import plain, short_revision
from engine.versions import catalog
from engine.versions import document as documents

if TYPE_CHECKING:
    from engine.records import Version
    from engine.versions.records import VersionDocument

_ROWS = 1 << 16
_LONGEST = 200


def of_version(db: sqlite3.Connection, store: ObjectStore, label: str, limit: int) -> Trace:
    """What it wrote. Raises NotFound."""
    version = catalog.record(catalog.find(db, label))
    found, total = book.of_version(db, version.label, limit)
    return Trace(version.label, _origin(store, version), releases(db, version.label), found, total)


def of_run(db: sqlite3.Connection, store: ObjectStore, run: int) -> Trace:
    """What it wrote, and what was written by others whose rows name it."""
    asked = runs.one(db, run)
    found = book.of_run(db, run)
    if not found:
        raise Refusal(f"Run {run}, a {asked.job} of {asked.project}, wrote no predictions; name a run that scored.")
    return _led(db, store, f"run {run}", found[0].label, found)


def of_file(db: sqlite3.Connection, store: ObjectStore, file: Path, row: int | None) -> Trace:
    """Where the file as it is comes from; where it was changed since, where the rows in it say that they do."""
    told = plain(file.name, 100)
    if not file.is_file():
        raise Refusal(f"{plain(str(file), 200)} is not there or is no file; name what a scoring wrote, or a version.")
    with refused(f"{told} cannot be read"):
        found = book.of_digest(db, file_digest(file))
    seen = _row(file, told, row or 1)
    if seen is None and row is not None:
        raise Refusal(f"{told} has no row {row:,}.")
    said = dict(seen.values) if seen is not None else {}
    if found and (row is None or said.get(VERSION) == found[0].label):
        return _led(db, store, told, found[0].label, found, whole=True, row=seen if row else None)
    if not said.get(VERSION) or not said.get(RUN, "").isdecimal():
        raise Refusal(
            f"{told} is not what a scoring of this workspace wrote, and its rows do not say who did: it has no columns "
            f"{VERSION} and {RUN} that are filled."
        )
    label, run = said[VERSION], int(said[RUN])
    version = catalog.record(catalog.find(db, label))
    scorings = tuple(each for each in book.of_run(db, run) if each.label == version.label)
    if not scorings:
        raise Refusal(
            f"{told} says that run {run} wrote it with {version.label}, and this workspace knows of no such scoring; "
            "look in the workspace that wrote it."
        )
    return _led(db, store, told, version.label, scorings, whole=False, row=seen if row else None)


def _led(
    db: sqlite3.Connection,
    store: ObjectStore,
    asked: str,
    label: str,
    scorings: tuple[Scoring, ...],
    *,
    whole: bool | None = None,
    row: TracedRow | None = None,
) -> Trace:
    version = catalog.record(catalog.find(db, label))
    return Trace(
        asked, _origin(store, version), releases(db, label), scorings, len(scorings), whole, row
    )


def releases(db: sqlite3.Connection, label: str) -> tuple[Release, ...]:
    """Each time for which the version was live, the oldest first."""
    project, number = catalog.parse_label(label)
    moves = history.since(db, None, project)
    ends = [*(later.at for _, later in pairwise(moves)), None] if moves else []
    return tuple(
        Release(move, decisions.approved_by(db, move), until)
        for move, until in zip(moves, ends, strict=True)
        if move.number == number
    )


def _origin(store: ObjectStore, version: Version) -> Origin:
    known = Origin(version.label, version.digest, version.state, version.made_at, version.run)
    try:
        return _told(known, documents.of_version(store, version.label, version.digest))
    except Damage as damage:
        cleaned = version.cleaned_at
        why = f"its content was cleaned away on {cleaned:%d %b %Y}" if cleaned else str(damage)
        return replace(known, missing=why)


def _told(known: Origin, document: VersionDocument) -> Origin:
    code, data, around = document.code, document.data, document.environment
    revision = f"{code.system} {short_revision(code.revision)}" if code.revision else "a folder under no system"
    until = f", until {moment(data.until):%d %b %Y %H:%M} UTC" if data.until else ""
    return replace(
        known,
        requested_by=document.lineage.requested_by,
        code=plain(revision + (" and uncommitted changes" if code.dirty else ""), _LONGEST),
        data=f"{data.rows:,} rows{until}",
        data_digest=data.digest,
        environment=f"{around.words}, {len(around.packages)} packages",
        environment_digest=around.digest,
    )


def _row(file: Path, told: str, number: int) -> TracedRow | None:
    """What the row says, counted from 1; None where there is none."""
    import pyarrow as pa

    try:
        for start, batch in _batches(file, told):
            if start < number <= start + batch.num_rows:
                one = batch.slice(number - 1 - start, 1).to_pylist()[0]
                values = ((plain(str(name), 60), plain(str(value), _LONGEST)) for name, value in one.items())
                return TracedRow(number, tuple(values))
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise Refusal(f"{told} cannot be read: {plain(str(error), 160).rstrip('.')}.") from None
    return None


def _batches(file: Path, told: str) -> Iterator[tuple[int, Any]]:
    start = 0
    ending = file.suffix.lower()
    if ending in (".parquet", ".pq"):
        import pyarrow.parquet

        batches: Any = pyarrow.parquet.ParquetFile(file).iter_batches(batch_size=_ROWS)
    elif ending == ".csv":
        import pyarrow.csv

        names = pyarrow.csv.open_csv(file).schema.names
        as_text = pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(names, pyarrow.string()))
        parse = pyarrow.csv.ParseOptions(newlines_in_values=True)
        batches = pyarrow.csv.open_csv(file, parse_options=parse, convert_options=as_text)
    else:
        raise Refusal(f"{told} is neither .parquet nor .csv; name what a scoring wrote, or a run with --run.")
    for batch in batches:
        yield start, batch
        start += batch.num_rows
