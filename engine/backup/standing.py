"""How old the newest backup is, when the next is due, and what of that is wrong. The rule is pure."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.clock import moment
from engine.housekeeping import settings
from engine.records import DoctorFinding

OLD = timedelta(days=1)
LATE = timedelta(hours=2)  # the engine looks once an hour, and a backup takes its time


@dataclass(frozen=True)
class BackupStanding:
    """``to``: where the engine backs up to, ``every`` so often; None when nobody chose. ``failed``: why the newest
    attempt did, if that is newer than what was ``made``."""

    to: str | None
    every: timedelta
    made: datetime | None
    place: str | None
    failed: str | None = None


def standing(db: sqlite3.Connection) -> BackupStanding:
    made = db.execute("SELECT * FROM backups WHERE why IS NULL ORDER BY id DESC LIMIT 1").fetchone()
    newest = db.execute("SELECT why FROM backups ORDER BY id DESC LIMIT 1").fetchone()
    to, every = settings.backups(db)
    return BackupStanding(
        to=to,
        every=every,
        made=moment(made["at"]) if made else None,
        place=made["place"] if made else None,
        failed=newest["why"] if newest else None,
    )


def place_of(db: sqlite3.Connection) -> str | None:
    """Where a backup goes to when nobody says: where the engine's goes, or where the last one is."""
    found = standing(db)
    return found.to or found.place


def due(found: BackupStanding, now: datetime) -> bool:
    """Whether the engine is to make a backup now. One that failed is tried again with its next round."""
    return found.to is not None and (found.made is None or abs(now - found.made) >= found.every)


def judge(found: BackupStanding, now: datetime) -> DoctorFinding:
    """What doctor says of backups."""
    if found.failed:
        return DoctorFinding("backup", "failing", f"the newest attempt failed: {found.failed.rstrip('.')}")
    if found.made is None:
        if found.to is not None:
            said = f"none was made in {found.to} yet; the engine makes one, or 'leverframe backup' does"
            return DoctorFinding("backup", "watch", said)
        how = "'leverframe backup FOLDER' makes one, 'leverframe settings set backup_to FOLDER' has one made every day"
        return DoctorFinding("backup", "ok", f"there is none, and none is planned: {how}")
    age = now - found.made
    said = f"the newest is of {found.made:%d %b %Y %H:%M} UTC, in {found.place}"
    if -age > LATE:
        why = "it was made while the clock was ahead: 'leverframe backup' makes one of now"
        return DoctorFinding("backup", "watch", f"{said}; {why}")
    if age > (found.every + LATE if found.to else OLD):
        planned = f"one every {in_words(found.every)} is planned" if found.to else "more than a day old"
        return DoctorFinding("backup", "watch", f"{said}; {planned}: 'leverframe backup' makes one")
    return DoctorFinding("backup", "ok", said)


def in_words(every: timedelta) -> str:
    """``6 hours``, ``day``."""
    hours = round(every.total_seconds() / 3600)
    amount, unit = (hours // 24, "day") if hours % 24 == 0 else (hours, "hour")
    return unit if amount == 1 else f"{amount} {unit}s"
