"""The part of a look that is about requests: each threshold from both sides, and what an earlier look said goes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine.monitoring.look_document import LookDocument, LookFinding, LookPart
from engine.monitoring.requests import PART, RequestTotals, with_requests

WELL = RequestTotals(
    since="12:00 UTC", requests=1000, answered=1000, failures=0, fallback=0, lost=0, per_second=2.5, p50=0.002,
    p95=0.004, p99=0.005, errors=(), allowed=1.0,
)  # fmt: skip
LOOK = LookDocument(
    version="tiny@1", as_of="2026-11-24T13:00:00Z", verdict="ok", why="quality is well",
    parts={"quality": LookPart("ok", "all checks are well")}, measured=("quality",),
    signals=(("rows", 9, None, None, 9),),
)  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "key", "severity"),
    [
        ({"failures": 9}, None, "ok"),
        ({"failures": 10}, "requests:errors", "watch"),
        ({"failures": 49}, "requests:errors", "watch"),
        ({"failures": 50}, "requests:errors", "failing"),
        ({"p99": 0.49}, None, "ok"),
        ({"p99": 0.5}, "requests:times", "watch"),
        ({"p50": 0.49, "p99": 0.9}, "requests:times", "watch"),
        ({"p50": 0.5, "p99": 0.9}, "requests:times", "failing"),
        ({"fallback": 9}, None, "ok"),
        ({"fallback": 10}, "requests:fallback", "watch"),
        ({"lost": 1}, "requests:lost", "watch"),
    ],
)
def test_each_threshold(changes: dict[str, Any], key: str | None, severity: str) -> None:
    found = with_requests(LOOK, replace(WELL, **changes))
    assert [each.key for each in found.findings] == ([key] if key else [])
    assert found.parts[PART].verdict == severity
    assert found.verdict == severity
    assert found.measured == ("quality", PART)


def test_what_failed_is_named() -> None:
    found = with_requests(LOOK, replace(WELL, failures=60, errors=("failed 40", "out of time 20")))
    assert found.why == "6.0% of 1,000 requests since 12:00 UTC failed (failed 40, out of time 20)"


def test_of_few_requests_nothing_is_told_and_an_alert_of_before_is_not_over() -> None:
    found = with_requests(LOOK, replace(WELL, requests=49, failures=49, answered=0))
    assert found.findings == ()
    assert found.parts[PART] == LookPart("cannot tell", "49 requests since 12:00 UTC are too few")
    assert PART not in found.measured
    assert found.verdict == "ok"


def test_what_the_look_before_said_of_requests_is_not_said_again() -> None:
    before = with_requests(LOOK, replace(WELL, failures=500))
    assert before.verdict == "failing"
    again = with_requests(before, WELL)
    assert (again.verdict, again.findings, again.measured) == ("ok", (), ("quality", PART))
    assert [name for name, *_ in again.signals].count("failed requests") == 1


def test_what_else_is_wrong_stays_wrong() -> None:
    bad = LookFinding("drift:x", "drift", "failing", "x moved", "look", LOOK.as_of)
    found = with_requests(replace(LOOK, findings=(bad,)), WELL)
    assert (found.verdict, found.why) == ("failing", "x moved")
