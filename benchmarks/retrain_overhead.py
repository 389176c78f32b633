"""What a retrain costs beyond the same pandas and scikit-learn work in a plain script.

    python benchmarks/retrain_overhead.py [--rounds 5] [--home FOLDER]

Both are timed by the clock on the wall, in turns, for the same week. The retrain runs from its request to its recorded
end: code, environment check, extract, schema, split, train, score, the live version on the same rows, metrics with
paired intervals, segments, gates, store, ledger. The plain script is one process of the same environment's Python that
does what everybody's script does: extract, split, train, score, three metrics. It compares with nothing and keeps
nothing. The limit is 1.25 times the script plus 3 s.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from statistics import median

import figures
from flights_workspace import approved, arguments, retrained, week, workspace

from engine.api import Engine

PLAIN = """
import sys
from datetime import datetime, timedelta
import flights
import model as models
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

as_of = datetime.fromisoformat(sys.argv[1])
data = flights.extract(as_of)
until = as_of - timedelta(days=14)
holdout = data[data["scheduled_departure"] >= until]
learn = data[(data["scheduled_departure"] < until) & (data["scheduled_departure"] >= until - timedelta(days=56))]
never = ["late", "arr_delay", "flight_id", "scheduled_departure"]
model = models.train(learn.drop(columns=never), learn["late"])
chance = model.predict_proba(holdout.drop(columns=never))[:, 1]
late = holdout["late"]
print(len(late), roc_auc_score(late, chance), log_loss(late, chance), brier_score_loss(late, chance))
"""


def plain(python: Path, code: Path, as_of: datetime) -> float:
    """Seconds that the plain script takes, with one thread like a step."""
    began = time.perf_counter()
    subprocess.run(
        [python, "-c", PLAIN, as_of.isoformat()], cwd=code, check=True, stdout=subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"], "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    return time.perf_counter() - began


def retrain(engine: Engine, as_of: datetime) -> float:
    """Seconds from asking for a retrain to its recorded end."""
    began = time.perf_counter()
    retrained(engine, as_of)
    return time.perf_counter() - began


def main() -> int:
    """Measure both in turns and print the medians."""
    parser = arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with workspace(options.home) as engine:
        if not engine.count_versions():
            approved(engine, str(retrained(engine, week(0)).version))
        live = engine.home / "live" / "flights"
        python, code = live / "environment" / "bin" / "python", live / "code"
        pairs = []
        for _ in range(options.rounds):
            pairs.append((retrain(engine, week(1)), plain(python, code, week(1))))
            print(f"retrain {pairs[-1][0]:.2f} s, plain script {pairs[-1][1]:.2f} s", flush=True)
    ours, theirs = (median(side) for side in zip(*pairs, strict=True))
    return figures.show(
        [
            figures.Figure("plain script", theirs),
            figures.Figure("retrain", ours, 1.25 * theirs + 3),
            figures.Figure("retrain / plain script", ours / theirs, unit=""),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
