"""A working copy of Subversion can name programs, files of others and servers; reading it reaches none of them."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest

from engine.errors import Refusal
from engine.projects.source import svn
from engine.projects.source.code import authors_since, commits_between, inspect, snapshot
from engine.projects.source.code_folder import filled
from engine.projects.source.records import UNTOLD
from engine.projects.source.svn_files import refuse_what_no_version_holds, take_base
from engine.projects.source.svn_log import Range, between
from tests.engine.projects.origins import of_svn
from tests.engine.projects.subversion import checkout, commit, committed, repository, update, url
from tests.engine.projects.test_source_git import taken, write
from tests.programs import Programs

ROOT = Path(__file__).parents[3]


__all__ = ["url"]  # the fixture of a new repository


@pytest.fixture
def project(tmp_path: Path, url: str) -> Path:
    return committed(tmp_path, url, steps="one\n")


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    """A program that leaves a file when it is run."""
    path = tmp_path / "trap"
    path.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    path.chmod(0o755)
    return path


def in_database(folder: Path, statement: str, *values: str) -> None:
    with sqlite3.connect(folder / ".svn/wc.db") as db:
        db.create_function("MATCH", 2, lambda *_: 1)
        db.execute(statement, values)


def test_neither_a_persons_configuration_nor_a_tunnel_runs_a_program(
    project: Path, tmp_path: Path, trap: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    (home / ".subversion").mkdir(parents=True)
    helpers = "".join(f"{each} = {trap}\n" for each in ("diff-cmd", "diff3-cmd", "editor-cmd", "merge-tool-cmd"))
    (home / ".subversion/config").write_text(f"[helpers]\n{helpers}[tunnels]\nssh = {trap}\nevil = {trap}\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("SVN_SSH", str(trap))
    monkeypatch.setenv("SVN_EDITOR", str(trap))
    write(project, steps="two\n")
    for scheme in ("svn+ssh", "svn+evil"):
        in_database(project, "UPDATE repository SET root = ?", f"{scheme}://host/repository")
        remote = inspect(project).remote
        assert remote == f"{scheme}://host/repository/trunk"
        snapshot(project, tmp_path / scheme, allow_dirty=True)
        old, new = of_svn("r1", remote), of_svn("r2", remote)
        assert commits_between(project, old, new) == ()
        assert authors_since(project, old, new, dirty=False) == (UNTOLD,)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    "address", ["svn+ssh://host/x", "svn+evil://host/x", "ssh", "", "-x", "FILE:///x", "://", "http:x"]
)
def test_a_server_is_not_even_asked_where_that_starts_a_program_here(
    address: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with svn.asked(project.resolve()) as server:
        monkeypatch.setenv("PATH", "/nonexistent")
        with pytest.raises(Refusal, match="which starts a program here"):
            server.server(address, "log")


@pytest.mark.parametrize(
    "root", ["http://[", "http://[::1", "http://a b/", "file://\x7f", "svn://" + "x" * 9000, "http:"]
)
def test_an_address_that_is_none_is_told_in_words(project: Path, tmp_path: Path, root: str) -> None:
    in_database(project, "UPDATE repository SET root = ?", root)
    with suppress(Refusal):
        source = inspect(project)
        old, new = of_svn("r1", source.remote or root), of_svn("r2", source.remote or root)
        assert commits_between(project, old, new) == ()
        authors_since(project, old, new, dirty=False)
    with suppress(Refusal):
        snapshot(project, tmp_path / "code", allow_dirty=False)


def test_svn_reads_a_configuration_of_ours_and_the_passwords_that_it_keeps(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home/.subversion/auth").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    real, said = shutil.which("svn"), tmp_path / "said"
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/svn").write_text(
        f'#!/bin/sh\nfor each; do [ -e "$each/auth" ] && ls "$each" > {said}; done\nexec {real} "$@"\n'
    )
    (tmp_path / "bin/svn").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    assert inspect(project).revision == "r2"
    assert "auth" in said.read_text().split()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ('<!DOCTYPE x [<!ENTITY a "b">]><info>&a;</info>', "prints what Subversion does not"),
        ("<info>", "cannot be read"),
        ('<info><entry path="../x" kind="file"/></info>', "says of '../x' that it is in the project's folder"),
        ('<info><entry path="/x" kind="file"/></info>', "says of '/x' that it is in the project's folder"),
        ('<info><entry path="a//x" kind="file"/></info>', "says of 'a//x' that it is in the project's folder"),
    ],
)
def test_another_svn_that_prints_what_none_does_is_not_believed(
    said: str, told: str, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Programs(tmp_path / "bin", monkeypatch).says("svn", said)
    with svn.asked(project.resolve()) as server, pytest.raises(Refusal, match=told):
        svn.nodes(server)


@pytest.mark.parametrize(
    ("how", "told"),
    [("incomplete", "was not brought to its end at 'x'"), ("obstructed", "has something else in the place of 'x'"),
     ("replaced", "has something else in the place of 'x'"), ("modified", None)],
)  # fmt: skip
def test_what_svn_left_half_done_is_refused_by_its_name(how: str, told: str | None) -> None:
    item = svn.Item("x", how, "none", copied=False, switched=False, conflicted=False, external=False)
    if told is None:
        refuse_what_no_version_holds([item], {"x": how})
    else:
        with pytest.raises(Refusal, match=told):
            refuse_what_no_version_holds([item], {"x": how})


def test_a_log_is_asked_for_in_the_working_copys_own_repository_alone() -> None:
    root = "file:///srv/one"
    assert between(None, of_svn("r2", f"{root}/trunk"), root) == Range(f"{root}/trunk", 0, 2)
    for elsewhere in ("file:///srv/oneself/trunk", "file:///srv", "svn://host/one", ""):
        assert between(None, of_svn("r2", elsewhere), root) is None


def test_a_revision_is_a_number_that_a_database_takes() -> None:
    assert [svn.number(each) for each in ("12", "0" * 17 + "9", "9" * 18)] == [12, 9, 10**18 - 1]
    assert [svn.number(each) for each in ("9" * 19, "", "-1", "1.5", "\u00b2", "\u0661", " 1")] == [0] * 7


def test_what_is_kept_of_a_file_is_not_read_where_a_link_or_something_else_lies_in_its_place(
    project: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret\n")
    (kept,) = [path for path in (project / ".svn/pristine").rglob("*") if path.is_file()]
    original = kept.read_bytes()
    kept.unlink()
    for changed in (False, True):
        if changed:
            write(project, steps="two\n")
        for put in (lambda: kept.symlink_to(secret), lambda: shutil.copy(secret, kept)):
            put()
            with pytest.raises(Refusal, match=r"'steps\.py' was checked out as"):
                snapshot(project, tmp_path / "code", allow_dirty=True)
            kept.unlink()
    kept.write_bytes(original)
    shutil.move(kept.parent, tmp_path / "aside")
    kept.parent.symlink_to(tmp_path / "aside")
    with pytest.raises(Refusal, match=r"'steps\.py' was checked out as"):
        snapshot(project, tmp_path / "code", allow_dirty=True)
    assert not (tmp_path / "code").exists()


@pytest.mark.parametrize("name", ["../escaped", "/escaped", "a/../../escaped", ".git/config"])
def test_a_crafted_database_reads_and_writes_nothing_outside_of_the_folder(
    project: Path, tmp_path: Path, name: str
) -> None:
    (project / "a").mkdir()
    in_database(project, "UPDATE nodes SET local_relpath = ? WHERE kind = 'file'", name)
    with pytest.raises(Refusal):
        snapshot(project, tmp_path / "code", allow_dirty=False)
    assert not (tmp_path / "escaped").exists() and not (tmp_path / "code").exists()
    (tmp_path / "escaped").write_text("secret")
    with suppress(Refusal):
        _, patch = snapshot(project, tmp_path / "code", allow_dirty=True)
        assert "secret" not in str(patch) and "escaped" not in str(list((tmp_path / "code").rglob("*")))


@pytest.mark.parametrize("digest", ["../../../../secret", "", "A" * 40, "a" * 39, "a" * 41, "a" * 39 + "\n"])
def test_a_digest_that_names_a_way_out_is_not_followed(project: Path, tmp_path: Path, digest: str) -> None:
    in_database(project, "UPDATE nodes SET checksum = ? WHERE kind = 'file'", f"$sha1${digest}")
    with pytest.raises(Refusal):
        snapshot(project, tmp_path / "code", allow_dirty=False)
    told = svn.Node("steps.py", "file", 2, "", "", digest, False, True, 2, "", "", str(project))
    with (
        pytest.raises(Refusal, match=r"does not say what 'steps\.py' was checked out as"),
        filled(tmp_path / "base") as code,
    ):
        take_base([told], {}, code)


@pytest.mark.parametrize("destination", ["/etc/passwd", "../secret"])
def test_a_link_that_leads_out_is_refused(project: Path, tmp_path: Path, destination: str) -> None:
    (tmp_path / "secret").write_text("secret")
    (project / "link").symlink_to(destination)
    with pytest.raises(Refusal, match="'link' leads out of the project's folder"):
        snapshot(project, tmp_path / "dirty", allow_dirty=True)
    commit(project)
    update(project)
    with pytest.raises(Refusal, match="'link' leads out of the project's folder"):
        snapshot(project, tmp_path / "code", allow_dirty=False)


def test_a_server_that_is_gone_leaves_the_code_and_takes_the_commits(project: Path, tmp_path: Path, url: str) -> None:
    write(project, steps="two\n")
    commit(project, who="eve")
    update(project)
    old, new = of_svn("r2", f"{url}/trunk"), of_svn("r3", f"{url}/trunk")
    assert len(commits_between(project, old, new)) == 1
    (tmp_path / "repository").rename(tmp_path / "away")
    source, _ = snapshot(project, tmp_path / "code", allow_dirty=False)
    assert (source.revision, source.author, source.message) == ("r3", "eve", None)
    assert taken(tmp_path / "code") == {"steps.py": "two\n"}
    assert commits_between(project, old, new) == ()
    assert authors_since(project, old, new, dirty=False) == (UNTOLD,)
    write(project, steps="three\n")
    (tmp_path / "away").rename(tmp_path / "repository")
    commit(project)
    (tmp_path / "repository").rename(tmp_path / "away")
    with pytest.raises(Refusal, match="files of r3 to r4, and its server does not say.*when it answers"):
        snapshot(project, tmp_path / "mixed", allow_dirty=False)


def test_without_subversion_the_sentence_names_the_package_that_brings_it(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Refusal, match="svn is not on the PATH; install it .*package subversion"):
        inspect(project)


def test_a_working_copy_of_an_older_subversion_is_told_with_what_to_run(tmp_path: Path) -> None:
    (tmp_path / "old/.svn").mkdir(parents=True)
    (tmp_path / "old/.svn/entries").write_text("8\n\ndir\n2\n")
    with pytest.raises(Refusal, match="svn upgrade|too old|E155036"):
        inspect(tmp_path / "old")


@pytest.mark.parametrize("damage", [b"", b"no database", b"SQLite format 3\0" + b"\xff" * 4000])
def test_a_damaged_working_copy_is_refused_with_what_subversion_says(project: Path, damage: bytes) -> None:
    (project / ".svn/wc.db").write_bytes(damage)
    with pytest.raises(Refusal, match="svn (info|status)"):
        inspect(project)


def test_text_of_commits_cannot_reach_the_terminal(project: Path, tmp_path: Path, url: str) -> None:
    (tmp_path / "repository/hooks/pre-revprop-change").write_text("#!/bin/sh\n")
    (tmp_path / "repository/hooks/pre-revprop-change").chmod(0o755)
    write(project, steps="two\n")
    commit(project, "red \x1b[31mred <b>&amp;", who="e\u202eve")
    update(project)
    source, _ = snapshot(project, tmp_path / "code", allow_dirty=False)
    (told,) = commits_between(project, of_svn("r2", f"{url}/trunk"), of_svn("r3", f"{url}/trunk"))
    for said in (source.author, source.message, told.author, told.subject):
        assert said and "\x1b" not in said and "\u202e" not in said
    assert told.subject.endswith("<b>&amp;")


def test_a_working_copy_that_belongs_to_another_account_and_is_read_only_is_read_like_any_other() -> None:
    with tempfile.TemporaryDirectory() as made:  # Not pytest's, which no other account may enter.
        place = Path(made)
        url = repository(place)
        project = checkout(place, f"{url}/trunk")
        write(project, steps="one\n")
        commit(project)
        update(project)
        shutil.copytree(ROOT / "engine", place / "engine", ignore=shutil.ignore_patterns("__pycache__"))
        (place / "theirs").mkdir()
        for path in (place, *place.rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)
        (place / "theirs").chmod(0o777)
        program = (
            "from pathlib import Path; from engine.projects.source.code import snapshot;"
            f"found, _ = snapshot(Path({str(project)!r}), Path({made!r}) / 'theirs/code', allow_dirty=False);"
            "print(found.revision, found.dirty)"
        )
        # One that root has for itself, in its home, is no use to another account.
        root = os.geteuid() == 0
        interpreter = str(shutil.which("python3", path="/usr/local/bin:/usr/bin")) if root else sys.executable
        nobody = 65534 if root else None
        done = subprocess.run(
            [interpreter, "-B", "-c", program], cwd=place, capture_output=True, text=True, user=nobody, group=nobody,
            extra_groups=() if root else None,
            env={"PATH": os.environ["PATH"], "TMPDIR": f"{made}/theirs", "HOME": "/nonexistent"},
        )  # fmt: skip
        assert (done.stdout.strip(), done.stderr) == ("r2 False", "")
        for path in (place, *place.rglob("*")):
            path.chmod(0o755)
