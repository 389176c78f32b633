"""The samples as fresh Git repositories. The person's own Git configuration is neither read nor needed."""

from __future__ import annotations

import shutil
from importlib.resources import files
from pathlib import Path

from console.demo.story import Edit, StoryCommit, Tale
from engine.errors import Damage, NotFound
from engine.projects.source import git_process

_AUTHOR = {"NAME": "Demo Author", "EMAIL": "demo@example.org"}


def samples() -> Path:
    """The folder of the sample projects: of the checkout, or what an installed package carries."""
    inside = Path(str(files("console"))) / "sample_projects"
    beside = Path(str(files("console"))).parent / "sample_projects"
    for folder in (inside, beside):
        if (folder / "flights" / "leverframe.toml").is_file():
            return folder
    raise NotFound("The sample projects are missing from this installation; install Leverframe again.")


def ensure(tale: Tale, folder: Path, originals: Path) -> Path:
    """The repository of the tale's project in ``folder``; when it is not there, it is made from ``originals``."""
    target = folder / tale.project
    if target.exists():
        return target
    unfinished = folder / f".{tale.project}.new"
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(originals / tale.project, unfinished, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    for edit in tale.missing:
        _apply(edit, unfinished)
    _git(unfinished, "init", "--quiet", "--initial-branch", "main", "--template=")
    _git(unfinished, "add", "--all")
    _git(unfinished, "commit", "--quiet", "--message", f"A first model for {tale.project}")
    unfinished.rename(target)
    return target


def bring_up_to(week: int, tale: Tale, repository: Path) -> None:
    """Make the commits of the tale that come before the retrain of ``week`` and are not there yet."""
    due = [commit for commit in tale.commits if commit.week <= week]
    done = int(_git(repository, "rev-list", "--count", "HEAD")) - 1
    if done >= len(due):
        return
    # What a killed demo may have left: it alone works here until it has finished.
    (repository / ".git" / "index.lock").unlink(missing_ok=True)
    _git(repository, "reset", "--quiet", "--hard")
    for commit in due[done:]:
        _commit(commit, repository)


def _commit(commit: StoryCommit, repository: Path) -> None:
    for edit in commit.edits:
        _apply(edit, repository)
    _git(repository, "commit", "--quiet", "--all", "--message", commit.subject)


def _apply(edit: Edit, folder: Path) -> None:
    path = folder / edit.file
    text = path.read_text("utf-8")
    if text.count(edit.old) != 1:
        raise Damage(f"{path} is not what the demo expects to change; install Leverframe again.")
    path.write_text(text.replace(edit.old, edit.new), "utf-8")


def _git(folder: Path, *args: str) -> str:
    who = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in _AUTHOR.items()}
    return git_process.output(args, folder, git_process.environment(**who), 1_000_000).decode()
