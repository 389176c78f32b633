"""Permissions of a workspace's files: its account writes, its group may look, nobody else does either."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from engine.records import DoctorFinding
from engine.storage.workspace import FOLDERS, Workspace

WHAT = "modes"
FOLDER, FILE, SECRET = 0o750, 0o640, 0o600
_SECRETS = (".key", ".pem", ".token", ".env")


def modes(workspace: Workspace, *, mend: bool) -> list[DoctorFinding]:
    """What of the workspace others than its account can read or change, with the chmod that ends it; ``mend`` does it.

    Looks at the workspace, its folders and theirs, the ledger, and keys wherever they lie among them.
    """
    wide = list(_wide(workspace))
    if not wide:
        return [DoctorFinding(WHAT, "ok", "nobody but this account and its group reaches ledger, keys and folders")]
    if mend:
        for path, most in wide:
            os.chmod(path, stat.S_IMODE(os.lstat(path).st_mode) & most)
        wide = list(_wide(workspace))
        if not wide:
            return [
                DoctorFinding(
                    WHAT, "ok", "taken from others: what they could reach of ledger, keys and folders", mended=True
                )
            ]
    reached = os.lstat(workspace.root).st_mode & 0o007
    worst = any(reached or _beyond(path, most) & 0o022 for path, most in wide)
    path, most = wide[0]
    more = f" (and {len(wide) - 1:,} more)" if len(wide) > 1 else ""
    who = _who(_beyond(path, most))
    said = f"{path}{more} can be {who}; 'leverframe doctor --fix' ends that, or 'chmod {_spelt(most)} {path}'"
    return [DoctorFinding(WHAT, "failing" if worst else "watch", said)]


def _beyond(path: Path, most: int) -> int:
    return stat.S_IMODE(os.lstat(path).st_mode) & ~most & 0o077


def _wide(workspace: Workspace) -> Iterator[tuple[Path, int]]:
    """Each path whose mode allows more than it should, with the most that it should allow."""
    for path in _looked_at(workspace.root):
        try:
            mode = os.lstat(path).st_mode
        except FileNotFoundError:
            continue  # Gone since it was listed.
        if stat.S_ISLNK(mode):
            continue
        most = 0o755  # Who may look at it is decided by the folder around it; to change it is nobody else's.
        if path == workspace.root or (path.parent == workspace.root and path.name in FOLDERS):
            most = FOLDER
        elif path.suffix in _SECRETS:
            most = SECRET
        elif path.name.startswith(workspace.ledger.name):
            most = FILE
        if stat.S_IMODE(mode) & ~most & 0o077:
            yield path, most | 0o7700


def _looked_at(root: Path) -> Iterator[Path]:
    yield root
    for path in sorted(root.iterdir()):
        yield path
        if path.is_dir() and not path.is_symlink():
            yield from (each for each in sorted(path.iterdir()) if each.suffix in _SECRETS)


def _who(bits: int) -> str:
    for who, shift in (("others than this account", 0), ("its group", 3)):
        found = [word for word, bit in (("read", 4), ("changed", 2), ("entered", 1)) if bits >> shift & bit]
        if found:
            return f"{' and '.join(found)} by {who}"
    return "reached by others"


def _spelt(most: int) -> str:
    known = {FOLDER & 0o077: "g-w,o-rwx", FILE & 0o077: "g-wx,o-rwx", SECRET & 0o077: "go-rwx"}
    return known.get(most & 0o077, "go-w")
