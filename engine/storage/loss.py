"""The loss of a ledger: one that was there is told from one still to be made by what it leaves beside itself.

Objects, releases, live links and runs are only ever made by a workspace that has a ledger, so a place that has them and
no ledger has lost it. And whoever commits to the trail notes how far it goes, in a file of its own: a ledger that ends
before that (its write-ahead log was lost, or an older copy was put in its place) would show the past as the present.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from engine.errors import Damage
from engine.storage.atomic import read_file
from engine.storage.last_backup import known

NOTE, RESTORING = "ledger.head", "restoring.json"
_KEPT = {"objects": "objects", "releases": "releases", "live": "live links", "runs": "runs", "bin": "a bin"}


def traces(root: Path) -> str | None:
    """What of a workspace that was at work stands in ``root``, in words; None when there is nothing."""
    found = [word for name, word in _KEPT.items() if _holds_anything(root / name)]
    if noted(root / "locks") is not None:
        found.append("the note of how far its trail went")
    return f"{', '.join(found[:-1])} and {found[-1]}" if len(found) > 1 else (found[0] if found else None)


def _holds_anything(folder: Path) -> bool:
    """Whether there is a file or a link below; empty folders are what a killed 'init' leaves."""
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return False
    return any(not entry.is_dir(follow_symlinks=False) or _holds_anything(Path(entry.path)) for entry in entries)


def refuse_lost(root: Path, how: str) -> None:
    """Raise Damage when the ledger of ``root``, which is ``how`` ("gone", "empty"), was there once."""
    if (root / RESTORING).exists():
        raise Damage(
            f"The workspace {root} is being restored, or that was cut short; the same 'leverframe restore' goes on "
            "with it and opens it at the end. Nothing was changed."
        )
    there = traces(root)
    if there is not None:
        raise Damage(
            f"The ledger {root / 'ledger.db'} is {how}, and this is no new workspace, for it holds {there}; "
            f"{way_back(root)} Nothing was changed."
        )


@dataclass(frozen=True)
class TrailNote:
    """How many rows the trail had, and the digest of the last of them; "" in a note of before that was kept."""

    rows: int
    digest: str


def refuse_cut_short(root: Path, locks: Path, rows: int, noted: TrailNote) -> None:
    """Raise Damage when the trail of the ledger, which has ``rows``, went further once: as far as it was ``noted``."""
    if rows < noted.rows:
        raise Damage(
            f"The ledger {root / 'ledger.db'} has lost what was last written to it: its trail ends at row {rows:,}, "
            f"and it went to row {noted.rows:,}, so its write-ahead log is gone or an older copy is in its place; "
            f"{way_back(root)} To go on with what it still says, delete {locks / NOTE}. Nothing was changed."
        )


def refuse_another(root: Path, locks: Path, digest: str, noted: TrailNote) -> None:
    """Raise Damage when the row that was ``noted`` has another ``digest``: the trail is not the one that was here."""
    if noted.digest and digest != noted.digest:
        raise Damage(
            f"The ledger {root / 'ledger.db'} is not the one that was here: row {noted.rows:,} of its trail is another "
            f"than was noted, so another workspace's, or a copy that went its own way, is in its place; "
            f"{way_back(root)} To go on with what it says, delete {locks / NOTE}. Nothing was changed."
        )


def way_back(root: Path) -> str:
    """How a ledger comes back, as a sentence."""
    found = known(root)
    place = found.place if found else "BACKUP"
    newest = f" (the newest, of {found.at[:16].replace('T', ' ')} UTC)" if found else ""
    return f"move the folder aside, then 'leverframe restore {place} --home {root}' brings it back{newest}."


def note(locks: Path, rows: int, digest: str) -> None:
    """Note that the trail has ``rows`` by now, the last with ``digest``; over the note of before, in place, so that it
    needs no room.

    Without flushing, and whatever stands in the way is let be: a note that lags behind only tells less.
    """
    with suppress(OSError):
        descriptor = os.open(locks / NOTE, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            written = os.pwrite(descriptor, f"{rows:015d} {digest}\n".encode(), 0)
            os.ftruncate(descriptor, written)
        finally:
            os.close(descriptor)


def noted(locks: Path) -> TrailNote | None:
    """How far the trail went, as far as it was noted."""
    try:
        rows, _, digest = read_file(locks / NOTE).decode("ascii").strip().partition(" ")
        return TrailNote(int(rows), digest if len(digest) == 64 else "")
    except (OSError, ValueError):
        return None
