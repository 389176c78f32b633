"""The code of a project as Git has it: what is committed, what was changed, what a run gets."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from engine.errors import Refusal
from engine.projects.source import git_files
from engine.projects.source.code import commits_between, inspect, refuse_dirty, snapshot
from engine.projects.source.remote import without_credentials
from tests.engine.projects.origins import of_git


def git(folder: Path, *args: str) -> str:
    settings = ("-c", "user.name=Ada L", "-c", "user.email=ada@example.org", "-c", "protocol.file.allow=always")
    done = subprocess.run(["git", *settings, *args], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(folder: Path, message: str = "first") -> str:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", message)
    return git(folder, "rev-parse", "HEAD")


def write(folder: Path, **files: str) -> None:
    for name, content in files.items():
        (folder / f"{name}.py").write_text(content)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    write(folder, steps="one\n", other="same\n")
    commit(folder, "first words\n\nand a body")
    return folder


def taken(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


def test_a_committed_project_is_clean_and_its_commit_is_told(project: Path, tmp_path: Path) -> None:
    source, patch = snapshot(project, tmp_path / "code", allow_dirty=False)
    assert source == inspect(project)
    assert (source.revision, source.branch, source.dirty, source.changed) == (
        git(project, "rev-parse", "HEAD"), "main", False, (),
    )  # fmt: skip
    assert source.message == "first words  and a body"
    assert source.author == "Ada L"
    assert source.committed_at is not None and source.committed_at.endswith("Z")
    assert patch is None
    assert taken(tmp_path / "code") == {"other.py": "same\n", "steps.py": "one\n"}


def test_uncommitted_changes_are_refused_by_name_and_the_way_on_is_said(project: Path, tmp_path: Path) -> None:
    write(project, steps="two\n", new="new\n")
    with pytest.raises(Refusal, match=r"uncommitted changes \(new\.py, steps\.py\).*--allow-dirty"):
        snapshot(project, tmp_path / "code", allow_dirty=False)
    assert not (tmp_path / "code").exists()


def test_of_many_changed_files_five_are_named(project: Path) -> None:
    write(project, **{f"n{number}": "" for number in range(9)})
    with pytest.raises(Refusal, match=r"n4\.py and 4 others"):
        refuse_dirty(inspect(project), project)


def test_changes_that_are_allowed_come_with_a_patch_that_makes_them_from_the_commit(
    project: Path, tmp_path: Path
) -> None:
    clean = tmp_path / "clean"
    snapshot(project, clean, allow_dirty=False)
    write(project, steps="two\n", new="new\n")
    (project / "data.bin").write_bytes(bytes(range(256)))
    (project / "other.py").unlink()
    git(project, "add", "new.py")
    before = (project / ".git/index").read_bytes()
    source, patch = snapshot(project, tmp_path / "code", allow_dirty=True)
    assert source.changed == ("data.bin", "new.py", "other.py", "steps.py")
    assert patch is not None
    subprocess.run(
        ["git", "apply", "-"], cwd=clean, input=patch.encode(), check=True, env={**os.environ, "GIT_DIR": "/x"}
    )
    assert {p.name: p.read_bytes() for p in clean.iterdir()} == {
        p.name: p.read_bytes() for p in (tmp_path / "code").iterdir()
    }
    assert sorted(p.name for p in (tmp_path / "code").iterdir()) == ["data.bin", "new.py", "steps.py"]
    assert (project / ".git/index").read_bytes() == before


def test_a_patch_that_is_too_large_is_refused(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git_files, "PATCH_BYTES", 1000)
    write(project, big="line\n" * 1000)
    with pytest.raises(Refusal, match="uncommitted changes; commit them"):
        snapshot(project, tmp_path / "code", allow_dirty=True)


def test_only_the_projects_own_subfolder_is_taken_and_counts_as_changed(project: Path, tmp_path: Path) -> None:
    inner = project / "models" / "flights"
    inner.mkdir(parents=True)
    write(inner, train="x\n")
    commit(project, "second")
    write(project, steps="changed outside\n")
    source, _ = snapshot(inner, tmp_path / "code", allow_dirty=False)
    assert not source.dirty
    assert taken(tmp_path / "code") == {"train.py": "x\n"}
    write(inner, train="y\n")
    dirty, patch = snapshot(inner, tmp_path / "dirty", allow_dirty=True)
    assert dirty.changed == ("train.py",)
    assert patch is not None and "a/train.py" in patch and "outside" not in patch


def test_a_folder_that_git_ignores_is_not_taken_for_a_clean_one(project: Path, tmp_path: Path) -> None:
    (project / ".gitignore").write_text("scratch/\n")
    commit(project)
    (project / "scratch").mkdir()
    write(project / "scratch", train="x\n")
    source = inspect(project / "scratch")
    assert source.dirty and source.revision is None
    snapshot(project / "scratch", tmp_path / "code", allow_dirty=True)
    assert taken(tmp_path / "code") == {"train.py": "x\n"}


def test_caches_and_ignored_files_are_no_changes(project: Path) -> None:
    (project / ".gitignore").write_text("*.csv\n")
    commit(project)
    (project / "__pycache__").mkdir()
    (project / "__pycache__" / "steps.cpython-311.pyc").write_bytes(b"x")
    (project / "data.csv").write_text("a\n")
    assert not inspect(project).dirty


def test_executable_bits_and_strange_names_are_kept(project: Path, tmp_path: Path) -> None:
    (project / "run.sh").write_text("#!/bin/sh\n")
    (project / "run.sh").chmod(0o755)
    (project / "a b\n'ü.txt").write_text("x")
    commit(project)
    snapshot(project, tmp_path / "code", allow_dirty=False)
    assert os.access(tmp_path / "code" / "run.sh", os.X_OK)
    assert (
        not os.access(tmp_path / "code" / "steps.py", os.X_OK)
        or os.stat(tmp_path / "code/steps.py").st_mode & 0o111 == 0
    )
    assert (tmp_path / "code" / "a b\n'ü.txt").read_text() == "x"


def test_a_name_that_is_not_utf8_is_refused(project: Path, tmp_path: Path) -> None:
    (project / os.fsdecode(b"bad\xff.py")).write_text("x")
    commit(project)
    with pytest.raises(Refusal, match="not UTF-8"):
        snapshot(project, tmp_path / "code", allow_dirty=False)


@pytest.mark.parametrize("committed", [True, False])
def test_links_inside_become_copies(project: Path, tmp_path: Path, committed: bool) -> None:
    (project / "lib").mkdir()
    write(project / "lib", tool="t\n")
    (project / "linked.py").symlink_to("lib/tool.py")
    (project / "again.py").symlink_to("linked.py")
    (project / "library").symlink_to("lib")
    if committed:
        commit(project)
    snapshot(project, tmp_path / "code", allow_dirty=not committed)
    code = taken(tmp_path / "code")
    assert code["linked.py"] == code["again.py"] == code["library/tool.py"] == "t\n"
    assert not any(path.is_symlink() for path in (tmp_path / "code").rglob("*"))


@pytest.mark.parametrize("committed", [True, False])
@pytest.mark.parametrize(
    ("destination", "said"),
    [
        ("/etc/hostname", "leads out"),
        ("../secret", "leads out"),
        ("..", "leads out"),
        ("nowhere.py", "no part of the code"),
        ("self", "no part of the code"),
        (".", "no part of the code"),
        (".git/config", "no part of the code"),
    ],
)
def test_links_that_lead_elsewhere_are_refused(
    project: Path, tmp_path: Path, destination: str, said: str, committed: bool
) -> None:
    (tmp_path / "secret").write_text("s")
    (project / "self").symlink_to(destination)
    if committed:
        commit(project)
    with pytest.raises(Refusal, match=said):
        snapshot(project, tmp_path / "code", allow_dirty=not committed)
    assert not (tmp_path / "code").exists()


def test_a_submodule_that_no_commit_names_is_refused(project: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    commit(other)
    git(project, "submodule", "add", "-q", str(other), "vendored")
    with pytest.raises(Refusal, match="submodule 'vendored' as no commit does; commit it"):
        snapshot(project, tmp_path / "staged", allow_dirty=True)


def test_a_repository_inside_is_refused(project: Path, tmp_path: Path) -> None:
    (project / "inner").mkdir()
    git(project / "inner", "init", "-q")
    write(project / "inner", x="x")
    with pytest.raises(Refusal, match="another repository, 'inner/'"):
        snapshot(project, tmp_path / "code", allow_dirty=True)


def test_a_git_lfs_pointer_is_refused(project: Path, tmp_path: Path) -> None:
    (project / "big.csv").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n")
    commit(project)
    with pytest.raises(Refusal, match="'big.csv' in Git LFS"):
        snapshot(project, tmp_path / "code", allow_dirty=False)


def test_a_linked_working_tree_and_a_detached_head_are_read(project: Path, tmp_path: Path) -> None:
    git(project, "worktree", "add", "-q", "-b", "side", str(tmp_path / "tree"))
    write(tmp_path / "tree", extra="e\n")
    revision = commit(tmp_path / "tree", "on the side")
    assert (inspect(tmp_path / "tree").revision, inspect(tmp_path / "tree").branch) == (revision, "side")
    git(project, "checkout", "-q", "--detach")
    assert inspect(project).branch is None and not inspect(project).dirty


def test_packed_branches_and_a_split_index_are_read(project: Path) -> None:
    git(project, "pack-refs", "--all")
    git(project, "gc", "-q")
    git(project, "update-index", "--split-index")
    assert inspect(project).revision == git(project, "rev-parse", "HEAD")
    assert not inspect(project).dirty


def test_commits_between_two_revisions_newest_first(project: Path) -> None:
    old = git(project, "rev-parse", "HEAD")
    write(project, steps="2\n")
    commit(project, "second \x1b[31mred")
    write(project, steps="3\n")
    new = commit(project, "third")
    assert [(c.subject, c.author) for c in commits_between(project, of_git(old), of_git(new))] == [
        ("third", "Ada L"), ("second red", "Ada L"),
    ]  # fmt: skip
    assert commits_between(project, of_git(new), of_git(old)) == ()
    assert commits_between(project, of_git("0" * 40), of_git(new)) == ()
    assert commits_between(project, of_git("--output=x"), of_git(new)) == ()
    assert commits_between(project / "gone", of_git(old), of_git(new)) == ()


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://ada:s3cret@example.org/x.git", "https://example.org/x.git"),
        ("https://ghp_token@example.org/x.git?private_token=s3cret#s3cret", "https://example.org/x.git"),
        ("ssh://git:s3cret@example.org:22/x", "ssh://git@example.org:22/x"),
        ("git@example.org:team/x.git", "git@example.org:team/x.git"),
        ("git:s3cret@example.org:team/x.git", "git@example.org:team/x.git"),
        ("/srv/git/x@y.git", "/srv/git/x@y.git"),
        ("https://[broken", None),
    ],
)
def test_addresses_lose_their_credentials(url: str, kept: str | None) -> None:
    assert without_credentials(url) == kept


def test_the_remote_of_the_branch_is_told(project: Path) -> None:
    git(project, "remote", "add", "origin", "https://me:pw@example.org/x.git")
    assert inspect(project).remote == "https://example.org/x.git"


def test_a_folder_that_neither_git_nor_subversion_holds_is_taken_with_a_digest_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    for skipped in (".svn", "__pycache__", "env"):
        (folder / skipped).mkdir(parents=True)
        (folder / skipped / "x").write_text("x")
    (folder / "env" / "pyvenv.cfg").write_text("")
    write(folder, steps="one\n")
    assert (inspect(folder).system, inspect(folder).dirty) == ("folder", False)
    source, patch = snapshot(folder, folder / "code", allow_dirty=False)
    assert patch is None and source.system == "folder" and not source.dirty
    assert source.revision is not None and len(source.revision) == 64
    assert taken(folder / "code") == {"steps.py": "one\n"}
    shutil.rmtree(folder / "code")
    again, _ = snapshot(folder, tmp_path / "again", allow_dirty=True)
    assert again.revision == source.revision, "the same files, the same digest"
    for number, change in enumerate((
        lambda: write(folder, steps="two\n"),
        lambda: (folder / "steps.py").rename(folder / "stepz.py"),
        lambda: (folder / "stepz.py").chmod(0o755),
    )):  # fmt: skip
        change()
        other, _ = snapshot(folder, tmp_path / f"other{number}", allow_dirty=False)
        assert other.revision != again.revision
        again = other


def test_the_folder_of_a_repository_without_a_commit_is_refused_until_it_is_allowed(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main", "p")
    write(tmp_path / "p", steps="one\n")
    source = inspect(tmp_path / "p")
    assert (source.revision, source.branch, source.dirty, source.changed) == (None, "main", True, ("steps.py",))
    with pytest.raises(Refusal, match="No Git commit holds.*--allow-dirty"):
        snapshot(tmp_path / "p", tmp_path / "code", allow_dirty=False)
    snapshot(tmp_path / "p", tmp_path / "code", allow_dirty=True)
    assert taken(tmp_path / "code") == {"steps.py": "one\n"}


def test_a_folder_with_a_pipe_or_too_much_in_it_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    os.mkfifo(folder / "pipe")
    with pytest.raises(Refusal, match="'pipe' is not a file"):
        snapshot(folder, tmp_path / "code", allow_dirty=True)
    (folder / "pipe").unlink()
    with (folder / "big").open("wb") as file:
        file.truncate(300_000_000)
    with pytest.raises(Refusal, match="more than 200 MB"):
        snapshot(folder, tmp_path / "code", allow_dirty=True)
    (folder / "big").unlink()
    monkeypatch.setattr("engine.projects.source.code_folder.FILES", 3)
    write(folder, a="", b="", c="", d="")
    with pytest.raises(Refusal, match="more than 3 files"):
        snapshot(folder, tmp_path / "code", allow_dirty=True)
    assert not (tmp_path / "code").exists()


def test_a_folder_that_is_gone_is_called_gone(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="is gone; bring it back"):
        snapshot(tmp_path / "churn", tmp_path / "code", allow_dirty=True)
