"""Batches of feedback held against what was answered for their keys, by a run that reads the request log anyway: a look
at health, and a learning run before it learns. Whoever takes labels in waits for nothing of it.

A batch is judged once, when the answers to its keys are in the log: when it has all of them, or else two minutes after
the batch came; until then a learner leaves it to the next run. Only answers count that the version which was live gave
itself. Where the log has none, nothing is judged, and nothing waits for it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from engine import clock
from engine.access.caller import SystemActor
from engine.feedback import agreement_book, book
from engine.feedback.agreement import Agreement, compared
from engine.feedback.quarantine import USUAL_ROWS
from engine.feedback.reading import Come
from engine.feedback.records import Key, Scalar
from engine.feedback.rows import as_kind, key_of, key_of_values
from engine.feedback.usual import moments
from engine.requests.answers import LIVE
from engine.runs.run_context import RunContext
from engine.storage.ledger import Ledger
from engine.versions.records import VersionDocument
from engine.vocabulary.log_columns import ANSWER, FALLBACK, KEY, ROLE

if TYPE_CHECKING:
    import pyarrow as pa

# Labels come days after their answers; by then the log may have let go of older ones.
BACK = timedelta(days=28)
# An answer is in the log a minute and some seconds after it was given (``requests.writer.LONGEST``). Who waits longer
# for the log has an alert that says so.
WRITTEN = timedelta(minutes=2)
_SAID = f"{ANSWER}prediction"


@dataclass(frozen=True)
class Judged:
    """Batches by their numbers: what is quarantined by it, and what counts and is judged later, as not all answers to
    its keys need be written yet."""

    held: frozenset[int] = frozenset()
    later: frozenset[int] = frozenset()


def judged(ledger: Ledger, context: RunContext, logged: pa.Table, key: Sequence[str]) -> Judged:
    """Judge what came to the project of ``context`` and was not judged yet.

    ``logged``: answers as ``requests.answers`` reads them, the oldest first. Raises Damage.
    """
    if context.live is None:
        return Judged()
    project, as_of = context.run.project, context.run.as_of
    with ledger.read() as db:
        _, numbers, usual = book.usual_labels(db, context.store, project, as_of)
    if numbers and usual.all.rows < USUAL_ROWS:
        return Judged()
    answers, kind = _answers(logged, key)
    if not answers or kind is None:
        return Judged()
    middle = moments(usual.all)[0] if numbers else None
    by, holdout = SystemActor("the feedback policy"), _holdout(context.live[1])
    held, later, after = set[int](), set[int](), 0
    while True:
        with ledger.read() as db:
            batches = agreement_book.unjudged(db, context.store, project, as_of - BACK, as_of, after)
        if not batches:
            return Judged(frozenset(held), frozenset(later))
        after = batches[-1].batch
        found = {
            each.batch: compared(
                ((answers[key_of(row)], label) for row in each.rows
                 if key_of(row) in answers and (label := as_kind(row.label, kind)) is not None),
                middle,
            ) for each in batches
        }  # fmt: skip
        ripe = [each for each in batches if each.at <= as_of - WRITTEN or found[each.batch].rows == len(each.rows)]
        held |= agreement_book.judge(ledger, project, found, ripe, holdout, by, clock.now())
        later |= {each.batch for each in batches if each.counts} - {each.batch for each in ripe}


def without(came: Sequence[Come], held: Collection[int], later: Collection[int] = ()) -> list[Come]:
    """What came, where the batches of ``held`` are quarantined and those of ``later`` not judged yet."""
    states: dict[int, Literal["quarantined", "unjudged"]] = dict.fromkeys(later, "unjudged")
    states |= dict.fromkeys(held, "quarantined")
    return [replace(each, state=states[each.batch]) if each.batch in states else each for each in came]


def fresh(came: Sequence[Come], as_of: datetime) -> frozenset[int]:
    """The batches that came so lately before ``as_of`` that the answers to their keys need not be written yet."""
    return frozenset(each.batch for each in came if each.at is not None and each.at > as_of - WRITTEN)


def _answers(logged: pa.Table, key: Sequence[str]) -> tuple[dict[Key, Scalar], pa.DataType | None]:
    """The newest answer to each key, and of which type answers are."""
    import pyarrow.compute as pc

    names = [KEY + name for name in key]
    if not key or any(name not in logged.column_names for name in (*names, _SAID)):
        return {}, None
    itself = pc.and_(pc.equal(logged.column(ROLE), LIVE), pc.equal(logged.column(FALLBACK).fill_null(""), ""))
    own = logged.filter(itself)
    keys = zip(*(own.column(name).to_pylist() for name in names), strict=True)
    found = {
        whose: said for values, said in zip(keys, own.column(_SAID).to_pylist(), strict=True)
        if said is not None and (whose := key_of_values(values)) is not None
    }  # fmt: skip
    return found, own.column(_SAID).type


def _holdout(document: VersionDocument) -> Agreement:
    """How far the live version agreed with the labels of its holdout, where these are of two classes."""
    judged = document.metrics
    found = judged.decisions.candidate if judged.decisions is not None else None
    if found is None or len(judged.classes) != 2:
        return Agreement()
    right, wrong = found.true_negatives + found.true_positives, found.false_negatives + found.false_positives
    no, yes = judged.classes
    return Agreement(
        right + wrong,
        right,
        {no: found.true_negatives + found.false_negatives, yes: found.true_positives + found.false_positives},
        {no: found.true_negatives + found.false_positives, yes: found.true_positives + found.false_negatives},
    )
