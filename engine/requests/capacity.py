"""What a server took when it was tested: requests a second within the time that an answer may take. Kept in the ledger.

The sentence and the choice are pure; ``keep`` and ``newest`` are the only ones that know the table.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict, dataclass
from datetime import datetime

from engine.clock import moment, stamp


@dataclass(frozen=True)
class Level:
    """One part of a test: ``connections`` that each asked again as soon as they were answered. Times in seconds;
    ``refused``: answers that were no success, or none."""

    connections: int
    requests: int
    refused: int
    per_second: float
    p50: float
    p99: float


@dataclass(frozen=True)
class Capacity:
    """One test of ``version``, with so many ``workers``. ``timeout``: seconds that its manifest lets an answer take."""

    project: str
    version: str
    digest: str
    at: datetime
    workers: int
    timeout: float
    levels: tuple[Level, ...]
    by: str
    reason: str

    @property
    def best(self) -> Level | None:
        """The level with the most requests a second, of those in which all were answered and 99 of 100 in time."""
        good = [each for each in self.levels if each.requests and not each.refused and each.p99 < self.timeout]
        return max(good, key=lambda each: each.per_second, default=None)

    @property
    def sentence(self) -> str:
        """The capacity line."""
        processes = f"{self.workers} worker{'' if self.workers == 1 else 's'}"
        best = self.best
        if best is None:
            none = f"at no load were all answered and 99 of 100 within {self.timeout:g} s"
            return f"{self.version} with {processes}: {none}"
        return (
            f"{self.version} took {best.per_second:,.0f} requests a second, p99 {best.p99 * 1000:.1f} ms (timeout "
            f"{self.timeout:g} s), {best.connections} at once, with {processes}"
        )


def keep(db: sqlite3.Connection, found: Capacity) -> None:
    """Write it down, in the caller's transaction."""
    db.execute(
        "INSERT INTO capacities (at, project, version, digest, workers, timeout, levels, by, reason)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            stamp(found.at), found.project, found.version, found.digest, found.workers, found.timeout,
            json.dumps([asdict(each) for each in found.levels]), found.by, found.reason,
        ),
    )  # fmt: skip


def newest(db: sqlite3.Connection, project: str) -> Capacity | None:
    """What the last test of ``project`` came to."""
    row = db.execute("SELECT * FROM capacities WHERE project = ? ORDER BY id DESC LIMIT 1", (project,)).fetchone()
    if row is None:
        return None
    levels = tuple(Level(**each) for each in json.loads(row["levels"]))
    return Capacity(
        row["project"], row["version"], row["digest"], moment(row["at"]), row["workers"], row["timeout"], levels,
        row["by"], row["reason"],
    )  # fmt: skip
