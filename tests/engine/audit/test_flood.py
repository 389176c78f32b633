"""What comes too fast for the trail is counted: a few rows, then one that says how many more there were."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.access.proof import KeyProof
from engine.audit import flood, trail
from engine.storage import workspace as workspaces
from engine.storage.ledger import Ledger
from tests.callers import caller

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    workspace = workspaces.create(tmp_path / "home")
    return Ledger(workspace.ledger, locks=workspace.root / "locks")


def came(
    ledger: Ledger, at: datetime, who: str = "eve", action: str = "refused", subject: str = "workspace", key: str = ""
) -> bool:
    by = replace(caller(who), proof=KeyProof(key)) if key else caller(who)
    with ledger.write() as db:
        return flood.append_or_fold(db, at=at, actor=by, action=action, subject=subject, details={"act": "x"})


def rows(ledger: Ledger) -> list[tuple[str, str, str, dict[str, Any]]]:
    return [(r.actor, r.subject, r.reason, dict(r.details)) for r in reversed(trail.page(ledger, offset=0, limit=999))]


def closed(ledger: Ledger, now: datetime) -> None:
    with ledger.write() as db:
        assert flood.waiting(db, now)
        flood.close_windows(db, now)
        assert not flood.waiting(db, now)


def test_the_first_few_are_rows_of_their_own_and_the_rest_is_one_number(ledger: Ledger) -> None:
    written = [came(ledger, NOON + n * SECOND, subject=f"p{n}") for n in range(20)]
    assert written == [True] * flood.WRITTEN + [False] * (20 - flood.WRITTEN)
    closed(ledger, NOON + flood.WINDOW)
    assert len(rows(ledger)) == flood.WRITTEN + 1
    actor, subject, reason, details = rows(ledger)[-1]
    assert (actor, subject, reason) == ("eve", "p19", "15 more like it within a minute")
    assert details["more"] == 15 and details["from"] < details["until"]
    assert trail.page(ledger, offset=0, limit=1)[0].proof == "account eve@box"
    assert trail.verify(ledger).ok


def test_what_is_next_after_the_minute_writes_the_number_before_itself(ledger: Ledger) -> None:
    for n in range(8):
        came(ledger, NOON + n * SECOND)
    assert came(ledger, NOON + flood.WINDOW, subject="later")
    assert [row[1] for row in rows(ledger)[-2:]] == ["workspace", "later"]
    assert rows(ledger)[-2][2] == "3 more like it within a minute"


def test_a_few_in_a_minute_leave_no_number(ledger: Ledger) -> None:
    for n in range(flood.WRITTEN):
        came(ledger, NOON + n * SECOND)
    closed(ledger, NOON + flood.WINDOW)
    assert len(rows(ledger)) == flood.WRITTEN


@pytest.mark.parametrize("other", [{"who": "bob"}, {"action": "login"}, {"key": "SHA256:stolen"}])
def test_what_is_of_another_by_another_proof_or_of_another_act_is_not_hidden_by_it(
    ledger: Ledger, other: dict[str, str]
) -> None:
    for n in range(20):
        came(ledger, NOON + n * SECOND)
    assert came(ledger, NOON + 21 * SECOND, **other)
    closed(ledger, NOON + flood.WINDOW + 21 * SECOND)
    assert [row[2] for row in rows(ledger) if row[2]] == ["15 more like it within a minute"]


def test_a_clock_that_goes_back_ends_the_minute(ledger: Ledger) -> None:
    for n in range(9):
        came(ledger, NOON + n * SECOND)
    assert came(ledger, NOON - timedelta(hours=1))
    assert rows(ledger)[-2][2] == "4 more like it within a minute"


def test_a_window_that_is_not_over_is_not_closed(ledger: Ledger) -> None:
    for n in range(9):
        came(ledger, NOON + n * SECOND)
    now = NOON + flood.WINDOW - SECOND
    with ledger.write() as db:
        assert not flood.waiting(db, now)
        flood.close_windows(db, now)
    assert not came(ledger, now)
