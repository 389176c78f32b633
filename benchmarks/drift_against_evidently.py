"""Drift of 100,000 rows against 100,000 in twelve mixed columns: Leverframe, SciPy column by column, Evidently.

    python benchmarks/drift_against_evidently.py [--rows 100000] [--times 7]

Evidently is installed into an environment that is thrown away (it needs pandas below 3), from where this machine's uv
or pip finds packages; it is no dependency. The same files, in memory on every side, in turns. Leverframe is given the
profile that is kept with a version and counts every statistic; Evidently counts one per column (its preset's choice);
SciPy counts what its own functions offer of ours. Takes about two minutes.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2_contingency, ks_2samp, wasserstein_distance

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.figures import Figure, show, spread
from engine.monitoring.drift.columns import drift
from engine.monitoring.look_parts import ColumnDrift
from engine.monitoring.profile import from_bytes, profile_of, to_bytes

WORKER = Path(__file__).with_name("evidently_worker.py")


def table(rows: int, shift: float, seed: int) -> pa.Table:
    """Eight numbers (long tails, whole numbers, yes and no, gaps) and four categories of 3 to 400 labels."""
    rng = np.random.default_rng(seed)
    numbers = {
        "normal": rng.normal(shift, 1, rows),
        "tail": rng.lognormal(shift / 2, 1, rows),
        "uniform": rng.random(rows),
        "mixture": np.where(rng.random(rows) < 0.3, rng.normal(5, 1, rows), rng.normal(0, 1, rows)),
        "gaps": pa.array(rng.normal(size=rows), mask=rng.random(rows) < 0.05),
        "hour": rng.integers(0, 24, rows),
        "count": rng.poisson(100, rows),
        "yes": (rng.random(rows) < 0.3).astype(np.int64),
    }
    labels = {f"label {k}": np.char.add("v", rng.zipf(1.5, rows).clip(max=k).astype(str)) for k in (3, 15, 100, 400)}
    return pa.table({**numbers, **{name: pa.array(drawn.tolist()) for name, drawn in labels.items()}})


def ours(profile: bytes, current: pa.Table) -> tuple[float, float, tuple[ColumnDrift, ...]]:
    """Seconds with the profile at hand, seconds with reading it from its bytes before, and what was found."""
    began = time.perf_counter()
    read = from_bytes(profile)
    at_hand = time.perf_counter()
    found = drift(read, current)
    ended = time.perf_counter()
    return ended - at_hand, ended - began, found


def with_scipy(reference: pa.Table, current: pa.Table) -> tuple[float, dict[str, list[float]]]:
    """Seconds, and what SciPy's functions say of each column: both samples as arrays of values that are there."""
    columns = {
        name: [side[name].drop_null().to_numpy() for side in (reference, current)] for name in reference.column_names
    }
    began = time.perf_counter()
    found: dict[str, list[float]] = {}
    for name, (one, other) in columns.items():
        if name.startswith("label"):
            labels, codes = np.unique(np.concatenate([one, other]).astype(str), return_inverse=True)
            counts = [np.bincount(part, minlength=len(labels)) for part in (codes[: len(one)], codes[len(one) :])]
            shares = [count / count.sum() for count in counts]
            found[name] = [float(jensenshannon(*shares)), float(chi2_contingency(np.array(counts)).statistic)]
        else:
            found[name] = [
                float(ks_2samp(one, other, method="asymp").statistic),
                float(wasserstein_distance(one, other)),
            ]
    return time.perf_counter() - began, found


def environment(folder: Path) -> Path:
    """A Python with Evidently, made by uv where it is beside this Python, else by venv and pip."""
    python, uv = folder / "bin" / "python", Path(sys.executable).with_name("uv")
    wanted = ["evidently>=0.7", "pandas<3", "pyarrow"]
    if uv.exists():
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder], check=True)
        subprocess.run([uv, "pip", "install", "--quiet", "--python", python, *wanted], check=True)
    else:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *wanted], check=True)
    return python


def furthest(found: tuple[ColumnDrift, ...], scipy: dict[str, list[float]]) -> float:
    """The largest relative difference between ours and SciPy's numbers."""
    pairs = [
        (mine, theirs)
        for column in found
        for mine, theirs in zip(
            (column.ks, column.wasserstein) if column.ks is not None else (column.jensen_shannon, column.chi_square),
            scipy[column.column],
            strict=True,
        )
    ]
    return max(abs((mine or 0.0) - theirs) / max(abs(theirs), 1e-300) for mine, theirs in pairs)


def main() -> int:
    """Measure in turns and print the ratios; 1 when ours takes more than a thirtieth of Evidently's time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=7)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sides = [table(given.rows, shift, seed) for seed, shift in enumerate((0.0, 0.2))]
        paths = [folder / f"{number}.parquet" for number in range(2)]
        for side, path in zip(sides, paths, strict=True):
            pq.write_table(side, path)
        profile = to_bytes(profile_of(sides[0], sides[0].column_names))
        command = [environment(folder / "venv"), WORKER, *paths]
        mine, read, scipy_took, theirs = [], [], [], []
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as peer:
            assert peer.stdin and peer.stdout
            for _ in range(given.times + 1):
                peer.stdin.write("\n")
                peer.stdin.flush()
                answer = json.loads(peer.stdout.readline())
                at_hand, with_read, found = ours(profile, sides[1])
                took, scipy = with_scipy(*sides)
                for kept, seconds in zip(
                    (mine, read, scipy_took, theirs), (at_hand, with_read, took, answer["seconds"]), strict=True
                ):
                    kept.append(seconds)
            peer.stdin.close()
    # The first turn is nobody's: it imports and compiles.
    lines = {
        "ours": mine,
        "ours, profile read from its bytes": read,
        "SciPy by column": scipy_took,
        "Evidently": theirs,
    }
    for name, seconds in lines.items():
        print(spread(name, seconds[1:]))
    print(f"methods of Evidently: {', '.join(sorted({method for method, _ in answer['columns'].values()}))}")
    print(f"profile: {len(profile) / 1e6:.1f} MB; largest difference to SciPy: {furthest(found, scipy):.1e}")
    middle = [median(seconds[1:]) for seconds in lines.values()]
    return show(
        [
            Figure("ours", middle[0], middle[3] / 30),
            Figure("Evidently / ours", middle[3] / middle[0], 30, "times", at_most=False),
            Figure("Evidently / ours with reading the profile", middle[3] / middle[1], None, "times"),
            Figure("SciPy by column / ours", middle[2] / middle[0], None, "times"),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
