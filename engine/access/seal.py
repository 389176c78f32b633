"""Seals: what shows that a command line about a key was written by the workspace itself.

The system's sshd checks a key and then runs the command that stands before it in ``authorized_keys``; that command says
which key it was. Without the workspace's secret nobody can write such a command for another key. Whoever is the account
can read the secret, and could write the ledger just as well.
"""

from __future__ import annotations

import hmac
from pathlib import Path

from engine.errors import Forbidden, Refusal
from engine.storage import secret_file
from engine.storage.disk import refused

FILE = "ssh_seal.key"
_FOR = b"leverframe: this key came in through sshd\0"


def path_of(root: Path) -> Path:
    return root / "keys" / FILE


def of(root: Path, fingerprint: str) -> str:
    """The seal on ``fingerprint`` of the workspace at ``root``, whose secret is made where there is none."""
    with refused("The secret that keys are sealed with cannot be made"):
        secret_file.make(path_of(root))
    return _seal(root, fingerprint)


def check(root: Path, fingerprint: str, seal: str) -> None:
    """Raises Forbidden where ``seal`` is not this workspace's on ``fingerprint``."""
    right = _seal(root, fingerprint)
    if not hmac.compare_digest(right.encode(), seal.encode("utf-8", "replace")):
        raise Forbidden(
            "This command was not written by 'leverframe operators export-keys' of this workspace for this key; write "
            "authorized_keys anew with it."
        )


def _seal(root: Path, fingerprint: str) -> str:
    with refused("The secret that keys are sealed with cannot be read"):
        secret = secret_file.content(path_of(root))
    if secret is None:
        raise Refusal(f"{path_of(root)} holds no secret; remove it, and 'leverframe operators export-keys' makes one.")
    return hmac.new(secret, _FOR + fingerprint.encode("utf-8", "replace"), "sha256").hexdigest()
