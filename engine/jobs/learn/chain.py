"""The way back from a version to the one that was trained from scratch, parent by parent."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from engine.clock import moment
from engine.storage.objects import ObjectStore
from engine.versions import document as documents
from engine.versions.records import LearntSection, VersionDocument

LONGEST = 10_000


@dataclass(frozen=True)
class Chain:
    """``learnt``: the digests of the versions that learnt, the newest first, and ``lessons``: what each of them learnt;
    ``root``: the one trained from scratch, whose digest is ``first``."""

    learnt: tuple[str, ...]
    root: VersionDocument
    first: str = ""
    lessons: tuple[LearntSection, ...] = ()

    @property
    def boundary(self) -> datetime | None:
        """The last moment of what the root was trained on."""
        return moment(self.root.data.boundary) if self.root.data.boundary else None

    @property
    def versions(self) -> tuple[str, ...]:
        """The digests of all of them, the newest first."""
        return *self.learnt, self.first

    def checkpoint(self, decided: Collection[str]) -> str:
        """The newest version that somebody ``decided`` on, by its digest; the root where that is none of them. What a
        learner made live by itself is nobody's decision but its own."""
        return next((each for each in self.learnt if each in decided), self.first)


def chain_of(store: ObjectStore, digest: str, document: VersionDocument) -> Chain:
    """The chain of the version with ``digest``. Raises Damage where a parent cannot be read, or there is no end."""
    learnt: list[str] = []
    lessons: list[LearntSection] = []
    while document.lineage.learnt is not None and len(learnt) < LONGEST:
        learnt.append(digest)
        lessons.append(document.lineage.learnt)
        digest = document.lineage.learnt.parent
        document = documents.load(store, digest)
    return Chain(tuple(learnt), document, digest, tuple(lessons))
