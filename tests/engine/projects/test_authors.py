"""Whose commits a version's code is, as Git says: authors and committers, none left out, and what cannot be told."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from engine.projects.source import code
from engine.projects.source.code import commits_between
from engine.projects.source.records import NO_COMMIT, UNCOMMITTED, UNTOLD, CodeAuthor
from tests.engine.projects.origins import of_git


def authors_since(folder: Path, old: str | None, new: str | None, *, dirty: bool) -> tuple[CodeAuthor, ...]:
    return code.authors_since(folder, of_git(old) if old else None, of_git(new), dirty=dirty)


def git(folder: Path, *args: str, who: str = "ada", committer: str = "") -> str:
    names = {"AUTHOR": who, "COMMITTER": committer or who}
    said = {f"GIT_{kind}_{key}": value for kind, name in names.items()
            for key, value in (("NAME", name.title()), ("EMAIL", f"{name}@example.org"))}  # fmt: skip
    done = subprocess.run(
        ["git", *args], cwd=folder, check=True, capture_output=True, text=True, env={**os.environ, **said}
    )
    return done.stdout.strip()


def commit(folder: Path, name: str, who: str, committer: str = "") -> str:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(f"{name} by {who}")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", name, who=who, committer=committer)
    return git(folder, "rev-parse", "HEAD")


def author(name: str, *, wrote: bool = True) -> CodeAuthor:
    return CodeAuthor(name.title(), f"{name}@example.org", wrote)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    return folder


def test_authors_and_committers_since_a_commit_are_told_each_once(repository: Path) -> None:
    first = commit(repository, "a", "ada")
    commit(repository, "b", "bob")
    commit(repository, "c", "cyd", committer="hub")
    last = commit(repository, "d", "bob")
    assert authors_since(repository, first, last, dirty=False) == (
        author("bob"), author("cyd"), author("hub", wrote=False),
    )  # fmt: skip
    assert author("ada") in authors_since(repository, None, last, dirty=False), "nothing is live: all of it is new"
    assert authors_since(repository, last, last, dirty=False) == ()


def test_what_a_merge_brings_and_lets_go_of_again_has_authors_too(repository: Path) -> None:
    first = commit(repository, "a", "ada")
    git(repository, "checkout", "-qb", "other")
    commit(repository, "a", "eve")
    git(repository, "checkout", "-q", "main")
    commit(repository, "b", "bob")
    git(repository, "merge", "-q", "-s", "ours", "-m", "not that", "other", who="cyd")
    last = git(repository, "rev-parse", "HEAD")
    assert {each.name for each in authors_since(repository, first, last, dirty=False)} >= {"Bob", "Eve"}


def test_a_mail_map_of_the_project_makes_nobody_somebody_else(repository: Path) -> None:
    first = commit(repository, "a", "ada")
    (repository / ".mailmap").write_text("Bob <bob@example.org> <eve@example.org>\n")
    last = commit(repository, "b", "eve")
    assert authors_since(repository, first, last, dirty=False) == (author("eve"),)


def test_of_a_repository_that_holds_more_only_the_projects_folder_counts(repository: Path) -> None:
    first = commit(repository, "one/a", "ada")
    commit(repository, "two/b", "bob")
    last = commit(repository, "one/c", "cyd")
    assert authors_since(repository / "one", first, last, dirty=False) == (author("cyd"),)


def test_more_commits_than_a_card_shows_hide_nobody(repository: Path) -> None:
    first = commit(repository, "a", "ada")
    commit(repository, "b", "eve")
    tree, head = git(repository, "write-tree"), git(repository, "rev-parse", "HEAD")
    for number in range(210):
        head = git(repository, "commit-tree", tree, "-p", head, "-m", str(number))
    git(repository, "reset", "-q", "--hard", head)
    last = commit(repository, "c", "ada")
    assert len(commits_between(repository, of_git(first), of_git(last))) <= 200
    assert author("eve") in authors_since(repository, first, last, dirty=False)


def test_control_characters_in_names_and_addresses_are_shown_and_not_obeyed(repository: Path) -> None:
    first = commit(repository, "a", "ada")
    last = commit(repository, "b", "e\x1b[31mve")
    (found,) = authors_since(repository, first, last, dirty=False)
    assert found.words == "Eve <no address that can be shown>"


def test_what_cannot_be_told_is_not_nobodys(repository: Path, tmp_path: Path) -> None:
    first = commit(repository, "a", "ada")
    gone = "0" * 40
    assert authors_since(repository, None, None, dirty=True) == (NO_COMMIT,)
    assert authors_since(repository, first, first, dirty=True) == (UNCOMMITTED,)
    assert authors_since(repository, gone, first, dirty=False) == (UNTOLD,)
    assert authors_since(repository, "main", first, dirty=False) == (UNTOLD,)
    assert authors_since(tmp_path / "elsewhere", gone, first, dirty=False) == (UNTOLD,)
    assert authors_since(repository, gone, first, dirty=True) == (UNTOLD, UNCOMMITTED)
