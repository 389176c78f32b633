"""What scoring a file costs beside scikit-learn on the same rows, and whether its memory stays flat.

    python benchmarks/batch_scoring.py [--rounds 3] [--home FOLDER] [--rows 336776] [--many 5000000]
        [--own steps|model]

In turns in one run, by the clock on the wall: the whole passage (read, score, write beside, flush, name) of a parquet
file of flights, and one process of the version's own environment that has the model loaded and the rows in a DataFrame
and calls ``predict_proba``, once over the whole frame and in pieces of 20,000 rows. Answers are compared first: to
1e-12, and labels exactly. A version that is compiled is to be at least 4 times as fast as the one call; one that is not
as fast as the pieces. ``--own``, with a home of its own: as in serving_peers.py. Peak memory is that of a fresh process
that scores ``--many`` rows, and of one that scores a fifteenth of them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import figures
import psutil
from flights_workspace import approved, arguments, retrained, week, workspace

from engine.api import Engine, open_engine
from engine.jobs.score.learnt import learnt
from engine.jobs.score.passage import Passage
from engine.jobs.score.places import place_of as source_place
from engine.jobs.score.reading import ParquetSource, about_rows
from engine.jobs.score.second import early, second_of
from engine.jobs.score.side_by_side import SideBySide, two_ready
from engine.jobs.score.writing import FileSink
from engine.projects.manifest.reader import manifest_of
from engine.runs.capacity import free_memory
from engine.runs.own_work import peak_memory
from engine.scoring.makers import open_ready
from engine.scoring.ready import ReadyScorer
from engine.scoring.row_table import row_table
from engine.storage.blocks import read_folder
from engine.storage.objects import ObjectStore
from engine.storage.workspace import find
from engine.versions.document import write_folder
from engine.versions.environment import built, lock_of, supply_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.versions.records import VersionDocument

PIECE = 20_000
Ready = tuple[ReadyScorer, SideBySide | None]
Took = tuple[float, float]  # seconds by the clock, and of CPU
# Loads once, then answers each line with the seconds that it took, and those of CPU.
PLAIN = """
import json, pickle, sys, time
import numpy as np
import pandas as pd
model = pickle.load(open(sys.argv[1], "rb"))
frame = pd.read_parquet(sys.argv[2], columns=json.loads(sys.argv[3]))
np.save(sys.argv[4], model.predict_proba(frame))
print("ready", flush=True)
for line in sys.stdin:
    size = int(line)
    began, cpu = time.perf_counter(), time.process_time()
    for start in range(0, len(frame), size):
        model.predict_proba(frame.iloc[start:start + size])
    print(time.perf_counter() - began, time.process_time() - cpu, flush=True)
"""


@contextmanager
def ready(home: Path, label: str, document: VersionDocument, folder: Path, source: Path) -> Iterator[Ready]:
    """What a run opens for ``source``; a second process too has answered its golden rows by then."""
    place = find(home)
    store, of = ObjectStore(place.objects), source_place(str(source), None, output=False, base=source.parent)
    second = second_of(place, store, label, document, folder / "second", free_memory, marker="benchmark")
    with two_ready(
        lambda: open_ready(place, store, label, document, folder / "ready", marker="benchmark"), second,
        lambda: row_table(store, document).like, print, at_once=early(document.scorer.maker, [about_rows(of)]),
    ) as (scorer, beside):  # fmt: skip
        if second is not None and beside is not None and second.begun:
            beside.settled.wait()
        yield scorer, beside


def passed(home: Path, label: str, document: VersionDocument, ready: Ready, source: Path, output: Path) -> Took:
    """What the whole passage takes."""
    scorer, beside = ready
    of = learnt(ObjectStore(home / "objects"), label, document, manifest_of(dict(document.settings)).data)
    began, cpu = time.perf_counter(), _cpu()
    given = ParquetSource(source, of)
    if beside is not None:
        beside.expects(given.rows)
    passage = Passage(given, scorer, of, 1, lambda schema: FileSink(output, "parquet", schema, 1), away=beside)
    try:
        passage.all()
        passage.publish(replace=True)
    finally:
        passage.close()
        given.close()
    return time.perf_counter() - began, _cpu() - cpu


def _cpu() -> float:
    """Of this process, and of those that it scores with."""
    spent = time.process_time()
    for each in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            times = each.cpu_times()
            spent += times.user + times.system
    return spent


def live(engine: Engine) -> tuple[str, VersionDocument]:
    """The live version; made, where none is."""
    found = [each for each in engine.versions("flights") if each.state == "live"]
    if not found:
        label = retrained(engine, week(0)).version
        assert label is not None
        approved(engine, label)
        return label, engine.show(label)
    return found[0].label, engine.show(found[0].label)


def rows(home: Path, document: VersionDocument, folder: Path, count: int) -> Path:
    """``count`` flights, those that the version learnt from again and again, as a parquet file."""
    import pyarrow.parquet

    data, path = folder / "data", folder / f"flights-{count}.parquet"
    if not data.exists():
        write_folder(ObjectStore(home / "objects"), document.data.files, data)
    table = read_folder(data)
    with pyarrow.parquet.ParquetWriter(path, table.schema) as writer:
        for start in range(0, count, table.num_rows):
            writer.write_table(table.slice(0, min(table.num_rows, count - start)))
    return path


def compared(whole: Path, output: Path) -> None:
    """Refuse wrong answers before anything is timed."""
    import numpy as np
    import pyarrow.parquet

    told = pyarrow.parquet.read_table(output)
    chance, ours = np.load(whole), np.column_stack([told.column(name).to_numpy() for name in ("p_0", "p_1")])
    worst = float(np.abs(chance - ours).max())
    labels = int((chance.argmax(axis=1) != told.column("prediction").to_numpy()).sum())
    print(f"Answers: the largest difference is {worst:.1e}, {labels} labels differ, of {len(ours):,}.")
    if worst > 1e-12 or labels:
        raise SystemExit("These are not the model's answers; nothing was timed.")


def peak(home: Path, source: Path) -> float:
    """Megabytes that a fresh process needs at most."""
    asked = [sys.executable, __file__, "--home", str(home), "--measure", str(source)]
    return float(subprocess.run(asked, check=True, capture_output=True, text=True).stdout.split()[-1])


def measured(home: Path, source: Path) -> None:
    """In a process of its own: score, and say the peak of its memory."""
    engine = open_engine(home)
    with TemporaryDirectory() as temporary:
        label, document = live(engine)
        with ready(home, label, document, Path(temporary), source) as scorers:
            passed(home, label, document, scorers, source, Path(temporary) / "out.parquet")
    engine.close()
    # Not ru_maxrss, which begins at the size of the process that started this one.
    print(peak_memory(Path("/proc/self/status").read_text()) / 1e6)


def main() -> int:
    parser = arguments(__doc__, own=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=336_776)
    parser.add_argument("--many", type=int, default=5_000_000)
    parser.add_argument("--measure", type=Path, help="for the process whose memory is measured")
    asked = parser.parse_args()
    if asked.measure:
        measured(asked.home, asked.measure)
        return 0
    with workspace(asked.home, own=asked.own) as engine, TemporaryDirectory() as temporary:
        return timed(engine, Path(temporary), asked.rounds, asked.rows, asked.many)


def timed(engine: Engine, folder: Path, rounds: int, count: int, many: int) -> int:
    home = engine.home
    label, document = live(engine)
    source, output, whole = rows(home, document, folder, count), folder / "out.parquet", folder / "whole.npy"
    write_folder(ObjectStore(home / "objects"), document.model.files, folder / "model")
    write_folder(ObjectStore(home / "objects"), document.code.files, folder / "code")  # a pickle may name its modules
    model = next((folder / "model").glob("*.pickle"))
    store = ObjectStore(home / "objects")
    python = built(find(home), lock_of(store, document), supply_of(store, document)).python
    command = [str(python), "-c", PLAIN, str(model), str(source), json.dumps(list(document.model.features)), str(whole)]
    environment = {"PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1"}
    with (
        ready(home, label, document, folder, source) as scorers,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
                         cwd=folder / "code") as plain,
    ):
        assert plain.stdin is not None and plain.stdout is not None
        plain.stdout.readline()
        passed(home, label, document, scorers, source, output)
        compared(whole, output)
        took: dict[str, list[Took]] = {"passage": [], "whole": [], "pieces": []}
        for _ in range(rounds):
            took["passage"].append(passed(home, label, document, scorers, source, output))
            for name, size in (("whole", count), ("pieces", PIECE)):
                plain.stdin.write(f"{size}\n")
                plain.stdin.flush()
                seconds, cpu = map(float, plain.stdout.readline().split())
                took[name].append((seconds, cpu))
        plain.stdin.close()
    best = {name: median(seconds for seconds, _ in each) for name, each in took.items()}
    of_cpu = {name: median(cpu for _, cpu in each) for name, each in took.items()}
    few, most = peak(home, rows(home, document, folder, many // 15)), peak(home, rows(home, document, folder, many))
    scorer, beside = scorers
    compiled, by = scorer.maker == "compiled", f"; {beside.in_words()}" if beside is not None else ""
    print(f"{label} ({scorer.maker}), {count:,} rows; {count / best['passage']:,.0f} rows a second{by}.")
    return figures.show([
        figures.Figure("the passage: read, score, write", best["passage"]),
        figures.Figure("predict_proba over the whole frame", best["whole"]),
        figures.Figure(f"predict_proba in pieces of {PIECE:,}", best["pieces"]),
        figures.Figure("the whole frame against the passage", best["whole"] / best["passage"],
                       4.0 if compiled else None, "x", at_most=False),
        figures.Figure("CPU of the passage", of_cpu["passage"]),
        figures.Figure("CPU of the whole frame against the passage's", of_cpu["whole"] / of_cpu["passage"], unit="x"),
        figures.Figure("the pieces against the passage", best["pieces"] / best["passage"], 1.0, "x", at_most=False),
        figures.Figure(f"peak memory for {many // 15:,} rows", few, unit="MB"),
        figures.Figure(f"peak memory for {many:,} rows", most, 1.25 * few, "MB"),
    ])  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
