"""The list: which callers still use what, and what became of the version since."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.api import Engine
from engine.errors import NotFound, Refusal
from engine.exports import book
from engine.exports.records import Export
from tests import tiny
from tests.builders.runs import retrained
from tests.builders.versions import candidate, release
from tests.cli.calling import Told, call
from tests.engine.exports.test_folder import BROKEN, HOLDS
from tests.ledger import writing
from tests.people import open_engine

AT = datetime(2026, 11, 20, tzinfo=UTC)
MADE = Export(
    id=0, project="tiny", number=1, kind="sql", dialect="duckdb", digest="a" * 64, folder="/mnt/out", parity=HOLDS,
    forced=False, used_by="the billing job", reason="exported for its callers", by="ada", at=AT,
)  # fmt: skip


@pytest.fixture
def engine(home: Path, tmp_path: Path) -> Iterator[Engine]:
    """tiny@1 was live and tiny@2 is; the first has an export, the second a forced one."""
    engine = open_engine(home, "ada", create=True)
    engine.add(tiny.make(tmp_path / "tiny"))
    first = candidate(engine, AT)
    release(engine, first, None, 0, AT)
    second = candidate(engine, AT + timedelta(hours=1), against=1)
    release(engine, second, first, 1, AT + timedelta(days=1))
    forced = dataclasses.replace(
        MADE, number=2, kind="onnx", dialect="", parity=BROKEN, forced=True, used_by="", reason="a demo \x1b[31m"
    )
    with writing(engine) as db:
        for each in (MADE, forced):
            book.register(db, each)
    yield engine
    engine.close()


def said(engine: Engine, *words: str) -> Told:
    return call("--home", engine.home, "--operator", "ada", *words)


def test_the_newest_comes_first_with_what_its_version_is_now(engine: Engine) -> None:
    assert [(each.label, each.kind, each.state) for each in engine.exports("tiny")] == [
        ("tiny@2", "onnx", "live"), ("tiny@1", "sql", "retired"),
    ]  # fmt: skip
    assert engine.exports() == engine.exports("tiny") and len(engine.exports(limit=1)) == 1
    assert engine.exports()[1].parity == HOLDS, "the whole comparison is kept"


def test_the_verb_says_whose_callers_are_on_what_is_no_longer_live(engine: Engine) -> None:
    told = said(engine, "exports", "tiny").out
    assert "tiny@1 (retired, no longer live) as SQL for duckdb" in told and "used by the billing job" in told
    assert "tiny@2 (live) as ONNX" in told and "forced: a demo" in told and "\x1b" not in told


def test_its_document_has_the_keys_that_scripts_rely_on(engine: Engine) -> None:
    newest, older = said(engine, "exports", "--json").json
    assert set(newest) == {
        "id", "version", "state", "kind", "dialect", "digest", "folder", "holds", "forced", "used_by", "reason", "by",
        "at", "parity",
    }  # fmt: skip
    assert (older["version"], older["state"], older["used_by"]) == ("tiny@1", "retired", "the billing job")
    assert older["parity"]["rows"] == 2 and older["holds"] and newest["forced"]


def test_what_is_listed_stays(engine: Engine) -> None:
    for change in ("UPDATE exports SET used_by = 'nobody'", "DELETE FROM exports"):
        with pytest.raises(sqlite3.IntegrityError), writing(engine) as db:
            db.execute(change)


def test_an_unknown_project_is_told(engine: Engine) -> None:
    with pytest.raises(NotFound):
        engine.exports("none")


def test_a_version_with_code_of_its_own_is_refused_before_anything_is_built(home: Path, tmp_path: Path) -> None:
    with_code = open_engine(home, "ada", create=True)
    with_code.add(tiny.make(tmp_path / "tiny"))
    label = retrained(with_code, AT)
    with pytest.raises(Refusal, match=r"tiny@1 scores with code of its own"):
        with_code.export(label, "onnx", tmp_path / "out")
    told = said(with_code, "export", label, "--to", "sql", "-o", str(tmp_path / "out"))
    assert told.code == 1 and told.err.count("\n") == 1 and not (tmp_path / "out").exists()
    assert said(with_code, "export", label, "--to", "onnx", "--dialect", "sqlite", "-o", "x").code == 2
    assert "Nothing was exported yet" in said(with_code, "exports").out
    with_code.close()
