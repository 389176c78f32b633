"""Code that differs from its commit always comes with the patch that says how."""

from __future__ import annotations

import os
import subprocess
from hashlib import sha1
from pathlib import Path

import pytest

from engine.projects.source.code import inspect, snapshot

LONG_AGO = 1_700_000_000


def git(folder: Path, *args: str) -> str:
    settings = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    return subprocess.run(["git", *settings, *args], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / "steps.py").write_text("one\n")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "first")
    return folder


def change_in_the_second_of_the_commit(folder: Path) -> None:
    """Leave what a commit and a change to the same size within one second leave, without having to hit one.

    The index says of ``steps.py`` the size and the times that the changed file has, and the content of the commit.
    """
    committed = git(folder, "rev-parse", "HEAD:steps.py").strip()
    (folder / "steps.py").write_text("two\n")
    os.utime(folder / "steps.py", (LONG_AGO, LONG_AGO))
    git(folder, "add", "steps.py")
    changed = git(folder, "rev-parse", ":steps.py").strip()
    index = folder / ".git/index"
    body = index.read_bytes()[:-20].replace(bytes.fromhex(changed), bytes.fromhex(committed))
    index.write_bytes(body + sha1(body).digest())
    os.utime(index, (LONG_AGO, LONG_AGO))


def test_a_change_in_the_second_of_the_commit_has_its_patch(project: Path, tmp_path: Path) -> None:
    change_in_the_second_of_the_commit(project)
    source, patch = snapshot(project, tmp_path / "code", allow_dirty=True)
    assert (source.dirty, source.changed) == (True, ("steps.py",))
    assert patch is not None and "+two" in patch
    assert (tmp_path / "code" / "steps.py").read_text() == "two\n"


def test_such_a_change_has_its_patch_beside_a_new_file_too(project: Path, tmp_path: Path) -> None:
    change_in_the_second_of_the_commit(project)
    (project / "new.py").write_text("new\n")  # for this one Git writes the copied index anew
    _, patch = snapshot(project, tmp_path / "code", allow_dirty=True)
    assert patch is not None and "+two" in patch and "+new" in patch


def test_what_was_staged_and_taken_back_is_the_commit_and_no_change(project: Path, tmp_path: Path) -> None:
    (project / "steps.py").write_text("two, and staged\n")
    git(project, "add", "steps.py")
    (project / "steps.py").write_text("one\n")
    assert inspect(project).dirty
    source, patch = snapshot(project, tmp_path / "code", allow_dirty=True)
    assert (source.dirty, source.changed, patch) == (False, (), None)
    assert (tmp_path / "code" / "steps.py").read_text() == "one\n"
