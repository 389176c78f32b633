"""What five million rows cost to score, and whether memory stays flat: files and tables, each to its own kind.

    python benchmarks/many_rows.py [--home FOLDER] [--rows 336776,1000000,5000000]
        [--only parquet,csv,query,sqlite,postgresql]

Each passage is a fresh process that reads flights, scores them with the live version and writes them under their name:
the fewest rows first, all of them last. Peak memory of the most is to be at most a twentieth more than that of the
fewest; time and rows a second are told. ``query`` reads a table of SQLite and writes a file; ``sqlite`` and
``postgresql`` write what a parquet file holds to a table; a server is started where Debian's package is there.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import ExitStack, closing
from datetime import datetime
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
from engine.jobs.score.score import source_of
from engine.jobs.score.table_writing import TableSink
from engine.jobs.score.writing import FileSink
from engine.projects.manifest.reader import manifest_of
from engine.runs.own_work import peak_memory
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace

KINDS = ("parquet", "csv", "query", "sqlite", "postgresql")
FLAT = 1.05
VARIABLE = "BENCHMARK_URL"


def scored(home: Path, source: Path, output: str) -> None:
    """In a process of its own: score ``source`` to ``output``; print seconds, megabytes and rows."""
    engine = open_engine(home)
    label, document = live(engine)
    of = learnt(ObjectStore(home / "objects"), label, document, manifest_of(dict(document.settings)).data)
    place = place_of(output, VARIABLE, output=True, base=Path("/"))
    with TemporaryDirectory() as temporary, ready(home, label, document, Path(temporary)) as scorer:
        given = source_of(place_of(str(source), VARIABLE, output=False, base=Path("/")), of)
        to_table = partial(TableSink, Workspace(home), Path(temporary), place, replace=True)
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


def in_table(path: Path, shop: Path) -> Path:
    """The same rows as a table of SQLite, in the file ``shop``; a query for all of them."""
    import pyarrow.parquet

    file = pyarrow.parquet.ParquetFile(path)
    names = file.schema_arrow.names
    shop.unlink(missing_ok=True)
    with closing(sqlite3.connect(shop)) as db:
        db.execute(f"CREATE TABLE flights ({', '.join(names)})")
        for batch in file.iter_batches(1 << 15):
            told = [tuple(map(_told, each.values())) for each in batch.to_pylist()]
            db.executemany(f"INSERT INTO flights VALUES ({', '.join('?' * len(names))})", told)
        db.commit()
    query = path.with_suffix(".sql")
    query.write_text("SELECT * FROM flights")
    return query


def _told(value: object) -> object:
    return str(value) if isinstance(value, datetime) else value


def passed(home: Path, source: Path, output: str) -> dict[str, float]:
    asked = [sys.executable, __file__, "--home", str(home), "--source", str(source), "--output", output]
    done = subprocess.run(asked, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def measured(home: Path, folder: Path, kind: str, given: list[Path]) -> list[figures.Figure]:
    """``given``: parquet files with ever more rows."""
    found = []
    with ExitStack() as stack:
        if kind == "postgresql":
            from tests import postgres

            os.environ[VARIABLE] = f"postgresql+psycopg://{stack.enter_context(postgres.serving())}"
        elif kind in ("query", "sqlite"):
            os.environ[VARIABLE] = f"sqlite:///{folder / 'shop.db'}"
        output = "table:scored" if kind in ("sqlite", "postgresql") else f"{folder / 'out'}.{_written(kind)}"
        for each in given:
            source = in_csv(each) if kind == "csv" else in_table(each, folder / "shop.db") if kind == "query" else each
            found.append(passed(home, source, output))
            if source != each:
                source.unlink()
    for each in folder.glob("shop.db*"):
        each.unlink()
    most = found[-1]
    print(f"{kind}: {most['rows']:,} rows in {most['seconds']:.0f} s, {most['rows'] / most['seconds']:,.0f} a second",
          flush=True)  # fmt: skip
    return [
        figures.Figure(f"{kind}: seconds for {most['rows']:,} rows", most["seconds"]),
        *(
            figures.Figure(
                f"{kind}: peak memory for {each['rows']:,} rows", each["peak"],
                FLAT * found[0]["peak"] if each is most else None, "MB",
            )
            for each in found
        ),
    ]  # fmt: skip


def _written(kind: str) -> str:
    return "csv" if kind == "csv" else "parquet"


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--rows", default="336776,1000000,5000000")
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
        given = [rows(engine.home, document, Path(temporary), int(count)) for count in asked.rows.split(",")]
        for kind in asked.only.split(","):
            found += measured(engine.home, Path(temporary), kind, given)
    return figures.show(found)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    sys.exit(main())
