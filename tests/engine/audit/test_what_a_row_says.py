"""A row of the trail says who, from which account, when, what, of what, why and with which details."""

from __future__ import annotations

import json
import resource
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from engine.audit import chain, trail
from engine.audit.chain import GENESIS, first_broken, link
from engine.errors import Refusal
from engine.records import AuditRow, Operator
from engine.storage import workspace as workspaces
from engine.storage.ledger import Ledger
from tests.callers import caller

ADA = caller()
NOON = datetime(2026, 11, 24, 12, 0, 0, 5, tzinfo=UTC)
WHAT: dict[str, Any] = {
    "at": NOON, "actor": ADA, "action": "reject", "subject": "tiny@1", "reason": "too weak",
    "details": {"b": 1, "a": 2},
}  # fmt: skip


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    workspace = workspaces.create(tmp_path / "home")
    return Ledger(workspace.ledger, locks=workspace.root / "locks")


def appended(ledger: Ledger, **otherwise: Any) -> int:
    with ledger.write() as db:
        return trail.append(db, **{**WHAT, **otherwise})


def stored(ledger: Ledger) -> list[tuple[int, str, str]]:
    with ledger.read() as db:
        return [tuple(row) for row in db.execute("SELECT seq, body, digest FROM audit ORDER BY seq")]


def test_the_bytes_of_a_row(ledger: Ledger) -> None:
    assert appended(ledger) == 1
    assert stored(ledger)[0][1] == (
        '{"account":"account ada@box","action":"reject","actor":"ada","at":"2026-11-24T12:00:00.000005Z",'
        '"details":{"a":2,"b":1},"reason":"too weak","seq":1,"subject":"tiny@1"}'
    )


def test_a_row_without_reason_or_details_says_so(ledger: Ledger) -> None:
    with ledger.write() as db:
        trail.append(db, at=NOON, actor=ADA, action="add", subject="tiny")
    body = json.loads(stored(ledger)[0][1])
    assert (body["reason"], body["details"]) == ("", {})


def test_a_row_is_read_as_it_was_written(ledger: Ledger) -> None:
    appended(ledger)
    digest = stored(ledger)[0][2]
    (row,) = trail.page(ledger, offset=0, limit=5)
    details = {"a": 2, "b": 1}
    assert row == AuditRow(1, NOON, "ada", "reject", "tiny@1", "too weak", digest, details, "account ada@box")


def test_moments_of_other_zones_are_written_in_utc(ledger: Ledger) -> None:
    appended(ledger, at=NOON.astimezone(timezone(timedelta(hours=9))))
    assert json.loads(stored(ledger)[0][1])["at"] == "2026-11-24T12:00:00.000005Z"


@pytest.mark.parametrize(
    "otherwise",
    [
        {"at": NOON + timedelta(microseconds=1)}, {"actor": replace(caller(), operator=Operator("bob", "admin"))},
        {"actor": replace(caller(), proof=caller("eve").proof)}, {"action": "approve"}, {"subject": "tiny@2"},
        {"reason": "too weak."}, {"details": {"a": 2}}, {"details": None},
    ],
)  # fmt: skip
def test_whatever_a_row_says_is_under_its_digest(tmp_path: Path, otherwise: dict[str, Any]) -> None:
    digests = []
    for number, words in enumerate(({}, otherwise)):
        workspace = workspaces.create(tmp_path / str(number))
        ledger = Ledger(workspace.ledger, locks=workspace.root / "locks")
        appended(ledger, **words)
        digests.append(stored(ledger)[0][2])
    assert digests[0] != digests[1]


def test_a_digest_covers_the_one_before_and_the_first_follows_nothing(ledger: Ledger) -> None:
    for _ in range(3):
        appended(ledger)
    digest = "0" * 64
    for seq, (number, body, recorded) in enumerate(stored(ledger), 1):
        digest = sha256(f"{digest}{body}".encode()).hexdigest()
        assert (number, recorded) == (seq, digest)
    assert link(GENESIS, "x") == sha256(b"0" * 64 + b"x").hexdigest()


def rows_of(count: int) -> list[tuple[int, str, str]]:
    rows, digest = [], GENESIS
    for seq in range(1, count + 1):
        digest = link(digest, f"body {seq}")
        rows.append((seq, f"body {seq}", digest))
    return rows


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_the_chain_is_followed_over_any_batches(size: int) -> None:
    rows = rows_of(7)
    batches = [rows[start : start + size] for start in range(0, 7, size)]
    assert first_broken(batches) == (7, rows[-1][2], None)
    assert first_broken([]) == (0, GENESIS, None)
    for broken in range(7):
        bad = [(seq, body + "~" if seq == broken + 1 else body, digest) for seq, body, digest in rows]
        batches = [bad[start : start + size] for start in range(0, 7, size)]
        assert first_broken(batches) == (broken, rows[broken - 1][2] if broken else GENESIS, broken + 1)


@pytest.mark.parametrize(
    "tampered",
    [
        lambda rows: rows[1:], lambda rows: rows[:2] + rows[3:], lambda rows: [rows[1], rows[0], *rows[2:]],
        lambda rows: [(seq + 1, body, digest) for seq, body, digest in rows], lambda rows: [rows[0], *rows],
        lambda rows: [*rows[:3], (9, "body 9", link(rows[2][2], "body 9"))],
    ],
    ids=["no first", "a gap", "turned round", "numbered on", "twice", "a number left out"],
)  # fmt: skip
def test_rows_that_do_not_follow_are_found(tampered: Callable[[list[Any]], list[Any]]) -> None:
    assert first_broken([tampered(rows_of(5))])[2] is not None


def test_one_form_for_each_value() -> None:
    assert chain.canonical({"z": [1, 2], "a": {"c": None, "b": True}}) == '{"a":{"b":true,"c":null},"z":[1,2]}'
    assert chain.canonical({"a": "ü\x1b€"}) == '{"a":"ü\\u001b€"}'
    for bad in (float("inf"), float("-inf"), float("nan")):
        with pytest.raises(ValueError):
            chain.canonical({"a": bad})


def test_pages_are_counted_from_the_newest(ledger: Ledger) -> None:
    assert trail.count(ledger) == 0 and trail.page(ledger, offset=0, limit=5) == ()
    for number in range(1, 8):
        appended(ledger, subject=f"P{number}", reason="Sunday" if number % 2 else "monday")
    assert trail.count(ledger) == 7

    def seqs(**asked: Any) -> list[int]:
        return [row.seq for row in trail.page(ledger, **asked)]

    assert seqs(offset=0, limit=2) == [7, 6] and seqs(offset=5, limit=9) == [2, 1] and seqs(offset=7, limit=9) == []
    assert seqs(offset=0, limit=2, matching="SUNDAY") == [7, 5]
    assert seqs(offset=2, limit=9, matching="sunday") == [3, 1]
    assert seqs(offset=0, limit=9, matching="p4") == [4]
    assert seqs(offset=0, limit=9, matching="nobody") == []


# Deployments and decisions against the trail


def decided(db: sqlite3.Connection, table: str, action: str, audit: int, **otherwise: Any) -> None:
    """A version with a decision or a deployment that row ``audit`` records."""
    row: dict[str, Any] = {
        "project": "tiny", "number": 1, "kind": action, "at": trail.stamp(NOON), "actor": "ada", "reason": "too weak",
        "audit": audit, **({"live_seq": 0} if table == "decisions" else {"release": "1-d", "proof": "[]"}), **otherwise,
    }  # fmt: skip
    if not db.execute("SELECT 1 FROM projects").fetchone():
        db.execute("INSERT INTO projects VALUES ('tiny', 'T', 'o', '/p', '{}', '2026', NULL)")
        db.execute(
            "INSERT INTO runs (id, project, job, state, as_of, queued_at, requested_by, options)"
            " VALUES (1, 'tiny', 'retrain', 'succeeded', '2026', '2026', 'ada', '{}')"
        )
        for number in (1, 2):
            db.execute(
                "INSERT INTO versions (project, number, digest, made_at, as_of, run, verdict, comparison, sentence,"
                " metric, state) VALUES ('tiny', ?, ?, '2026', '2026', 1, 'pass', 'first', 's', 'null', 'retired')",
                (number, f"d{number}"),
            )
    names = ", ".join(row)
    db.execute(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(row))})", tuple(row.values()))


TABLES = [("decisions", "reject"), ("decisions", "approve"), ("deployments", "release"), ("deployments", "rollback")]


@pytest.mark.parametrize(("table", "action"), TABLES)
def test_what_was_decided_agrees_with_the_row_that_recorded_it(ledger: Ledger, table: str, action: str) -> None:
    with ledger.write() as db:
        appended_in = trail.append(db, **{**WHAT, "action": action})
        decided(db, table, action, appended_in)
        if action == "rollback":  # which is both
            decided(db, "decisions", action, appended_in)
    verdict = trail.verify(ledger)
    assert (verdict.ok, verdict.rows, verdict.first_broken, verdict.why) == (True, 1, None, None)
    assert verdict.head == stored(ledger)[-1][2]


@pytest.mark.parametrize(("table", "action"), TABLES)
@pytest.mark.parametrize(
    "otherwise",
    [
        {"actor": "eve"}, {"reason": "none"}, {"number": 2}, {"at": trail.stamp(NOON + timedelta(seconds=1))},
        {"kind": "another"},
    ],
    ids=lambda words: next(iter(words)),
)  # fmt: skip
def test_what_was_decided_otherwise_than_it_was_recorded_is_found(
    ledger: Ledger, table: str, action: str, otherwise: dict[str, Any]
) -> None:
    if "kind" in otherwise:
        other = {"reject": "lift", "approve": "reject", "release": "rollback", "rollback": "release"}[action]
        otherwise = {"kind": other}
    with ledger.write() as db:
        trail.append(db, **WHAT)
        seq = trail.append(db, **{**WHAT, "action": action})
        decided(db, table, action, seq, **otherwise)
    verdict = trail.verify(ledger)
    assert (verdict.ok, verdict.rows, verdict.first_broken) == (False, 2, seq)
    assert verdict.why == f"the table {table} does not agree with what row {seq} recorded"


def test_the_first_that_does_not_agree_is_named(ledger: Ledger) -> None:
    with ledger.write() as db:
        for number in (1, 2, 3):
            seq = trail.append(db, **WHAT)
            decided(db, "decisions", "reject", seq, actor="ada" if number == 1 else "eve")
    assert trail.verify(ledger).first_broken == 2


@pytest.mark.parametrize("action", ["release", "rollback"])
def test_a_row_that_says_something_went_live_needs_its_deployment(ledger: Ledger, action: str) -> None:
    with ledger.write() as db:
        trail.append(db, **WHAT)
        trail.append(db, **{**WHAT, "action": action})
        trail.append(db, **{**WHAT, "action": action})
    verdict = trail.verify(ledger)
    assert (verdict.ok, verdict.first_broken) == (False, 2)
    assert verdict.why == "the table deployments does not agree with what row 2 recorded"


@pytest.mark.parametrize("action", ["approve", "reject", "lift", "rollback"])
def test_a_row_that_says_something_was_decided_needs_its_decision(ledger: Ledger, action: str) -> None:
    with ledger.write() as db:
        first, second = (trail.append(db, **{**WHAT, "action": action}) for _ in range(2))
        decided(db, "decisions", action, first)
        if action == "rollback":
            for seq in (first, second):
                decided(db, "deployments", action, seq)
    verdict = trail.verify(ledger)
    assert (verdict.ok, verdict.first_broken) == (False, 2)
    assert verdict.why == "the table decisions does not agree with what row 2 recorded"


def test_a_broken_chain_is_told_with_the_last_digest_that_holds(ledger: Ledger) -> None:
    for _ in range(1205):
        appended(ledger)
    rows = stored(ledger)
    with sqlite3.connect(ledger.path) as db:
        db.execute("DROP TRIGGER audit_no_update")
        db.execute("UPDATE audit SET digest = ? WHERE seq = 1100", ("f" * 64,))
    verdict = trail.verify(ledger)
    assert (verdict.ok, verdict.rows, verdict.first_broken, verdict.head) == (False, 1099, 1100, rows[1098][2])
    assert verdict.why == "row 1100 does not follow from the row before it"


# Export


def test_an_export_holds_every_row_as_stored_and_its_verdict(ledger: Ledger, tmp_path: Path) -> None:
    for reason in ("ä €", "b"):
        appended(ledger, action="add", reason=reason)
    verdict = trail.export(ledger, tmp_path / "trail")
    assert verdict == trail.verify(ledger)
    text = (tmp_path / "trail").read_text(encoding="utf-8")
    *lines, last = [json.loads(line) for line in text.splitlines()]
    assert [(line["seq"], line["body"], line["digest"]) for line in lines] == stored(ledger)
    assert last == {"rows": 2, "head": stored(ledger)[-1][2], "ok": True}
    assert "ä €" in text


def test_an_export_that_finds_no_room_leaves_no_half(ledger: Ledger, tmp_path: Path) -> None:
    for _ in range(40):
        appended(ledger)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, before[1]))
    try:
        with pytest.raises(Refusal, match=f"The trail could not be written to {tmp_path}/trail: "):
            trail.export(ledger, tmp_path / "trail")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not (tmp_path / "trail").exists()
