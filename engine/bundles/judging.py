"""Hold a version that came in against what is live here, on the holdout that travelled with it.

Both score the same rows in steps, each in its own environment; the engine's judge, a process, says what its manifest's
gates come to. What keeps them from being compared is told and keeps no version out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import clock
from engine.bundles.staging import StagingPlace
from engine.clock import moment
from engine.errors import Damage, LeverframeError, Refusal, StepFailed
from engine.json_records import read, write
from engine.projects.manifest.reader import Manifest, load_manifest
from engine.release.proof import Ground, of_workspace
from engine.runs.own_process import JUDGE, OwnProcess
from engine.runs.run_context import Ends
from engine.runs.steps.launch import Launch, Stage
from engine.runs.steps.step import StepResult
from engine.runs.steps.tables import with_types
from engine.scoring.scorer import StepScorer, text_predicted
from engine.scoring.unlearnt import unlearnt, worth_it
from engine.scoring.unpacked import Unpacked, keeps_types, schema_known_to
from engine.storage.blocks import read_folder
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace
from engine.text import plain
from engine.validation.holdout.split import Split, as_recorded
from engine.validation.judge_job import JudgeJob
from engine.validation.rules import rules_of
from engine.versions import absent_data
from engine.versions import document as documents
from engine.versions.environment import lock_of, supply_of
from engine.versions.judged_here import JudgedHere, untold
from engine.versions.records import JudgeAnswer

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.records import Version
    from engine.versions.records import VersionDocument

# What preparing the data found there, which holds here: the rows are the same.
_DOUBTS = ("key", "labels", "imported")


@dataclass(frozen=True)
class _Room:
    """Where the judge is at work; fills ``own_process.Host``."""

    workspace: Workspace
    folder: Path
    marker: str
    record: Callable[[StepResult], None] = lambda result: None
    watch: Callable[[Ends], None] = lambda process: None
    held: int | None = None


@dataclass(frozen=True)
class _Scored:
    """The rows, and what each said of them or why it did not; ``of_rows``: before some were left out."""

    parts: Split
    candidate: pa.Table
    live: pa.Table | None
    problem: str | None
    of_rows: int
    seconds: float


def judge_here(
    place: StagingPlace, document: VersionDocument, manifest: Manifest, ground: Ground, live: Version
) -> JudgedHere:
    """``document``, staged and proven, against ``live``. Raises Refusal where it does not score its own holdout."""
    at = clock.now()
    if absent_data.is_absent(place.staged, document):
        return _untold(document, live, at, "the data of the version that came in is not here")
    if document.learnt_until is not None:
        return _untold(document, live, at, "it went on to learn the rows that it was judged by")
    table, parts = _holdout(place, document, manifest)
    if parts.holdout.num_rows != document.data.holdout_rows:
        return _untold(document, live, at, "its data do not give the holdout that was recorded")
    own = _unpacked(place, place.staged, "the version that came in", document, ground, "candidate")
    if missing := own.lacking(parts.holdout):
        raise Damage(f"Its data has no {', '.join(plain(each, 60) for each in missing[:3])}, which its model takes.")
    try:
        said, seconds = _score(own, parts.holdout)
    except StepFailed as failed:
        raise Refusal(f"It does not score its own holdout: {failed}") from None
    theirs = documents.of_version(place.store, live.label, live.digest)
    told, problem, kept = _live_said(place, theirs, live, parts, manifest)
    scored = _Scored(parts, said, told, problem, parts.holdout.num_rows, seconds)
    if kept is not None:
        scored = _only(scored, kept)
    schema = schema_known_to(theirs, table, document.schema)
    answer = _judge(place, _job(place, document, manifest, scored, live.label, theirs, schema))
    return JudgedHere(at, live.label, scored.parts.holdout.num_rows, scored.of_rows, problem, answer)


def _untold(document: VersionDocument, live: Version, at: datetime, why: str) -> JudgedHere:
    return JudgedHere(at, live.label, 0, document.data.holdout_rows, why, untold(document, live.label, why))


def _holdout(place: StagingPlace, document: VersionDocument, manifest: Manifest) -> tuple[pa.Table, Split]:
    folder = place.folder / "judged-data"
    documents.write_folder(place.staged, document.data.files, folder)
    table = with_types(read_folder(folder), document.data.types or {})
    return table, as_recorded(table, manifest, moment(document.lineage.as_of), document.data.cut)


def _unpacked(
    place: StagingPlace, store: ObjectStore, label: str, document: VersionDocument, ground: Ground, name: str
) -> Unpacked:
    """The version's code and model in a folder of this import, with what its steps have in common."""
    home = place.folder / f"judged-{name}"
    home.mkdir()
    documents.write_folder(store, document.code.files, home / "code")
    documents.write_folder(store, document.model.files, home / "model")
    lock = lock_of(store, document)
    stage = Stage(
        code=home / "code",
        manifest=load_manifest(home / "code", of_version=True),
        environment=ground.environment_of(lock, supply_of(store, document)),
        lock=lock,
        marker=ground.marker,
        as_of=moment(document.lineage.as_of),
        types=keeps_types(document),
        workspace=place.workspace.root,
    )
    return Unpacked(label, document, home / "model", stage)


def _score(version: Unpacked, rows: pa.Table) -> tuple[pa.Table, float]:
    """What it says of ``rows``, and the seconds that this took. Raises StepFailed."""
    taken: list[float] = []
    room = version.model.with_name("scoring")
    step = Launch(version.stage, "score", room, lambda done, text: None, title=f"scoring {version.label}")
    text = text_predicted(version.stage, version.document.schema)
    scorer = StepScorer(step, version.model, text, lambda result: taken.append(result.seconds))
    return scorer.score(rows.select(version.features)), sum(taken)


def _live_said(
    place: StagingPlace, document: VersionDocument, live: Version, parts: Split, manifest: Manifest
) -> tuple[pa.Table | None, str | None, Any]:
    """What the live version says of the holdout, or why it says nothing; and the rows that it did not learn from, where
    those are not all."""
    label, rows = live.label, parts.holdout.num_rows
    try:
        found = _unpacked(place, place.store, label, document, of_workspace(place.workspace), "live")
        target, theirs = manifest.data.target, found.manifest.data.target
        if target != theirs:
            return None, f"{label} predicts '{plain(theirs, 60)}' and this one '{plain(target, 60)}'", None
        if missing := found.lacking(parts.holdout):
            return None, f"its data has no {', '.join(missing[:3])}, which {label} needs", None
        mask = unlearnt(place, found, parts, manifest.data.time)
        kept = rows if mask is None else int(mask.sum())
        if not worth_it(kept, rows):
            learnt = f"it learnt from {rows - kept:,} of these {rows:,} rows"
            return None, f"{learnt}, and would be held for better than it is", None
        return _score(found, parts.holdout)[0], None, mask if kept < rows else None
    except (LeverframeError, Damage) as problem:
        return None, str(problem).rstrip("."), None


def _only(scored: _Scored, kept: Any) -> _Scored:
    import pyarrow as pa

    mask = pa.array(kept)
    live = None if scored.live is None else scored.live.filter(mask)
    parts = replace(scored.parts, holdout=scored.parts.holdout.filter(mask))
    return replace(scored, parts=parts, candidate=scored.candidate.filter(mask), live=live)


def _job(
    place: StagingPlace, document: VersionDocument, manifest: Manifest, scored: _Scored, label: str,
    theirs: VersionDocument, schema: Any,
) -> JudgeJob:  # fmt: skip
    """The files that the judge reads, written, and the job that names them."""
    import pyarrow.parquet

    folder = place.folder / "judging"
    folder.mkdir()

    def written(name: str, table: pa.Table) -> str:
        path = folder / f"{name}.parquet"
        pyarrow.parquet.write_table(table, path, compression="lz4")
        return str(path)

    features, constant = document.model.features, theirs.metrics.constant_features
    return JudgeJob(
        manifest=rules_of(manifest),
        features=features,
        holdout=written("holdout", scored.parts.holdout),
        train=written("train", scored.parts.train.select([*features, manifest.data.target])),
        predictions=written("predictions", scored.candidate),
        train_seconds=document.model.train_seconds,
        score_seconds=scored.seconds,
        model_bytes=sum(each.size for each in document.model.files),
        schema=document.schema,
        doubts=tuple(gate for gate in document.gates if gate.kind in _DOUBTS),
        elsewhere=True,
        live=label,
        live_predictions=written("live-predictions", scored.live) if scored.live is not None else None,
        live_problem=scored.problem,
        reference_schema=schema,
        reference_rows=theirs.data.train_rows + theirs.data.holdout_rows,
        reference_classes=tuple(theirs.metrics.classes) or None,
        reference_constant=None if constant is None else tuple(constant),
    )


def _judge(place: StagingPlace, job: JudgeJob) -> JudgeAnswer:
    """What the judge says. Raises Refusal where it cannot."""
    judge = OwnProcess(JUDGE, _Room(place.workspace, place.folder / "judging", f"{place.workspace.token}:import"))
    try:
        return read(JudgeAnswer, judge.ask(write(job)), "The judgement")
    except StepFailed as failed:
        raise Refusal(f"It cannot be judged here: {failed}") from None
    finally:
        judge.close()
