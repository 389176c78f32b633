"""The key that a workspace signs its backups with: a file that only its account may read, and that is in no backup."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from engine.errors import Refusal
from engine.storage.disk import refused

_BYTES = 32


def path_of(root: Path) -> Path:
    return root / "keys" / "backup.key"


def own(root: Path) -> bytes:
    """The key of the workspace at ``root``, made when there is none. Raises Refusal."""
    path = path_of(root)
    with refused("The key that backups are signed with could not be made"):
        path.parent.mkdir(mode=0o700, exist_ok=True)
        temporary = path.with_name(f".{secrets.token_hex(6)}.tmp")
        if not path.exists():
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_hex(_BYTES) + "\n")
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(temporary, path)  # Of two that make one at the same time the first stays.
            except FileExistsError:
                pass
            finally:
                temporary.unlink()
    return read(path)


def read(path: Path) -> bytes:
    """The key in the file ``path``. Raises Refusal."""
    with refused(f"The key {path} cannot be read"):
        text = path.read_text("ascii", "replace").strip()
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != _BYTES:
        raise Refusal(f"{path} holds no key; name the file keys/backup.key of the workspace that made the backup.")
    return key


def keep(root: Path, key: bytes) -> None:
    """Give the workspace at ``root``, which has none, this key."""
    path = path_of(root)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(key.hex() + "\n")
