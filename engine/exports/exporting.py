"""One export from end to end: rows and answers of the version, the conversion, the comparison, the folder, the entry.

Everything is worked on in the workspace's cache; the folder that was asked for appears when all of it is done. Killed
before, nothing has that name. The entry comes first: killed right behind it the list names a folder that is not there,
which is better than a folder that no list knows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from engine.audit import trail
from engine.clock import moment
from engine.environments.records import Lock
from engine.errors import Refusal, StepFailed
from engine.exports import book, folder
from engine.exports.contained_step import Bench
from engine.exports.converting import convert, measured
from engine.exports.environment import built, export_lock
from engine.exports.holdout import HoldoutRows, holdout_rows
from engine.exports.pages import About
from engine.exports.records import Export
from engine.exports.targets import Target
from engine.projects.manifest.reader import load_manifest
from engine.records import Actor
from engine.runs.steps.launch import Launch, Stage
from engine.scoring.scorer import StepScorer, text_predicted
from engine.scoring.unpacked import keeps_types
from engine.storage import temporary
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace
from engine.versions import document as documents
from engine.versions.absent_data import refuse_absent
from engine.versions.environment import lock_of, standing
from engine.versions.parity import THRESHOLDS, Parity

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.versions.records import VersionDocument

Tell = Callable[[str], None]
# The files that a converter can read a model from: what train returned, or what was trained elsewhere.
_READ = {"model.pickle", "model.joblib", "model.skops"}


@dataclass(frozen=True)
class Wish:
    """What somebody asks for. ``force``: write it though parity does not hold, which takes a ``reason``."""

    label: str
    digest: str
    target: Target
    out: Path
    force: bool
    reason: str
    used_by: str


def export(
    workspace: Workspace, ledger: Ledger, store: ObjectStore, wish: Wish, by: Actor, now: datetime, tell: Tell
) -> Export:
    """Make the export. Raises Refusal for whatever is in its way, with the figures where that is parity."""
    folder.check_free(wish.out)
    document = documents.of_version(store, wish.label, wish.digest)
    _refuse_own_code(document, wish)
    with temporary.kept(temporary.WORK, workspace.cache) as work:
        version = _Version(workspace, store, document, wish.label, work)
        tell("rows of the holdout")
        rows = version.rows()
        tell("the version's own answers")
        answers = version.answers(rows)
        tell("the packages of the converter")
        lock = export_lock(version.lock, wish.target, wish.label, work, workspace.cache)
        marker = f"{workspace.token}:export"
        bench = Bench(work / "code", built(lock, workspace), workspace.root, marker, work)
        tell(f"converting to {wish.target.words}")
        converted = convert(bench, wish.target, wish.label, work / "model", rows)
        tell("scoring what was made, and comparing")
        regression = document.metrics.task == "regression"
        made, parity = measured(bench, wish.target, wish.label, converted, rows, answers, regression=regression)
        _refuse_unequal(wish, parity)
        forced = None if parity.holds else wish.reason
        title = str(document.settings["project"].get("title") or document.project)
        about = About(wish.label, wish.digest, title, wish.target, _packages(lock, wish.target), forced)
        files = folder.contents(about, made, parity)
        return _published(ledger, wish, parity, files, by, now)


def _published(
    ledger: Ledger, wish: Wish, parity: Parity, files: dict[str, bytes], by: Actor, now: datetime
) -> Export:
    project, _, number = wish.label.partition("@")
    made = Export(
        id=0,
        project=project,
        number=int(number),
        kind=wish.target.kind,
        dialect=wish.target.dialect,
        digest=folder.digest_of(files),
        folder=str(wish.out.absolute()),
        parity=parity,
        forced=not parity.holds,
        used_by=wish.used_by,
        reason=wish.reason,
        by=by.name,
        at=now,
    )
    beside = folder.write_folder(wish.out, files)
    try:
        with ledger.write() as db:
            folder.check_free(wish.out)
            made = book.register(db, made)
            details = {"export": made.id, "to": wish.target.name, "digest": made.digest, "forced": made.forced}
            details |= {"parity": parity.sentence}
            trail.append(db, at=now, actor=by, action="export", subject=wish.label, reason=wish.reason, details=details)
        folder.publish(beside, wish.out)
    except BaseException:
        folder.discard(beside)
        raise
    return made


def _refuse_own_code(document: VersionDocument, wish: Wish) -> None:
    train = document.settings["train"]
    if "score" in train:
        raise Refusal(
            f"{wish.label} scores with code of its own ([train] score), which no converter reads; have train return "
            "an estimator that scores by itself, retrain, and export that version."
        )
    held = {file.path for file in document.model.files}
    if "model.onnx" in held:
        raise Refusal(
            f"{wish.label} is an ONNX file that was made elsewhere, and nothing of it is converted; its callers take "
            "that file from the project."
        )
    if not held & _READ:
        raise Refusal(
            f"{wish.label} holds no scikit-learn model, which is what converters read; have its callers score through "
            "the version itself."
        )


def _refuse_unequal(wish: Wish, parity: Parity) -> None:
    if parity.holds or wish.force:
        return
    raise Refusal(
        f"The export of {wish.label} to {wish.target.words} does not answer as the version does: "
        f"{'; '.join(parity.why)} ({parity.sentence}). Nothing was written; "
        "--force --reason TEXT writes it, and has it say so."
    )


def _packages(lock: Lock, target: Target) -> tuple[str, ...]:
    """Those of the target's own packages, with their versions."""
    wanted = {each.split("=")[0].split(">")[0] for each in target.packages} - {"pyarrow"}
    return tuple(f"{each.name} {each.version}" for each in lock.packages if each.name in wanted)


class _Version:
    """The version, unpacked in the folder ``work``."""

    def __init__(
        self, workspace: Workspace, store: ObjectStore, document: VersionDocument, label: str, work: Path
    ) -> None:
        self._workspace, self._document, self._label, self._work = workspace, document, label, work
        refuse_absent(store, document, label, "an export of it could be held against nothing")
        for part, files in documents.folders(document).items():
            documents.write_folder(store, files, work / part)
        self._manifest = load_manifest(work / "code", of_version=True)
        self.lock = lock_of(store, document)

    def rows(self) -> HoldoutRows:
        return holdout_rows(self._document, self._manifest, self._work / "data", THRESHOLDS.rows)

    def answers(self, rows: HoldoutRows) -> pa.Table:
        """What the version's own scorer says of them. Raises Refusal."""
        room = self._work / "scoring"
        stage = Stage(
            code=self._work / "code",
            manifest=self._manifest,
            environment=standing(self._workspace, self.lock),
            lock=self.lock,
            marker=f"{self._workspace.token}:export",
            as_of=moment(self._document.lineage.as_of),
            types=keeps_types(self._document),
            workspace=self._workspace.root,
        )
        try:
            step = Launch(stage, "score", room, lambda done, text: None, title=f"scoring {self._label}")
            scorer = StepScorer(step, self._work / "model", text_predicted(stage, self._document.schema))
            return scorer.score(rows.inputs)
        except StepFailed as failed:
            said = f"{self._label} cannot be exported, for it does not score its own holdout: {failed}"
            raise Refusal(said) from None
