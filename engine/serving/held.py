"""A version that a worker holds ready in memory, loaded beside what answers and proven before it may."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.release.proof import reproduced
from engine.scoring.ready import ReadyScorer
from engine.storage.objects import ObjectStore
from engine.versions import document as documents

if TYPE_CHECKING:
    from engine.projects.manifest.records import ServeSpec
    from engine.scoring.trials import Trial
    from engine.versions.records import VersionDocument

Key = tuple[str, str]  # a version's label and digest
# Given a version's label, its document and a folder that is not there yet and is the scorer's until it is closed.
OpenReady = Callable[[str, "VersionDocument", Path], ReadyScorer]


@dataclass(frozen=True)
class Loaded:
    """A version in memory. ``rows``: its golden rows, all of which it reproduced here; ``at``: when, by the monotonic
    clock."""

    label: str
    digest: str
    document: VersionDocument
    scorer: ReadyScorer
    folder: Path
    rows: int
    at: float

    @property
    def key(self) -> Key:
        return self.label, self.digest

    def close(self) -> None:
        self.scorer.close()
        shutil.rmtree(self.folder, ignore_errors=True)


@dataclass(frozen=True)
class Held:
    """What a request is answered with: the version that ``seq``, a deployment, made live.

    ``previous``: the version that a rollback goes to, where this worker holds it. ``out``: why the version itself is
    asked no more, where it crashed too often; then only its fallback answers. ``trial``: what runs beside it, and
    ``beside`` that candidate, held and proven by this worker; None where it is not ready, and then the live one alone
    answers everybody. The candidate is held under the rules of the live version, for those are in force.
    """

    label: str
    digest: str
    seq: int
    document: VersionDocument
    scorer: ReadyScorer
    spec: ServeSpec
    previous: Held | None = None
    out: str | None = None
    trial: Trial | None = None
    beside: Held | None = None

    @property
    def project(self) -> str:
        return self.label.rpartition("@")[0]


def load(
    store: ObjectStore, key: Key, folder: Path, open_ready: OpenReady, monotonic: Callable[[], float]
) -> Loaded:
    """Take the version out of the store into ``folder``, hold it ready and prove its golden rows.

    Raises Damage, Refusal, StepFailed or OSError; then nothing of it is left.
    """
    label, digest = key
    document = documents.of_version(store, label, digest)
    scorer = None
    try:
        scorer = open_ready(label, document, folder)
        rows = reproduced(store, document, label, scorer)
    except BaseException:
        if scorer is not None:
            scorer.close()
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return Loaded(label, digest, document, scorer, folder, rows, monotonic())
