"""What the store keeps for feedback, and of what versions learnt, is of no version: a clean-up leaves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from engine.feedback import book
from engine.feedback.reading import Word
from engine.feedback.records import FeedbackRow
from engine.housekeeping.survey import survey
from tests import tiny
from tests.ledger import ledger_of, reading, store_of, workspace_of
from tests.people import open_engine

NOW = datetime.now(UTC)


def test_old_batches_and_what_was_learnt_of_them_stay(tmp_path: Path) -> None:
    engine = open_engine(tmp_path / "home", "ada", create=True)
    engine.add(tiny.make(tmp_path / "tiny"))
    store = store_of(engine)
    loose = store.put(b"of nobody")
    with ledger_of(engine) as ledger:
        book.take(ledger, store, "tiny", [FeedbackRow((1,), 1, NOW)], engine.caller, NOW)
        book.keep_learnt(ledger, store, "v" * 64, "tiny", [Word(("1",), 1, NOW, 1)], NOW)
    with reading(engine) as db:
        kept = book.objects(db)
        assert book.learnt_by(db, store, ["v" * 64]) == {(("1",), "1")}
    with ledger_of(engine) as ledger:
        found = survey(workspace_of(engine), ledger, store, NOW + timedelta(days=30))
    going = {digest for thing in found.things if thing.item.goes for digest in thing.digests}
    assert loose in going and len(kept) == 2 and not kept & going
    engine.close()
