"""A look at a served version tells of the requests of its last hour, and of none from before it was live."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from engine import clock
from engine.jobs.health.look import LookResult
from engine.jobs.health.requests import seen_with_requests
from engine.monitoring.look_document import LookDocument
from engine.requests import book
from engine.requests.counting import Count, CountKey, bucket
from engine.storage.ledger import Ledger
from tests.engine.requests.noted import made

SERVED = {"serve": {"realtime": True, "timeout": "1s"}}
SEEN = LookResult("tiny@2", False, LookDocument(version="tiny@2", as_of="", verdict="ok", why="well"), 0)


@pytest.fixture
def ledger(home: Path) -> Iterator[Ledger]:
    _, ledger = made(home)
    yield ledger
    ledger.close()


def counted(ledger: Ledger, at: datetime, requests: int, status: int = 200) -> None:
    key = CountKey("tiny", int(at.timestamp()) // 60, "tiny@2", "d", "", status)
    with ledger.write() as db:
        book.add(db, "one", {key: Count(requests, requests, 0, 0, 1.0, {bucket(0.002): requests})})


def looked(ledger: Ledger, as_of: datetime, settings: dict[str, Any] = SERVED) -> LookDocument:
    context = SimpleNamespace(
        live=("tiny@2", SimpleNamespace(settings=settings)), run=SimpleNamespace(project="tiny", as_of=as_of)
    )
    return seen_with_requests(ledger, cast(Any, context), SEEN).answer


def test_failures_of_the_last_hour_are_found(ledger: Ledger) -> None:
    now = clock.now()
    counted(ledger, now - timedelta(minutes=30), 900)
    counted(ledger, now - timedelta(minutes=30), 100, 503)
    counted(ledger, now - timedelta(hours=3), 5000, 500)
    found = looked(ledger, now)
    assert found.verdict == "failing"
    assert found.why.startswith("10.0% of 1,000 requests since")
    assert found.why.endswith("failed (no room or no version 100)")


def test_a_project_that_is_not_served_and_a_look_at_the_past_are_as_they_were(ledger: Ledger) -> None:
    now = clock.now()
    counted(ledger, now - timedelta(minutes=5), 1000, 500)
    assert looked(ledger, now, {}) is SEEN.answer
    assert looked(ledger, now - timedelta(days=9)) is SEEN.answer


def test_served_and_asked_for_nothing_cannot_tell(ledger: Ledger) -> None:
    assert looked(ledger, clock.now()).parts["requests"].verdict == "cannot tell"


def test_what_failed_before_it_was_live_is_not_its_doing(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    now = clock.now()
    counted(ledger, now - timedelta(minutes=40), 1000, 500)
    counted(ledger, now - timedelta(minutes=10), 1000)
    assert looked(ledger, now).verdict == "failing"
    swap = SimpleNamespace(at=now - timedelta(minutes=20))
    monkeypatch.setattr("engine.release.history.newest", lambda db, project: swap)
    assert looked(ledger, now).parts["requests"].why.startswith("1,000 requests since")
    assert looked(ledger, now).verdict == "ok"
