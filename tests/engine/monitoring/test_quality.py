"""Data quality: what is found, what stays quiet, and that no table makes it fail."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from engine.monitoring.look_parts import QualityCheck
from engine.monitoring.quality.checks import quality

START = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday
TRAINED = START + timedelta(days=70)
AS_OF = TRAINED + timedelta(days=14)
PER_DAY = 100


def rows(start: datetime, days: int, seed: int, per_day: int = PER_DAY) -> dict[str, Any]:
    """``days`` days of rows, evenly through the day, with nothing wrong."""
    draw = np.random.default_rng(seed)
    n = days * per_day
    step = timedelta(days=1) / per_day
    return {
        "id": [f"{start.date()}-{i}" for i in range(n)],
        "at": [start + i * step for i in range(n)],
        "temp": draw.normal(10, 5, n),
        "carrier": draw.choice(["AA", "DL", "UA"], n),
        "count": draw.integers(0, 9, n),
    }


def reference() -> pa.Table:
    return pa.table(rows(START, 70, 1))


def newer(changes: Mapping[str, Any] | None = None) -> pa.Table:
    return pa.table({**rows(TRAINED, 14, 2), **(changes or {})})


def check(current: pa.Table, before: pa.Table | None = None, **more: Any) -> tuple[QualityCheck, ...]:
    given: dict[str, Any] = {"features": ["temp", "carrier", "count"], "key": ["id"], "time": "at", "as_of": AS_OF}
    return quality(reference() if before is None else before, current, **{**given, **more})


def bad(found: tuple[QualityCheck, ...]) -> list[tuple[str, str | None, str]]:
    return [(c.kind, c.column, c.verdict) for c in found if c.verdict in ("watch", "failing")]


def one(found: tuple[QualityCheck, ...], kind: str, column: str | None = None) -> QualityCheck:
    return next(c for c in found if c.kind == kind and column in (None, c.column))


def some(values: Any, share: float, into: Any) -> list[Any]:
    """The last ``share`` of every hundred values replaced, so that each stretch of time holds as many."""
    return [into if i % 100 >= 100 - round(100 * share) else value for i, value in enumerate(values)]


def test_data_like_the_training_data_is_quiet_in_every_check() -> None:
    found = check(newer())
    assert bad(found) == []
    assert {c.verdict for c in found} == {"ok"}
    json.dumps([asdict(c) for c in found], allow_nan=False)


def test_missing_values_are_told_with_both_shares_and_where_to_look() -> None:
    found = check(newer({"temp": some(rows(TRAINED, 14, 2)["temp"], 0.41, None)}))
    assert bad(found) == [("missing", "temp", "failing")]
    assert found[0].sentence == "temp: 41 % of 700 rows have no value, 0 % in training; look at its source."


def test_a_share_of_missing_values_that_training_had_too_is_no_news() -> None:
    before = rows(START, 70, 1)
    current = newer({"temp": some(rows(TRAINED, 14, 2)["temp"], 0.41, None)})
    assert bad(check(current, pa.table({**before, "temp": some(before["temp"], 0.4, None)}))) == []


def test_an_outage_of_today_shows_among_weeks_of_good_rows_and_one_that_is_over_does_not() -> None:
    temp = list(rows(TRAINED, 14, 2)["temp"])
    assert bad(check(newer({"temp": [*temp[:-PER_DAY], *[None] * PER_DAY]}))) == [("missing", "temp", "watch")]
    assert bad(check(newer({"temp": [*[None] * PER_DAY, *temp[PER_DAY:]]}))) == []


def test_two_missing_values_of_five_rows_are_no_alarm() -> None:
    current = newer().slice(0, 5)
    current = current.set_column(2, "temp", pa.array([1.0, None, None, 2.0, 3.0]))
    assert one(check(current, as_of=TRAINED), "missing", "temp").verdict == "cannot tell"


def test_gaps_that_come_in_whole_days_are_no_news_when_training_had_such_days() -> None:
    def gaps(start: datetime, days: int, every: int) -> pa.Table:
        data = rows(start, days, 4, per_day=600)
        temp = [None if i // 600 % every == every - 1 and i % 2 else value for i, value in enumerate(data["temp"])]
        return pa.table({**data, "temp": temp})

    assert bad(check(gaps(TRAINED, 14, 14), gaps(START, 70, 10))) == []
    assert bad(check(gaps(TRAINED, 14, 14), gaps(START, 70, 1000))) == [("missing", "temp", "failing")]


@pytest.mark.parametrize("bad_value", [float("inf"), float("-inf")])
def test_infinite_values_are_invalid(bad_value: float) -> None:
    found = check(newer({"temp": some(rows(TRAINED, 14, 2)["temp"], 0.03, bad_value)}))
    assert bad(found) == [("invalid", "temp", "watch")]


def test_values_in_another_unit_are_out_of_range_and_the_range_is_told() -> None:
    found = check(newer({"temp": np.array(rows(TRAINED, 14, 2)["temp"]) * 1.8 + 32}))
    assert bad(found) == [("out-of-range", "temp", "failing")]
    assert "lie outside of −" in found[0].sentence


def test_a_counter_that_moved_on_in_training_too_is_not_out_of_range() -> None:
    before, after = rows(START, 70, 1), rows(TRAINED, 14, 2)
    before["count"], after["count"] = np.arange(7000), np.arange(7000, 8400)
    found = check(pa.table(after), pa.table(before))
    assert bad(found) == []
    assert one(found, "out-of-range", "count").share == pytest.approx(0.5, abs=0.5)


def test_a_season_that_training_did_not_hold_is_watched_and_no_failure() -> None:
    warmer = np.array(rows(TRAINED, 14, 2)["temp"]) + 18
    found = check(newer({"temp": warmer}))
    assert bad(found) == [("out-of-range", "temp", "watch")]
    assert "a retrain learns them" in found[0].sentence


def test_a_category_never_seen_is_named_and_made_safe_to_show() -> None:
    found = check(newer({"carrier": some(rows(TRAINED, 14, 2)["carrier"], 0.3, "\x1b[31mZZ\x07")}))
    assert bad(found) == [("new-category", "carrier", "failing")]
    assert found[0].values == ("ZZ",)
    assert "\x1b" not in found[0].sentence
    secret = check(newer({"carrier": some(rows(TRAINED, 14, 2)["carrier"], 0.3, "Ada L.")}), sensitive=["carrier"])
    assert "Ada" not in json.dumps([asdict(c) for c in secret])


def test_names_that_are_new_every_day_are_no_news() -> None:
    before, after = rows(START, 70, 1), rows(TRAINED, 14, 2)
    before["carrier"], after["carrier"] = before["id"], after["id"]
    assert bad(check(pa.table(after), pa.table(before))) == []


def test_rows_delivered_twice_are_duplicates_by_key() -> None:
    current = newer()
    found = check(pa.concat_tables([current, current.slice(1200)]))
    assert ("duplicate", "id", "failing") in bad(found)
    assert one(check(current, key=[]), "duplicate").verdict == "cannot tell"


def test_half_a_day_of_rows_missing_is_a_low_volume_and_an_unfinished_day_is_none() -> None:
    cut = AS_OF - timedelta(hours=10)
    current = newer()
    found = check(current.slice(0, 1350), as_of=cut)
    assert one(found, "volume").verdict == "ok"
    gone = pa.concat_tables([current.slice(0, 1300), current.slice(1370)])
    low = one(check(gone), "volume")
    assert (low.verdict, low.count) == ("watch", 30)
    assert low.sentence == (
        "2026-03-29: 30 rows in the day, usual are 100; look at what delivers the data."
    )  # fmt: skip


def test_a_quiet_weekend_is_usual_when_weekends_were_quiet() -> None:
    def week(start: datetime, days: int) -> pa.Table:
        table = pa.table(rows(start, days, 3))
        weekday = np.array([moment.weekday() for moment in table.column("at").to_pylist()])
        kept = (weekday < 5) | (np.arange(len(weekday)) % 20 == 0)
        return table.filter(pa.array(kept))

    found = check(week(TRAINED, 14), week(START, 70))
    assert one(found, "volume").count == 5
    assert one(found, "volume").verdict == "ok"


@pytest.mark.parametrize(("days", "verdict"), [(0.5, "ok"), (2, "watch"), (6, "failing")])
def test_the_age_of_the_newest_row_is_told(days: float, verdict: str) -> None:
    assert one(check(newer(), as_of=AS_OF + timedelta(days=days)), "freshness").verdict == verdict


def test_a_weekly_delivery_is_fresh_for_more_than_a_week() -> None:
    before = pa.table(rows(START, 70, 1, per_day=1)).filter(pa.array(np.arange(70) % 7 == 0))
    after = pa.table(rows(TRAINED, 1, 2, per_day=1))
    assert one(check(after, before, as_of=TRAINED + timedelta(days=9)), "freshness").verdict == "ok"
    assert one(check(after, before, as_of=TRAINED + timedelta(days=12)), "freshness").verdict == "watch"


def test_a_lost_a_new_and_a_retyped_column_are_each_said() -> None:
    current = newer({"count": [str(i % 9) for i in range(1400)], "extra": [1] * 1400}).drop_columns(["temp"])
    assert bad(check(current)) == [
        ("lost-column", "temp", "failing"),
        ("changed-type", "count", "failing"),
        ("new-column", "extra", "watch"),
    ]


def test_encodings_widths_and_integers_that_got_gaps_are_the_same_type() -> None:
    after = rows(TRAINED, 14, 2)
    current = pa.table({
        **after,
        "carrier": pa.array(after["carrier"]).dictionary_encode(),
        "count": pa.array([None, *map(float, after["count"][1:])]),
        "temp": pa.array(after["temp"], pa.float32()),
    })  # fmt: skip
    assert bad(check(current)) == []


def test_a_column_without_any_value_is_missing_and_not_retyped() -> None:
    found = check(newer({"temp": pa.nulls(1400)}))
    assert bad(found) == [("missing", "temp", "failing")]


@pytest.mark.parametrize("count", [0, 1])
def test_no_row_and_one_row_cannot_tell(count: int) -> None:
    found = check(newer().slice(0, count), as_of=TRAINED)
    assert bad(found) == []
    assert one(found, "missing", "temp").verdict == "cannot tell"
    assert {c.verdict for c in check(newer(), reference().slice(0, 0)) if c.kind == "missing"} == {"cannot tell"}


def test_without_a_time_column_volume_and_freshness_cannot_tell() -> None:
    found = check(newer(), time=None)
    assert [one(found, kind).verdict for kind in ("volume", "freshness")] == ["cannot tell"] * 2


def test_times_that_became_text_and_rows_of_the_future_are_said() -> None:
    assert ("changed-type", "at", "failing") in bad(check(newer({"at": ["soon"] * 1400})))
    late = newer({"at": [moment + timedelta(days=5) for moment in rows(TRAINED, 14, 2)["at"]]})
    assert ("invalid", "at", "failing") in bad(check(late))


def test_lists_structures_and_columns_twice_do_not_stop_it() -> None:
    odd = newer({"temp": [[1.0]] * 1400, "carrier": [{"a": 1}] * 1400})
    found = check(odd, key=["temp", "carrier"])
    assert ("changed-type", "temp", "failing") in bad(found)
    twice = pa.table([*newer().columns, newer().column("temp")], names=[*newer().column_names, "temp"])
    assert one(check(twice), "missing", "temp").verdict == "ok"
