"""What a backup says of itself, pure: the document that makes a folder of objects a backup, its digest and signature.

    digest    = SHA-256 of the canonical document without digest and signature
    signature = HMAC-SHA-256 of that digest under the workspace's key, which is never part of the backup

The digest tells damage. The signature tells whoever has the key whether this workspace made the backup, or somebody
made it up. Neither tells that a newer backup was put away; the head of the trail, noted elsewhere, does.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterable, Set
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any, Literal

from engine.audit.chain import canonical
from engine.errors import Damage
from engine.storage.objects import Stored

KIND, FORMAT = "leverframe backup", 1
_DIGEST = re.compile(r"[0-9a-f]{64}")
Signature = Literal["holds", "wrong", "no key", "none"]


@dataclass(frozen=True)
class MissingObject:
    """An object that a version needs and that the store did not have whole when the backup was made."""

    digest: str
    version: str


@dataclass(frozen=True)
class BackupManifest:
    """One backup. ``workspace``: the digest of the first row of its trail. ``objects``: those of the workspace, sorted;
    those of the ledger stand in ``ledger``. ``rows`` and ``head``: how far the trail went, and its last digest."""

    workspace: str
    home: str
    made_at: str
    made_by: str
    ledger: Stored
    schema: int
    rows: int
    head: str
    objects: tuple[str, ...]
    lacking: tuple[MissingObject, ...] = ()

    def named(self) -> set[str]:
        """Every object that the backup needs."""
        return {*self.objects, *self.ledger.chunks}

    def document(self) -> dict[str, Any]:
        """What is digested."""
        return {
            "kind": KIND,
            "format": FORMAT,
            **asdict(self),
            "ledger": self.ledger.document(),
            "objects": list(self.objects),
            "lacking": [asdict(each) for each in self.lacking],
        }

    def digest(self) -> str:
        return sha256(canonical(self.document()).encode()).hexdigest()


def written(manifest: BackupManifest, key: bytes) -> bytes:
    """The file of a manifest, signed with ``key``."""
    digest = manifest.digest()
    signature = {"key": fingerprint(key), "hmac": _signed(digest, key)}
    whole = {**manifest.document(), "digest": digest, "signature": signature}
    return json.dumps(whole, sort_keys=True, indent=1).encode()


def read(content: bytes) -> tuple[BackupManifest, dict[str, str]]:
    """The manifest in a file and its signature, which nobody has looked at. Raises Damage when it is not as written."""
    try:
        document = json.loads(content)
        digest, signature = document.pop("digest"), document.pop("signature")
        if document.get("kind") != KIND or document.get("format") != FORMAT:
            raise Damage(f"its format is {document.get('format')!a}, and this Leverframe reads {FORMAT}")
        manifest = BackupManifest(
            workspace=_checked(document["workspace"]),
            home=str(document["home"]),
            made_at=str(document["made_at"]),
            made_by=str(document["made_by"]),
            ledger=_checked_ledger(Stored.of(document["ledger"])),
            schema=int(document["schema"]),
            rows=int(document["rows"]),
            head=_checked(document["head"]),
            objects=tuple(map(_checked, document["objects"])),
            lacking=tuple(
                MissingObject(_checked(each["digest"]), str(each["version"])) for each in document["lacking"]
            ),
        )
        said = {"key": str(signature["key"]), "hmac": str(signature["hmac"])}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Damage("it is not what was written") from None
    if manifest.digest() != digest or manifest.document() != document:
        raise Damage("it was changed since it was written")
    return manifest, said


def _checked(digest: object) -> str:
    """A digest becomes the name of a file, so it has to be one."""
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise ValueError
    return digest


def _checked_ledger(stored: Stored) -> Stored:
    _checked(stored.digest)
    for chunk in stored.chunks:
        _checked(chunk)
    return stored


def fingerprint(key: bytes) -> str:
    """What names a key without giving it away."""
    return sha256(b"leverframe key " + key).hexdigest()[:16]


def _signed(digest: str, key: bytes) -> str:
    return hmac.new(key, digest.encode(), sha256).hexdigest()


def signature_of(manifest: BackupManifest, signature: dict[str, str], key: bytes | None) -> Signature:
    """Whether the signature is that of ``key``; None: nobody has it."""
    if key is None:
        return "no key"
    return "holds" if hmac.compare_digest(signature["hmac"], _signed(manifest.digest(), key)) else "wrong"


def to_copy(wanted: Iterable[str], there: Set[str]) -> list[str]:
    """The objects that a backup which has those ``there`` is without."""
    return sorted(digest for digest in set(wanted) if digest not in there)


def to_drop(there: Iterable[str], manifests: Iterable[BackupManifest]) -> list[str]:
    """The objects that no backup needs any more: the newest and the one before it keep theirs."""
    named: set[str] = set().union(*(manifest.named() for manifest in manifests))
    return sorted(digest for digest in there if digest not in named)
