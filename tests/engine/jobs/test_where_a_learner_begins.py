"""Where a learner goes on after it was reset, what it remembers then, and who has the last word on a reset."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.api import Engine
from engine.clock import stamp
from engine.errors import Conflict
from engine.feedback import resetting
from engine.jobs.learn.chain import Chain, chain_of
from engine.jobs.learn.drift import Drift
from engine.jobs.learn.resets import Beginning, begin, drift_of, reset
from engine.versions import document as documents
from engine.versions.records import CurvePoint, LearntSection
from tests import tiny
from tests.builders.runs import queued
from tests.builders.versions import candidate, release
from tests.ledger import ledger_of, reading, store_of, writing
from tests.people import open_engine
from tests.version_documents import WHOLE

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
DRIFT = Drift(NOW - timedelta(hours=5), 0.1, 0.6, 80)


def learnt(parent: str, *curve: CurvePoint) -> LearntSection:
    return LearntSection(parent, 10, stamp(NOW), stamp(NOW), {}, "accuracy", curve, 0.01)


@pytest.fixture
def engine(home: Path) -> Iterator[Engine]:
    """tiny@1 was trained from scratch, tiny@2 learnt on top of it, and is live."""
    opened = open_engine(home, "ada", create=True)
    opened.add(tiny.make(home.parent / "tiny"))
    made_live(opened, "tiny@1", 0, None)
    made_live(opened, "tiny@2", 1, opened.version("tiny@1").digest)
    yield opened
    opened.close()


def made_live(engine: Engine, label: str, seq: int, parent: str | None) -> None:
    at = NOW + timedelta(seconds=seq)
    about = None if parent is None else learnt(parent)
    lineage = replace(WHOLE.lineage, run=seq + 1, learnt=about)
    digest = documents.save(store_of(engine), replace(WHOLE, lineage=lineage))
    assert candidate(engine, at, against=seq or None, digest=digest) == label
    release(engine, label, f"tiny@{seq}" if seq else None, seq, at)


def was_reset(engine: Engine) -> str:
    """The sentence of a reset while tiny@2 is live. Both were made live by ada, so it begins at tiny@2's parent alone
    where its chain ends there."""
    begun = beginning(engine, "tiny@2")
    only = replace(begun, chain=replace(begun.chain, learnt=()))
    run = queued(engine, NOW, job="learn")
    with ledger_of(engine) as ledger:
        return reset(ledger, "tiny", run, only, "tiny@2", DRIFT, "accuracy", (), NOW)


def beginning(engine: Engine, label: str) -> Beginning:
    store = store_of(engine)
    document = documents.of_version(store, label, engine.version(label).digest)
    with reading(engine) as db:
        return begin(db, store, "tiny", label, document)


def test_who_was_reset_begins_at_the_checkpoint_until_another_version_is_live(engine: Engine) -> None:
    assert (beginning(engine, "tiny@2").label, beginning(engine, "tiny@2").since) == ("tiny@2", None)
    assert "it was reset to tiny@1 and learns the labels since then alone" in was_reset(engine)
    begun = beginning(engine, "tiny@2")
    assert (begun.label, begun.is_live, begun.since) == ("tiny@1", False, DRIFT.since)

    made_live(engine, "tiny@3", 2, engine.version("tiny@1").digest)
    begun = beginning(engine, "tiny@3")
    assert (begun.label, begun.is_live) == ("tiny@3", True)
    assert begun.since == DRIFT.since, "it goes back to the same checkpoint, so what was forgotten stays so"


def test_a_version_from_scratch_has_forgotten_nothing(engine: Engine) -> None:
    was_reset(engine)
    made_live(engine, "tiny@3", 2, None)
    begun = beginning(engine, "tiny@3")
    assert (begun.label, begun.since) == ("tiny@3", None)


def test_a_run_that_was_cancelled_resets_nothing(engine: Engine) -> None:
    begun = beginning(engine, "tiny@2")
    run = queued(engine, NOW, job="learn")
    with writing(engine) as db:
        db.execute("UPDATE runs SET cancel = 'ada cancelled it' WHERE id = ?", (run,))
    with ledger_of(engine) as ledger, pytest.raises(Conflict, match="ada cancelled it"):
        reset(ledger, "tiny", run, begun, "tiny@2", DRIFT, "accuracy", (), NOW)
    with reading(engine) as db:
        assert resetting.newest(db, "tiny") is None
    assert engine.alerts("tiny") == ()


def test_errors_of_before_a_reset_are_nothing_to_be_held_against(engine: Engine) -> None:
    digest, store = engine.version("tiny@2").digest, store_of(engine)
    chain = chain_of(store, digest, documents.load(store, digest))
    times = [NOW + timedelta(minutes=minute) for minute in range(200)]
    good = tuple(
        CurvePoint(stamp(NOW - timedelta(hours=hour)), 50, 0.99, 0.95, 1.0, 0.99) for hour in range(20, 10, -1)
    )
    lessons = (learnt(digest, *good),)
    begun = Beginning("tiny@2", digest, WHOLE, replace(chain, lessons=lessons), digest, None)
    bad = [1.0, 0.0] * 100
    assert drift_of(begun, bad, times, numbers=False) is not None
    forgotten = replace(begun, since=NOW - timedelta(hours=1))
    assert drift_of(forgotten, bad, times, numbers=False) is None


def test_a_checkpoint_is_the_newest_that_a_person_decided_on() -> None:
    chain = Chain(("c", "b", "a"), WHOLE, "root")
    assert [chain.checkpoint(decided) for decided in ({"a", "b"}, {"a"}, {"z"}, {"root"})] == ["b", "a", "root", "root"]
