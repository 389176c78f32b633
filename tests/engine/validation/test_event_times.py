"""When a row happened is read in one way, however it is written; what is no time is refused by name."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import cycle
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.clock import moment, stamp
from engine.errors import StepFailed
from engine.jobs.retrain.data import prepare
from engine.monitoring.performance.periods import cut
from engine.monitoring.quality.arrivals import freshness, usual_age, volume
from engine.monitoring.quality.checks import quality
from engine.monitoring.timestamps import UNDATED, microseconds, moments
from engine.projects.manifest.reader import load_manifest
from engine.validation.event_times import read_moments
from engine.validation.holdout.split import arrived, newer, split
from tests import tiny
from tests.engine.validation.validation_cases import manifest

AS_OF = datetime(2026, 11, 10, 6, tzinfo=UTC)
DAYS = [date(2026, 8, 1) + timedelta(days=n) for n in range(95)]
MIDNIGHTS = [datetime(d.year, d.month, d.day, tzinfo=UTC) for d in DAYS]
ISO = [d.isoformat() for d in DAYS]
ZONES = cycle(["", " 00:00:00", "T00:00:00Z", "T02:00:00+02:00", " 00:00:00 UTC", "T00:00:00.000000000Z"])
WAYS: dict[str, pa.Array] = {
    "timestamps": pa.array(MIDNIGHTS, pa.timestamp("us", "UTC")),
    "without a zone, to the nanosecond": pa.array([m.replace(tzinfo=None) for m in MIDNIGHTS], pa.timestamp("ns")),
    "in another zone, to the second": pa.array(MIDNIGHTS, pa.timestamp("s", "Europe/Berlin")),
    "dates": pa.array(DAYS, pa.date32()),
    "dates of 64 bits": pa.array(DAYS, pa.date64()),
    "dates in a dictionary": pa.array(DAYS, pa.date32()).dictionary_encode(),
    "text of a date": pa.array(ISO),
    "long text": pa.array(ISO, pa.large_string()),
    "a view of text": pa.array(ISO, pa.string_view()),
    "text in a dictionary": pa.array(ISO).dictionary_encode(),
    "text without hyphens": pa.array([iso.replace("-", "") for iso in ISO]),
    "text with and without zones": pa.array([f" {iso}{way} " for iso, way in zip(ISO, ZONES, strict=False)]),
}
MOMENTS = [microseconds(m) for m in MIDNIGHTS]


def table(way: str, name: str = "at") -> pa.Table:
    """A row a day; the last three days have no label yet."""
    rows = len(DAYS)
    late = [None if n >= rows - 3 else n % 2 for n in range(rows)]
    return pa.table({name: WAYS[way], "x": [float(n) for n in range(rows)], "late": late})


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_write_a_time_is_the_same_moment(way: str) -> None:
    found, dated = read_moments(table(way), "at")
    assert found.tolist() == MOMENTS and dated.all()


@pytest.mark.parametrize("way", WAYS)
def test_every_place_that_asks_when_a_row_happened_hears_the_same(way: str) -> None:
    rules, rows = manifest(timedelta(days=42)), table(way)
    parts = split(rows, rules, AS_OF)
    assert (parts.since, parts.until) == (MIDNIGHTS[0], datetime(2026, 11, 3, tzinfo=UTC))
    assert parts.boundary == "2026-09-19T00:00:00.000000Z"
    assert (parts.train.num_rows, parts.holdout.num_rows) == (50, 42)
    assert newer(rows, rules, rows, parts.boundary, AS_OF, 99).table.num_rows == 45
    assert arrived(rows, rules, datetime(2026, 10, 20, tzinfo=UTC), 0, AS_OF) == 11
    times = moments(rows, "at")
    assert times.tolist() == MOMENTS
    weeks = cut(times, rows.num_rows, AS_OF)
    assert (weeks.number >= 0).all() and weeks.starts[-1] == microseconds(datetime(2026, 10, 26, tzinfo=UTC))
    lag = microseconds(AS_OF) - MOMENTS[-1]
    assert freshness(times, times, microseconds(AS_OF), lag).verdict == "ok"
    checks = {
        check.kind: check
        for check in quality(
            rows, rows, features=["x"], key=[], time="at", as_of=AS_OF, leave_out=["late"], lag=AS_OF - MIDNIGHTS[-1]
        )
    }
    assert (checks["freshness"].verdict, checks["freshness"].age) == ("ok", lag / 1e6)
    assert checks["volume"].sentence == volume(times, times, microseconds(AS_OF)).sentence
    assert usual_age(times) > 0


def test_a_column_that_says_of_some_rows_nothing_has_undated_rows() -> None:
    for nothing in (None, "", "  ", "NaT", "nan", "None", "<NA>", "n/a", "0000-00-00", "0000-00-00 00:00:00"):
        found = moments(pa.table({"at": pa.array(["2026-11-03", nothing])}), "at")
        assert found.tolist() == [microseconds(datetime(2026, 11, 3, tzinfo=UTC)), UNDATED]
    for empty in (pa.nulls(2), pa.array([float("nan"), None]), pa.array([None, ""])):
        assert moments(pa.table({"at": empty}), "at").tolist() == [UNDATED, UNDATED]


def test_the_year_first_is_the_year_whatever_stands_between() -> None:
    found = moments(pa.table({"at": ["2026/11/03", "2026/11/03 04:05", "2026/11/03T04:05:06Z", "20261103"]}), "at")
    begins = microseconds(datetime(2026, 11, 3, tzinfo=UTC))
    assert [(each - begins) // 10**6 for each in found.tolist()] == [0, 14_700, 14_706, 0]


# As pandas writes them.
ABOUT = {"ARROW:extension:name": "pandas.period", "ARROW:extension:metadata": '{"freq": "D"}'}
PERIODS = pa.field("at", pa.int64(), metadata=ABOUT)
NO_TIMES: dict[str, tuple[Any, str]] = {
    "whole numbers": ([1793664000, 1], "holds numbers, such as 1793664000, which do not say what they count"),
    "numbers": ([1.5, 2.0], "holds numbers, such as 1.5"),
    "decimals": ([Decimal("20261103")], "holds numbers, such as 20261103"),
    "days of another order": (["2026-11-03", "03.11.2026"], "no time, such as '03.11.2026'"),
    "one text among many": (["2026-11-03T10:00:00Z"] * 99 + ["soon"], "no time, such as 'soon'"),
    "a day that no month has": (["2026-02-30"], "no time, such as '2026-02-30'"),
    "months": (["2026-11"], "no time, such as '2026-11'"),
    "yes and no": ([True], "holds yes/no, not times"),
    "times of day": ([time(1)], "holds time of day, not times"),
    "lengths of time": ([timedelta(1)], "holds duration, not times"),
    "lists": ([[1]], "not times"),
    "bytes": ([b"2026-11-03"], "holds binary, not times"),
    "a moment too far": (pa.array([2**31 - 1], pa.int32()).cast(pa.date32()), "a moment that no calendar has"),
}


@pytest.mark.parametrize("kind", NO_TIMES)
def test_what_is_no_time_is_refused_with_its_column_one_value_and_the_way_out(kind: str) -> None:
    values, said = NO_TIMES[kind]
    rows = pa.table({"at": values, "x": [0.5] * len(values), "late": [1] * len(values)})
    for place in (lambda: split(rows, manifest(0.5), AS_OF), lambda: arrived(rows, manifest(0.5), None, 0, AS_OF)):
        with pytest.raises(StepFailed) as refused:
            place()
        assert said in str(refused.value)
        assert "time column 'at'" in str(refused.value) and "let extract return dates or timestamps" in str(
            refused.value
        )


def test_periods_are_refused_by_name_whether_pandas_is_loaded_or_not(tmp_path: Path) -> None:
    pq.write_table(pa.table([[1, 2]], schema=pa.schema([PERIODS])), tmp_path / "at.parquet")
    with pytest.raises(StepFailed, match=r"'at' holds periods, not times; .*its .dt.to_timestamp\(\)"):
        read_moments(pq.read_table(tmp_path / "at.parquet"), "at")


def test_rows_of_the_future_do_not_say_until_when_the_data_reaches() -> None:
    dates = pa.array([*DAYS, date(9999, 12, 31), None], pa.date32())
    parts = split(pa.table({"at": dates, "late": [1] * len(dates)}), manifest(0.5), AS_OF)
    assert (parts.until, parts.future, parts.undated) == (MIDNIGHTS[-1], 1, 1)


@pytest.mark.parametrize("way", ["timestamps", "dates", "text of a date"])
def test_a_run_keeps_until_when_its_data_reaches(way: str, tmp_path: Path) -> None:
    whole = (
        table(way).append_column("id", pa.array(range(len(DAYS)))).append_column("place", pa.array(["A"] * len(DAYS)))
    )
    prepared = prepare(whole, load_manifest(tiny.make(tmp_path / "tiny")), AS_OF)
    assert (prepared.since, prepared.until) == (MIDNIGHTS[0], MIDNIGHTS[-1])


def test_the_first_year_is_written_so_that_it_can_be_read_again() -> None:
    first = datetime(1, 1, 1, tzinfo=UTC)
    assert stamp(first) == "0001-01-01T00:00:00.000000Z" and moment(stamp(first)) == first
