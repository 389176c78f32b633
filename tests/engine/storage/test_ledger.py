"""The ledger keeps all of a transaction or none, and history cannot be rewritten through it."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from engine.errors import Damage, Forbidden, NotFound, Refusal
from engine.storage import workspace as workspaces
from engine.storage.ledger import Ledger
from engine.storage.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return workspaces.create(tmp_path / "home")


def opened(workspace: Workspace) -> Ledger:
    return Ledger(workspace.ledger, locks=workspace.root / "locks")


def test_a_transaction_that_fails_leaves_nothing(workspace: Workspace) -> None:
    ledger = opened(workspace)
    with pytest.raises(RuntimeError), ledger.write() as db:
        db.execute("INSERT INTO operators VALUES ('ada', '2026')")
        raise RuntimeError
    with ledger.read() as db:
        assert db.execute("SELECT count(*) FROM operators").fetchone()[0] == 0


def test_only_what_says_so_does_not_wait_for_the_disk(workspace: Workspace) -> None:
    ledger = opened(workspace)

    def waits() -> bool:
        with ledger.read() as db:
            return bool(db.execute("PRAGMA synchronous").fetchone()[0] == 2)

    assert waits()
    with ledger.write(lasting=False) as db:
        assert db.execute("PRAGMA synchronous").fetchone()[0] == 1
    assert waits()
    with pytest.raises(ZeroDivisionError), ledger.write(lasting=False) as db:
        db.execute("INSERT INTO operators VALUES ('eve', '2026')")
        raise ZeroDivisionError
    assert waits()
    with ledger.read() as db:
        assert not db.execute("SELECT 1 FROM operators WHERE name = 'eve'").fetchall()
    with ledger.write() as db:
        assert db.execute("PRAGMA synchronous").fetchone()[0] == 2


def test_writers_that_read_first_never_lose_a_write(workspace: Workspace) -> None:
    ledger = opened(workspace)
    with ledger.write() as db:
        db.execute("INSERT INTO operators VALUES ('count', '0')")

    def add() -> None:
        for _ in range(25):
            with ledger.write() as db:
                seen = int(db.execute("SELECT added_at FROM operators").fetchone()[0])
                db.execute("UPDATE operators SET added_at = ?", (str(seen + 1),))

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with ledger.read() as db:
        assert db.execute("SELECT added_at FROM operators").fetchone()[0] == "100"


def test_the_marker_changes_with_every_commit_of_anybody(workspace: Workspace) -> None:
    one, other = opened(workspace), opened(workspace)
    markers = [one.marker(), one.marker()]
    for ledger in (one, other, one):
        with ledger.write() as db:
            db.execute("INSERT INTO operators VALUES (?, '')", (f"v{len(markers)}",))
        markers.append(one.marker())
    assert markers[0] == markers[1]
    assert len(set(markers)) == 4


@pytest.mark.parametrize("table", ["audit", "decisions", "deployments", "measurements", "versions"])
@pytest.mark.parametrize("act", ["UPDATE {} SET rowid = rowid", "DELETE FROM {}"])
def test_append_only_tables_refuse_every_update_and_delete(workspace: Workspace, table: str, act: str) -> None:
    with opened(workspace).read() as db:
        triggers = {
            r["name"]
            for r in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", (table,))
        }
    assert f"{table}_no_{act.split()[0].lower()}" in triggers


def test_a_row_of_the_audit_trail_cannot_be_changed_or_deleted(workspace: Workspace) -> None:
    ledger = opened(workspace)
    with ledger.write() as db:
        db.execute("INSERT INTO audit (seq, body, digest) VALUES (1, '{}', 'x')")
    for act in ("UPDATE audit SET digest = 'y'", "DELETE FROM audit"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"), ledger.write() as db:
            db.execute(act)


def test_a_ledger_from_a_newer_leverframe_is_refused_and_not_touched(workspace: Workspace) -> None:
    opened(workspace).close()
    with sqlite3.connect(workspace.ledger) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(Refusal, match="newer Leverframe"):
        opened(workspace)
    with sqlite3.connect(workspace.ledger) as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] == 99


def test_a_ledger_that_is_no_database_is_named_as_damage(workspace: Workspace) -> None:
    workspace.ledger.write_bytes(b"rubbish " * 1000)
    with pytest.raises(Damage, match="cannot be read"):
        opened(workspace)


def test_many_processes_may_create_the_ledger_at_once(workspace: Workspace) -> None:
    failures: list[Exception] = []

    def make() -> None:
        try:
            opened(workspace).close()
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
            failures.append(error)

    threads = [threading.Thread(target=make) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_no_workspace_is_not_found_and_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="leverframe init"):
        workspaces.find(tmp_path / "nowhere")


def test_a_folder_that_holds_other_things_is_no_workspace(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(Refusal, match="thesis.tex"):
        workspaces.create(tmp_path)


def test_a_workspace_of_another_account_is_refused(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(workspace).close()
    monkeypatch.setattr("os.geteuid", lambda: workspace.root.stat().st_uid + 1)
    with pytest.raises(Forbidden, match="belongs to another account"):
        workspaces.find(workspace.root)


def test_threads_that_ended_keep_no_connection_open(workspace: Workspace) -> None:
    ledger = opened(workspace)

    def look() -> None:
        with ledger.read() as db:
            db.execute("SELECT 1").fetchone()

    def files() -> int:
        return sum(Path(each).resolve() == workspace.ledger.resolve() for each in Path("/proc/self/fd").iterdir())

    look()
    before = files()
    for _ in range(20):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
    assert files() <= before + 2  # of the last one, and one that SQLite keeps to use again
    ledger.close()
    assert files() == 0
