"""A workspace in which the generator of the benchmarks has filled the tables."""

from __future__ import annotations

from pathlib import Path

from benchmarks.ledger_generator import fill
from engine.api import Engine
from tests.ledger import writing
from tests.people import open_engine


def generated(home: Path, projects: int, versions: int) -> Engine:
    """``project-0000`` and so on, zoe's, with that many versions in all, and each with a live one."""
    engine = open_engine(home, "zoe", create=True)
    with writing(engine) as db:
        db.execute("DROP TRIGGER audit_no_delete")  # the generator makes the whole trail
        db.execute("DELETE FROM audit")
        fill(db, projects, versions, projects + 10)
    return engine
