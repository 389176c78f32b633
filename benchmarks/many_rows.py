"""What five million rows cost to score, and whether memory stays flat: files and tables, each to its own kind.

    python benchmarks/many_rows.py [--home FOLDER] [--many 5000000] [--only parquet,csv,sqlite,postgresql]

Each passage is a fresh process that reads flights, scores them with the live version and writes them under their name:
a fifteenth of the rows first, then all of them. Peak memory of the many is to be at most a quarter more than that of
the few; time and rows a second are told. ``sqlite`` and ``postgresql`` write what a parquet file holds to a table; a
server is started where Debian's package is there.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import figures
from batch_scoring import live, ready, rows
from flights_workspace import arguments, workspace

from engine.api import open_engine
from engine.jobs.score.learnt import learnt
from engine.jobs.score.passage import Passage
from engine.jobs.score.places import place_of
from engine.jobs.score.reading import CsvSource, ParquetSource
from engine.jobs.score.table_writing import TableSink
from engine.jobs.score.writing import FileSink
from engine.projects.manifest.reader import manifest_of
from engine.runs.own_work import peak_memory
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace

KINDS = ("parquet", "csv", "sqlite", "postgresql")
VARIABLE = "BENCHMARK_URL"


def scored(home: Path, source: Path, output: str) -> None:
    """In a process of its own: score ``source`` to ``output``; print seconds, megabytes and rows."""
    engine = open_engine(home)
    label, document = live(engine)
    of = learnt(ObjectStore(home / "objects"), label, document, manifest_of(dict(document.settings)).data)
    place = place_of(output, VARIABLE, output=True, base=Path("/"))
    with TemporaryDirectory() as temporary, ready(home, label, document, Path(temporary)) as scorer:
        given = CsvSource(source, of) if source.suffix == ".csv" else ParquetSource(source, of)
        to_table = partial(TableSink, Workspace(home), place, replace=True)
        to_file = partial(FileSink, Path(place.name), place.kind, run=1)
        began = time.perf_counter()
        passage = Passage(given, scorer, of, 1, to_table if place.in_database else to_file)
        try:
            count, _ = passage.all()
            passage.publish(replace=True)
        finally:
            passage.close()
            given.close()
        seconds = time.perf_counter() - began
    engine.close()
    peak = peak_memory(Path("/proc/self/status").read_text()) / 1e6
    print(json.dumps({"seconds": seconds, "peak": peak, "rows": count}))


def in_csv(path: Path) -> Path:
    """The same rows as CSV."""
    import pyarrow.csv
    import pyarrow.parquet

    to = path.with_suffix(".csv")
    file = pyarrow.parquet.ParquetFile(path)
    with pyarrow.csv.CSVWriter(to, file.schema_arrow) as writer:
        for batch in file.iter_batches(1 << 15):
            writer.write_batch(batch)
    return to


def passed(home: Path, source: Path, output: str) -> dict[str, float]:
    asked = [sys.executable, __file__, "--home", str(home), "--source", str(source), "--output", output]
    done = subprocess.run(asked, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def measured(home: Path, folder: Path, kind: str, few: Path, many: Path) -> list[figures.Figure]:
    with ExitStack() as stack:
        if kind == "postgresql":
            from tests import postgres

            os.environ[VARIABLE] = f"postgresql+psycopg://{stack.enter_context(postgres.serving())}"
        elif kind == "sqlite":
            os.environ[VARIABLE] = f"sqlite:///{folder / 'shop.db'}"
        given = [in_csv(each) for each in (few, many)] if kind == "csv" else [few, many]
        output = f"{folder / 'out'}.{kind}" if kind in ("parquet", "csv") else "table:scored"
        one, other = (passed(home, each, output) for each in given)
    for each in folder.glob("*.csv"):
        each.unlink()
    pace = other["rows"] / other["seconds"]
    print(f"{kind}: {other['rows']:,} rows in {other['seconds']:.0f} s, {pace:,.0f} a second", flush=True)
    return [
        figures.Figure(f"{kind}: seconds for {other['rows']:,} rows", other["seconds"]),
        figures.Figure(f"{kind}: peak memory for {one['rows']:,} rows", one["peak"], unit="MB"),
        figures.Figure(f"{kind}: peak memory for {other['rows']:,} rows", other["peak"], 1.25 * one["peak"], "MB"),
    ]


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--many", type=int, default=5_000_000)
    parser.add_argument("--only", default=",".join(KINDS))
    parser.add_argument("--source", type=Path, help="for the process that is measured")
    parser.add_argument("--output", help="the same")
    asked = parser.parse_args()
    if asked.source:
        scored(asked.home, asked.source, asked.output)
        return 0
    found = list[figures.Figure]()
    with workspace(asked.home) as engine, TemporaryDirectory() as temporary:
        _, document = live(engine)
        few, many = (rows(engine.home, document, Path(temporary), count) for count in (asked.many // 15, asked.many))
        for kind in asked.only.split(","):
            found += measured(engine.home, Path(temporary), kind, few, many)
    return figures.show(found)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    sys.exit(main())
