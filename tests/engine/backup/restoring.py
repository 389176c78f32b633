"""A backup restored, and what lies in a workspace and in a backup, to be held against each other."""

from __future__ import annotations

from pathlib import Path

from engine.backup.records import Restored
from engine.founding import restore_backup


def restored(place: Path, home: Path, **options: object) -> Restored:
    return restore_backup(place, home, "ada", lambda done, total: None, reason="the disk died", **options)  # type: ignore[arg-type]


def objects_of(home: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (home / "objects").glob("*/*")}


def files_of(place: Path) -> dict[str, bytes]:
    return {str(path.relative_to(place)): path.read_bytes() for path in place.rglob("*") if path.is_file()}
