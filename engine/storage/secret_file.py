"""Secrets of a workspace, each in a file that only its account may read, made once and never over another."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

BYTES = 32


def make(path: Path) -> None:
    """Put a new secret at ``path``, where there is none. Raises OSError."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    temporary = path.with_name(f".{secrets.token_hex(6)}.tmp")
    if path.exists():
        return
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(temporary, path)  # Of two that make one at the same time the first stays.
    finally:
        temporary.unlink()


def content(path: Path) -> bytes | None:
    """The secret at ``path``; None where the file holds none. Raises OSError."""
    try:
        found = bytes.fromhex(path.read_text("ascii", "replace").strip())
    except ValueError:
        return None
    return found if len(found) == BYTES else None
