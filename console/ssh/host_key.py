"""The door's own key, by which clients know it again: Ed25519, made at the first start, for the account alone."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import NotFound, Refusal
from engine.storage.atomic import sync_folder
from engine.storage.disk import refused

if TYPE_CHECKING:
    import asyncssh


def path_of(home: Path) -> Path:
    return home / "keys" / "ssh_host_ed25519_key"


def find(home: Path) -> asyncssh.SSHKey:
    """The key of the workspace at ``home``.

    Raises NotFound where there is none yet, and Refusal where others can read it or nobody can.
    """
    import asyncssh

    path = path_of(home)
    with refused(f"The host key {path} cannot be read"):
        try:
            mode = path.stat().st_mode
            content = path.read_bytes()
        except FileNotFoundError:
            raise NotFound("There is no host key yet; 'leverframe ssh' makes one when it starts first.") from None
    if mode & 0o077:
        raise Refusal(f"Others may reach the host key {path}, so it proves nothing; chmod 600 it, or remove it.")
    try:
        return asyncssh.import_private_key(content)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError):
        raise Refusal(
            f"{path} holds no host key; put it back from a copy, or remove it: a new one is made, and clients warn."
        ) from None


def find_or_make(home: Path) -> asyncssh.SSHKey:
    """The same, made where there is none; whoever begins at the same moment gets the same one."""
    import asyncssh

    with suppress(NotFound):
        return find(home)
    path = path_of(home)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    made = asyncssh.generate_private_key("ssh-ed25519", comment="leverframe")
    with refused(f"The host key {path} cannot be made"):
        path.parent.mkdir(mode=0o700, exist_ok=True)
        try:
            with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(made.export_private_key())
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):
                os.link(fresh, path)  # Whole or not at all, and never over one that is there.
            sync_folder(path.parent)
        finally:
            fresh.unlink(missing_ok=True)
    return find(home)


def fingerprint(key: asyncssh.SSHKey) -> str:
    return key.get_fingerprint("sha256")
