"""A repository may be hostile: nothing that its configuration, hooks, attributes or objects hold runs in the engine."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import zlib
from contextlib import suppress
from pathlib import Path

import pytest

from engine.errors import Refusal
from engine.projects.source import git_process
from engine.projects.source.code import commits_between, inspect, snapshot
from engine.projects.source.code_folder import CodeFolder, walk
from tests.engine.projects.origins import of_git


def git(folder: Path, *args: str) -> str:
    settings = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "protocol.file.allow=always")
    done = subprocess.run(["git", *settings, *args], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    """A program that leaves ``sprung`` beside itself."""
    program = tmp_path / "trap"
    program.write_text(f"#!/bin/sh\necho $0 $@ >> {tmp_path}/sprung\ncat\n")
    program.chmod(0o755)
    return program


@pytest.fixture
def project(tmp_path: Path, trap: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / ".gitattributes").write_text("*.py filter=evil diff=evil merge=evil\n")
    (folder / "steps.py").write_text("one\n")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "first")
    (folder / ".git/info/attributes").write_text("* filter=evil diff=evil\n")
    for hook in ("post-checkout", "post-index-change", "pre-commit", "fsmonitor-watchman", "reference-transaction"):
        shutil.copy(trap, folder / ".git/hooks" / hook)
    for key in (
        "core.fsmonitor", "filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "diff.evil.command",
        "diff.evil.textconv", "diff.external", "core.pager", "pager.log", "pager.status", "pager.diff", "gpg.program",
        "core.sshCommand", "core.editor", "core.alternateRefsCommand", "core.gitProxy", "alias.status", "alias.log",
        "credential.helper",
    ):  # fmt: skip
        git(folder, "config", key, f"!{trap}" if key.startswith("alias") else str(trap))
    git(folder, "config", "filter.evil.required", "true")
    git(folder, "config", "log.showSignature", "true")
    git(folder, "config", "core.hooksPath", str(folder / ".git/hooks"))
    return folder


def use_everything(project: Path, tmp_path: Path) -> None:
    first = inspect(project)
    os.utime(project / "steps.py", (1, 1))  # the index cannot answer by the time stamp: contents are compared
    assert first.revision is not None
    assert inspect(project).dirty is False
    snapshot(project, tmp_path / "clean", allow_dirty=False)
    (project / "steps.py").write_text("two\n")
    (project / "new.py").write_text("new\n")
    _, patch = snapshot(project, tmp_path / "dirty", allow_dirty=True)
    assert patch is not None and "+two" in patch and "+new" in patch
    assert (tmp_path / "dirty/steps.py").read_text() == "two\n"
    commits_between(project, of_git("0" * 40), first)


def test_the_traps_of_this_test_do_work_when_git_is_run_plainly(project: Path, tmp_path: Path) -> None:
    os.utime(project / "steps.py", (1, 1))
    subprocess.run(["git", "status"], cwd=project, capture_output=True)
    assert (tmp_path / "sprung").exists()


def test_no_filter_hook_monitor_or_command_of_a_repository_runs(project: Path, tmp_path: Path) -> None:
    use_everything(project, tmp_path)
    assert not (tmp_path / "sprung").exists(), (tmp_path / "sprung").read_text()


def test_included_configuration_is_not_followed(project: Path, tmp_path: Path) -> None:
    (project / ".git/config").rename(tmp_path / "included")
    (project / ".git/config").write_text(f"[include]\n\tpath = {tmp_path}/included\n[core]\n\tworktree = /etc\n")
    use_everything(project, tmp_path)
    assert not (tmp_path / "sprung").exists()


def test_missing_objects_are_not_fetched_by_a_command_of_the_repository(
    project: Path, tmp_path: Path, trap: Path
) -> None:
    for key, value in (
        ("extensions.partialClone", "origin"),
        ("core.repositoryFormatVersion", "1"),
        ("remote.origin.url", "evil@host:x"),
        ("remote.origin.promisor", "true"),
        ("remote.origin.uploadpack", str(trap)),
    ):
        git(project, "config", key, value)
    blob = git(project, "-c", "core.fsmonitor=", "rev-parse", "HEAD:steps.py")
    (project / ".git/objects" / blob[:2] / blob[2:]).unlink()
    (tmp_path / "sprung").unlink(missing_ok=True)
    with pytest.raises(Refusal, match="lacks objects"):
        snapshot(project, tmp_path / "code", allow_dirty=False)
    assert not (tmp_path / "sprung").exists()


def test_a_submodules_own_configuration_runs_nothing(project: Path, tmp_path: Path, trap: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    (other / "x.py").write_text("x")
    git(other, "add", "-A")
    git(other, "commit", "-q", "-m", "other")
    plain = tmp_path / "plain"
    plain.mkdir()
    git(plain, "init", "-q")
    git(plain, "submodule", "add", "-q", str(other), "sub")
    git(plain, "commit", "-q", "-m", "with a submodule")
    git(plain / "sub", "config", "core.fsmonitor", str(trap))
    git(plain / "sub", "config", "filter.evil.clean", str(trap))
    (plain / ".git/modules/sub/info/attributes").write_text("* filter=evil\n")
    (plain / "sub/x.py").write_text("changed")
    (plain / "new.py").write_text("new")
    inspect(plain)
    with pytest.raises(Refusal, match="submodule"):
        snapshot(plain, tmp_path / "code", allow_dirty=True)
    assert not (tmp_path / "sprung").exists()


def test_variables_of_git_around_the_engine_change_nothing(
    project: Path, tmp_path: Path, trap: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "GIT_DIR": "/nowhere", "GIT_INDEX_FILE": "/nowhere", "GIT_EXTERNAL_DIFF": str(trap),
        "GIT_SSH_COMMAND": str(trap),
        "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.fsmonitor", "GIT_CONFIG_VALUE_0": str(trap),
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    use_everything(project, tmp_path)
    assert not (tmp_path / "sprung").exists()


def stored(folder: Path, kind: str, content: bytes) -> str:
    """An object that Git's own commands would refuse to make."""
    whole = f"{kind} {len(content)}\0".encode() + content
    digest = hashlib.sha1(whole).hexdigest()
    path = folder / ".git/objects" / digest[:2] / digest[2:]
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(zlib.compress(whole))
    return digest


@pytest.mark.parametrize("way", ["dots", "git", "through-a-link"])
def test_a_crafted_tree_cannot_write_outside_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    folder = tmp_path / "crafted"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    blob = stored(folder, "blob", b"evil")
    inner = bytes.fromhex(stored(folder, "tree", b"100644 escaped\0" + bytes.fromhex(blob)))
    link = bytes.fromhex(stored(folder, "blob", str(tmp_path).encode()))
    tree = {
        "dots": b"40000 ..\0" + inner,
        "git": b"40000 .GIT\0" + inner,
        "through-a-link": b"120000 a\0" + link + b"40000 a\0" + inner,
    }[way]
    digest = stored(folder, "tree", tree)
    person = b"Ada <a@example.org> 1700000000 +0000"
    commit = stored(
        folder, "commit", f"tree {digest}\n".encode() + b"author " + person + b"\ncommitter " + person + b"\n\nx\n"
    )
    (folder / ".git/refs/heads/main").write_text(f"{commit}\n")
    with suppress(Refusal):
        snapshot(folder, tmp_path / "dirty", allow_dirty=True)
    # As a crafted index would have it.
    monkeypatch.setattr("engine.projects.source.git_checkout.changes_of", lambda repository, store: ({}, ()))
    with pytest.raises(Refusal):
        snapshot(folder, tmp_path / "code", allow_dirty=False)
    assert not (tmp_path / "escaped").exists()
    assert not (tmp_path / "code").exists()


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file of this account's, outside of all projects."""
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys/secret").write_text("secret\n")
    return tmp_path / "keys/secret"


def test_a_folder_that_became_an_ignored_link_gives_nothing_of_where_it_leads(tmp_path: Path, secret: Path) -> None:
    project = tmp_path / "plain"
    (project / "a").mkdir(parents=True)
    (project / "a/secret").write_text("a file of the project\n")
    (project / "steps.py").write_text("one\n")
    git(project, "init", "-q", "-b", "main")
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "first")
    shutil.rmtree(project / "a")
    (project / "a").symlink_to(secret.parent)
    (project / ".git/info/exclude").write_text("a\n")  # So Git names what it does not find, and not the link.
    source, _ = snapshot(project, tmp_path / "code", allow_dirty=True)
    assert source.changed == ("a/secret",)
    assert sorted(os.listdir(tmp_path / "code")) == ["steps.py"]


@pytest.mark.parametrize("swapped", ["project", "project/a"])
def test_a_folder_that_is_swapped_for_a_link_while_the_code_is_taken_gives_nothing_of_where_it_leads(
    tmp_path: Path, secret: Path, swapped: str
) -> None:
    folder, code = tmp_path / "project", tmp_path / "code"
    (folder / "a").mkdir(parents=True)
    (folder / "a/secret").write_text("a file of the project\n")
    (found,) = walk(folder)
    shutil.rmtree(tmp_path / swapped)
    (tmp_path / swapped).symlink_to(secret.parent if swapped.endswith("a") else tmp_path)
    (tmp_path / "a").symlink_to(secret.parent)
    code.mkdir()
    with pytest.raises(Refusal, match="a/secret"):
        CodeFolder(code).copy(found)
    assert not (code / "a").exists()


def test_what_is_larger_than_any_code_is_not_read_into_memory(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as small:
        small.setattr(git_process, "LARGEST", 100)
        with pytest.raises(Refusal, match="holds an object of more than"):
            inspect(project)
    head = project / ".git/refs/heads/main"
    revision = head.read_text()
    head.unlink()
    packed = project / ".git/packed-refs"
    packed.write_text(f"{revision.strip()} refs/heads/main\n")
    assert inspect(project).revision == revision.strip()
    os.truncate(packed, 100_000_001)  # Of which the disk holds a page, and which is one line.
    with pytest.raises(Refusal, match="has more than 100 MB"):
        inspect(project)


def test_a_branch_name_that_leads_out_of_the_repository_is_refused(project: Path) -> None:
    (project / ".git/HEAD").write_text("ref: refs/heads/../../../../etc/hostname\n")
    with pytest.raises(Refusal, match="no branch"):
        inspect(project)


def test_text_of_a_commit_is_made_safe_to_show(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main", "p")
    message = "line\x1b]0;title\x07 \u202eevil"
    git(tmp_path / "p", "-c", "user.name=E\x1b[2Jve", "commit", "-q", "--allow-empty", "-m", message)
    source = inspect(tmp_path / "p")
    assert source.message == "line evil"
    assert source.author is not None and "\x1b" not in source.author


def test_a_broken_repository_is_a_refusal(project: Path, tmp_path: Path) -> None:
    (project / ".git/HEAD").write_text("1" * 40)
    with pytest.raises(Refusal):
        inspect(project)
    (project / ".git/HEAD").write_bytes(b"\xff\xfe")
    with pytest.raises(Refusal):
        inspect(project)
    shutil.rmtree(project / ".git")
    (project / ".git").write_text("gitdir: /nowhere/at/all\n")
    with pytest.raises(Refusal, match="not there"):
        inspect(project)
