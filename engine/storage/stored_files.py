"""Files that the store holds, with what was known of them where they came from."""

from __future__ import annotations

from dataclasses import dataclass

from engine.storage.objects import Stored


@dataclass(frozen=True)
class StoredFile(Stored):
    """A file of a folder, under its name in it."""

    path: str
    executable: bool


@dataclass(frozen=True)
class StoredBlock(StoredFile):
    """A file that holds some rows of a table."""

    rows: int
