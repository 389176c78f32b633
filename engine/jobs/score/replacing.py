"""Whether what stands where something is to be written may be written over."""

from __future__ import annotations

from pathlib import Path

from engine.jobs.score import book
from engine.jobs.score.reading import file_digest
from engine.jobs.score.records import Place
from engine.storage.disk import refused
from engine.storage.ledger import Ledger


def may_replace(ledger: Ledger, output: Place, *, asked: bool, ours: bool = False) -> bool:
    """It was ``asked`` for; or a run left it that was killed just after it gave it its name; or, for one that writes
    there again and again (``ours``), an earlier scoring wrote it and nobody has changed it since."""
    if asked or output.in_database:
        return asked
    path = Path(output.name)
    if path.is_symlink() or not path.is_file():
        return False
    with ledger.read() as db:
        before = book.newest_at(db, output.told)
    if before is None or not (ours or before.ended_at is None):
        return False
    with refused(f"{output.told} cannot be read"):
        return file_digest(path) == before.digest
