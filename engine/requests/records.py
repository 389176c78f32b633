"""What the request log speaks: an answer as the server notes it, the rules of a project's log, a block of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal, NamedTuple

Value = str | float | int | bool | None
Role = Literal["live", "canary"]
_NO_KEYS: Mapping[str, Sequence[Value]] = MappingProxyType({})


class Answered(NamedTuple):
    """One request and what became of it, as the server that answered it notes it.

    ``label``, ``digest``: the version that answered, or that was asked where none did. ``fallback``: None,
    ``live``, ``previous`` or ``rule``, as the answer says; ``live`` where a canary was to answer and could not.
    ``role``: of whoever answered, or was asked first where nobody did. ``seconds``: from its last byte to the answer's
    first. ``status``: of HTTP; only what was answered with 200 is kept row by row, everything is counted. ``rows``:
    values in the order of ``features``; ``answers``: in the order of ``outputs``, one for each row. ``keys``: the
    project's key columns that stood in the request, a value for each row. None of it may be changed afterwards: it is
    read later.
    """

    project: str
    label: str
    digest: str
    fallback: str | None
    at: datetime
    seconds: float
    status: int
    request: str
    features: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    rows: Sequence[Sequence[Value]] = ()
    answers: Sequence[Sequence[Value]] = ()
    keys: Mapping[str, Sequence[Value]] = _NO_KEYS
    role: Role = "live"


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
