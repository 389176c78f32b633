"""How long it takes from an operator's decision until the version is live, proof included; and back again.

    python benchmarks/approve_to_live.py [--rounds 5] [--home FOLDER]

Each move rebuilds the version from the store, scores its golden rows in a process of its own environment and compares
them, then commits and switches the live link. The limit is 5 s for flights, either way.
"""

from __future__ import annotations

import sys
import time
from statistics import median

import figures
from flights_workspace import approved, arguments, retrained, week, workspace

from engine.api import Engine
from engine.release.records import MovePlan

LIMIT = 5.0


def moved(engine: Engine, plan: MovePlan) -> float:
    """Seconds that carrying out ``plan`` takes."""
    began = time.perf_counter()
    engine.move(plan, "for the benchmark", lambda step: None)
    return time.perf_counter() - began


def main() -> int:
    """Release one version after another, then go back and forth."""
    parser = arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    releases, rollbacks = [], []
    with workspace(options.home) as engine:
        if not engine.status("flights", week(0)).live:
            approved(engine, str(retrained(engine, week(0)).version))
        for _ in range(options.rounds):
            label = str(retrained(engine, week(1)).version)
            releases.append(moved(engine, engine.plan_release(label)))
            rollbacks.append(moved(engine, engine.plan_rollback("flights")))
    print(figures.spread("approve to live", releases))
    print(figures.spread("rollback", rollbacks))
    return figures.show(
        [
            figures.Figure("approve to live", median(releases), LIMIT),
            figures.Figure("rollback", median(rollbacks), LIMIT),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
