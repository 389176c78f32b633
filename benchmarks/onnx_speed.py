"""What a row and a table cost by each maker, for models that tables stand for and for some that they do not.

    python benchmarks/onnx_speed.py [--home FOLDER] [--rounds 5] [--models net,bayes,stack,vectors,boosted]

Small projects of 3,000 rows, each retrained on the real path, so that what is measured is what a version would be
answered by: its own maker, and the process of its environment beside it. In turns in one run, on one thread each, by
the clock on the wall and by the processor time of this process; answers are compared first. ``runtime`` is ONNX Runtime
in this very process, without pipe and check: what it costs to keep it apart.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import figures
import pyarrow as pa
import pyarrow.parquet

from engine.api import Engine, open_engine
from engine.release.proof import count_differing
from engine.scoring.makers import open_ready
from engine.scoring.onnx_form import GRAPH
from engine.scoring.onnx_scorer import program_in
from engine.scoring.ready import ReadyScorer
from engine.storage.objects import ObjectStore
from engine.storage.workspace import find
from engine.versions.document import write_folder
from tests.engine.exports.models import CLASSES, project

AS_OF = datetime(2026, 11, 20, 12, tzinfo=UTC)
TABLE, AT_ONCE = 20_000, 16
BOOSTED = "GradientBoostingClassifier(n_estimators=60, random_state=1)"
MODELS = {
    "net": "MLPClassifier((64, 32), max_iter=30, random_state=1)",
    "bayes": "GaussianNB()",
    "stack": f"StackingClassifier([('trees', {BOOSTED}), ('line', LogisticRegression()), ('bayes', GaussianNB())])",
    "vectors": "SVC()",
    "boosted": BOOSTED,
}
IMPORTS = """
from sklearn.ensemble import StackingClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import SVC
"""


def version(engine: Engine, folder: Path, name: str) -> str:
    """The version of that model, made now or when the workspace was used before."""
    there = [each for each in engine.projects() if each.name == name]
    if not there:
        engine.add(project(folder / name, name, f"make_pipeline(filled(), {MODELS[name]})", target=CLASSES,
                           rows=3000, more=IMPORTS))  # fmt: skip
        run = engine.wait(engine.retrain(name, as_of=AS_OF).id, lambda run: None)
        if run.version is None:
            raise SystemExit(f"run {run.id} {run.state}: {run.why}")
    return f"{name}@1"


def timed(work: Callable[[], object], times: int) -> float:
    """Seconds of one, the median of ``times``."""
    took = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        took.append(time.perf_counter() - start)
    return median(took)


def at_once(scorer: ReadyScorer, rows: list[tuple[object, ...]], seconds: float) -> float:
    """Single rows a second that ``AT_ONCE`` threads get answered."""
    until, done = time.perf_counter() + seconds, [0] * AT_ONCE

    def ask(number: int) -> None:
        while time.perf_counter() < until:
            scorer.answer([rows[(number + done[number]) % len(rows)]])  # type: ignore[list-item]
            done[number] += 1

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(ask, range(AT_ONCE)))
    return sum(done) / seconds


def measured(engine: Engine, label: str, folder: Path, rounds: int) -> list[figures.Figure]:
    """The figures of one version."""
    place = find(engine.home)
    store, document = ObjectStore(place.objects), engine.show(label)
    golden, said = (pa.parquet.read_table(pa.BufferReader(store.read(each)))
                    for each in (document.golden.inputs, document.golden.predictions))  # fmt: skip
    own = document.scorer.maker
    held = {
        maker: open_ready(place, store, label, document, folder / maker, marker="benchmark", maker=maker)
        for maker in dict.fromkeys((own, "process"))
    }
    features = list(held[own].features)
    golden = golden.select(features)
    for maker, scorer in held.items():
        if count_differing(said, scorer.score(golden), 1e-9):
            raise SystemExit(f"{label} by {maker} answers otherwise")
    table = pa.concat_tables([golden] * (TABLE // golden.num_rows))
    rows = list(zip(*(golden.column(name).to_pylist() for name in features), strict=True))
    one: dict[str, list[float]] = {maker: [] for maker in held}
    many: dict[str, list[float]] = {maker: [] for maker in held}
    rates: dict[str, list[float]] = {maker: [] for maker in held}
    for _ in range(rounds):
        for maker, scorer in held.items():
            one[maker].append(timed(lambda scorer=scorer: scorer.answer([rows[7]]), 100))  # type: ignore[misc]
            many[maker].append(timed(lambda scorer=scorer: scorer.score(table), 1))  # type: ignore[misc]
            rates[maker].append(at_once(scorer, rows, 1.0))
    for scorer in held.values():
        scorer.close()
    found = []
    for maker in held:
        found.append(figures.Figure(f"{label} by {maker}: a row alone", median(one[maker]) * 1e6, unit="µs"))
        found.append(figures.Figure(f"{label} by {maker}: {TABLE:,} rows", median(many[maker]) * 1e3, unit="ms"))
        found.append(figures.Figure(f"{label} by {maker}: rows of {AT_ONCE} at once", median(rates[maker]), unit="/s"))
    if own == "onnx":
        found.append(runtime(store, document.scorer.files, golden, folder / "runtime", label))
    if own != "process":
        for what, each in (("a row alone", one), ("a table", many)):
            ratio = median(each["process"]) / median(each[own])
            found.append(figures.Figure(f"{label}: process / {own}, {what}", ratio, unit="times"))
        ratio = median(rates[own]) / median(rates["process"])
        found.append(figures.Figure(f"{label}: {own} / process, rows of {AT_ONCE} at once", ratio, unit="times"))
    return found


def runtime(store: ObjectStore, files: object, golden: pa.Table, folder: Path, label: str) -> figures.Figure:
    """One row by ONNX Runtime in this process."""
    import numpy as np
    import onnxruntime

    write_folder(store, files, folder)  # type: ignore[arg-type]
    form = program_in(folder, folder, "").form
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession((folder / GRAPH).read_bytes(), options, providers=["CPUExecutionProvider"])
    kinds = {"double": np.float64, "int64": np.int64, "string": object}
    given = {
        each.name: np.array([[golden.column(each.name)[7].as_py()]], dtype=kinds[each.kind]) for each in form.features
    }
    took = timed(lambda: session.run(None, given), 500)
    return figures.Figure(f"{label} by the runtime in this process: a row alone", took * 1e6, unit="µs")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, help="a folder of the benchmark's own, kept (default: a temporary one)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--models", default=",".join(MODELS))
    said = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="leverframe-benchmark-") as temporary:
        place = said.home or Path(temporary)
        engine = open_engine(place / "home", "bench", create=True)
        try:
            found = []
            for name in said.models.split(","):
                label = version(engine, place, name)
                print(label, engine.show(label).scorer.sentence, flush=True)
                with tempfile.TemporaryDirectory(dir=temporary) as folder:
                    found += measured(engine, label, Path(folder), said.rounds)
        finally:
            engine.close()
    return figures.show(found)


if __name__ == "__main__":
    sys.exit(main())
