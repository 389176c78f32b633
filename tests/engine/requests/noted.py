"""Answers as a server notes them, for tests of the request log, and a workspace with the project that they are of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from engine.clock import stamp
from engine.requests.answered import Answered
from engine.requests.records import LogRules
from engine.requests.writer import LogWriter
from engine.storage import workspace as workspaces
from engine.storage.ledger import Ledger
from engine.storage.workspace import Workspace

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
KEY = b"k" * 32
DIGEST = "d" * 64


def made(home: Path, *projects: str) -> tuple[Workspace, Ledger]:
    """A workspace whose ledger knows ``projects``, by default ``tiny``."""
    workspace = workspaces.create(home)
    ledger = Ledger(workspace.ledger, locks=workspace.root / "locks")
    with ledger.write() as db:
        db.execute("INSERT INTO settings VALUES ('keep_free', 0)")
        for name in projects or ("tiny",):
            db.execute(
                "INSERT INTO projects (name, title, owner, path, manifest, added_at) VALUES (?, '', '', '', '{}', ?)",
                (name, stamp(NOON)),
            )
    return workspace, ledger


def answered(number: int = 0, **other: Any) -> Answered:
    """One request of one row; number ``n`` came n seconds after noon and took n + 1 milliseconds."""
    said: dict[str, Any] = {
        "project": "tiny",
        "label": "tiny@1",
        "digest": DIGEST,
        "fallback": None,
        "at": NOON + timedelta(seconds=number),
        "seconds": (number + 1) / 1000,
        "status": 200,
        "request": f"r{number}",
        "features": ("x", "place"),
        "outputs": ("prediction", "p_1"),
        "rows": ((number / 10, "A"),),
        "answers": ((1, 0.75),),
        "keys": {"id": (number,)},
    }
    return Answered(**{**said, **other})


class Ticking:
    """A clock that never goes back and stands still between two calls of ``pass_by``."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds

    def pass_by(self, seconds: float) -> None:
        self.seconds += seconds


def writer(
    workspace: Workspace, ledger: Ledger, rules: LogRules | None = None, *, worker: str = "one", **other: Any
) -> LogWriter:
    found = rules or LogRules()
    return LogWriter(workspace, ledger, worker, lambda project: found, KEY, other.get("monotonic", Ticking()))
