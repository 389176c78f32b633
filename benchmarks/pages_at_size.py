"""The live pages and /metrics of a large workspace: what one request costs whoever serves it, and how much it sends.

    python benchmarks/pages_at_size.py [--projects 1000] [--versions 20000] [--looks 96]

Each project has that many looks behind it, as runs of the last 24 hours. Prometheus asks each 15 s or so, a browser
each 20 s whether something has changed: the limits are a second for the figures, 200 ms for that question. Asked over
HTTP on the loopback, five times each; the median counts.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import urllib.request
from datetime import timedelta
from pathlib import Path
from statistics import median

import figures
from ledger_at_size import generated

from engine import clock
from engine.pages.service import Service
from engine.pages.view import open_view
from engine.storage.ledger import Ledger

LIMITS = {"/metrics": 1000.0, "/changed": 200.0, "/": None, "/healthz": None}


def busy(ledger: Ledger, projects: int, looks: int) -> None:
    """A day of looks at each project, with their figures."""
    now = clock.now()
    with ledger.write() as db:
        first = int(db.execute("SELECT max(id) FROM runs").fetchone()[0])
        for look in range(looks):
            at = clock.stamp(now - timedelta(minutes=15 * (looks - look)))
            rows = [(first + look * projects + each + 1, f"project-{each:04d}") for each in range(projects)]
            db.executemany(
                "INSERT INTO runs (id, project, job, state, as_of, queued_at, started_at, ended_at, requested_by,"
                " options) VALUES (?, ?, 'health', 'succeeded', ?, ?, ?, ?, 'the schedule', '{}')",
                [(run, project, at, at, at, at) for run, project in rows],
            )
            db.executemany(
                "INSERT INTO health (run, project, number, as_of, at, verdict, why, rows, labelled)"
                " VALUES (?, ?, 1, ?, ?, 'ok', 'well', 900, 800)",
                [(run, project, at, at) for run, project in rows],
            )
            for name in ("rows", "labels", "drift", "prediction drift"):
                db.executemany(
                    "INSERT INTO signals (run, project, number, name, as_of, value, n)"
                    " VALUES (?, ?, 1, ?, ?, 0.5, 900)",
                    [(run, project, name, at) for run, project in rows],
                )


def asked(url: str) -> tuple[float, int]:
    """Milliseconds and bytes of one answer."""
    began = time.perf_counter()
    with urllib.request.urlopen(url, timeout=120) as answer:
        size = len(answer.read())
    return 1000 * (time.perf_counter() - began), size


def main() -> int:
    """Make the workspace, serve it, ask."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--projects", type=int, default=1000)
    parser.add_argument("--versions", type=int, default=20_000)
    parser.add_argument("--looks", type=int, default=96)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="leverframe-benchmark-") as temporary:
        home = Path(temporary) / "home"
        busy(generated(home, options.projects, options.versions, options.versions), options.projects, options.looks)
        print("the workspace is made", flush=True)
        service = Service(open_view(home), "127.0.0.1", 0, None)
        service.start(clock.now, print)
        found = []
        for path, limit in LIMITS.items():
            answers = [asked(service.url.rstrip("/") + path) for _ in range(5)]
            size = answers[-1][1] / 1000
            found.append(figures.Figure(f"{path}, {size:,.0f} kB", median(each for each, _ in answers), limit, "ms"))
        service.close()
    return figures.show(found)


if __name__ == "__main__":
    sys.exit(main())
