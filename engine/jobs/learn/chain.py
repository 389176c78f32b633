"""The way back from a version to the one that was trained from scratch, parent by parent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engine.clock import moment
from engine.storage.objects import ObjectStore
from engine.versions import document as documents
from engine.versions.records import VersionDocument

LONGEST = 10_000


@dataclass(frozen=True)
class Chain:
    """``learnt``: the digests of the versions that learnt, the newest first; ``root``: the one trained from scratch."""

    learnt: tuple[str, ...]
    root: VersionDocument

    @property
    def boundary(self) -> datetime | None:
        """The last moment of what the root was trained on."""
        return moment(self.root.data.boundary) if self.root.data.boundary else None


def chain_of(store: ObjectStore, digest: str, document: VersionDocument) -> Chain:
    """The chain of the version with ``digest``. Raises Damage where a parent cannot be read, or there is no end."""
    learnt: list[str] = []
    while document.lineage.learnt is not None and len(learnt) < LONGEST:
        learnt.append(digest)
        digest = document.lineage.learnt.parent
        document = documents.load(store, digest)
    return Chain(tuple(learnt), document)
