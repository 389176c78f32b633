"""A table of cases: a canary is worse, no worse, or nobody can tell; and what nobody can tell is never called worse."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.canary.judge import ended_because, measured
from engine.canary.records import Losses, Side
from engine.canary.sides import sides, window
from engine.projects.manifest.records import CanarySpec
from engine.requests.counting import LOST, Count, CountKey, bucket

SPEC = CanarySpec()
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


def judged(live: Side, canary: Side, spec: CanarySpec = SPEC, loss: str | None = None) -> dict[str, str]:
    return {each.name: each.judged for each in measured(live, canary, spec, loss)}


def errs(errors: int, requests: int) -> Side:
    return Side("x@1", requests, errors, answered=requests)


def lags(slow: int, answered: int) -> Side:
    return Side("x@1", answered, 0, answered, slow)


@pytest.mark.parametrize(("live", "canary", "said"), [
    ((0, 0), (0, 0), "cannot tell"),
    ((0, 10_000), (0, 0), "cannot tell"),
    ((0, 10_000), (1, 1), "cannot tell"),       # the first request of a canary fails
    ((0, 10_000), (5, 5), "worse"),             # five of five do
    ((0, 10_000), (2, 10), "cannot tell"),
    ((0, 10_000), (4, 12), "worse"),
    ((0, 10), (2, 10), "cannot tell"),          # nobody knows the live version well enough
    ((300, 10_000), (30, 1000), "cannot tell"),
    ((300, 10_000), (3000, 100_000), "no worse"),
    ((300, 10_000), (90, 1000), "worse"),
    ((0, 100_000), (500, 100_000), "no worse"),  # surely more, and by less than the manifest's bound
    ((5000, 10_000), (400, 1000), "no worse"),
])  # fmt: skip
def test_errors(live: tuple[int, int], canary: tuple[int, int], said: str) -> None:
    assert judged(errs(*live), errs(*canary))["errors"] == said


@pytest.mark.parametrize(("live", "canary", "said"), [
    ((10, 10_000), (60, 200), "worse"),
    ((10, 10_000), (3, 200), "cannot tell"),
    ((10, 10_000), (1, 1000), "no worse"),
])  # fmt: skip
def test_slow_answers(live: tuple[int, int], canary: tuple[int, int], said: str) -> None:
    assert judged(lags(*live), lags(*canary))["slow answers"] == said


@pytest.mark.parametrize(("live", "canary", "said"), [
    (Losses(10_000, 0.10, 0.02), Losses(1_000, 0.20, 0.03), "worse"),
    (Losses(10_000, 0.10, 0.02), Losses(1_000, 0.11, 0.03), "cannot tell"),
    (Losses(100_000, 0.10, 0.02), Losses(100_000, 0.101, 0.02), "no worse"),
    (Losses(10_000, 0.10, 0.02), Losses(199, 0.90, 0.03), "cannot tell"),  # too few labels
    (Losses(199, 0.10, 0.02), Losses(10_000, 0.90, 0.03), "cannot tell"),
    (Losses(), Losses(), "cannot tell"),
])  # fmt: skip
def test_losses(live: Losses, canary: Losses, said: str) -> None:
    both = Side("x@1", losses=live), Side("x@2", losses=canary)
    assert judged(*both, loss="Brier score")["loss"] == said
    assert "loss" not in judged(*both)


def test_what_the_manifest_lets_pass_ends_nothing() -> None:
    lenient = CanarySpec(errors=None, slower=None, worse=None)
    live, canary = errs(0, 10_000), Side("x@2", 1000, 900, 1000, 900)
    assert set(judged(live, canary, lenient).values()) == {"cannot tell"}
    assert judged(live, canary, CanarySpec(errors=0.95))["errors"] == "no worse"


def test_why_it_is_ended_is_told_with_both_figures_and_the_interval_of_the_difference() -> None:
    found = measured(errs(3, 10_000), errs(60, 1000), SPEC, None)
    said = ended_because("x@2", tuple(each for each in found if each.judged == "worse"))
    assert said.startswith(
        "x@2 did surely worse than the live version in the same time: it could not answer 6 % of 1,000 requests, the "
        "live version 0.03 % of 10,000 (by +"
    )
    assert said.endswith("percentage points)")


def count(requests: int, seconds: float = 0.01) -> Count:
    return Count(requests, requests, histogram={bucket(seconds): requests})


def counted(version: str, status: int, fallback: str = "", requests: int = 1, seconds: float = 0.01) -> Any:
    return "w1", CountKey("x", 0, version, "d", fallback, status), count(requests, seconds)


def test_a_request_is_of_the_side_that_its_keys_fall_to_whoever_answered_it() -> None:
    live, canary = sides([
        counted("x@1", 200, requests=100), counted("x@2", 200, requests=10), counted("x@1", 200, "live", requests=3),
        counted("x@1", 503, requests=2), counted("x@2", 503, requests=4), counted("x@0", 200, "previous", requests=5),
        counted("x@1", 422, requests=7), counted("x@2", 422, requests=1), counted("", LOST, requests=50),
        counted("x@1", 200, "rule", requests=1), counted("x@2", 200, requests=6, seconds=0.8),
    ], "x@1", "x@2", timedelta(seconds=0.5))  # fmt: skip
    assert (live.label, live.requests, live.errors, live.refused) == ("x@1", 108, 8, 7)
    assert (live.answered, live.slow) == (106, 0)
    assert (canary.label, canary.requests, canary.errors, canary.refused) == ("x@2", 23, 7, 1)
    assert (canary.answered, canary.slow) == (19, 6)
    assert canary.p99 == pytest.approx(0.8, rel=0.06) and live.p99 == pytest.approx(0.01, rel=0.06)


def test_only_whole_minutes_of_the_trial_are_looked_at() -> None:
    assert window(NOON, NOON + timedelta(seconds=150)) == (NOON, NOON + timedelta(minutes=2))
    began = NOON + timedelta(seconds=1)
    assert window(began, NOON + timedelta(seconds=150)) == (NOON + timedelta(minutes=1), NOON + timedelta(minutes=2))
