"""Small blocks of the request log become one: each worker writes one a minute, and a look reads those of weeks.

A merged block holds the rows of the others as they are, and names each by its file, digest and rows. Its file comes
first, whole and flushed; then, in one transaction, its row, and the end of theirs; then their files go. Who is killed
in between leaves the others as they were with a merged file that is thrown away, or the merged one with files that are:
``keeping.LogFolder.settle`` tells them apart by what a merged file names.

A block is kept as long as its newest row is, so none is merged over more time than a twenty-fourth of what rows are
kept, nor over more than a day.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from engine.clock import stamp
from engine.errors import Damage
from engine.requests import block as files
from engine.requests import book
from engine.requests.block import BlockLabel
from engine.requests.records import Block, LogRules
from engine.storage import atomic
from engine.storage.disk import refused
from engine.storage.free_space import too_little
from engine.vocabulary.log_columns import AT

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.requests.keeping import LogFolder

SMALL_ROWS, SMALL_BYTES = 50_000, 4 << 20
MOST_ROWS = 500_000  # of a merged block
FEWEST = 8  # for which it is worth while
MOST_AT_ONCE = 500  # some two seconds, for which no worker writes
SETTLED = timedelta(hours=1)
LONGEST = timedelta(days=1)
SEVERAL = "several workers"


def groups(blocks: Sequence[Block], keep: timedelta, now: datetime) -> list[list[Block]]:
    """Which of ``blocks`` are merged, each group in the order of its time. Pure.

    ``keep``: how long rows are kept. Those that a clock which was ahead has dated are left as they are.
    """
    span = min(LONGEST, keep / 24)
    found: dict[tuple[str, int], list[Block]] = {}
    for each in sorted(blocks, key=lambda one: (one.since, one.id)):
        settled = each.written_at <= now - SETTLED and each.until <= each.written_at
        if settled and each.rows <= SMALL_ROWS and each.bytes <= SMALL_BYTES and each.until - each.since <= span:
            slot = int((each.since - datetime(1970, 1, 1, tzinfo=UTC)) / span)
            found.setdefault((each.version, slot), []).append(each)
    parts = [part for alike in found.values() for part in _bounded(alike)]
    chosen, count = [], 0
    for part in parts:
        if len(part) >= FEWEST and count + len(part) <= MOST_AT_ONCE:
            chosen.append(part)
            count += len(part)
    return chosen


def _bounded(alike: Sequence[Block]) -> list[list[Block]]:
    """``alike`` in parts that are not too large for one block, nor for one round."""
    parts: list[list[Block]] = [[]]
    rows = 0
    for each in alike:
        if rows + each.rows > MOST_ROWS or len(parts[-1]) == MOST_AT_ONCE:
            parts.append([])
            rows = 0
        parts[-1].append(each)
        rows += each.rows
    return parts


def due(folder: LogFolder, rules: LogRules, now: datetime) -> bool:
    """Whether there is something to merge; Arrow is not needed to tell."""
    with folder.ledger.read() as db:
        return bool(groups(book.blocks(db, folder.project), rules.keep, now))


def merge(folder: LogFolder, rules: LogRules, now: datetime) -> tuple[int, int]:
    """Merge what is small and settled; returns how many blocks became how many. The caller holds the folder's lock.

    Raises Refusal where the disk takes nothing; nothing is lost by that.
    """
    with folder.ledger.read() as db:
        there = book.blocks(db, folder.project)
        if too_little(db, folder.workspace.root) is not None:
            return 0, 0
    room = rules.most - sum(each.bytes for each in there)
    became = made = 0
    for group in groups(there, rules.keep, now):
        for part, table, label in _alike(folder, group):
            content = files.content_of(table, label, {})
            # Both are on the disk for a moment, and the bound on the whole is strict.
            if len(content) > room or len(part) < FEWEST:
                continue
            _replace(folder, part, content, label, now)
            became, made = became + len(part), made + 1
    return became, made


def _alike(folder: LogFolder, group: Sequence[Block]) -> list[tuple[list[Block], pa.Table, BlockLabel]]:
    """The blocks of ``group`` whose columns fit together, as one table each. One that is damaged is left as it is: the
    check of skew tells it."""
    import pyarrow as pa

    found: list[tuple[list[Block], list[pa.Table], pa.Schema, list[BlockLabel]]] = []
    for each in group:
        try:
            content = files.content_at(folder.path / each.file, each.digest)
            label, _ = files.label_in(content)
        except Damage:
            continue
        table = files.table_in(content).replace_schema_metadata(None)
        for place, (blocks, tables, schema, labels) in enumerate(found):
            if labels[0].version_digest != label.version_digest:
                continue
            with suppress(pa.ArrowException):
                both = pa.unify_schemas([schema, table.schema], promote_options="permissive")
                found[place] = [*blocks, each], [*tables, table], both, [*labels, label]
                break
        else:
            found.append(([each], [table], table.schema, [label]))
    return [
        (blocks, pa.concat_tables(tables, promote_options="permissive").sort_by(AT), _label(blocks, labels))
        for blocks, tables, _, labels in found
    ]


def _label(blocks: Sequence[Block], labels: Sequence[BlockLabel]) -> BlockLabel:
    first, workers = labels[0], {each.worker for each in labels}
    return BlockLabel(
        project=first.project,
        version=first.version,
        version_digest=first.version_digest,
        worker=workers.pop() if len(workers) == 1 else SEVERAL,
        since=stamp(min(each.since for each in blocks)),
        until=stamp(max(each.until for each in blocks)),
        requests=sum(each.requests for each in blocks),
        rows=sum(each.rows for each in blocks),
        of=tuple((each.file, each.digest, each.rows) for each in blocks),
    )


def _replace(folder: LogFolder, part: Sequence[Block], content: bytes, label: BlockLabel, now: datetime) -> None:
    since = label.since.replace("-", "").replace(":", "")
    name = f"{since}-{secrets.token_hex(6)}.parquet"
    with refused("Blocks of requests are not merged"):
        atomic.write_file(folder.path / name, content, mode=0o640)
    merged = folder.block_of(name, content, label, now)
    try:
        with folder.ledger.write() as db:
            book.put(db, merged)
            book.end(db, part, f"it was merged into {name}", now)
    except BaseException:
        with suppress(OSError):
            (folder.path / name).unlink()
        raise
    for each in part:
        with suppress(FileNotFoundError), refused(f"The block {each.file} could not be deleted"):
            (folder.path / each.file).unlink()
