"""Backtests in the ledger: kept once, never changed; one writer and one reader of their document."""

from __future__ import annotations

import json
import sqlite3
import zlib
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from engine.audit.chain import canonical
from engine.clock import moment, stamp
from engine.errors import Damage

if TYPE_CHECKING:
    from engine.backtest.records import BacktestDocument, KeptBacktest


def keep(db: sqlite3.Connection, run: int, document: BacktestDocument, at: datetime) -> None:
    """Write down what ``run`` came to, inside the caller's transaction."""
    from engine.json_records import write

    content = canonical(write(document)).encode()
    db.execute(
        "INSERT INTO backtests (run, project, as_of, at, digest, document) VALUES (?, ?, ?, ?, ?, ?)",
        (run, document.project, document.as_of, stamp(at), sha256(content).hexdigest(), zlib.compress(content, 6)),
    )


def newest(db: sqlite3.Connection, project: str) -> KeptBacktest | None:
    """The last one of ``project``. Raises Damage where it is not what was kept."""
    row = db.execute("SELECT * FROM backtests WHERE project = ? ORDER BY run DESC LIMIT 1", (project,)).fetchone()
    if row is None:
        return None
    from engine.backtest.records import BacktestDocument, KeptBacktest
    from engine.json_records import read

    what = f"The backtest of run {row['run']}"
    try:
        content = zlib.decompress(row["document"])
        document = json.loads(content)
    except (zlib.error, ValueError) as error:
        raise Damage(f"{what} cannot be read: {error}.") from None
    if sha256(content).hexdigest() != row["digest"]:
        raise Damage(f"{what} is not what was kept: its digest is another.")
    return KeptBacktest(
        row["run"], row["project"], moment(row["at"]), row["digest"], read(BacktestDocument, document, what)
    )
