"""Figures of requests by hand: rates, percentiles, errors by kind, and who answered."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest

from engine.requests.counting import Count, CountKey, bucket, by_key, key_of, middle, quantile
from engine.requests.figures import MOST_POINTS, Counted, figures, window_of
from engine.requests.report import of_project, rates
from engine.storage.ledger import Ledger
from engine.storage.workspace import Workspace
from tests.engine.requests.noted import NOON, answered, writer

HOUR = timedelta(hours=1)


def counted(minute: int, requests: int, *, worker: str = "one", status: int = 200, **other: str) -> Counted:
    at, version = int(NOON.timestamp()) // 60 + minute, other.get("version", "tiny@1")
    key = CountKey("tiny", at, version, "d", other.get("fallback", ""), status)
    return worker, key, Count(requests, requests, requests, 0, requests / 1000, {bucket(0.001): requests})


@pytest.mark.parametrize("seconds", [1e-6, 1e-5, 1.1e-5, 0.00123, 0.5, 3, 90])
def test_a_time_is_told_to_five_parts_in_a_hundred(seconds: float) -> None:
    told = middle(bucket(seconds))
    assert told == pytest.approx(max(seconds, 1e-5), rel=0.05)


def test_whatever_a_clock_says_has_a_bucket() -> None:
    assert [bucket(each) for each in (-5.0, 0.0, 1e9)] == [0, 0, 170]
    assert quantile({}, 0.5) is None


def test_each_request_is_counted_in_its_own_minute_whatever_the_order() -> None:
    chance = Random(5)
    spread = [timedelta(seconds=chance.randrange(-130, 130), microseconds=each) for each in range(60)]
    noted = [answered(at=NOON + each) for each in spread]
    noted += [answered(at=NOON + timedelta(seconds=each), status=503) for each in (59, 60, 0)]
    found = by_key(noted)
    assert sum(map(len, found.values())) == len(noted)
    assert all(key_of(each) == key for key, alike in found.items() for each in alike)


def test_percentiles_are_those_of_the_times_themselves() -> None:
    chance, histogram = Random(7), dict[int, int]()
    times = sorted(chance.lognormvariate(-6, 1) for _ in range(20_000))
    for each in times:
        histogram[bucket(each)] = histogram.get(bucket(each), 0) + 1
    for share in (0.5, 0.95, 0.99):
        assert quantile(histogram, share) == pytest.approx(times[int(share * len(times))], rel=0.06)


def test_requests_a_second_failures_and_what_callers_did_wrong() -> None:
    well = [counted(0, 3000), counted(1, 600)]
    ill = [counted(1, 40, status=422), counted(2, 30, status=504), counted(2, 6, status=0)]
    found = figures("tiny", well + ill, NOON, NOON + HOUR)
    assert found.requests == 3676
    assert found.per_second == pytest.approx(3676 / 3600)
    assert (found.failures, found.refused, found.unseen) == (30, 40, 6)
    assert found.errors == (("input refused", 40), ("out of time", 30), ("too fast to be noted", 6))
    assert found.failed_share == pytest.approx(30 / 3676)


def test_how_long_it_took_is_of_answers_alone() -> None:
    slow = counted(0, 900, status=504)
    slow[2].histogram = {bucket(5.0): 900}
    found = figures("tiny", [counted(0, 100), slow], NOON, NOON + HOUR)
    assert found.p99 == pytest.approx(0.001, rel=0.05)


def test_who_answered() -> None:
    found = figures(
        "tiny",
        [
            counted(0, 10), counted(0, 30, version="tiny@2", worker="two"), counted(0, 5, fallback="previous"),
            counted(0, 2, version="tiny@2", status=500), counted(0, 7, worker=""),
        ],
        NOON,
        NOON + HOUR,
    )  # fmt: skip
    assert [(each.name, each.requests, each.failures) for each in found.by_version] == [
        ("tiny@2", 32, 2), ("tiny@1", 22, 0),
    ]  # fmt: skip
    assert [(each.name, each.requests) for each in found.by_worker] == [("two", 30), ("one", 17)]
    assert [(each.name, each.requests) for each in found.by_fallback] == [("the version asked", 49), ("previous", 5)]


@pytest.mark.parametrize("hours", [1, 5, 24, 24 * 30])
def test_points_cover_the_window_in_equal_parts(hours: int) -> None:
    every = [counted(minute, 60) for minute in range(0, hours * 60, 7)]
    found = figures("tiny", every, NOON, NOON + timedelta(hours=hours))
    assert len(found.points) <= MOST_POINTS
    assert sum(each.requests for each in found.points) == found.requests
    steps = {b.at - a.at for a, b in zip(found.points, found.points[1:], strict=False)}
    assert len(steps) == 1
    assert found.points[0].at == NOON


def test_a_minute_that_has_only_begun_has_the_rate_of_its_part() -> None:
    found = figures("tiny", [counted(0, 60), counted(1, 30)], NOON, NOON + timedelta(seconds=90))
    assert [each.per_second for each in found.points] == [1.0, 1.0]


def test_the_ledger_gives_what_was_counted(served: tuple[Workspace, Ledger]) -> None:
    log = writer(*served)
    log.take([answered(number) for number in range(120)] + [answered(5, status=500, answers=())])
    log.flush(NOON, everything=True)
    now = NOON + timedelta(seconds=119)
    with served[1].read() as db:
        found = of_project(db, "tiny", now, HOUR)
        rate = rates(db, ["tiny", "other"], now)
    assert (found.figures.requests, found.figures.failures, found.figures.kept) == (121, 1, 120)
    assert (found.count, found.rows, found.oldest, found.served) == (1, 120, NOON, False)
    assert list(rate) == ["tiny"]
    assert rate["tiny"] == pytest.approx(121 / (now - window_of(timedelta(minutes=2), now)).total_seconds())
