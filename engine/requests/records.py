"""What the request log speaks: the rules of a project's log, a block of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

Value = str | float | int | bool | None
Role = Literal["live", "canary"]


@dataclass(frozen=True)
class LogRules:
    """How a project's requests are kept: the ``share`` of them (0 to 1), for how long, in how many bytes at most, and
    the columns that are never written, whatever a request names."""

    share: float = 1.0
    keep: timedelta = timedelta(days=30)
    most: int = 1 << 30
    sensitive: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Block:
    """A file of the log, never changed once it is written. ``digest``: SHA-256 of the file; ``since`` and ``until``:
    of its requests. ``ended_at``, ``why``: when its file was let go of, and why; its row says so for a while."""

    id: int
    project: str
    file: str
    version: str
    worker: str
    digest: str
    bytes: int
    requests: int
    rows: int
    since: datetime
    until: datetime
    written_at: datetime
    ended_at: datetime | None = None
    why: str | None = None
