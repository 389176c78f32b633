"""Whoever asks thousands of times a second whether somebody committed is told at the very next time."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import Damage
from engine.storage import workspace as workspaces
from engine.storage.commits import IN_FULL, Commits
from engine.storage.ledger import Ledger
from engine.storage.workspace import Workspace

_IN_USE = 128  # the byte of the shared memory that is locked by everybody who uses it
_MAY_LOCK = f"""
import fcntl, sys
with open(sys.argv[1], "r+b") as file:
    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, {_IN_USE})
"""
_ANOTHER = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute(sys.argv[2]); c.commit(); c.close()"


class Clock:
    """Seconds that pass when they are told to."""

    at = 0.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return workspaces.create(tmp_path / "home")


@pytest.fixture
def ledger(workspace: Workspace) -> Iterator[Ledger]:
    found = Ledger(workspace.ledger, locks=workspace.root / "locks")
    yield found
    found.close()


def looks(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The markers for which the ledger itself was asked, from now on."""
    asked: list[int] = []
    marker = ledger.marker

    def noted() -> int:
        asked.append(marker())
        return asked[-1]

    monkeypatch.setattr(ledger, "marker", noted)
    return asked


def add(ledger: Ledger, name: str) -> None:
    with ledger.write(lasting=False) as db:
        db.execute("INSERT INTO operators VALUES (?, '')", (name,))


def test_each_commit_of_another_connection_is_seen_by_the_next_call(workspace: Workspace, ledger: Ledger) -> None:
    commits = Commits(ledger, Clock())
    writer = Ledger(workspace.ledger, locks=workspace.root / "locks")
    seen = {commits.marker()}
    for turn in range(300):
        add(writer, f"v{turn}")
        if turn % 50 == 25:  # What was written goes into the file, and the log begins anew.
            with writer.read() as db:
                db.execute("ROLLBACK")
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                db.execute("BEGIN")
        marker = commits.marker()
        assert marker not in seen
        assert commits.marker() == marker
        seen.add(marker)
    writer.close()


def test_a_commit_of_another_process_is_seen_by_the_next_call(workspace: Workspace, ledger: Ledger) -> None:
    commits = Commits(ledger, Clock())
    before = commits.marker()
    another_process(workspace, "INSERT INTO operators VALUES ('ada', '')")
    assert commits.marker() != before


def test_own_commits_are_seen_too(ledger: Ledger) -> None:
    commits = Commits(ledger, Clock())
    before = commits.marker()
    add(ledger, "ada")
    assert commits.marker() != before


def test_while_nobody_commits_the_ledger_is_asked_once_in_a_while(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, asked = Clock(), looks(ledger, monkeypatch)
    commits = Commits(ledger, clock)
    assert len({commits.marker() for _ in range(100)}) == 1
    assert len(asked) == 1
    clock.at = IN_FULL
    commits.marker()
    assert len(asked) == 2


def test_a_ledger_that_was_replaced_is_noticed_in_time(workspace: Workspace, ledger: Ledger) -> None:
    clock = Clock()
    commits = Commits(ledger, clock)
    commits.marker()
    workspace.ledger.rename(workspace.ledger.with_name("gone.db"))
    clock.at = IN_FULL
    for _ in range(2):  # What could not be told is not taken as told the next time.
        with pytest.raises(Damage):
            commits.marker()


def test_without_shared_memory_the_ledger_is_asked_each_time(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = Ledger(workspace.ledger, locks=workspace.root / "locks")
    writer.close()
    assert not shared(workspace).exists()
    ledger = Ledger(workspace.ledger, locks=workspace.root / "locks")
    with ledger.read() as db:
        db.execute("SELECT 1 FROM sqlite_master").fetchone()
    shared(workspace).rename(shared(workspace).with_name("elsewhere"))
    commits = Commits(ledger, Clock())
    shared(workspace).with_name("elsewhere").rename(shared(workspace))
    asked = looks(ledger, monkeypatch)
    for _ in range(3):
        commits.marker()
    assert len(asked) == 3
    ledger.close()


def test_to_look_takes_no_lock_from_sqlite(workspace: Workspace, ledger: Ledger) -> None:
    """A process that closes any descriptor of a file has no locks on it any more. By its lock on the shared memory
    (sqlite.org/walformat.html, "WAL Locks") SQLite says that somebody uses it; whoever finds none begins it anew."""
    commits = [Commits(ledger), Commits(ledger)]
    for each in commits:
        each.marker()
    assert not may_lock(shared(workspace))
    del commits, each
    gc.collect()
    assert not may_lock(shared(workspace))
    ledger.close()
    assert not shared(workspace).exists() or may_lock(shared(workspace))


def shared(workspace: Workspace) -> Path:
    return workspace.ledger.with_name(workspace.ledger.name + "-shm")


def another_process(workspace: Workspace, statement: str) -> None:
    subprocess.run([sys.executable, "-c", _ANOTHER, workspace.ledger, statement], check=True)


def may_lock(path: Path) -> bool:
    """Whether another process could take it for its own."""
    return subprocess.run([sys.executable, "-c", _MAY_LOCK, path], capture_output=True, check=False).returncode == 0
