"""Whoever tampers with the trail is found out, at the first row that was touched."""

from __future__ import annotations

import io
import json
import sqlite3
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from engine.audit import chain, trail
from engine.errors import Refusal
from engine.storage import workspace as workspaces
from engine.storage.ledger import Ledger
from tests.callers import caller

ADA = caller()
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    workspace = workspaces.create(tmp_path / "home")
    ledger = Ledger(workspace.ledger, locks=workspace.root / "locks")
    with ledger.write() as db:
        for number in range(1, 8):
            trail.append(db, at=NOON, actor=ADA, action="add", subject=f"p{number}", reason="because")
    return ledger


def tamper(ledger: Ledger, statement: str) -> None:
    """Do what a person with the file and a copy of SQLite can do: drop the triggers first."""
    with sqlite3.connect(ledger.path) as db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        db.execute(statement)


def test_an_untouched_trail_holds(ledger: Ledger) -> None:
    verdict = trail.verify(ledger)
    assert (verdict.ok, verdict.rows, verdict.first_broken) == (True, 7, None)


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE audit SET body = replace(body, 'p3', 'p9') WHERE seq = 3", 3),
        ("UPDATE audit SET body = body || ' ' WHERE seq = 1", 1),
        ("UPDATE audit SET digest = upper(digest) WHERE seq = 5", 5),
        ("DELETE FROM audit WHERE seq = 4", 4),
        ("DELETE FROM audit WHERE seq = 1", 1),
        ("UPDATE audit SET seq = 99 WHERE seq = 7", 7),
        ("INSERT INTO audit (seq, body, digest) VALUES (8, '{}', 'x')", 8),
    ],
)
def test_the_first_broken_row_is_named(ledger: Ledger, statement: str, broken: int) -> None:
    tamper(ledger, statement)
    verdict = trail.verify(ledger)
    assert not verdict.ok
    assert verdict.first_broken == broken


def test_a_cut_tail_shows_against_a_head_that_was_printed_before(ledger: Ledger) -> None:
    head = trail.verify(ledger).head
    tamper(ledger, "DELETE FROM audit WHERE seq = 7")
    verdict = trail.verify(ledger)
    assert verdict.ok
    assert verdict.head != head


def test_a_tail_that_was_cut_and_grown_anew_is_proven_by_an_export_from_before(ledger: Ledger, tmp_path: Path) -> None:
    trail.export(ledger, tmp_path / "before.jsonl")
    tamper(ledger, "DELETE FROM audit WHERE seq > 5")
    with ledger.write() as db:
        for number in range(6, 10):
            trail.append(db, at=NOON, actor=ADA, action="add", subject=f"p{number}", reason="as if nothing had been")
    assert trail.verify(ledger).ok  # the chain alone cannot tell
    *_, last = [json.loads(line) for line in (tmp_path / "before.jsonl").read_text().splitlines()]
    with ledger.read() as db:
        there = db.execute("SELECT digest FROM audit WHERE seq = ?", (last["rows"],)).fetchone()["digest"]
    assert there != last["head"]


def test_an_export_writes_over_nothing_and_leaves_no_half(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(Refusal, match="is there already; name a file that is not"):
        trail.export(ledger, tmp_path / "mine")
    assert (tmp_path / "mine").read_text() == "mine"
    with pytest.raises(Refusal, match="could not be written to .*nowhere.*: No such file or directory"):
        trail.export(ledger, tmp_path / "nowhere" / "trail")


class Slow(io.StringIO):
    """Whoever reads this asks for nothing of the ledger meanwhile: it is written to by others, and no view is held."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__()
        self.ledger, self.waited = ledger, 0

    def write(self, text: str) -> int:
        with self.ledger.write() as db:
            trail.append(db, at=NOON, actor=ADA, action="more", subject="meanwhile")
        self.waited += 1
        return super().write(text)


def test_who_reads_an_export_slowly_holds_up_nobody_and_gets_it_as_it_was(ledger: Ledger, tmp_path: Path) -> None:
    trail.export(ledger, tmp_path / "whole")
    slow = Slow(ledger)
    assert trail.export_to_stream(ledger, slow).ok
    assert slow.waited and slow.getvalue() == (tmp_path / "whole").read_text("utf-8")


def test_the_chain_can_be_followed_with_nothing_but_sha256(ledger: Ledger, tmp_path: Path) -> None:
    """What docs tell an auditor to do, done here without the engine."""
    trail.export(ledger, tmp_path / "trail.jsonl")
    *rows, last = [json.loads(line) for line in (tmp_path / "trail.jsonl").read_text().splitlines()]
    digest = "0" * 64
    for row in rows:
        digest = sha256((digest + row["body"]).encode()).hexdigest()
        assert digest == row["digest"]
    assert last["head"] == digest


def test_pages_come_newest_first_and_can_be_searched(ledger: Ledger) -> None:
    assert [r.seq for r in trail.page(ledger, offset=0, limit=3)] == [7, 6, 5]
    assert [r.seq for r in trail.page(ledger, offset=5, limit=3)] == [2, 1]
    assert [r.subject for r in trail.page(ledger, offset=0, limit=9, matching="P2")] == ["p2"]


def test_canonical_json_has_one_form_and_takes_no_nan() -> None:
    assert chain.canonical({"b": 1, "a": "ü"}) == '{"a":"ü","b":1}'
    with pytest.raises(ValueError, match="JSON"):
        chain.canonical({"a": float("nan")})


def put_deployment(db: sqlite3.Connection, audit: int) -> None:
    db.execute("INSERT INTO projects VALUES ('p', 'P', 'o', '/p', '{}', '2026', NULL)")
    db.execute(
        "INSERT INTO runs (id, project, job, state, as_of, queued_at, requested_by, options)"
        " VALUES (1, 'p', 'retrain', 'succeeded', '2026', '2026', 'ada', '{}')"
    )
    db.execute(
        "INSERT INTO versions (project, number, digest, made_at, as_of, run, verdict, comparison, sentence, metric,"
        " state) VALUES ('p', 1, 'd', '2026', '2026', 1, 'pass', 'first', 's', 'null', 'live')"
    )
    db.execute(
        "INSERT INTO deployments (project, number, kind, at, actor, reason, release, proof, audit)"
        " VALUES ('p', 1, 'release', ?, 'ada', 'better', '1-d', '[]', ?)",
        (trail.stamp(NOON), audit),
    )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE deployments SET actor = 'eve'",
        "UPDATE deployments SET number = 1, reason = 'worse'",
        "UPDATE deployments SET at = '2025-01-01T00:00:00.000000Z'",
        "DELETE FROM deployments",
    ],
)
def test_a_deployment_that_does_not_agree_with_its_audit_row_is_found(ledger: Ledger, statement: str) -> None:
    with ledger.write() as db:
        seq = trail.append(db, at=NOON, actor=ADA, action="release", subject="p@1", reason="better")
        put_deployment(db, seq)
    assert trail.verify(ledger).ok
    tamper(ledger, statement)
    verdict = trail.verify(ledger)
    assert (verdict.ok, verdict.first_broken) == (False, seq)
