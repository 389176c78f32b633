"""Which requests are kept where not all are: by a keyed hash of the request's id, so that it can be said afterwards
whether one was, and nobody who names their requests can choose."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path

from engine.errors import Damage
from engine.storage import secret_file
from engine.storage.disk import refused
from engine.storage.workspace import Workspace

_RANGE = 1 << 64


def key_of(workspace: Workspace) -> bytes:
    """The key of this workspace, made the first time. Raises Refusal where it cannot be read, Damage for no key."""
    path = _path(workspace)
    with refused("The key by which requests are sampled cannot be read"):
        secret_file.make(path)
        found = secret_file.content(path)
    if found is None:
        raise Damage(f"{path} holds no key; delete it, and requests are sampled by a new one.")
    return found


def _path(workspace: Workspace) -> Path:
    return workspace.requests / "sampling.key"


def is_kept(request: str, share: float, key: bytes) -> bool:
    """Whether the request with that id is among the ``share`` that is kept."""
    if share >= 1:
        return True
    drawn = blake2b(request.encode("utf-8", "replace"), digest_size=8, key=key).digest()
    return int.from_bytes(drawn, "big") < share * _RANGE
