"""What came of holding labels against answers: once for each batch, by what counted before, undone by people alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from engine import clock
from engine.access.caller import SystemActor
from engine.api import Engine
from engine.feedback import agreement_book, book
from engine.feedback.agreement import Agreement, compared
from engine.feedback.agreement_book import Unjudged
from engine.feedback.records import FeedbackRow
from tests import tiny
from tests.ledger import ledger_of, store_of, writing
from tests.people import open_engine

NOON = datetime.fromisoformat("2026-11-03T12:00Z")
HOUR = timedelta(hours=1)
BY = SystemActor("the feedback policy")
NOTHING = Agreement()


def classes(same: int, other: int) -> Agreement:
    return compared([*((n % 2, n % 2) for n in range(same)), *((n % 2, 1 - n % 2) for n in range(other))])


WELL = classes(960, 40)


@pytest.fixture
def engine(home: Path, tmp_path: Path) -> Iterator[Engine]:
    found = open_engine(home, "ada", create=True)
    found.add(tiny.make(tmp_path / "tiny"))
    yield found
    found.close()


def judged(
    engine: Engine, found: Agreement, at: datetime, holdout: Agreement = WELL, *, counts: bool = True
) -> tuple[int, str]:
    """A batch that came at ``at`` and was judged by itself: its number, and what it is then."""
    with ledger_of(engine) as ledger:
        rows = [FeedbackRow(("1",), 1, at)]
        number = book.take(ledger, store_of(engine), "tiny", rows, BY, at).batch
        batch = Unjudged(number, at, rows, counts)
        agreement_book.judge(ledger, "tiny", {number: found}, [batch], holdout, BY, clock.now())
    return number, next(each.state for each in engine.feedback("tiny") if each.id == number)


def test_what_agrees_far_less_than_is_usual_is_held_until_a_person_decides(engine: Engine) -> None:
    number, state = judged(engine, classes(4, 96), NOON)
    assert state == "quarantined" and engine.learner("tiny").quarantined == 1
    assert engine.let_in_feedback(number, "it is so now").state == "let in"
    assert judged(engine, classes(94, 6), NOON)[1] == "counted"


def test_a_batch_is_judged_once(engine: Engine) -> None:
    number, _ = judged(engine, classes(94, 6), NOON)
    with ledger_of(engine) as ledger:
        again = [Unjudged(number, NOON, [], True)]
        assert agreement_book.judge(ledger, "tiny", {number: classes(0, 99)}, again, WELL, BY, NOON) == frozenset()
        with ledger.read() as db:
            assert agreement_book.unjudged(db, store_of(engine), "tiny", NOON - HOUR, NOON + HOUR) == ()
    for change in ("UPDATE feedback_agreements SET held = 'so'", "DELETE FROM feedback_agreements"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"), writing(engine) as db:
            db.execute(change)


def test_what_is_held_already_or_was_let_in_is_not_held_anew(engine: Engine) -> None:
    assert judged(engine, classes(0, 100), NOON, counts=False)[1] == "counted"


def test_labels_that_come_one_by_one_are_judged_with_those_of_the_hour(engine: Engine) -> None:
    states = [judged(engine, classes(0, 1), NOON + timedelta(minutes=2 * n))[1] for n in range(25)]
    assert states.count("quarantined") == 6 and "quarantined" not in states[:19], "from the twentieth on"
    assert judged(engine, classes(0, 1), NOON + 3 * HOUR)[1] == "counted", "by then those of the hour are gone"


def test_what_is_usual_is_told_from_what_counted_before_the_hour(engine: Engine) -> None:
    for hour in range(30):
        judged(engine, classes(48, 2), NOON + hour * HOUR, NOTHING)
    later = NOON + 40 * HOUR
    assert judged(engine, classes(25, 25), later, NOTHING)[1] == "quarantined"
    assert judged(engine, classes(48, 2), NOON + HOUR * 42, NOTHING)[1] == "counted"
    assert judged(engine, classes(0, 50), NOON + HOUR / 2, NOTHING)[1] == "counted", "nothing was known by then"
