"""Very many batches of one label become one object: each is read as it came, proven, and there once after a kill."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.api import Engine
from engine.errors import Damage
from engine.feedback import book, packing, reading
from engine.feedback.packing import FEWEST, SETTLED, SMALL, pack, unpacked
from engine.feedback.records import FeedbackRow
from engine.housekeeping.daily import keep_house
from engine.storage import workspace as workspaces
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from tests import tiny
from tests.killing import killed_at
from tests.ledger import ledger_of, store_of
from tests.ledger import reading as read_view
from tests.people import open_engine

AT = datetime(2026, 11, 20, tzinfo=UTC)
LATER = AT + SETTLED + timedelta(minutes=FEWEST)


@pytest.fixture
def engine(home: Path, tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(home, "ada", create=True)
    engine.add(tiny.make(tmp_path / "tiny"))
    yield engine
    engine.close()


def feed(engine: Engine, count: int, *, rows: int = 1, first: int = 0) -> None:
    """A batch a minute."""
    with ledger_of(engine) as ledger:
        for number in range(first, first + count):
            at = AT + timedelta(minutes=number - first)
            batch = [FeedbackRow((number * 10_000 + row,), (number + row) % 2, at) for row in range(rows)]
            book.take(ledger, store_of(engine), "tiny", batch, engine.caller, at)


def came(engine: Engine) -> tuple[reading.Come, ...]:
    with read_view(engine) as db:
        return book.came(db, store_of(engine), "tiny")


def packed(engine: Engine, now: datetime = LATER) -> int:
    with ledger_of(engine) as ledger:
        return pack(ledger, store_of(engine), "tiny", now)


def kept(engine: Engine) -> frozenset[str]:
    with read_view(engine) as db:
        return book.objects(db)


def test_each_batch_is_read_as_it_came_from_one_object(engine: Engine) -> None:
    feed(engine, FEWEST)
    before, batches, own = came(engine), engine.feedback("tiny", limit=500), kept(engine)
    assert len(own) == FEWEST
    assert packed(engine) == FEWEST and packed(engine) == 0
    assert came(engine) == before and engine.feedback("tiny", limit=500) == batches
    (block,) = kept(engine)
    assert block not in own
    for digest in own:
        store_of(engine).path(digest).unlink()
    assert came(engine) == before, "nothing asks for what each batch was by itself"
    found = unpacked(store_of(engine).get(block))
    assert list(found) == [each.id for each in reversed(batches)]


def test_what_is_large_or_just_came_or_too_few_stays(engine: Engine) -> None:
    feed(engine, FEWEST - 1)
    feed(engine, 1, rows=SMALL + 1, first=FEWEST)
    assert packed(engine) == 0
    feed(engine, 1, first=FEWEST + 1)
    assert packed(engine, AT + SETTLED) == 0 and packed(engine) == FEWEST
    assert len(kept(engine)) == 2 and len(came(engine)) == FEWEST + 1


def test_what_was_held_is_decided_on_as_before(engine: Engine) -> None:
    with ledger_of(engine) as ledger:
        flood = [FeedbackRow((row,), 1, AT) for row in range(60)]
        book.take(ledger, store_of(engine), "tiny", flood, engine.caller, AT - timedelta(days=1))
    feed(engine, FEWEST, first=100)
    states = [each.state for each in came(engine)]
    packed(engine)
    assert [each.state for each in came(engine)] == states
    held = [each for each in engine.feedback("tiny", limit=500) if each.state == "quarantined"]
    for each in held:
        engine.let_in_feedback(each.id, "they are right")
    assert all(each.state in ("counted", "let in") for each in came(engine))


def test_a_block_that_is_not_what_came_is_damage(engine: Engine) -> None:
    feed(engine, FEWEST)
    packed(engine)
    (block,) = kept(engine)
    content = store_of(engine).get(block)
    with pytest.raises(Damage, match=f"Feedback {FEWEST} is not what came"):
        unpacked(content[:-3] + b"9]\n")
    with pytest.raises(Damage, match="cannot be read"):
        unpacked(b"[[1, 2\n")


def test_housekeeping_packs_what_there_is(engine: Engine) -> None:
    feed(engine, FEWEST)
    with ledger_of(engine) as ledger:
        done = keep_house(workspaces.find(engine.home), ledger, LATER)
    assert f"{FEWEST} small batches of feedback of tiny became one object." in done
    with read_view(engine) as db:
        assert packing.projects(db) == ("tiny",)


PREPARATION = """
from datetime import datetime
from pathlib import Path
from engine.feedback.packing import pack
from engine.storage import workspace as workspaces
from engine.storage import workspace as workspaces
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
"""
ACT = """
workspace = workspaces.find(Path({home!r}))
ledger = Ledger(workspace.ledger, locks=workspace.root / "locks")
pack(ledger, ObjectStore(workspace.objects), "tiny", datetime.fromisoformat({now!r}))
"""


@pytest.mark.slow
def test_killed_at_every_step_each_label_is_there_once(engine: Engine, tmp_path: Path) -> None:
    feed(engine, FEWEST)
    before = came(engine)
    engine.close()
    for change in range(1, 60):
        home = tmp_path / str(change)
        shutil.copytree(engine.home, home)
        killed = killed_at(change, PREPARATION, ACT.format(home=str(home), now=LATER.isoformat()))
        ledger = Ledger(home / "ledger.db", locks=home / "locks")
        store = ObjectStore(home / "objects")
        with ledger.read() as db:
            assert book.came(db, store, "tiny") == before, f"killed at {change}"
        assert pack(ledger, store, "tiny", LATER) in (0, FEWEST)
        with ledger.read() as db:
            assert book.came(db, store, "tiny") == before and len(book.objects(db)) == 1
        ledger.close()
        if not killed:
            break
    assert not killed
