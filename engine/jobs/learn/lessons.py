"""What a project's learner is and has learnt so far, for whoever looks."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from engine.errors import Damage, Refusal
from engine.feedback import book, freezing, resetting
from engine.feedback.records import Freeze
from engine.feedback.resetting import Reset
from engine.jobs.learn.resets import labelled
from engine.projects import registry
from engine.projects.manifest.reader import manifest_of
from engine.projects.manifest.records import LearnSpec
from engine.records import Version
from engine.runs import history
from engine.storage.objects import ObjectStore
from engine.text import span
from engine.versions import catalog
from engine.versions import document as documents
from engine.versions.records import LearntSection
from engine.vocabulary.jobs import LEARN


@dataclass(frozen=True)
class Lesson:
    """A version that learnt, and what it learnt on top of which other."""

    version: Version
    parent: str
    learnt: LearntSection


@dataclass(frozen=True)
class LearnerReset:
    """That the learner was reset, and the label of the version that it went on from."""

    reset: Reset
    checkpoint: str


@dataclass(frozen=True)
class Learner:
    """``rule``: what the live version's manifest says, as a sentence; None where it has no learner. ``batches``: of
    feedback, of which ``quarantined`` wait for a person. ``run``: the learning run that is under way. ``lessons`` and
    ``resets``: the newest first. ``begins``: from which version it goes on, where that is not the live one."""

    project: str
    live: str | None
    rule: str | None
    frozen: Freeze | None
    batches: int
    quarantined: int
    run: int | None
    lessons: tuple[Lesson, ...]
    resets: tuple[LearnerReset, ...] = ()
    begins: str | None = None


def learner(db: sqlite3.Connection, store: ObjectStore, project: str, limit: int) -> Learner:
    """Everything about the learner of ``project``. Raises NotFound; of what cannot be read nothing is told."""
    registry.find(db, project)
    live, rule = catalog.live(db, project), None
    if live is not None:
        try:
            spec = spec_of(store, live)
            rule = in_words(spec) if spec.asked else None
        except Damage:
            rule = None
    run = history.busy(db, project, LEARN.name)
    resets = tuple(
        LearnerReset(each, labelled(db, project, each.checkpoint) or each.checkpoint[:12])
        for each in resetting.listed(db, project)
    )
    stands = live is not None and bool(resets) and resets[0].reset.live == live.digest != resets[0].reset.checkpoint
    return Learner(
        project=project,
        live=live.label if live is not None else None,
        rule=rule,
        frozen=freezing.standing(db, project),
        batches=book.count(db, project),
        quarantined=book.quarantined(db, project),
        run=run,
        lessons=tuple(_lessons(db, store, project, limit)),
        resets=resets,
        begins=resets[0].checkpoint if stands else None,
    )


def spec_of(store: ObjectStore, live: Version) -> LearnSpec:
    """What the manifest of a version says of learning. Raises Damage."""
    return manifest_of(dict(documents.of_version(store, live.label, live.digest).settings)).learn


def refuse_unasked(spec: LearnSpec, label: str) -> None:
    """Raise Refusal where the version called ``label`` says nothing of learning."""
    if not spec.asked:
        raise Refusal(f"{label} has no [learn] in its leverframe.toml; write one, retrain, and approve the version.")


def _lessons(db: sqlite3.Connection, store: ObjectStore, project: str, limit: int) -> list[Lesson]:
    found = []
    for digest in book.versions_that_learnt(db, project, limit):
        for version in catalog.with_digest(db, digest):
            try:
                lineage = documents.of_version(store, version.label, digest).lineage
            except Damage:
                continue
            if version.project == project and lineage.learnt is not None:
                found.append(Lesson(version, lineage.parent or "", lineage.learnt))
    return found


def in_words(spec: LearnSpec) -> str:
    """What ``[learn]`` says, as a sentence. Pure."""
    often = f"every {span(spec.every.total_seconds())}" if spec.every is not None else "when it is told to"
    said = f"It learns {often} where {spec.rows:,} labels are new"
    if spec.on_drift is not None:
        does = "somebody is told" if spec.on_drift == "tell" else "it is reset to a checkpoint"
        said = f"{said}; where its errors surely grow, {does}"
    if spec.approval != "guarded":
        return f"{said}, and a person decides what becomes of it."
    least = span(spec.at_most_every.total_seconds())
    return (
        f"{said}. What it learnt goes live by itself where all gates pass, it is not surely below the live version, at "
        f"most {spec.most_changed:.1%} of decisions change and {least} have gone by since the last time; else a person "
        "decides."
    )

