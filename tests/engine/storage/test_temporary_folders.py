"""What is kept for a while goes, however the process ends that keeps it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine.storage import temporary
from tests import tiny
from tests.people import open_engine

KILLED = "os.kill(os.getpid(), 9)"
# Each leaves something where it is killed.
MOMENTS = {
    "reading a repository": f"""
from engine.projects.source.git import opened
with opened(project):
    {KILLED}
""",
    "checking": f"engine.check(project, lambda said: {KILLED})",
    "scanning without room": f"""
from engine.housekeeping import report
report.ROOM_TO_REMEMBER = 1 << 60
report.scan = lambda *given, **more: {KILLED}
engine.scan_disk()
""",
    "looking at an earlier moment": f"""
from engine import clock
then = engine.as_of(clock.now())
{KILLED}
""",
    "looking at an earlier moment where nothing can be written": f"""
from engine import clock
from engine.rewind import past_ledger
past_ledger._take_back = lambda *given: {KILLED}
os.access = lambda *given: False
then = engine.as_of(clock.now())
""",
    "copying the ledger": f"""
from engine.storage import opening
opening._copied(engine.home / "ledger.db", lambda copy: {KILLED})
""",
}


def left(home: Path, system: Path) -> list[str]:
    cache = home / "cache"
    found = [*system.iterdir(), *cache.glob("check-*"), *(cache / "then").glob("*")]
    return sorted(path.name for path in found)


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's temporary folder, for this process and those it starts."""
    folder = tmp_path / "system"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def killed(code: str, home: Path, project: Path) -> None:
    began = (
        "import os\nfrom pathlib import Path\nfrom engine.api import open_engine\n"
        f"engine, project = open_engine(Path({str(home)!r}), 'ada'), Path({str(project)!r})\n"
    )
    done = subprocess.run([sys.executable, "-c", began + code], capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.parametrize("moment", MOMENTS)
def test_what_a_killed_process_left_is_gone_when_it_is_done_again(
    moment: str, home: Path, tmp_path: Path, system: Path
) -> None:
    open_engine(home, "ada", create=True).close()
    project = tiny.make(tmp_path / "tiny")
    killed(MOMENTS[moment], home, project)
    assert left(home, system) != [], "else nothing was tried here"
    engine = open_engine(home, "ada")
    assert left(home, system) == []
    engine.add(project)
    assert left(home, system) == []
    engine.close()


def test_the_engine_sweeps_too(home: Path, tmp_path: Path, system: Path) -> None:
    engine = open_engine(home, "ada", create=True)
    killed(MOMENTS["reading a repository"], home, tiny.make(tmp_path / "tiny"))
    assert left(home, system) != []
    engine.keep_house()
    assert left(home, system) == []
    engine.close()


def test_what_is_in_use_and_what_is_not_ours_stays(system: Path) -> None:
    for name in ("leverframe-1", "somebody-elses", "leverframe-git-file"):
        (system / name).mkdir() if "file" not in name else (system / name).touch()
    (system / "leverframe-git-link").symlink_to(system / "somebody-elses")
    with temporary.kept(temporary.GIT) as one, temporary.kept(temporary.DISK) as other:
        assert one.is_dir() and other.is_dir()
    assert left(system, system) == ["leverframe-1", "leverframe-git-file", "leverframe-git-link", "somebody-elses"]


def test_a_folder_that_was_swept_before_it_was_locked_is_made_once_more(
    system: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, times = os.open, 0

    def late(path: str | Path, *given: int) -> int:
        nonlocal times
        times += 1
        if times == 1:
            os.rmdir(path)
        return real(path, *given)

    monkeypatch.setattr(os, "open", late)
    with temporary.kept(temporary.GIT) as folder:
        assert folder.is_dir() and times == 2
