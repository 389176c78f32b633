"""What is known of backups and of what was read through. Frozen, and free of I/O."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engine.backup.manifest import Signature


@dataclass(frozen=True)
class Backup:
    """One that was made, or failed: then ``why``, and the rest is None. ``added`` objects and ``bytes``: what it wrote.

    ``lacking``: labels of versions that the store did not have whole, so that the backup has not either.
    """

    at: datetime
    by: str
    place: str
    why: str | None
    digest: str | None
    rows: int | None
    head: str | None
    objects: int | None
    added: int | None
    bytes: int | None
    seconds: float
    lacking: tuple[str, ...] = ()


@dataclass(frozen=True)
class Checked:
    """A backup that was read from end to end. ``problems``: what of it is not whole, in words."""

    place: str
    made_at: datetime
    rows: int
    head: str
    objects: int
    signature: Signature
    problems: tuple[str, ...]
    lacking: tuple[str, ...]


@dataclass(frozen=True)
class Restored:
    """A workspace that stands again. ``notes``: what did not come back, in sentences."""

    home: str
    made_at: datetime
    rows: int
    objects: int
    signature: Signature
    sentence: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Scrub:
    """Every object of a version was read at ``at``. ``damage``: what was not whole; None when all was."""

    label: str
    at: datetime
    objects: int
    damage: str | None
