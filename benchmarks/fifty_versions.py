"""The room that fifty versions take in the object store.

    python benchmarks/fifty_versions.py [--versions 50]

First fifty weekly tables of flights that begin at the same New Year, each longer than the one before, against the last
alone: at most 1.5 times. (Once a year, in July, the sample lets go of the oldest year. Fifty tables with that in
between hold a year that the last one does not have: --start 2026-01-05.) Then fifty versions that differ in their model
only, against a twentieth of the 377 MB that MLflow took for the same content (code, data, model, golden
rows and environment lock copied for each): at most 18.9 MB. Sizes are what the file system gives to the files (whole
blocks of 4 KiB each), in MB of 10^6 bytes.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import figures

from engine.clock import moment

sys.path.insert(0, str(Path(__file__).parents[1] / "sample_projects" / "flights"))

MLFLOW = 377.0
START = datetime(2026, 7, 6, 7, tzinfo=UTC)


def room(folder: Path) -> float:
    """Megabytes on the disk of all files under ``folder``."""
    return sum(p.stat().st_blocks * 512 for p in folder.rglob("*") if p.is_file()) / 1e6


def weekly_tables(start: datetime, versions: int, folder: Path) -> tuple[float, float]:
    """Megabytes of ``versions`` weekly tables, and of the last alone."""
    import flights
    import pyarrow as pa

    from engine.storage.blocks import put_table
    from engine.storage.objects import ObjectStore

    everything, last = folder / "everything", folder / "last"
    everything.mkdir()
    last.mkdir()
    table = None
    for number in range(versions):
        table = pa.Table.from_pandas(flights.extract(start + timedelta(weeks=number)), preserve_index=False)
        put_table(ObjectStore(everything), table)
        if number % 10 == 9:
            print(f"{number + 1} tables, {table.num_rows:,} rows in the last: {room(everything):.1f} MB", flush=True)
    assert table is not None
    put_table(ObjectStore(last), table)
    return room(everything), room(last)


def models_alone(versions: int, folder: Path) -> float:
    """Megabytes of ``versions`` whole versions whose seed, and so whose model, is the only difference."""
    import pickle

    import flights
    import model as models
    import pyarrow as pa

    from engine.storage.blocks import put_table
    from engine.storage.objects import ObjectStore, Stored
    from engine.versions import document as documents
    from engine.versions.records import (
        CodeSection,
        DataSection,
        EnvironmentSection,
        GoldenSection,
        Judgement,
        LineageSection,
        ModelSection,
        VersionDocument,
    )

    store = ObjectStore(folder / "models")
    store.root.mkdir()
    data = flights.extract(START)
    learn = data[data["scheduled_departure"] >= START - timedelta(days=56)]
    features = learn.drop(columns=["late", "arr_delay", "flight_id", "scheduled_departure"])
    code = Path(flights.__file__).parent
    table = pa.Table.from_pandas(data, preserve_index=False)
    for seed in range(versions):
        model = _seeded(models.train, seed)(features, learn["late"])
        built = folder / "model"
        built.mkdir(exist_ok=True)
        (built / "model.pickle").write_bytes(pickle.dumps(model, protocol=5))
        golden = _golden(model, features.head(200), folder)
        stored, blocks = store.put_file(golden), put_table(store, table)
        documents.save(
            store,
            VersionDocument(
                project="flights",
                code=CodeSection(None, None, None, None, None, None, documents.store_folder(store, code)),
                data=DataSection(len(data), len(data.columns), None, None, len(learn), 0, "", blocks),
                schema={},
                environment=EnvironmentSection("", "", Stored("", 0, ()), ()),
                model=ModelSection(documents.store_folder(store, built), (), 0.0),
                settings={},
                schedule={},
                metrics=Judgement("", (), "", {}, (), {}, None, "pass", "first", "", ()),
                gates=(),
                golden=GoldenSection(200, 0.0, stored, stored),
                lineage=LineageSection(seed, "", "", None, ""),
            ),
        )
        if seed % 10 == 9:
            print(f"{seed + 1} models: {room(store.root):.1f} MB", flush=True)
    return room(store.root)


def _seeded(train: Callable[..., object], seed: int) -> Callable[..., object]:
    """``train`` on other nine tenths of the rows for each seed: the trees draw no lots of their own."""

    def trained(features: object, target: object) -> object:
        some = features.sample(frac=0.9, random_state=seed)  # type: ignore[attr-defined]
        return train(some, target.loc[some.index])  # type: ignore[attr-defined]

    return trained


def _golden(model: object, rows: object, folder: Path) -> Path:
    import pyarrow as pa
    import pyarrow.parquet

    path = folder / "golden.parquet"
    pyarrow.parquet.write_table(pa.table({"p_1": model.predict_proba(rows)[:, 1]}), path)  # type: ignore[attr-defined]
    return path


def main() -> int:
    """Measure both and print them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--versions", type=int, default=50)
    parser.add_argument("--start", type=moment, default=START, help="the week of the first table (default: 2026-07-06)")
    options = parser.parse_args()
    versions = options.versions
    with tempfile.TemporaryDirectory(prefix="leverframe-benchmark-") as temporary:
        everything, last = weekly_tables(options.start, versions, Path(temporary))
        models = models_alone(versions, Path(temporary))
    return figures.show(
        [
            figures.Figure("the last weekly table alone", last, unit="MB"),
            figures.Figure(f"{versions} weekly tables", everything, 1.5 * last, unit="MB"),
            figures.Figure(f"{versions} versions, other models only", models, MLFLOW / 20, unit="MB"),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
