"""Batches as they came: taken in whole or refused by name, held, decided on once, and never changed or cleaned away."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.api import Engine
from engine.errors import Invalid, LeverframeError
from engine.feedback import book, reading
from engine.feedback.records import FeedbackRow, Receipt
from engine.feedback.rows import MOST, from_records
from tests import tiny
from tests.cli.calling import Told, call
from tests.ledger import ledger_of, store_of, writing
from tests.ledger import reading as read_view
from tests.people import open_engine

AT = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
def engine(home: Path, tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(home, "ada", create=True)
    engine.add(tiny.make(tmp_path / "tiny"))
    yield engine
    engine.close()


def said(engine: Engine, *words: object) -> Told:
    return call("--home", engine.home, "--operator", "ada", *words)


def csv(tmp_path: Path, *lines: str) -> Path:
    file = tmp_path / "labels.csv"
    file.write_text("\n".join(["id,label,time", *lines]) + "\n")
    return file


def test_a_file_is_taken_in_as_it_came_and_stays_so(engine: Engine, tmp_path: Path) -> None:
    given = said(engine, "feedback", "tiny", csv(tmp_path, "007,1,2026-11-02T10:00Z", "8,0,2026-11-02"), "--json")
    assert given.json == {"batch": 1, "rows": 2, "quarantined": None}
    with read_view(engine) as db:
        (came,) = book.came(db, store_of(engine), "tiny")
        kept = book.objects(db)
    assert came.at is not None and replace(came, at=None) == reading.Come(1, "counted", (
        FeedbackRow(("007",), 1, datetime(2026, 11, 2, 10, tzinfo=UTC)),
        FeedbackRow(("8",), 0, datetime(2026, 11, 2, tzinfo=UTC)),
    ))  # fmt: skip
    assert {engine.feedback()[0].digest} == kept
    for change in ("UPDATE feedback_batches SET held = NULL", "DELETE FROM feedback_batches"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"), writing(engine) as db:
            db.execute(change)
    (row,) = engine.audit(matching="feedback")
    assert (row.action, row.subject, row.reason) == ("feedback", "tiny feedback 1", "")
    assert row.details == {"rows": 2, "digest": engine.feedback()[0].digest}, "no key and no label"


def test_a_parquet_file_comes_in_over_a_stream(engine: Engine) -> None:
    import pyarrow as pa
    import pyarrow.parquet

    sink = io.BytesIO()
    pyarrow.parquet.write_table(pa.table({"id": [1, 2], "late": [True, False]}), sink)
    sink.seek(0)
    assert engine.give_feedback("tiny", sink).rows == 2


WRONG: dict[str, tuple[list[dict[str, Any]], str]] = {
    "no key": ([{"label": 1}], "Row 1 has no value in 'id'"),
    "no label": ([{"id": 1, "label": 0}, {"id": 2}], "Row 2 has no value in 'label'"),
    "not a number": ([{"id": 1, "label": float("nan")}], "Row 1 has no value in 'label'"),
    "a list": ([{"id": [1], "label": 1}], "Row 1 has no plain value in 'id'"),
    "too long": ([{"id": "x" * 201, "label": 1}], "too long"),
    "too large": ([{"id": 2**63, "label": 1}], "out of range"),
    "two labels": ([{"id": 1, "label": 1, "late": 0}], "Row 1 has 'label' and 'late', which are the same"),
    "no time": ([{"id": 1, "label": 1, "time": "soon"}], "Row 1 has no time in 'time' (soon)"),
    "another column": ([{"id": 1, "label": 1, "\x1bspeed": 3}], "has a column 'speed'; it takes id, label, time"),
    "nothing": ([], "There are no rows"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_row_that_is_wrong_is_named_and_nothing_of_it_is_kept(case: str) -> None:
    records, why = WRONG[case]
    with pytest.raises(Invalid) as refused:
        from_records(records, ["id"], "late", AT)
    assert why in str(refused.value) and "\x1b" not in str(refused.value)


ENDS_OF_LINES = "".join(chr(number) for number in (10, 11, 12, 13, 28, 29, 30, 133, 8232, 8233))


def test_what_is_the_end_of_a_line_elsewhere_is_a_sign_of_a_key_or_label_like_any_other(engine: Engine) -> None:
    key, label = f"a{ENDS_OF_LINES}b", f"c{ENDS_OF_LINES}"
    rows = [FeedbackRow((key,), label, AT), FeedbackRow(("d",), 1, AT)]
    with ledger_of(engine) as ledger:
        store = store_of(engine)
        book.take(ledger, store, "tiny", rows, engine.caller, AT)
        words = reading.read([reading.Come(1, "counted", rows)], None, AT).words
        book.keep_learnt(ledger, store, "v" * 64, "tiny", words, AT)
    with read_view(engine) as db:
        (came,) = book.came(db, store, "tiny")
        assert list(came.rows) == rows
        assert book.learnt_by(db, store, ["v" * 64]) == {((key,), label), (("d",), "1")}


def test_a_batch_has_a_bound() -> None:
    with pytest.raises(Invalid, match=f"It has {MOST + 1:,} rows; send at most {MOST:,} at once"):
        from_records([{}] * (MOST + 1), ["id"], "late", AT)


def test_a_project_without_a_key_takes_none() -> None:
    with pytest.raises(Invalid, match="names no .data. key"):
        from_records([{"id": 1, "label": 1}], [], "late", AT)


@pytest.mark.parametrize(("content", "why"), [(b"\x00\x01\x02", "neither parquet nor csv"),
                                              (b"id,id,label\n1,1,1\n", "two columns of one name"),
                                              (b"PAR1 and no more", "neither parquet nor csv")])  # fmt: skip
def test_what_is_no_file_of_labels_is_refused(engine: Engine, content: bytes, why: str) -> None:
    with pytest.raises(LeverframeError, match=why):
        engine.give_feedback("tiny", io.BytesIO(content))
    assert engine.feedback() == ()


def taken(engine: Engine, labels: list[int], at: datetime) -> Receipt:
    """A batch that came ``at`` that moment."""
    rows = [FeedbackRow((n,), label, AT) for n, label in enumerate(labels)]
    with ledger_of(engine) as ledger:
        return book.take(ledger, store_of(engine), "tiny", rows, engine.caller, at)


def flooded(engine: Engine, at: datetime = AT, rows: int = 80) -> int:
    """The number of a batch that is held, on what came the day before."""
    assert taken(engine, [0, 1] * 50, AT - timedelta(days=1)).quarantined is None
    receipt = taken(engine, [1] * rows, at)
    assert receipt.quarantined is not None
    return int(receipt.batch)


def let_in(engine: Engine, batch: int, at: datetime) -> None:
    with ledger_of(engine) as ledger:
        book.decide(ledger, batch, book.LET_IN, "the fair", engine.caller, at)


def test_what_a_person_let_in_holds_nothing_else_back(engine: Engine) -> None:
    lately = AT - timedelta(minutes=30)
    let_in(engine, flooded(engine, lately, 400), lately)
    assert taken(engine, [0, 1] * 10, AT).quarantined is None


def test_and_it_is_not_what_is_usual_within_the_hour(engine: Engine) -> None:
    lately = AT - timedelta(minutes=30)
    let_in(engine, flooded(engine, lately, 5_000), lately)
    assert taken(engine, [1] * 80, AT).quarantined is not None
    assert taken(engine, [1] * 80, lately + timedelta(hours=2)).quarantined is None


def test_a_flood_waits_for_a_person_who_decides_once(engine: Engine) -> None:
    number = flooded(engine)
    told = said(engine, "feedback", "list", "tiny")
    assert "quarantined" in told.out and "100% of it is '1' (80 rows), and usually 50%" in told.out
    assert said(engine, "feedback", "let-in", number).code == 2, "a reason is needed"
    let_in = said(engine, "feedback", "let-in", number, "--reason", "the fair")
    assert let_in.out == "Feedback 2 of tiny is let in: its 80 rows count from now on.\n"
    again = said(engine, "feedback", "throw-away", number, "--reason", "no")
    assert (again.code, again.err) == (1, "Feedback 2 was let in by ada; there is nothing to decide.\n")
    assert said(engine, "feedback", "let-in", 9, "--reason", "x").err.startswith("There is no feedback 9")
    (row,) = engine.audit(matching="let-in")
    assert (row.subject, row.reason) == ("tiny feedback 2", "the fair")
    newest = said(engine, "feedback", "--json").json[0]
    assert set(newest) == {
        "id", "project", "at", "by", "source", "rows", "since", "until", "digest", "state", "quarantined", "decided_by",
        "decided_at", "reason",
    }  # fmt: skip
    assert (newest["state"], newest["decided_by"], newest["reason"]) == ("let in", "ada", "the fair")


def test_what_waits_for_a_person_stands_first_however_much_came_since(engine: Engine) -> None:
    held = flooded(engine)
    for minute in range(4):
        taken(engine, [0, 1], AT + timedelta(hours=2, minutes=minute))
    newest = list(range(held + 4, held, -1))
    assert [each.id for each in engine.feedback(limit=3)] == [held, *newest[:2]]
    assert [each.id for each in engine.feedback("tiny", limit=9)] == [held, *newest, *range(held - 1, 0, -1)]
    engine.let_in_feedback(held, "they are so")
    assert [each.id for each in engine.feedback(limit=3)] == newest[:3]


def test_what_is_usual_is_told_from_hours_however_many_batches_they_came_in(engine: Engine) -> None:
    for hour in range(2, 8):  # Each batch is of one label, and each hour has as many of both.
        for quarter in range(4):
            at = AT - timedelta(hours=hour) + timedelta(minutes=15 * quarter)
            assert taken(engine, [quarter % 2] * 5, at).quarantined is None
    assert str(taken(engine, [1] * 60, AT).quarantined).startswith("100% of it is '1' (60 rows)")


def test_what_is_thrown_away_never_counts_and_stays_as_it_came(engine: Engine) -> None:
    number = flooded(engine)
    engine.throw_away_feedback(number, "a broken sensor")
    with read_view(engine) as db:
        came = book.came(db, store_of(engine), "tiny")
    found = reading.read(came, None, AT)
    assert (found.counts.counted, found.counts.thrown_away) == (100, 80) and len(came[1].rows) == 80
