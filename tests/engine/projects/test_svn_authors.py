"""Whose commits a version's code is, as a Subversion server says: none left out, and what cannot be told."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.projects.source.code import authors_since, commits_between, inspect
from engine.projects.source.records import UNCOMMITTED, UNTOLD, CodeAuthor
from engine.projects.source.svn_log import ANONYMOUS, known_as
from tests.engine.projects.origins import of_git, of_svn
from tests.engine.projects.subversion import checkout, commit, committed, repository, svn, update, url
from tests.engine.projects.test_source_git import write

__all__ = ["url"]  # the fixture of a new repository


@pytest.fixture
def project(tmp_path: Path, url: str) -> Path:
    return committed(tmp_path, url, steps="one\n")


def author(name: str) -> CodeAuthor:
    return CodeAuthor(name, f"{name}@localhost")


def test_authors_since_a_revision_are_told_each_once(project: Path, url: str) -> None:
    here = f"{url}/trunk"
    for number, who in enumerate(("bob", "cyd", "bob")):
        write(project, steps=f"{number}\n")
        commit(project, who=who)
    first, last = of_svn("r2", here), of_svn("r5", here)
    assert authors_since(project, first, last, dirty=False) == (author("bob"), author("cyd"))
    assert author("ada") in authors_since(project, None, last, dirty=False), "nothing is live: all of it is new"
    assert author("ada") in authors_since(project, of_git("0" * 40), last, dirty=False), "it was in Git before"
    assert authors_since(project, last, last, dirty=False) == ()
    assert authors_since(project, last, last, dirty=True) == (UNCOMMITTED,)
    assert authors_since(project, of_svn("r3:4", here), last, dirty=False) == (author("bob"), author("cyd"))


def test_who_wrote_what_a_merge_brings_is_told_too(project: Path, tmp_path: Path, url: str) -> None:
    svn(tmp_path, "copy", "-q", "-m", "branch", f"{url}/trunk", f"{url}/branches/try", who="ada")
    branch = checkout(tmp_path, f"{url}/branches/try", "branch")
    write(branch, steps="by eve\n")
    commit(branch, who="eve")
    update(project)
    svn(project, "merge", "-q", f"{url}/branches/try", ".")
    assert commit(project, who="bob") == "r5"
    here = f"{url}/trunk"
    found = authors_since(project, of_svn("r3", here), of_svn("r5", here), dirty=False)
    assert {each.name for each in found} >= {"bob", "eve"}


def test_of_another_branch_only_what_the_live_version_did_not_have_counts(
    project: Path, tmp_path: Path, url: str
) -> None:
    svn(tmp_path, "copy", "-q", "-m", "branch", f"{url}/trunk", f"{url}/branches/try", who="cyd")
    branch = checkout(tmp_path, f"{url}/branches/try", "branch")
    write(branch, steps="by eve\n")
    commit(branch, who="eve")
    trunk, tried = of_svn("r2", f"{url}/trunk"), of_svn("r4", f"{url}/branches/try")
    assert authors_since(branch, trunk, tried, dirty=False) == (author("cyd"), author("eve"))
    (tmp_path / "second").mkdir()
    another = repository(tmp_path / "second")
    svn(tmp_path, "mkdir", "-q", "-m", "its second", f"{another}/trunk/lib")
    elsewhere = of_svn("r2", f"{another}/trunk")
    assert author("ada") in authors_since(branch, elsewhere, tried, dirty=False), "a number of another repository"


def test_what_cannot_be_told_is_not_nobodys(project: Path, url: str) -> None:
    here = f"{url}/trunk"
    assert authors_since(project, of_svn("r2", here), of_svn("r99", here), dirty=False) == (UNTOLD,)
    assert authors_since(project, of_svn("r1", here), of_svn("HEAD", here), dirty=False) == (UNTOLD,)
    assert authors_since(project, of_svn("r1", here), of_svn("r2", "file:///x/trunk"), dirty=False) == (UNTOLD,)
    assert authors_since(project, of_git("1" * 40), of_git("0" * 40), dirty=False) == (UNTOLD,)


@pytest.mark.parametrize(
    ("name", "address"),
    [("ada", "ada@svn.example.org"), ("ada@example.org", "ada@example.org"),
     ("DOMAIN\\ada", "DOMAIN%5Cada@svn.example.org"), ("Ada L", "Ada%20L@svn.example.org"),
     ("a@b c", "a%40b%20c@svn.example.org"), ("e\x1bve", "e%1Bve@svn.example.org")],
)  # fmt: skip
def test_an_account_of_a_server_is_an_address_that_an_operator_can_have(name: str, address: str) -> None:
    assert known_as(name, "svn.example.org").address == address


def test_a_commit_without_an_author_is_nobodys_that_is_known() -> None:
    assert known_as("", "svn.example.org") == ANONYMOUS and ANONYMOUS.wrote and not ANONYMOUS.address


@pytest.fixture
def server(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server that lets in only whom it knows, and a home in which the password for it is kept."""
    place = tmp_path / "repository/conf"
    (place / "svnserve.conf").write_text("[general]\nanon-access = none\nauth-access = write\npassword-db = passwd\n")
    (place / "passwd").write_text("[users]\nada = sesame\n")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = tmp_path / "home"
    (home / ".subversion").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    process = subprocess.Popen(
        ["svnserve", "--daemon", "--foreground", "--listen-host", "127.0.0.1", "--listen-port", str(port),
         "--root", str(tmp_path)]
    )  # fmt: skip
    try:
        while process.poll() is None:
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", port)) == 0:
                    break
        yield f"svn://127.0.0.1:{port}/repository"
    finally:
        process.terminate()
        process.wait()


def test_a_server_is_asked_with_the_password_that_the_account_keeps_for_it(
    server: str, project: Path, tmp_path: Path
) -> None:
    options = ("--password", "sesame", "--config-option", "servers:global:store-plaintext-passwords=yes")
    svn(tmp_path, "checkout", "-q", *options, f"{server}/trunk", "there")
    folder = tmp_path / "there"
    kept = next((tmp_path / "home/.subversion/auth/svn.simple").iterdir())
    if b"sesame" not in kept.read_bytes():  # As Debian's Subversion is built: it keeps none in plain text by itself.
        content = kept.read_text().removesuffix("END\n")
        kept.write_text(f"{content}K 8\npasstype\nV 6\nsimple\nK 8\npassword\nV 6\nsesame\nEND\n")
    source = inspect(folder)
    assert source.remote == f"{server}/trunk"
    old = of_svn("r1", f"{server}/trunk")
    assert authors_since(folder, old, source, dirty=False) == (CodeAuthor("ada", "ada@127.0.0.1"),)
    assert [commit.revision for commit in commits_between(folder, old, source)] == ["r2"]
    kept.unlink()
    assert authors_since(folder, old, source, dirty=False) == (UNTOLD,), "without it nobody is asked for one"
    assert not any(kept.parent.iterdir()), "nothing is written there"
