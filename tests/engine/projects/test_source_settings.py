"""Whatever a person's own Git settings say, a run gets what is committed; what no commit holds is refused by name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.errors import Refusal
from engine.projects.source import inspect, snapshot
from tests.engine.projects.test_source_git import commit, git, project, taken, write

__all__ = ["project"]  # the fixture of a committed project


POINTERS = {
    "LFS": (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n", "keeps 'data.csv' in Git LFS"),
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
