"""The code of a project: which commit it is, whether it was changed since, and a copy of it for a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import Refusal
from engine.projects.source import git, svn
from engine.projects.source.git_checkout import GitCheckout
from engine.projects.source.plain_folder import PlainFolder
from engine.projects.source.records import (
    NO_COMMIT,
    UNCOMMITTED,
    UNTOLD,
    CodeAuthor,
    Commit,
    Origin,
    Source,
    Standing,
    refuse_dirty,
)
from engine.projects.source.working_copy import WorkingCopy
from engine.text import plain
from engine.vocabulary.systems import FOLDER, GIT, SUBVERSION

__all__ = ["authors_since", "commits_between", "holder", "inspect", "refuse_dirty", "snapshot", "standing_of"]


@contextmanager
def _opened(folder: Path) -> Iterator[WorkingCopy]:
    """``folder`` as the system sees it whose repository it lies in, the nearest of them. Raises Refusal."""
    system = holder(folder)
    if system == SUBVERSION:
        from engine.projects.source.svn_checkout import opened as svn_opened

        with svn_opened(folder.resolve()) as checkout:
            yield checkout
    elif system == GIT:
        with git.opened(folder) as repository:
            yield GitCheckout(repository) if repository is not None else PlainFolder(folder)
    else:
        yield PlainFolder(folder)


def holder(folder: Path) -> str:
    """Which system's repository ``folder`` lies in, the nearest around it: of one that has both, as git-svn makes it,
    Git. Raises Refusal."""
    try:
        real = folder.resolve()
        for top in (real, *real.parents):
            if git.is_top(top):
                return GIT
            if svn.is_top(top):
                return SUBVERSION
    except (OSError, RuntimeError) as error:
        raise Refusal(f"The folder {plain(str(folder), 200)} cannot be read: {plain(str(error))}.") from None
    return FOLDER


def inspect(folder: Path) -> Source:
    """What is checked out in ``folder``. Raises Refusal when its repository cannot be read."""
    with _opened(folder) as copy:
        return copy.inspect()


def snapshot(folder: Path, target: Path, *, allow_dirty: bool) -> tuple[Source, str | None]:
    """Copy the code into ``target``, which must not exist: as committed, or as it is when that is allowed.

    Returns where it comes from and the patch, which is there whenever a commit is known and the code differs from it.
    Links become copies of what they name.
    Raises Refusal for uncommitted changes that are not allowed, for links that lead out of the folder, for submodules
    and Git LFS files whose content is not there, and beyond 200 MB of code or 20 MB of changes.
    """
    if not folder.is_dir():
        raise Refusal(
            f"The folder {plain(str(folder), 200)} is gone; bring it back, or remove the project and add it where "
            "it lies now."
        )
    with _opened(folder) as copy:
        return copy.take(target, allow_dirty=allow_dirty)


def commits_between(folder: Path, old: Origin, new: Origin) -> tuple[Commit, ...]:
    """The commits that ``new`` has and ``old`` has not, newest first, at most 200; () when they are not known here."""
    try:
        with _opened(folder) as copy:
            return copy.commits(old, new)
    except Refusal:  # a commit that was dropped, a folder that moved: the card is shown without commits
        return ()


def authors_since(folder: Path, old: Origin | None, new: Origin, *, dirty: bool) -> tuple[CodeAuthor, ...]:
    """Authors and committers of what ``new`` has and ``old`` has not; without ``old`` of all that led to ``new``.

    What cannot be told of it is said by an author without an address: it is not nobody's.
    """
    if new.revision is None:
        return (NO_COMMIT,)
    said = (UNCOMMITTED,) if dirty else ()
    if old is not None and _same(old, new):
        return said
    try:
        with _opened(folder) as copy:
            if copy.system != new.system:
                return (UNTOLD, *said)
            return (*copy.authors(old, new), *said)
    except Refusal:  # a commit that was dropped, a folder that moved, more than can be read
        return (UNTOLD, *said)


def _same(old: Origin, new: Origin) -> bool:
    # A number of Subversion's is that of a commit only together with its repository; a remote of Git's may move.
    alike = (old.system, old.revision) == (new.system, new.revision)
    return alike and (new.system != SUBVERSION or old.remote == new.remote)


def standing_of(folder: Path, name: str) -> Standing:
    """How a file in ``folder`` is seen that no commit holds. Raises Refusal when the repository cannot be read."""
    with _opened(folder) as copy:
        return copy.standing(name)
