"""What a commit only names, a submodule or a file of Git LFS, is taken where its content is there, and else refused."""

from __future__ import annotations

import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from engine.errors import Refusal
from engine.projects.source.code import inspect, snapshot
from tests.engine.projects.test_source_git import commit, git, project, taken, write

__all__ = ["project"]  # the fixture of a committed project


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """Another repository, with one of its own inside."""
    for name in ("deepest", "library"):
        (tmp_path / name).mkdir()
        git(tmp_path / name, "init", "-q", "-b", "main")
        write(tmp_path / name, code=f"{name}\n")
        commit(tmp_path / name)
    git(tmp_path / "library", "submodule", "add", "-q", str(tmp_path / "deepest"), "inner")
    commit(tmp_path / "library")
    return tmp_path / "library"


@pytest.fixture
def composed(project: Path, library: Path) -> Path:
    git(project, "submodule", "add", "-q", str(library), "lib")
    git(project, "submodule", "update", "-q", "--init", "--recursive")
    commit(project, "with a library")
    return project


def test_a_submodule_that_is_checked_out_is_taken_with_those_inside_it(composed: Path, tmp_path: Path) -> None:
    source, patch = snapshot(composed, tmp_path / "code", allow_dirty=False)
    assert not source.dirty and patch is None
    found = taken(tmp_path / "code")
    assert (found["lib/code.py"], found["lib/inner/code.py"]) == ("library\n", "deepest\n")
    write(composed, steps="two\n", new="n\n")
    _, patch = snapshot(composed, tmp_path / "dirty", allow_dirty=True)
    assert patch is not None and "steps.py" in patch and "new.py" in patch and "lib" not in patch
    assert taken(tmp_path / "dirty")["lib/inner/code.py"] == "deepest\n"


def test_a_submodule_that_no_commit_names_is_not_left_out_in_silence(
    project: Path, library: Path, tmp_path: Path
) -> None:
    """What is not committed stands in a patch, and no patch can hold what a submodule holds."""
    git(project, "submodule", "add", "-q", str(library), "lib")
    write(project, steps="two\n")
    with pytest.raises(Refusal, match="holds the submodule 'lib' as no commit does; commit it"):
        snapshot(project, tmp_path / "code", allow_dirty=True)
    assert not (tmp_path / "code").exists()


def test_submodules_in_each_other_without_end_are_refused(project: Path, tmp_path: Path) -> None:
    """Each takes processes of this machine while those inside it are read, and a repository may hold any number."""
    for depth in (2, 12):
        places = [project.joinpath(*"s" * level) for level in range(1, depth + 1)]
        places[-1].mkdir(parents=True, exist_ok=True)
        for place in reversed(places):
            git(place, "init", "-q", "-b", "main")
            write(place, code="deep\n")
            commit(place)
        commit(project)
        if depth == 2:
            snapshot(project, tmp_path / "code", allow_dirty=False)
            assert taken(tmp_path / "code")["s/s/code.py"] == "deep\n"
        else:
            with pytest.raises(Refusal, match="has more than 10 submodules in each other"):
                snapshot(project, tmp_path / "more", allow_dirty=False)
            assert not (tmp_path / "more").exists()


def test_a_submodule_that_is_a_link_to_another_repository_is_not_followed(
    composed: Path, library: Path, tmp_path: Path
) -> None:
    shutil.move(composed / "lib", tmp_path / "away")
    (composed / "lib").symlink_to(library)
    with pytest.raises(Refusal, match="has nothing in its submodule 'lib'|differs from"):
        snapshot(composed, tmp_path / "code", allow_dirty=False)


def test_of_a_project_in_a_subfolder_the_submodules_in_it_are_taken(
    project: Path, library: Path, tmp_path: Path
) -> None:
    (project / "models").mkdir()
    write(project / "models", train="t\n")
    git(project, "submodule", "add", "-q", str(library), "models/lib")
    git(project, "submodule", "update", "-q", "--init", "--recursive")
    commit(project)
    snapshot(project / "models", tmp_path / "code", allow_dirty=False)
    assert taken(tmp_path / "code")["lib/inner/code.py"] == "deepest\n"


def test_a_submodule_that_was_not_fetched_says_what_to_run_and_that_helps(
    composed: Path, library: Path, tmp_path: Path
) -> None:
    git(tmp_path, "clone", "-q", str(composed), "clone")
    for way in ((), ("--init",), ("--init", "--recursive")):
        if way:
            git(tmp_path / "clone", "submodule", "update", "-q", *way)
        if "--recursive" not in way:
            with pytest.raises(Refusal, match="nothing in its submodule 'lib.*update --init --recursive'"):
                snapshot(tmp_path / "clone", tmp_path / "code", allow_dirty=False)
    snapshot(tmp_path / "clone", tmp_path / "code", allow_dirty=False)
    assert taken(tmp_path / "code")["lib/inner/code.py"] == "deepest\n"


def test_a_submodule_at_another_commit_or_with_changes_is_refused(
    composed: Path, library: Path, tmp_path: Path
) -> None:
    write(composed / "lib", code="changed\n")
    with pytest.raises(Refusal, match=r"changes in its submodule 'lib' \(code\.py\)"):
        snapshot(composed, tmp_path / "code", allow_dirty=True)
    commit(composed / "lib", "moved on")
    with pytest.raises(Refusal, match="submodule 'lib' at .* names .*'git submodule update' there, or commit it"):
        snapshot(composed, tmp_path / "code", allow_dirty=False)
    git(composed, "add", "lib")
    with pytest.raises(Refusal, match="submodule 'lib'"):
        snapshot(composed, tmp_path / "code", allow_dirty=True)
    commit(composed)
    snapshot(composed, tmp_path / "code", allow_dirty=False)
    assert taken(tmp_path / "code")["lib/code.py"] == "changed\n"


def test_a_link_in_the_place_of_a_submodule_is_not_followed(composed: Path, library: Path, tmp_path: Path) -> None:
    git(composed, "submodule", "deinit", "-q", "--force", "lib")
    (composed / "lib").rmdir()
    (composed / "lib").symlink_to(library)
    with pytest.raises(Refusal, match="nothing in its submodule 'lib'"):
        snapshot(composed, tmp_path / "code", allow_dirty=True)


CONTENT = b"flight,late\n" * 40_000


@pytest.fixture
def large(project: Path) -> Path:
    """A project that keeps its data in Git LFS, by Git LFS itself."""
    git(project, "lfs", "install", "--local")
    git(project, "lfs", "track", "*.csv")
    (project / "data.csv").write_bytes(CONTENT)
    commit(project)
    assert git(project, "cat-file", "-p", "HEAD:data.csv").startswith("version https://git-lfs")
    return project


def test_a_file_of_git_lfs_is_taken_where_its_content_is_there(large: Path, tmp_path: Path) -> None:
    source, patch = snapshot(large, tmp_path / "code", allow_dirty=False)
    assert not source.dirty and patch is None
    assert (tmp_path / "code/data.csv").read_bytes() == CONTENT
    for name in ("data.csv", ".gitattributes"):  # So that Git looks again, and has no filter to see it as it was.
        (large / name).touch()
    assert not inspect(large).dirty
    write(large, steps="two\n")
    dirty, patch = snapshot(large, tmp_path / "dirty", allow_dirty=True)
    assert dirty.changed == ("steps.py",) and patch is not None and "data.csv" not in patch
    assert (tmp_path / "dirty/data.csv").read_bytes() == CONTENT


def test_a_file_of_git_lfs_that_was_not_fetched_says_what_to_run_and_that_helps(large: Path, tmp_path: Path) -> None:
    subprocess.run(
        ["git", "clone", "-q", str(large), str(tmp_path / "clone")], check=True, env=without_filter(tmp_path)
    )
    assert (tmp_path / "clone/data.csv").read_bytes().startswith(b"version https://git-lfs")
    with pytest.raises(Refusal, match="'data.csv' in Git LFS, .* run 'git lfs pull' there"):
        snapshot(tmp_path / "clone", tmp_path / "code", allow_dirty=False)
    git(tmp_path / "clone", "lfs", "install", "--local")
    git(tmp_path / "clone", "config", "lfs.url", f"file://{large}")
    git(tmp_path / "clone", "lfs", "pull")
    snapshot(tmp_path / "clone", tmp_path / "code", allow_dirty=False)
    assert (tmp_path / "code/data.csv").read_bytes() == CONTENT


def without_filter(home: Path) -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "HOME": str(home), "GIT_LFS_SKIP_SMUDGE": "1", "GIT_CONFIG_NOSYSTEM": "1"}


@pytest.mark.parametrize("content", [CONTENT[:-1] + b"x", CONTENT + b"x", b""])
def test_what_is_not_the_content_that_the_pointer_names_is_not_taken_for_it(
    large: Path, tmp_path: Path, content: bytes
) -> None:
    (large / "data.csv").write_bytes(content)
    with pytest.raises(Refusal, match="'data.csv' in Git LFS, and what lies in the folder is not its content"):
        snapshot(large, tmp_path / "code", allow_dirty=False)
    source, patch = snapshot(large, tmp_path / "dirty", allow_dirty=True)
    assert source.changed == ("data.csv",) and patch is not None
    assert (tmp_path / "dirty/data.csv").read_bytes() == content


def test_a_pointer_to_a_file_outside_or_to_a_large_one_gives_nothing_away(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text("secret\n")
    digest = sha256(b"secret\n").hexdigest()
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize 7\n"
    (project / "data.csv").write_text(pointer)
    commit(project)
    (project / "data.csv").unlink()
    (project / "data.csv").symlink_to(tmp_path / "secret")
    for allow_dirty in (False, True):
        with pytest.raises(Refusal):
            snapshot(project, tmp_path / "code", allow_dirty=allow_dirty)
    (project / "data.csv").unlink()
    (project / "data.csv").write_text(pointer.replace("size 7", "size 900000000000"))
    commit(project)
    with pytest.raises(Refusal, match="a version keeps code"):
        snapshot(project, tmp_path / "code", allow_dirty=False)
