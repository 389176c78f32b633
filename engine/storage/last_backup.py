"""Where the newest backup is, in a file beside the ledger: whoever has lost the ledger cannot ask it.

The ledger's table of backups is the truth; this repeats its newest row for the sentences that name a way back.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.storage.atomic import write_file

FILE = "backup.json"


@dataclass(frozen=True)
class LastBackup:
    """``place``: the folder of the backup; ``at``: when it was made."""

    place: str
    at: str


def remember(root: Path, backup: LastBackup) -> None:
    """Say that ``backup`` is the newest. Raises OSError."""
    write_file(root / "locks" / FILE, json.dumps(asdict(backup)).encode())


def known(root: Path) -> LastBackup | None:
    """The newest backup of the workspace at ``root``; None while there is none, or it cannot be told."""
    try:
        found = json.loads((root / "locks" / FILE).read_bytes())
        return LastBackup(str(found["place"]), str(found["at"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def way_back(root: Path, otherwise: str) -> str:
    """What to do about content that is not whole, as a clause: take it from the backup, or do ``otherwise``."""
    found = known(root)
    if found is None:
        return f"no backup is known to restore that from; {otherwise}"
    made = f"{found.at[:16].replace('T', ' ')} UTC"
    return (
        f"restore that from the backup in {found.place} of {made} ('leverframe doctor --fix' takes it from there), "
        f"or {otherwise}"
    )
