"""What a first backup costs, and what a second one does after one object in a hundred was added.

    python benchmarks/backup.py [--objects 4000] [--rows 200000]

The store holds objects of 64 KiB that cannot be packed; the ledger's trail has so many rows. The second backup is to
write at most a twentieth of what the first wrote. Then nothing has changed but the trail's last row. Reading the backup
to the end and restoring it are measured beside that. Sizes in MB of 10^6 bytes.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import figures

from engine.api import Engine, open_engine
from engine.audit.chain import canonical, link
from engine.founding import restore_backup

SIZE = 64 << 10
T = TypeVar("T")


def silent(done: int, total: int) -> None:
    """Tell nobody."""


def timed(work: Callable[[], T]) -> tuple[float, T]:
    began = time.monotonic()
    found = work()
    return time.monotonic() - began, found


def fill(engine: Engine, objects: int, rows: int) -> None:
    """Put ``objects`` into the store and ``rows`` into the trail."""
    noise = random.Random(objects)
    for _ in range(objects):
        engine._store.put(noise.randbytes(SIZE))
    with engine._ledger.write() as db:
        seq, digest = db.execute("SELECT seq, digest FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
        for number in range(seq + 1, seq + rows + 1):
            body = canonical({**json.loads(_BODY), "seq": number})
            digest = link(digest, body)
            db.execute("INSERT INTO audit (seq, body, digest) VALUES (?, ?, ?)", (number, body, digest))


_BODY = canonical(
    {
        "at": "2026-11-24T00:00:00.000000Z", "actor": "ada", "account": "ada@vm", "action": "retrain",
        "subject": "flights", "reason": "", "details": {"run": 1},
    }
)  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", type=int, default=4000)
    parser.add_argument("--rows", type=int, default=200_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        engine = open_engine(root / "home", "ada", create=True)
        fill(engine, given.objects, given.rows)
        first_seconds, first = timed(lambda: engine.back_up(root / "backup"))
        fill(engine, given.objects // 100, 10)
        second_seconds, second = timed(engine.back_up)
        third_seconds, third = timed(engine.back_up)
        check_seconds, _ = timed(engine.check_backup)
        restore_seconds, _ = timed(
            lambda: restore_backup(root / "backup", root / "new", "ada", silent, reason="a benchmark")
        )
        engine.close()
    wrote = [(each.bytes or 0) / 1e6 for each in (first, second, third)]
    return figures.show(
        [
            figures.Figure("first backup, written", wrote[0], unit="MB"),
            figures.Figure("first backup", first_seconds),
            figures.Figure("second backup, one object in a hundred is new, written", wrote[1], wrote[0] / 20, "MB"),
            figures.Figure("second backup", second_seconds, first_seconds / 2),
            figures.Figure("third backup, nothing is new, written", wrote[2], wrote[0] / 100, "MB"),
            figures.Figure("third backup", third_seconds),
            figures.Figure("reading the backup to the end", check_seconds),
            figures.Figure("restoring it", restore_seconds),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
