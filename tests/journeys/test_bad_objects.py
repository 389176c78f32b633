"""Objects that went bad in the store: everybody who needs one is told which version it is, and nothing goes live."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.api import Engine
from engine.errors import Damage
from tests import tiny
from tests.forked_runs import forking
from tests.ledger import reading, store_of
from tests.people import open_engine

NOVEMBER = [datetime(2026, 11, day, tzinfo=UTC) for day in (3, 10, 17)]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """tiny@1 was live, tiny@2 is, tiny@3 waits; each has a model of its own."""
    folder = tmp_path_factory.mktemp("objects")
    engine = forking(open_engine(folder / "home", "ada", create=True))
    tiny.make(folder / "tiny")
    engine.add(folder / "tiny")
    for number, week in enumerate(NOVEMBER, 1):
        tiny.change(folder / "tiny", skill=1 - number / 50)
        run = engine.wait(engine.retrain("tiny", as_of=week).id, lambda r: None)
        assert run.state == "succeeded", run.why
        if number < 3:
            engine.move(engine.plan_release(f"tiny@{number}"), "fine", lambda step: None)
    return engine


@contextmanager
def damaged(engine: Engine, digest: str, content: bytes | None) -> Iterator[None]:
    """Within the block the object holds something else, or is gone."""
    path = store_of(engine).path(digest)
    whole = path.read_bytes()
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        path.write_bytes(whole)


def said(act: Callable[[], object]) -> str:
    with pytest.raises(Damage) as damage:
        act()
    return re.sub(r"\(/[^)]*\)|[0-9a-f]{12}", "…", str(damage.value))


def found(engine: Engine) -> dict[str, str]:
    return {f.what: f.sentence for f in engine.doctor(mend=False) if f.verdict != "ok" and f.what != "disk"}


def test_a_document_that_is_gone_is_told_with_the_version_and_what_to_do(engine: Engine) -> None:
    sentence = (
        "{} is damaged: the object … is gone from the store …; no backup is known to restore that from; choose another "
        "version."
    )
    with damaged(engine, engine.version("tiny@3").digest, None):
        for act in (
            lambda: engine.show("tiny@3"),
            lambda: engine.card("tiny@3", NOVEMBER[2]),
            lambda: engine.diff("tiny@1", "tiny@3"),
            lambda: engine.plan_release("tiny@3"),
        ):
            assert said(act) == sentence.format("tiny@3")
        assert list(found(engine)) == ["candidate tiny@3"]
    with damaged(engine, engine.version("tiny@1").digest, None):
        assert said(lambda: engine.plan_rollback("tiny")) == sentence.format("tiny@1")
        assert list(found(engine)) == ["rollback tiny@1"]


@pytest.mark.parametrize(
    ("content", "how"),
    [(b"", "it cannot be unpacked"), (bytes.fromhex("28b52ffd200f790000") + b"no model of ours", "another digest")],
)
def test_a_damaged_model_cannot_go_live_nor_come_back(engine: Engine, content: bytes, how: str) -> None:
    for label, plan in (
        ("tiny@3", engine.plan_release("tiny@3")),
        ("tiny@1", engine.plan_rollback("tiny")),
    ):
        with damaged(engine, engine.show(label).model.files[0].chunks[0], content):
            sentence = said(lambda plan=plan: engine.move(plan, "go", lambda step: None))  # type: ignore[misc]
            assert sentence.startswith(f"{label} is damaged: the object … is damaged: ")
            assert how in sentence
            assert how in next(iter(found(engine).values()))
    assert engine.status("tiny", NOVEMBER[2]).live == "tiny@2"
    assert found(engine) == {}


def test_a_damaged_live_version_can_still_be_replaced(engine: Engine) -> None:
    with damaged(engine, engine.version("tiny@2").digest, b""):
        card = engine.card("tiny@3", NOVEMBER[2])
        assert card.blocked is None
        assert "tiny@2 is damaged" in card.changes[0].summary
        assert set(found(engine)) == {"live tiny", "stored tiny@2"}
        run = engine.wait(engine.retrain("tiny", as_of=NOVEMBER[2]).id, lambda r: None)
        assert run.state == "failed"
        assert str(run.why).startswith("tiny@2 is damaged: the object ")


def test_a_ledger_that_is_cut_short_is_named_as_damage(engine: Engine, tmp_path: Path) -> None:
    home = tmp_path / "cut"
    open_engine(home, "ada", create=True).close()
    os.truncate(home / "ledger.db", 5000)
    with pytest.raises(Damage, match=r"The ledger .*ledger.db cannot be read \(.*malformed\); restore it"):
        open_engine(home, "ada")


def test_a_ledger_that_is_damaged_in_its_middle_is_named_as_damage_by_whoever_reads_there(tmp_path: Path) -> None:
    home = tmp_path / "middle"
    engine = open_engine(home, "ada", create=True)
    engine.add(tiny.make(tmp_path / "project"))
    with reading(engine) as db:
        page = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'projects'").fetchone()[0]
        size = db.execute("PRAGMA page_size").fetchone()[0]
    engine.close()
    with (home / "ledger.db").open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    with pytest.raises(Damage, match=r"The ledger .*ledger.db cannot be read \(.*malformed\); restore it"):
        open_engine(home, "ada").overview(NOVEMBER[0])
