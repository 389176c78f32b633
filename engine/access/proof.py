"""How somebody proves who they are: by the account that their process runs as, or by a key that a door checked.

A name proves nothing. A key's signature is checked by whoever lets its holder in, the SSH door or the system's sshd;
what comes here is which key it was.
"""

from __future__ import annotations

import os
import pwd
import socket
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal

Kind = Literal["account", "key"]
_MACHINE_ID = Path("/etc/machine-id")


@dataclass(frozen=True)
class AccountProof:
    """An account of a machine. The same name, or the same number, of another machine is another account."""

    name: str
    uid: int
    machine: str
    host: str

    kind: Kind = "account"

    @property
    def value(self) -> str:
        """What a binding holds of it."""
        return f"{self.machine}:{self.uid}:{self.name}"

    @property
    def label(self) -> str:
        """It for people: ``ada@host``."""
        return f"{self.name}@{self.host}"

    @property
    def words(self) -> str:
        """It as the trail has it."""
        return f"account {self.label}"


@dataclass(frozen=True)
class KeyProof:
    """A public key, by its fingerprint (``SHA256:…``). ``source``: from where its holder came."""

    fingerprint: str
    source: str = ""

    kind: Kind = "key"

    @property
    def value(self) -> str:
        return self.fingerprint

    @property
    def label(self) -> str:
        return self.fingerprint

    @property
    def words(self) -> str:
        return f"key {self.fingerprint}"


Proof = AccountProof | KeyProof


def of_process() -> AccountProof:
    """The account that this process runs as: the system's word, never that of a variable."""
    uid = os.geteuid()
    return AccountProof(_name(uid), uid, machine(), socket.gethostname())


def of_account(name: str) -> AccountProof | None:
    """The account ``name`` of this machine; None where it has none."""
    try:
        found = pwd.getpwnam(name)
    except (KeyError, ValueError):
        return None
    return AccountProof(found.pw_name, found.pw_uid, machine(), socket.gethostname())


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:  # As in a container that is run under any number.
        return str(uid)


def machine(identity: Path = _MACHINE_ID) -> str:
    """What tells this machine from others: its host's name may change, its identity does not.

    Of the identity only a digest: what it is itself is to be kept from others (machine-id(5)). Where a machine has
    none, its host's name has to do.
    """
    try:
        said = identity.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        said = ""
    return sha256(f"leverframe {said or socket.gethostname()}".encode()).hexdigest()[:16]
