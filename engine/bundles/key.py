"""The key that a workspace signs its bundles with, and what a signature of another's is worth.

Ed25519 (RFC 8032). The seed is a file that only the workspace's account may read; it is made when the first bundle is
written, and it is in no bundle and no backup.
"""

from __future__ import annotations

from base64 import b64decode
from pathlib import Path
from typing import TYPE_CHECKING

from engine.access.public_key import PublicKey, ed25519, parse
from engine.errors import Invalid, Refusal
from engine.storage import secret_file
from engine.storage.disk import refused

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def path_of(root: Path) -> Path:
    return root / "keys" / "bundle.key"


def sign(root: Path, content: bytes) -> bytes:
    """The signature of the workspace at ``root``, 64 bytes. Raises Refusal."""
    return _private(root).sign(content)


def own(root: Path) -> PublicKey:
    """The public key of the workspace at ``root``, whose key is made when there is none. Raises Refusal."""
    return ed25519(_private(root).public_key().public_bytes_raw())


def _private(root: Path) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    path = path_of(root)
    with refused("The key that bundles are signed with could not be made"):
        secret_file.make(path)
    with refused(f"The key {path} cannot be read"):
        seed = secret_file.content(path)
    if seed is None:
        raise Refusal(f"{path} holds no key; move it away, and the next bundle is signed with a new one.")
    return Ed25519PrivateKey.from_private_bytes(seed)


def public_key(line: str) -> PublicKey:
    """The public key in ``line``, as a bundle's public-key.txt and ``leverframe trust`` have it. Raises Invalid."""
    found = parse(line)
    if found.kind != "ssh-ed25519" or len(b64decode(found.encoded)) != len(b64decode(ed25519(bytes(32)).encoded)):
        raise Invalid("No bundle is signed with such a key; give the line that 'leverframe trust' shows there.")
    return found


def holds(key: PublicKey, signature: bytes, content: bytes) -> bool:
    """Whether ``signature`` is that of ``key`` over ``content``."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(b64decode(key.encoded)[-32:]).verify(signature, content)
    except (InvalidSignature, ValueError):
        return False
    return True
