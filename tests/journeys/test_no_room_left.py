"""A disk with next to nothing free, and a medium that is read only: what only looks still does, and the ways out go."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.runs import starting
from engine.storage import reserve
from engine.storage.ledger import Ledger
from tests.builders.runs import queued
from tests.cli.calling import call
from tests.forks import ROOT
from tests.killing import let_go
from tests.people import open_engine

pytestmark = pytest.mark.slow
FULL = "The disk is full: the ledger took nothing in. Free some space and try again."
LOOKS = (
    "status", "versions tiny", "audit --verify", "doctor", "doctor --deep", "disk", "runs", "log 1", "show tiny@1",
    "candidates", "bin list", "clean --dry-run", "settings", "schedules", "alerts", "operators", "at 2999-01-01",
    "rollback tiny --preview", "report tiny",
)  # fmt: skip


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", place], capture_output=True)
    if mounted.returncode:
        pytest.skip("only root may mount a small file system")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


@pytest.fixture
def home(disk: Path, history: Path) -> Path:
    """The workspace on that disk, as an engine keeps it there."""
    shutil.copytree(let_go(history), disk / "home", symlinks=True)
    engine = open_engine(disk / "home", "ada")
    engine.choose("keep_free", "0", "what happens without that net is what is tested here")
    engine.close()
    assert (disk / "home" / "locks" / "reserve").stat().st_size >= reserve.LEAST
    return disk / "home"


def fill(disk: Path, leave: int) -> None:
    (disk / "ballast").unlink(missing_ok=True)
    found = os.statvfs(disk)
    with (disk / "ballast").open("wb") as file:
        file.write(bytes(found.f_bavail * found.f_frsize - leave))


def free(disk: Path) -> int:
    return shutil.disk_usage(disk).free


@pytest.mark.parametrize("leave", [0, 16 << 10, 64 << 10, 500 << 10])
def test_whoever_looks_is_answered_and_the_ways_out_go(home: Path, disk: Path, leave: int) -> None:
    def told(words: str) -> tuple[int, str]:
        found = call("--home", home, "--operator", "ada", *words.split())
        return found.code, found.err

    fill(disk, leave)
    for words in LOOKS:
        code, said = told(words)
        assert code == 0, (words, said)
    assert free(disk) <= leave
    if not leave:
        assert told("reject tiny@3 --reason no") == (1, f"{FULL}\n")
        assert told("retrain tiny --as-of 2026-11-24") == (1, f"{FULL}\n")
    empty = f"bin empty --all --reason full --confirm {home.name}"
    for words in ("rollback tiny --reason full", "clean --reason full", empty):
        code, said = told(words)
        assert code == 0, (words, said)
    assert told("rollback tiny --to tiny@2 --lift --reason again")[0] == 0
    # What was set aside is set aside again, but for what was written.
    assert (home / "locks" / "reserve").stat().st_size >= reserve.LEAST
    assert free(disk) <= leave + (256 << 10)
    (disk / "ballast").unlink()
    engine = open_engine(home, "ada")
    assert engine.verify_audit().ok
    assert [each for each in engine.doctor(mend=False) if each.verdict == "failing"] == []
    assert engine.status("tiny", datetime(2026, 11, 17, tzinfo=UTC)).live == "tiny@2"
    engine.close()


def test_a_queued_run_that_finds_no_room_ends_once_with_its_reason(home: Path, disk: Path) -> None:
    engine = open_engine(home, "ada")
    run = queued(engine, datetime.now(UTC), allow_dirty=False, fresh_lock=False)
    fill(disk, 64 << 10)
    for _ in range(3):
        engine.reconcile()
    ended = engine.run(run)
    assert ended.state == "failed"
    assert str(ended.why).startswith("It did not start: the disk is full, for only ")
    assert not (home / "runs" / f"{run:07d}").exists()  # no process was started for it
    assert engine.count_runs() == run
    engine.close()


def test_a_rehearsal_that_runs_out_of_room_says_nothing_of_a_version(home: Path, disk: Path) -> None:
    engine = open_engine(home, "ada")
    run = queued(engine, datetime.now(UTC), job="rehearsal")
    fill(disk, 700 << 10)
    engine.reconcile()
    ended = engine.wait(run, lambda run: None)
    assert ended.state == "failed" and "disk" in str(ended.why) and "full" in str(ended.why)
    assert [each for each in engine.versions("tiny") if each.rehearsed] == [] and engine.alerts("tiny") == ()
    (disk / "ballast").unlink()
    assert engine.wait(engine.run_now("tiny", "rehearsal").id, lambda run: None).state == "succeeded"
    engine.close()


def test_the_limit_is_asked_again_when_the_turn_of_a_run_comes(home: Path) -> None:
    engine = open_engine(home, "ada")
    run = queued(engine, datetime.now(UTC), allow_dirty=False, fresh_lock=False)
    engine.choose("keep_free", "1000GiB", "a test")
    engine.reconcile()
    assert "It did not start: only " in str(engine.run(run).why)
    assert "are kept free (keep_free)" in str(engine.run(run).why)
    engine.close()


def test_a_run_whose_process_dies_before_it_begins_is_tried_three_times(
    history: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho started >> $0.log\necho 'no such interpreter' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(broken))
    engine = open_engine(history, "ada")
    run = engine.wait(engine.retrain("tiny", as_of=datetime(2026, 11, 24, tzinfo=UTC)).id, lambda r: None)
    assert run.state == "failed"
    assert run.why == (
        "It did not start: 3 processes for it ended before it began, the last with 'no such interpreter'."
    )
    assert (tmp_path / "python.log").read_text().count("started") == starting.MOST
    engine.close()


# A medium that is read only.


def left_as_killed(home: Path) -> None:
    """A process that was killed leaves the last commits in the write-ahead log."""
    code = (
        "import os, signal, sys; from pathlib import Path; from engine.api import open_engine\n"
        "engine = open_engine(Path(sys.argv[1]), 'ada'); engine.add_operator('zoe', 'viewer', 'late')\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    ended = subprocess.run([sys.executable, "-c", code, home], cwd=ROOT)
    assert ended.returncode == -signal.SIGKILL
    (home / "ledger.db-shm").unlink(missing_ok=True)
    assert (home / "ledger.db-wal").stat().st_size > 0


@pytest.fixture(params=["closed", "killed", "older"])
def read_only(request: pytest.FixtureRequest, history: Path, tmp_path: Path) -> Iterator[Path]:
    """The workspace on a medium that is read only, closed or left by a killed process, or of an older Leverframe."""
    if request.param == "killed":
        left_as_killed(history)
    if request.param == "older":
        import sqlite3

        with sqlite3.connect(history / "ledger.db") as db:
            for table in ("texts", "backups", "scrubs"):
                db.execute(f"DROP TABLE {table}")
            db.execute("ALTER TABLE versions DROP COLUMN damage")
            db.execute("DELETE FROM _sqlite_migrations WHERE name = 'backups'")
            version = db.execute("SELECT count(*) FROM _sqlite_migrations").fetchone()[0]
            db.execute(f"PRAGMA user_version = {version}")
        db.close()
    place = tmp_path / "medium"
    place.mkdir()
    if subprocess.run(["mount", "--bind", history, place], capture_output=True).returncode:
        pytest.skip("only root may mount")
    subprocess.run(["mount", "-o", "remount,ro,bind", place], check=True)
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def test_a_medium_that_is_read_only_is_looked_at_and_verified(read_only: Path, request: pytest.FixtureRequest) -> None:
    before = {path: path.stat().st_mtime_ns for path in read_only.rglob("*") if not path.is_symlink()}
    for words in LOOKS:
        told = call("--home", read_only, "--operator", "ada", *words.split())
        assert told.code == 0, (words, told.err)
    if "killed" in request.node.name:
        assert "zoe" in call("--home", read_only, "--operator", "ada", "operators").out
    (said, *_) = call("--home", read_only, "--operator", "ada", "doctor").out.splitlines()
    assert "watch" in said and "workspace" in said and "it is read-only here: nothing can be retrained" in said
    assert "looking works (status, " in said
    acts = ("reject tiny@3 --reason no", "retrain tiny --as-of 2026-11-24", "settings set bin_days 3 --reason x")
    empty = f"bin empty --reason x --confirm {read_only.name}"
    for words in (*acts, "rollback tiny --reason x", "clean --reason x", empty):
        told = call("--home", read_only, "--operator", "ada", *words.split())
        assert told.code == 1
        assert "can be looked at and not written (its medium is read only); nothing was done." in told.err
    assert {path: path.stat().st_mtime_ns for path in read_only.rglob("*") if not path.is_symlink()} == before


def test_the_present_is_seen_again_as_soon_as_it_can_be_written(history: Path, tmp_path: Path) -> None:
    """Whoever looked at the file as one that nobody changes does not go on with that when somebody does."""
    place = tmp_path / "medium"
    place.mkdir()
    if subprocess.run(["mount", "--bind", history, place], capture_output=True).returncode:
        pytest.skip("only root may mount")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", place], check=True)
        looking = Ledger(place / "ledger.db", locks=place / "locks")
        with looking.read() as db:
            before = int(db.execute("SELECT count(*) FROM operators").fetchone()[0])
        engine = open_engine(history, "ada")
        engine.add_operator("zoe", "viewer", "late")
        with looking.read() as db:
            assert db.execute("SELECT count(*) FROM operators").fetchone()[0] == before + 1
        engine.close()
        looking.close()
    finally:
        subprocess.run(["umount", "-l", place], check=True)
