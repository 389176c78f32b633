"""The code of a project as Subversion has it: what is committed, what was changed, what a run gets."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from engine.errors import Refusal
from engine.projects.source import svn_files
from engine.projects.source.code import commits_between, inspect, refuse_dirty, snapshot, standing_of
from tests.engine.projects.origins import of_svn
from tests.engine.projects.subversion import checkout, commit, committed, svn, update, url
from tests.engine.projects.test_source_git import taken, write

__all__ = ["url"]  # the fixture of a new repository


@pytest.fixture
def project(tmp_path: Path, url: str) -> Path:
    return committed(tmp_path, url, "first words\n\nand a body", steps="one\n", other="same\n")


def state(folder: Path) -> dict[str, tuple[bytes, int]]:
    """All that Subversion keeps there: what it holds and when it was written."""
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted((folder / ".svn").rglob("*"))
        if path.is_file()
    }


def test_a_committed_project_is_clean_and_its_revision_is_told(project: Path, tmp_path: Path, url: str) -> None:
    before = state(project)
    source, patch = snapshot(project, tmp_path / "code", allow_dirty=False)
    assert (source.system, source.revision, source.branch, source.remote) == ("svn", "r2", "trunk", f"{url}/trunk")
    assert (source.dirty, source.changed, source.odd) == (False, (), None)
    assert (source.message, source.author) == ("first words  and a body", "ada")
    assert source.committed_at is not None and source.committed_at.endswith("Z")
    assert patch is None
    assert taken(tmp_path / "code") == {"other.py": "same\n", "steps.py": "one\n"}
    assert state(project) == before, "nothing of the working copy is written to"


def test_uncommitted_changes_of_each_kind_are_refused_by_name(project: Path, tmp_path: Path) -> None:
    write(project, steps="two\n", added="a\n", unknown="u\n")
    svn(project, "add", "-q", "added.py")
    svn(project, "rm", "-q", "other.py")
    assert inspect(project).changed == ("added.py", "other.py", "steps.py", "unknown.py")
    with pytest.raises(Refusal, match=r"uncommitted changes \(added\.py, other\.py, .*--allow-dirty"):
        snapshot(project, tmp_path / "code", allow_dirty=False)
    assert not (tmp_path / "code").exists()


def test_changes_that_are_allowed_come_with_a_patch_that_makes_them_from_the_revision(
    project: Path, tmp_path: Path
) -> None:
    write(project, gone="g\n", program="p\n", moved="m\n" * 9)
    (project / "keeps").mkdir()
    (project / "keeps" / "this.txt").write_text("kept\n")
    commit(project)
    update(project)
    clean = tmp_path / "clean"
    snapshot(project, clean, allow_dirty=False)
    write(project, steps="two\n", new="new\n")
    (project / "data.bin").write_bytes(bytes(range(256)))
    (project / "folder").mkdir()
    (project / "folder" / "inside.txt").write_text("in\n")
    (project / "gone.py").unlink()
    svn(project, "rm", "-q", "other.py")
    svn(project, "mv", "-q", "moved.py", "there.py")
    svn(project, "cp", "-q", "keeps", "copied")
    svn(project, "propset", "-q", "svn:executable", "*", "program.py")
    before = state(project)
    source, patch = snapshot(project, tmp_path / "code", allow_dirty=True)
    assert source.dirty and source.revision == "r3"
    assert set(source.changed) == {
        "copied/this.txt", "data.bin", "folder/inside.txt", "gone.py", "moved.py", "new.py", "other.py", "program.py",
        "steps.py", "there.py",
    }  # fmt: skip
    assert patch is not None and patch.startswith("diff --git ")
    apart = {**os.environ, "GIT_DIR": "/x"}
    subprocess.run(["git", "apply", "-"], cwd=clean, input=patch.encode(), check=True, env=apart)
    assert everything(clean) == everything(tmp_path / "code")
    assert state(project) == before


def everything(folder: Path) -> dict[str, tuple[bytes, bool]]:
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), bool(path.stat().st_mode & 0o100))
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_file_is_the_same_in_every_checkout_whatever_stands_for_its_keywords_and_line_ends(
    project: Path, tmp_path: Path
) -> None:
    (project / "dated.py").write_text("# $Id$ $Revision$\n")
    (project / "windows.txt").write_bytes(b"a\r\nb\r\n")
    (project / "text.txt").write_text("a\nb\n")
    (project / "run.sh").write_text("#!/bin/sh\n")
    (project / "run.sh").chmod(0o755)
    os.symlink("steps.py", project / "link.py")
    svn(project, "add", "-q", "--force", ".")
    svn(project, "propset", "-q", "svn:keywords", "Id Revision", "dated.py")
    svn(project, "propset", "-q", "svn:eol-style", "CRLF", "windows.txt")
    svn(project, "propset", "-q", "svn:eol-style", "native", "text.txt")
    commit(project)
    update(project)
    assert "$Id: dated.py" in (project / "dated.py").read_text()
    snapshot(project, tmp_path / "code", allow_dirty=False)
    found = everything(tmp_path / "code")
    assert found["dated.py"] == (b"# $Id$ $Revision$\n", False)
    assert found["windows.txt"] == (b"a\r\nb\r\n", False)
    assert found["run.sh"] == (b"#!/bin/sh\n", True)
    assert found["link.py"] == (b"one\n", False), "a link is what it names"


def test_after_a_commit_the_folders_are_of_the_revision_before_and_the_code_is_that_of_the_new_one(
    project: Path, tmp_path: Path
) -> None:
    write(project, steps="two\n")
    assert commit(project, "second", who="bob") == "r3"
    source, _ = snapshot(project, tmp_path / "code", allow_dirty=False)
    assert (source.revision, source.author, source.message) == ("r3", "bob", "second")
    assert taken(tmp_path / "code")["steps.py"] == "two\n"


def test_files_of_several_revisions_that_no_one_revision_holds_are_refused_and_said_to_be_mixed(
    project: Path, tmp_path: Path, url: str
) -> None:
    other = checkout(tmp_path, f"{url}/trunk", "other")
    write(other, other="changed by somebody else\n")
    commit(other, who="bob")
    write(project, steps="two\n")
    assert commit(project) == "r4"
    source = inspect(project)
    assert source.dirty and source.revision == "r2:4" and source.changed == ()
    with pytest.raises(Refusal, match=r"'other\.py' otherwise than r4.*'svn update'.*--allow-dirty"):
        snapshot(project, tmp_path / "code", allow_dirty=False)
    mixed, patch = snapshot(project, tmp_path / "mixed", allow_dirty=True)
    assert (mixed.dirty, patch) == (True, None)
    assert taken(tmp_path / "mixed") == {"other.py": "same\n", "steps.py": "two\n"}
    update(project)
    assert inspect(project).revision == "r4"


def test_a_file_whose_removal_was_committed_is_missed_where_other_files_are_of_before(project: Path) -> None:
    svn(project, "rm", "-q", "other.py")
    commit(project)
    with pytest.raises(Refusal, match=r"'other\.py' otherwise than r2.*svn update"):
        refuse_dirty(inspect(project), project)
    update(project)
    assert not inspect(project).dirty


def test_a_switched_part_and_a_part_that_was_not_checked_out_are_said(project: Path, tmp_path: Path, url: str) -> None:
    (project / "lib").mkdir()
    (project / "lib" / "a.py").write_text("a\n")
    commit(project)
    svn(tmp_path, "copy", "-q", "-m", "branch", f"{url}/trunk", f"{url}/branches/try")
    update(project)
    svn(project, "switch", "-q", f"{url}/branches/try/lib", "lib")
    with pytest.raises(Refusal, match="'lib' of another branch; run 'svn switch'"):
        refuse_dirty(inspect(project), project)
    svn(project, "switch", "-q", f"{url}/trunk/lib", "lib")
    assert not inspect(project).dirty
    svn(project, "update", "-q", "--set-depth", "exclude", "lib")
    with pytest.raises(Refusal, match="only a part of 'lib' of r4; run 'svn update --set-depth infinity'"):
        refuse_dirty(inspect(project), project)


def test_a_branch_and_a_tag_are_told_and_only_the_projects_own_subfolder_is_taken(tmp_path: Path, url: str) -> None:
    trunk = checkout(tmp_path, f"{url}/trunk", "all")
    inner = trunk / "models" / "flights"
    inner.mkdir(parents=True)
    write(inner, train="x\n")
    write(trunk, outside="o\n")
    commit(trunk)
    svn(tmp_path, "copy", "-q", "-m", "branch", f"{url}/trunk", f"{url}/branches/try it")
    svn(tmp_path, "copy", "-q", "-m", "tag", f"{url}/trunk", f"{url}/tags/1.0")
    write(trunk, outside="changed outside\n")
    assert (inspect(inner).branch, inspect(inner).dirty) == ("trunk", False)
    snapshot(inner, tmp_path / "code", allow_dirty=False)
    assert taken(tmp_path / "code") == {"train.py": "x\n"}
    assert inspect(checkout(tmp_path, f"{url}/branches/try it", "b")).branch == "branches/try it"
    assert inspect(checkout(tmp_path, f"{url}/tags/1.0/models", "t")).branch == "tags/1.0"


def test_externals_conflicts_and_repositories_inside_are_refused(project: Path, tmp_path: Path, url: str) -> None:
    svn(tmp_path, "mkdir", "-q", "-m", "lib", f"{url}/lib")
    svn(project, "propset", "-q", "svn:externals", f"{url}/lib lib", ".")
    commit(project)
    update(project)
    with pytest.raises(Refusal, match="has the external 'lib'"):
        snapshot(project, tmp_path / "code", allow_dirty=True)
    svn(project, "propdel", "-q", "svn:externals", ".")
    commit(project)
    update(project)
    svn(project, "cleanup", "--remove-unversioned")
    other = checkout(tmp_path, f"{url}/trunk", "other")
    write(other, steps="theirs\n")
    commit(other)
    write(project, steps="ours\n")
    svn(project, "update", "-q", "--accept", "postpone")
    with pytest.raises(Refusal, match=r"a conflict at 'steps\.py'; settle it"):
        snapshot(project, tmp_path / "code", allow_dirty=True)
    svn(project, "resolve", "-q", "--accept", "theirs-full", "steps.py")
    checkout(project, f"{url}/trunk", "inner")
    with pytest.raises(Refusal, match="another repository, 'inner/'"):
        snapshot(project, tmp_path / "code", allow_dirty=True)


def test_names_of_every_kind_are_taken_and_what_python_leaves_behind_is_no_change(
    project: Path, tmp_path: Path
) -> None:
    names = ["naïve café.py", "日本.py", "at@sign.py", "-r.py", "a&<b>.py", "per%20cent.py", "r1:2 {HEAD}.py"]
    for name in names:
        (project / name).write_text(name)
    svn(project, "add", "-q", *(f"./{name}@" for name in names))
    svn(project, "commit", "-q", "-m", "names")
    update(project)
    (project / "__pycache__").mkdir()
    (project / "__pycache__" / "steps.cpython-311.pyc").write_bytes(b"x")
    (project / ".venv").mkdir()
    (project / ".venv" / "pyvenv.cfg").write_text("")
    assert not inspect(project).dirty
    snapshot(project, tmp_path / "code", allow_dirty=False)
    assert {name: (tmp_path / "code" / name).read_text() for name in names} == {name: name for name in names}


def test_a_patch_that_is_too_large_and_a_file_that_is_are_refused(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as small:
        small.setattr(svn_files, "PATCH_BYTES", 1000)
        write(project, big="line\n" * 1000)
        with pytest.raises(Refusal, match="uncommitted changes; commit them"):
            snapshot(project, tmp_path / "code", allow_dirty=True)
    commit(project)
    monkeypatch.setattr("engine.projects.source.code_folder.BYTES", 4000)
    with pytest.raises(Refusal, match="a version keeps code"):
        snapshot(project, tmp_path / "code", allow_dirty=False)
    assert not (tmp_path / "code").exists()


def test_a_folder_that_no_revision_holds_is_not_taken_for_a_clean_one(project: Path, tmp_path: Path) -> None:
    (project / "scratch").mkdir()
    write(project / "scratch", train="x\n")
    for added in (False, True):
        if added:
            svn(project, "add", "-q", "scratch")
        source = inspect(project / "scratch")
        assert source.dirty and source.revision is None
        with pytest.raises(Refusal, match="No Subversion revision holds .*--allow-dirty"):
            snapshot(project / "scratch", tmp_path / "code", allow_dirty=False)
        snapshot(project / "scratch", tmp_path / f"code{added}", allow_dirty=True)
        assert taken(tmp_path / f"code{added}") == {"train.py": "x\n"}


def test_how_a_file_stands_that_no_revision_holds_is_told(project: Path) -> None:
    (project / "new@x.txt").write_text("n")
    (project / "old.pyc").write_text("o")
    found = {name: standing_of(project, name) for name in ("new@x.txt", "old.pyc", "steps.py")}
    assert found == {"new@x.txt": "untracked", "old.pyc": "ignored", "steps.py": "unknown"}


def test_the_commits_between_two_revisions_are_told_with_what_each_changed(project: Path, url: str) -> None:
    here = f"{url}/trunk"
    write(project, steps="two\n", more="m\n")
    commit(project, "second\nand more of it", who="bob")
    svn(project, "rm", "-q", "other.py")
    commit(project, "third")
    found = commits_between(project, of_svn("r2", here), of_svn("r4", here))
    assert [(c.revision, c.author, c.subject, c.files) for c in found] == [
        ("r4", "ada", "third", ("other.py",)), ("r3", "bob", "second and more of it", ("more.py", "steps.py")),
    ]  # fmt: skip
    assert commits_between(project, of_svn("r4", here), of_svn("r2", here)) == ()
    assert commits_between(project, of_svn("r2", here), of_svn("r9", here)) == (), "a revision that is not there"
    assert commits_between(project, of_svn("r2", here), of_svn("r4", "file:///elsewhere/trunk")) == ()
    assert commits_between(project, of_svn("--x", here), of_svn("r4", here)) == ()


def test_of_a_branch_the_commits_are_those_that_the_other_one_does_not_have(
    project: Path, tmp_path: Path, url: str
) -> None:
    write(project, steps="two\n")
    commit(project, "on trunk, before")
    svn(tmp_path, "copy", "-q", "-m", "a branch", f"{url}/trunk", f"{url}/branches/try")
    branch = checkout(tmp_path, f"{url}/branches/try", "branch")
    write(branch, other="tried\n")
    commit(branch, "on the branch", who="bob")
    write(project, more="m\n")
    commit(project, "on trunk, after")
    trunk, tried = of_svn("r6", f"{url}/trunk"), of_svn("r5", f"{url}/branches/try")
    assert [c.subject for c in commits_between(branch, trunk, tried)] == ["on the branch", "a branch"]
    assert [c.subject for c in commits_between(project, tried, trunk)] == ["on trunk, after"]
