"""The key that a workspace signs its backups with: a file that only its account may read, and that is in no backup."""

from __future__ import annotations

import os
from pathlib import Path

from engine.errors import Refusal
from engine.storage import secret_file
from engine.storage.disk import refused


def path_of(root: Path) -> Path:
    return root / "keys" / "backup.key"


def own(root: Path) -> bytes:
    """The key of the workspace at ``root``, made when there is none. Raises Refusal."""
    with refused("The key that backups are signed with could not be made"):
        secret_file.make(path_of(root))
    return read(path_of(root))


def read(path: Path) -> bytes:
    """The key in the file ``path``. Raises Refusal."""
    with refused(f"The key {path} cannot be read"):
        key = secret_file.content(path)
    if key is None:
        raise Refusal(f"{path} holds no key; name the file keys/backup.key of the workspace that made the backup.")
    return key


def keep(root: Path, key: bytes) -> None:
    """Give the workspace at ``root``, which has none, this key."""
    path = path_of(root)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(key.hex() + "\n")
