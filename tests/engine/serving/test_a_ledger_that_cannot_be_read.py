"""A worker counts and keeps house once a second, whatever becomes of the ledger in between."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from engine.errors import Damage
from engine.serving.worker import ServedProjects
from tests.engine.requests.noted import made


@pytest.mark.parametrize("error", [Damage("gone"), sqlite3.OperationalError("disk I/O error"), OSError("no device")])
def test_the_projects_are_those_that_were_read_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    _, ledger = made(tmp_path / "home")
    with ledger.write() as db:
        db.execute("""UPDATE projects SET manifest = '{"serve": {"realtime": true}}'""")
    projects = ServedProjects(ledger)
    before = tuple(projects())

    def broken(*given: Any) -> Any:
        raise error

    monkeypatch.setattr(ledger, "marker", broken)
    assert tuple(projects()) == before
    ledger.close()
