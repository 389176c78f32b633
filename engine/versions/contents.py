"""What of each version is kept in the store, for those who look after that: clean-up, backup, reading it through."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.clock import moment, stamp
from engine.records import VersionState
from engine.versions.catalog import parse_label


@dataclass(frozen=True)
class StoredVersion:
    """A version as whoever looks after the store sees it. ``cleaned_at``: its content went to the bin then; ``damage``:
    what of it was not whole when it was last read."""

    project: str
    number: int
    digest: str
    state: VersionState
    made_at: datetime
    live_until: datetime | None
    expires_at: datetime | None
    cleaned_at: datetime | None
    damage: str | None

    @property
    def label(self) -> str:
        return f"{self.project}@{self.number}"


def stored(db: sqlite3.Connection) -> tuple[StoredVersion, ...]:
    """Every version that there ever was, the oldest first; also from a copy of the ledger."""

    def time(at: str | None) -> datetime | None:
        return moment(at) if at else None

    rows = db.execute(
        "SELECT project, number, digest, state, made_at, live_until, expires_at, cleaned_at, damage FROM versions"
        " ORDER BY id"
    )
    return tuple(
        StoredVersion(project, number, digest, state, moment(made), time(until), time(expires), time(cleaned), damage)
        for project, number, digest, state, made, until, expires, cleaned, damage in rows
    )


def standing(db: sqlite3.Connection) -> Iterable[tuple[Any, ...]]:
    """Of every version what protects its content: project, number, state, and when it was cleaned up."""
    return db.execute("SELECT project, number, state, cleaned_at FROM versions ORDER BY id")


def digests_after(db: sqlite3.Connection, last: int) -> tuple[str, ...]:
    """The digests of what was registered after ``last_id`` was ``last``."""
    return tuple(row["digest"] for row in db.execute("SELECT digest FROM versions WHERE id > ?", (last,)))


def set_cleaned(db: sqlite3.Connection, label: str, at: datetime | None) -> None:
    """Its content went to the bin at that time; None: it has it."""
    db.execute(
        "UPDATE versions SET cleaned_at = ? WHERE project = ? AND number = ?",
        (stamp(at) if at else None, *parse_label(label)),
    )


def set_damage(db: sqlite3.Connection, label: str, damage: str | None) -> None:
    """What of it was found not to be whole."""
    db.execute("UPDATE versions SET damage = ? WHERE project = ? AND number = ?", (damage, *parse_label(label)))
