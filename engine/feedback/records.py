"""Feedback as records: a row as it came, a batch of them, and what is told of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

# What JSON has for one value, but for null.
Scalar = str | int | float | bool
# The values of the key columns as they are written, in the order of ``[data] key``.
Key = tuple[str, ...]
BatchState = Literal["counted", "quarantined", "let in", "thrown away"]


@dataclass(frozen=True)
class FeedbackRow:
    """One label as it came. ``key``: in the order of ``[data] key``; ``time``: when it became known, in UTC."""

    key: tuple[Scalar, ...]
    label: Scalar
    time: datetime


@dataclass(frozen=True)
class Tally:
    """The labels of some rows, counted: of classes ``counts``, of numbers their ``total`` and that of ``squares``.

    ``compared``: how many pairs of numbers of one batch there are; ``alike``: how many of these are of one number.
    """

    rows: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    total: float = 0.0
    squares: float = 0.0
    compared: int = 0
    alike: int = 0


@dataclass(frozen=True)
class Batch:
    """One batch. ``why``: it is or was quarantined; ``decided_by``, ``decided_at``, ``reason``: what became of it."""

    id: int
    project: str
    at: datetime
    by: str
    source: str
    rows: int
    since: datetime
    until: datetime
    digest: str
    state: BatchState
    why: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    reason: str | None = None

    @property
    def counts(self) -> bool:
        return self.state in ("counted", "let in")


@dataclass(frozen=True)
class Receipt:
    """What is told to whoever sent a batch. ``quarantined``: why its rows do not count yet; None where they do."""

    batch: int
    rows: int
    quarantined: str | None


@dataclass(frozen=True)
class Freeze:
    """That a project's learner was frozen, or set free again."""

    project: str
    at: datetime
    by: str
    frozen: bool
    reason: str
