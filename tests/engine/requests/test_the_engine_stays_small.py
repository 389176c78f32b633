"""What Arrow is needed for to keep the request log is done by a process of its own, which may fail without loss."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from engine.requests import book
from engine.requests.keeping import keep
from engine.requests.merging import FEWEST
from engine.requests.records import LogRules
from tests.engine.requests.noted import made
from tests.engine.requests.test_small_blocks_become_one import LATER, minutes, requests_in, there

KEPT = """
import sys
from datetime import datetime
from pathlib import Path
from engine.requests.keeping import keep
from engine.requests.records import LogRules
from engine.storage import workspace as workspaces
from engine.storage.ledger import Ledger
workspace = workspaces.find(Path(sys.argv[1]))
ledger = Ledger(workspace.ledger, locks=workspace.root / "locks")
now = datetime.fromisoformat(sys.argv[2])
print(*keep(workspace, ledger, {"tiny": LogRules()}, now, now))
print(*sorted({"pyarrow", "numpy", "pandas"} & sys.modules.keys()))
ledger.close()
"""


def test_whoever_keeps_the_log_loads_no_arrow_when_blocks_are_merged_and_taken_in(tmp_path: Path) -> None:
    workspace, ledger = made(tmp_path / "home")
    written = sorted(each.request for each in minutes(workspace, ledger, FEWEST + 1))
    with ledger.write() as db:  # As a kill leaves it: a whole block without its row.
        db.execute("DELETE FROM request_blocks WHERE id = (SELECT max(id) FROM request_blocks)")
    assert len(there(ledger)) == FEWEST
    asked = [sys.executable, "-c", KEPT, str(workspace.root), LATER.isoformat()]
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(asked, check=True, capture_output=True, text=True, cwd=root)
    assert done.stdout.splitlines() == [f"{FEWEST} small blocks of requests of tiny became 1.", ""]
    assert requests_in(workspace, ledger) == written, "the one that was taken in has just been written, and waits"
    assert len(there(ledger)) == 2
    ledger.close()


@pytest.mark.parametrize("python", ["/nowhere/python", "/bin/false", "/bin/true"])
def test_where_that_process_fails_all_blocks_are_as_they_were(
    tmp_path: Path, python: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, ledger = made(tmp_path / "home")
    minutes(workspace, ledger, FEWEST)
    before = there(ledger)
    monkeypatch.setattr(sys, "executable", python)
    assert keep(workspace, ledger, {"tiny": LogRules()}, LATER, LATER) == []
    assert there(ledger) == before
    with ledger.read() as db:
        assert all(each.ended_at is None for each in book.by_file(db, "tiny").values())
    ledger.close()
