"""What the samples bring as new, put to what they brought before, is all that they bring."""

from __future__ import annotations

import importlib.util
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

SAMPLES = Path(__file__).resolve().parents[1] / "sample_projects"
pytestmark = pytest.mark.slow


def sample(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"sample_{name}", SAMPLES / name / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("name", "key", "order", "as_of", "by"),
    [
        ("flights", "flight_id", ["scheduled_departure", "flight_id"], datetime(2026, 11, 24, 18), timedelta(hours=27)),
        ("flights", "flight_id", ["scheduled_departure", "flight_id"], datetime(2024, 3, 1, 12), timedelta(days=1)),
        ("flights", "flight_id", ["scheduled_departure", "flight_id"], datetime(2027, 1, 1, 12), timedelta(minutes=15)),
        ("diamonds", "listing", ["listed_at"], datetime(2026, 7, 6, 3), timedelta(minutes=25)),
        ("diamonds", "listing", ["listed_at"], datetime(2026, 1, 1, 3), timedelta(days=2)),
    ],
)
def test_what_is_new_put_to_what_was_is_all(
    name: str, key: str, order: list[str], as_of: datetime, by: timedelta
) -> None:
    import pandas

    extract, now = sample(name).extract, as_of.replace(tzinfo=UTC)
    everything, before, new = extract(now, None), extract(now - by), extract(now, now - by)
    assert len(new) < len(everything) / 50
    together = pandas.concat([before[~before[key].isin(new[key])], new]).sort_values(order, ignore_index=True)
    pandas.testing.assert_frame_equal(together, everything, check_exact=True)
    nothing = extract(now, now)
    assert nothing.empty
    pandas.testing.assert_series_equal(nothing.dtypes, everything.dtypes)


def test_flights_says_that_nothing_landed_only_where_nothing_did() -> None:
    import numpy
    import pandas

    flights = sample("flights")
    assert flights.PAUSES.read_text("ascii") == flights.pauses()
    of_2013 = flights._flights_of_2013()
    landed = pandas.concat([flights._flown_again(of_2013, year)["landed"] for year in range(2025, 2029)])
    moments = landed.sort_values().dt.tz_convert(None).to_numpy("datetime64[s]")
    empty = read = 0
    # New Year, the end of a February that is a day longer, and a summer.
    for day in (datetime(2026, 1, 1), datetime(2026, 12, 31), datetime(2027, 7, 1), datetime(2028, 2, 28)):
        for quarter in range(0, 4 * 24 * 3, 4):
            since = day.replace(tzinfo=UTC) + timedelta(minutes=15 * quarter, seconds=quarter % 3)
            until = since + timedelta(minutes=15)
            begin, end = numpy.searchsorted(
                moments,
                [numpy.datetime64(each, "s") for each in (since.replace(tzinfo=None), until.replace(tzinfo=None))],
                side="right",
            )
            said = flights._nothing_landed(since, until)
            assert not said or begin == end, f"{since}: {end - begin} landed"
            empty, read = empty + (begin == end), read + (begin == end and not said)
    assert empty > 30 and read < empty / 10, "it unpacks a year of flights to find nothing"
