"""A real Subversion repository for tests, on a file URL."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.engine.projects.test_source_git import write


def svn(folder: Path, *args: str, who: str = "ada") -> str:
    return run(folder, "svn", args[0], "--non-interactive", "--username", who, *args[1:])


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def url(tmp_path: Path) -> str:
    """The URL of a new one."""
    return repository(tmp_path)


def repository(place: Path) -> str:
    """Make one with the usual folders in revision 1; its URL."""
    run(place, "svnadmin", "create", "repository")
    url = f"file://{place}/repository"
    svn(place, "mkdir", "-q", "-m", "layout", f"{url}/trunk", f"{url}/branches", f"{url}/tags")
    return url


def checkout(place: Path, url: str, name: str = "project") -> Path:
    svn(place, "checkout", "-q", url, name)
    return place / name


def committed(place: Path, url: str, message: str = "more", who: str = "ada", **files: str) -> Path:
    """A checkout of the trunk with these files in revision 2; see ``test_source_git.write``."""
    folder = checkout(place, f"{url}/trunk")
    write(folder, **files)
    commit(folder, message, who)
    update(folder)
    return folder


def commit(folder: Path, message: str = "more", who: str = "ada") -> str:
    """Add what is new and commit all, without an update afterwards; the new revision as ``r12``."""
    svn(folder, "add", "-q", "--force", ".")
    said = svn(folder, "commit", "-m", message, who=who)
    return "r" + said.rpartition("revision ")[2].rstrip(".")


def update(folder: Path) -> None:
    svn(folder, "update", "-q")
