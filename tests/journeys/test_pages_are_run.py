"""The commands on the pages for newcomers, for each role and for whoever keeps it running, run as they stand there.

Each goes on where the one before it ended. A line with a word in capitals stands for something of the reader's and is
left out; tests/test_advice.py sees that it could be run.
"""

from __future__ import annotations

import os
import random
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.calling import call
from tests.forked_runs import forked_runs
from tests.people import key_of
from tests.workspaces import copied

DOCS = Path(__file__).resolve().parents[2] / "docs"
THEIRS = re.compile(r"\b[A-Z]{3,}\b")


def commands(page: str) -> list[str]:
    """The lines of the blocks that name no language, without those that hold a word of the reader's."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", (DOCS / f"{page}.md").read_text("utf-8"), re.S | re.M)
    lines = [line for language, block in blocks if not language for line in block.splitlines()]
    return [line for line in lines if not THEIRS.search(line)]


def customers(path: Path, rows: int) -> None:
    draw = random.Random(7)
    lines = ["customer,plan,visits,spend,churned"]
    for n in range(rows):
        plan, visits, spend = draw.choice(["basic", "plus"]), draw.randint(0, 20), draw.random()
        lines.append(f"{n},{plan},{visits},{spend:.3f},{'yes' if draw.random() < spend * 0.9 else 'no'}")
    path.write_text("\n".join(lines))


def follow(page: str, project: str = "churn") -> None:
    """Run what ``page`` says of churn for ``project``; the disk that it calls /mnt/backup is a folder here."""
    for line in commands(page):
        command = line.replace("/mnt/backup", str(Path.cwd() / "disk")).replace("churn", project)
        if command.startswith("leverframe "):
            told = call(*shlex.split(command)[1:])
            assert told.code == 0, f"{page}: {line}\n{told.out}{told.err}"
            forked_runs(Path(os.environ["LEVERFRAME_HOME"]))
        else:
            done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
            assert done.returncode == 0, f"{page}: {line}\n{done.stdout}{done.stderr}"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that somebody works in: its workspace is ``.leverframe``, ada's, and a second disk is beside it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEVERFRAME_HOME", str(tmp_path / ".leverframe"))
    monkeypatch.setenv("LEVERFRAME_OPERATOR", "ada")
    for who in ("AUTHOR", "COMMITTER"):
        for what in ("NAME", "EMAIL"):
            monkeypatch.setenv(f"GIT_{who}_{what}", "reader@localhost")
    (tmp_path / "disk").mkdir()
    return tmp_path


def live() -> list[str]:
    return [each["live"] for each in call("status", "--json").json["projects"]]


@pytest.mark.slow
def test_the_first_project_comes_to_be_as_it_is_written(
    desk: Path, first_minutes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied(first_minutes / "home", desk / ".leverframe")  # Nothing is in it but packages.
    monkeypatch.delenv("LEVERFRAME_OPERATOR")  # It belongs to whoever runs the tests.
    customers(desk / "customers.csv", 6_000)
    customers(desk / "customers-november.csv", 8_000)
    follow("first-project")
    assert live() == ["churn@1"]
    assert call("versions", "churn", "--json").json[0]["state"] == "retired"


@pytest.mark.slow
def test_the_other_pages_work_as_they_are_written(desk: Path, saved_history: Path) -> None:
    """With the project tiny for churn, which costs little: its versions 1 and 2 were live, 3 waits."""
    shutil.copytree(saved_history / "saved", desk / ".leverframe", symlinks=True)
    shutil.copytree(saved_history / "tiny", desk / "tiny")
    (desk / "ines.pub").write_text(f"{key_of('ines').line} ines@laptop\n")
    for page in ("operators", "data-scientists", "business", "auditors", "backup", "upgrade"):
        follow(page, "tiny")
        assert live() == ["tiny@2"], page
    disk = desk / "disk"
    elsewhere = ("backup", disk / "leverframe", "--check", "--key", disk / "backup.key", "--home", desk / "no")
    assert "its signature holds" in call(*elsewhere).out, "a machine that holds backups may have no workspace"
