"""What was answered, read out of the log's blocks for whoever holds it against labels or teaches a learner by it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import Damage
from engine.requests import block
from engine.requests.records import Block
from engine.vocabulary.log_columns import ANSWER, AT, FALLBACK, FEATURE, KEY, ROLE

if TYPE_CHECKING:
    import pyarrow as pa

VERSION = "version"
LIVE = "live"
# Of some 100 bytes a row; more would tell no more.
MOST_ROWS = 300_000
_TRIES = 3
Listed = Callable[[], Sequence[Block]]


@dataclass(frozen=True)
class LoggedAnswers:
    """``table``: the columns ``version``, ``request.role``, ``request.at``, ``request.fallback``, the keys, the answers
    and the features that were asked for, the oldest first. ``since``: the first of them is of then; ``whole``: these
    are all that the blocks hold. ``unread``: blocks that are gone or not what was written."""

    table: pa.Table
    since: datetime | None
    whole: bool
    unread: int


def logged_answers(
    folder: Path, listed: Listed, features: Sequence[str] = (), *, most: int = MOST_ROWS
) -> LoggedAnswers:
    """The answers in the blocks that are ``listed``, which lie in ``folder``; the newest, where there are more than
    ``most`` rows.

    A block that is gone or damaged is passed over and counted. Where it is not listed any more, as it was merged or has
    ended meanwhile, all is read anew.
    """
    for _ in range(_TRIES):
        found, unread = _read(folder, listed(), features, most)
        if not unread or unread <= {each.id for each in listed()}:
            break
    return found


def _read(
    folder: Path, blocks: Sequence[Block], features: Sequence[str], most: int
) -> tuple[LoggedAnswers, set[int]]:
    """What is in them, and which cannot be read."""
    tables: list[pa.Table] = []
    rows, unread = 0, set[int]()
    ordered = sorted(blocks, key=lambda each: each.until, reverse=True)
    for found in ordered:
        if rows >= most:
            break
        try:
            table = block.table_in(block.content_at(folder / found.file, found.digest))
        except Damage:
            unread.add(found.id)
            continue
        tables.append(_columns(table, found.version, features))
        rows += table.num_rows
    if not tables:
        return LoggedAnswers(_empty(), None, True, len(unread)), unread
    read = block.joined(tables).sort_by(AT)
    whole = len(tables) + len(unread) == len(ordered)
    return LoggedAnswers(read, read.column(AT)[0].as_py(), whole, len(unread)), unread


def _columns(table: pa.Table, version: str, features: Sequence[str]) -> pa.Table:
    import pyarrow as pa

    wanted = {AT, FALLBACK, *(FEATURE + name for name in features)}
    names = [name for name in table.column_names if name in wanted or name.startswith((KEY, ANSWER))]
    # Blocks of before canaries say nothing of it.
    roles = table.column(ROLE) if ROLE in table.column_names else pa.array([LIVE] * table.num_rows, pa.string())
    found = table.select(names).append_column(VERSION, pa.array([version] * table.num_rows, pa.string()))
    return found.append_column(ROLE, roles)


def _empty() -> pa.Table:
    import pyarrow as pa

    kinds = {AT: pa.timestamp("us", "UTC"), FALLBACK: pa.string(), VERSION: pa.string(), ROLE: pa.string()}
    return pa.table({name: pa.array([], kind) for name, kind in kinds.items()})
