"""Whatever a person's own Git settings say, a run gets what is committed; what no commit holds is refused by name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.errors import Refusal
from engine.projects.source.code import inspect, snapshot
from tests.engine.projects.test_source_git import commit, git, project, taken, write

__all__ = ["project"]  # the fixture of a committed project


POINTERS = {
    "LFS": (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n", "keeps 'data.csv' in Git LFS"),
    "LFS of before": (b"version https://hawser.github.com/spec/v1\noid sha256:00\n", "keeps 'data.csv' in Git LFS"),
    "annex": (b"/annex/objects/SHA256E-s5--00.csv\n", "keeps 'data.csv' in git-annex"),
    "git-crypt": (b"\0GITCRYPT\0" + bytes(range(256)) * 40, "holds 'data.csv' encrypted by git-crypt"),
}


@pytest.mark.parametrize("kind", POINTERS)
@pytest.mark.parametrize("fetched", [False, True], ids=["as committed", "as its filter left it in the folder"])
def test_what_a_commit_does_not_hold_is_refused_by_name(
    kind: str, fetched: bool, project: Path, tmp_path: Path
) -> None:
    content, said = POINTERS[kind]
    (project / "data.csv").write_bytes(content)
    commit(project)
    if fetched:
        (project / "data.csv").write_text("the whole of it\n")
    with pytest.raises(Refusal, match=said):
        snapshot(project, tmp_path / "code", allow_dirty=False)
    if fetched:  # as it is, it is the file itself
        snapshot(project, tmp_path / "other", allow_dirty=True)
        assert taken(tmp_path / "other")["data.csv"] == "the whole of it\n"


def test_a_locked_file_of_git_annex_is_refused_by_name_and_a_file_that_speaks_of_pointers_is_not(
    project: Path, tmp_path: Path
) -> None:
    write(project, pointers='LFS = b"version https://git-lfs.github.com/spec/"\n', large="/annex/objects/" + "x" * 3000)
    commit(project)
    assert "pointers.py" in taken_from(project, tmp_path / "well")
    (project / "data.csv").symlink_to(".git/annex/objects/G0/1f/SHA256E-s5--00.csv/SHA256E-s5--00.csv")
    commit(project)
    with pytest.raises(Refusal, match="keeps 'data.csv' in git-annex, which no version would hold"):
        snapshot(project, tmp_path / "code", allow_dirty=False)


@pytest.mark.parametrize("versioned", [False, True], ids=["a folder of no repository", "not committed"])
def test_a_pointer_is_refused_where_the_folder_is_taken_as_it_is_too(
    versioned: bool, project: Path, tmp_path: Path
) -> None:
    folder = project if versioned else tmp_path / "unpacked"
    folder.mkdir(exist_ok=True)
    (folder / "data.csv").write_bytes(POINTERS["LFS"][0])
    with pytest.raises(Refusal, match="folder keeps 'data.csv' in Git LFS, .*; put the file itself there"):
        snapshot(folder, tmp_path / "code", allow_dirty=True)
    (folder / "data.csv").write_text("the whole of it\n")
    snapshot(folder, tmp_path / "code", allow_dirty=True)
    assert taken(tmp_path / "code")["data.csv"] == "the whole of it\n"


def test_a_file_that_a_filter_of_git_cleans_is_named_with_ways_that_can_be_gone(project: Path, tmp_path: Path) -> None:
    (project / ".gitattributes").write_text("*.ipynb filter=strip\n")
    git(project, "config", "filter.strip.clean", "sed /secret/d")
    (project / "look.ipynb").write_text("one\nsecret\n")
    commit(project)
    os.utime(project / "look.ipynb", (0, 0))  # Else Git takes it for what it was, unless all this was in one second.
    with pytest.raises(Refusal, match=r"'look.ipynb' goes through the Git filter 'strip'.* use --allow-dirty .* or"):
        snapshot(project, tmp_path / "code", allow_dirty=False)
    source, _ = snapshot(project, tmp_path / "as it is", allow_dirty=True)
    assert source.dirty and taken(tmp_path / "as it is")["look.ipynb"] == "one\nsecret\n"
    (project / ".gitattributes").write_text("")
    commit(project)
    assert taken_from(project, tmp_path / "without")["look.ipynb"] == "one\nsecret\n"


@pytest.mark.parametrize("begins", ["U2FsdGVkX19aaaa", "age-encryption.org/v1\n-> x", "-----BEGIN PGP MESSAGE-----"])
def test_a_file_that_a_filter_has_encrypted_is_refused_and_one_that_the_project_keeps_so_is_not(
    begins: str, project: Path, tmp_path: Path
) -> None:
    (project / "key.txt").write_text(begins)
    commit(project)
    assert taken_from(project, tmp_path / "its own")["key.txt"] == begins
    (project / ".gitattributes").write_text("key.txt filter=crypt\n")
    commit(project)
    with pytest.raises(Refusal, match="'key.txt' encrypted by its filter 'crypt', which no run could read; keep that"):
        snapshot(project, tmp_path / "code", allow_dirty=False)


def taken_from(project: Path, target: Path) -> dict[str, str]:
    snapshot(project, target, allow_dirty=False)
    return taken(target)


@pytest.mark.parametrize("said", ["autocrlf = true", "autocrlf = input", "attributesFile = ~/attributes"])
@pytest.mark.parametrize("included", [False, True])
def test_a_checkout_that_the_persons_own_settings_call_clean_is_clean_and_a_run_gets_what_is_committed(
    said: str, included: bool, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "home"
    own.mkdir()
    (own / "attributes").write_text("*.py text eol=crlf\n")
    settings = f"[core]\n\t{said}\n"
    (own / "more").write_text(settings)
    (own / ".gitconfig").write_text("[include]\n\tpath = more\n" if included else settings)
    monkeypatch.setenv("HOME", str(own))
    (project / "steps.py").write_bytes(b"two\r\n")  # as Git writes it there, or an editor does
    commit(project)
    assert git(project, "cat-file", "blob", "HEAD:steps.py") == "two"
    assert git(project, "status", "--porcelain") == ""
    os.utime(project / "steps.py", (1, 1))  # so that Git has to look into it; its own status would note that it did
    monkeypatch.setenv("HOME", str(tmp_path))
    assert inspect(project).changed == ("steps.py",)
    monkeypatch.setenv("HOME", str(own))
    assert inspect(project).changed == ()
    snapshot(project, tmp_path / "code", allow_dirty=False)
    assert (tmp_path / "code" / "steps.py").read_bytes() == b"two\n"


def test_settings_of_the_person_that_run_programs_are_not_taken_over(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = tmp_path / "ran"
    (tmp_path / ".gitconfig").write_text(
        f"[core]\n\tautocrlf = false\n\tfsmonitor = touch {ran};\n\thooksPath = {tmp_path}\n"
        f"[filter \"own\"]\n\tclean = touch {ran}; cat\n\tsmudge = touch {ran}; cat\n\trequired = true\n"
    )
    (project / ".gitattributes").write_text("*.py filter=own\n")
    monkeypatch.setenv("HOME", str(tmp_path / "none"))
    commit(project)
    write(project, steps="two\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert inspect(project).changed == ("steps.py",)
    snapshot(project, tmp_path / "code", allow_dirty=True)
    assert not ran.exists()


def test_settings_that_a_person_has_for_this_repository_alone_are_read_and_run_nothing(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran, home = tmp_path / "ran", tmp_path / "home"
    home.mkdir()
    (home / "work").write_text("[core]\n\tautocrlf = true\n")
    (home / ".gitconfig").write_text(f'[includeIf "gitdir:{project.parent}/**"]\n\tpath = work\n')
    monkeypatch.setenv("HOME", str(home))
    (project / "steps.py").write_bytes(b"two\r\n")
    commit(project)
    for key in ("fsmonitor", "pager", "sshCommand", "hooksPath"):
        git(project, "config", f"core.{key}", f"touch {ran};")
    (project / ".git" / "config").write_text(
        (project / ".git" / "config").read_text() + f"[alias]\n\tconfig = !touch {ran}\n[include]\n\tpath = nowhere\n"
    )
    os.utime(project / "steps.py", (1, 1))
    assert inspect(project).changed == ()
    assert taken_from(project, tmp_path / "code")["steps.py"] == "two\n"
    (home / ".gitconfig").write_text('[includeIf "gitdir:/elsewhere/**"]\n\tpath = work\n')
    assert inspect(project).changed == ("steps.py",)
    assert not ran.exists()
