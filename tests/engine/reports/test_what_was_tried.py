"""A report tells which candidates were tried beside the version in use, how far they agreed, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from engine.clock import stamp
from engine.reports.html import page
from engine.reports.period import between
from engine.reports.text import text
from engine.scoring import trials
from engine.shadow import book
from engine.shadow.counting import Sums
from tests.callers import caller
from tests.engine.reports.worlds import NOW, World, lived_in

DAY = timedelta(days=1)
ADA, BO = caller("ada", "operator"), caller("bo", "operator")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = lived_in(tmp_path / "home")
    yield world
    world.engine.close()


def begin(world: World, number: int, kind: trials.Kind, share: float, ago: timedelta) -> None:
    with world.ledger.write() as db:
        trials.start(db, ("flights", number), "d" * 64, kind, share, 1, "see it at work", ADA, NOW - ago, {})


def end(world: World, how: trials.How, why: str, ago: timedelta) -> None:
    with world.ledger.write() as db:
        assert trials.end(db, "flights", how, why, BO, NOW - ago) is not None


def compared(world: World, rows: int, agreed: int, failed: int, ago: timedelta) -> None:
    with world.ledger.write() as db:
        (trial,) = db.execute("SELECT max(began) FROM trials").fetchone()
        sums = Sums()
        sums.rows, sums.agreed, sums.errors = rows, agreed, {"it was too slow": failed} if failed else {}
        book.add(db, book.Whose("flights", trial, "flights@4", "1"), sums, "", NOW - ago)


def answered(world: World, requests: int, ago: timedelta, *, version: str = "flights@4", status: int = 200) -> None:
    with world.ledger.write() as db:
        db.execute(
            "INSERT INTO request_counts (project, minute, worker, version, digest, fallback, status, requests, rows,"
            " kept, lost, seconds, histogram) VALUES ('flights', ?, '1', ?, 'd', '', ?, ?, ?, 0, 0, 1.0, '{}')",
            (stamp(NOW - ago), version, status, requests, requests),
        )


def section(world: World) -> str:
    """What stands in it, as one line."""
    report = world.report()
    whole = " ".join(text(report).split())
    assert ("What is tried out" in page(report)) == ("What is tried out" in whole)
    rest = whole.partition("What is tried out ----------------- ")[2]
    return rest.partition(" What waits for a decision")[0] if rest else ""


def test_nothing_is_said_where_nothing_was_tried(world: World) -> None:
    assert section(world) == "" and world.report().tried == ()


def test_a_shadow_that_runs_says_on_what_since_when_and_how_far_it_agrees(world: World) -> None:
    begin(world, 4, "shadow", 0.25, 2 * DAY)
    assert section(world).endswith("No case has been compared.")
    compared(world, 900, 895, 2, DAY)
    compared(world, 300, 299, 0, timedelta(hours=1))
    assert section(world) == (
        "flights@4 is asked about 25 % of the cases too, without anybody getting its answers, since 21 November 2026."
        " Begun by ada: “see it at work” It said the same as the version in use in 99.5 % of 1,200 cases."
        " For 2 cases it had no answer."
    )


def test_a_hair_short_of_all_is_not_all(world: World) -> None:
    begin(world, 4, "shadow", 1.0, 2 * DAY)
    compared(world, 100_000, 99_999, 0, DAY)
    assert "asked about all cases too" in section(world) and "in more than 99.9 % of 100,000 cases" in section(world)


def test_a_canary_says_how_many_it_answered_and_who_ended_it(world: World) -> None:
    begin(world, 4, "canary", 0.05, 3 * DAY)
    answered(world, 40, 2 * DAY)
    answered(world, 7, 2 * DAY, version="flights@3")
    answered(world, 3, 2 * DAY, status=500)
    with world.ledger.write() as db:
        running = trials.trial(db, "flights")
        assert running is not None
        trials.change(db, running, 0.2, "it does well", ADA, NOW - 2 * DAY)
    assert "flights@4 answers 20 % of the cases itself, always the same ones, since 20 November 2026." in section(world)
    assert "It has answered 40 requests." in section(world)
    end(world, "by hand", "seen enough", DAY)
    answered(world, 1000, timedelta(hours=1))
    assert section(world).endswith(
        "answered 20 % of the cases itself, always the same ones, from 20 November 2026 until 22 November 2026."
        " Begun by ada: “see it at work” It answered 40 requests. Ended by bo: “seen enough”"
    )


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("policy", "It was ended by itself, for it did worse: why"), ("released", "It ended with going live."),
        ("rejected", "It ended with being turned down."), ("expired", "too old to go live."),
        ("another", "It ended when another version went live."), ("removed", "when the project was removed."),
        ("canary", "After that it was let answer a share itself."),
    ],
)  # fmt: skip
def test_how_it_ended_is_said_in_words(world: World, how: trials.How, said: str) -> None:
    begin(world, 4, "shadow", 1.0, 2 * DAY)
    end(world, how, "why", DAY)
    assert section(world).endswith(said)


def test_a_trial_is_of_each_period_in_which_it_ran(world: World) -> None:
    begin(world, 3, "canary", 0.1, 2.5 * DAY)
    end(world, "by hand", "no", 2 * DAY)
    begin(world, 4, "canary", 0.1, 1.5 * DAY)
    assert [each.version for each in world.report(between(NOW - 1.75 * DAY, NOW)).tried] == ["flights@4"]
    found = world.report(between(NOW - 2.25 * DAY, NOW - DAY)).tried
    assert [(each.version, each.over_at is None) for each in found] == [("flights@3", False), ("flights@4", True)]
    assert [each.over_at for each in world.report(between(NOW - 3 * DAY, NOW - 2.25 * DAY)).tried] == [None]
    assert world.report(between(NOW - 4 * DAY, NOW - 2.75 * DAY)).tried == ()
