"""The contract of what holds a project's code: Git, Subversion, or neither."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from engine.projects.source.records import CodeAuthor, Commit, Origin, Source, Standing


class WorkingCopy(Protocol):
    """A project's folder as one system sees it. It is read without trusting it: no program that it names is run."""

    @property
    def system(self) -> str:
        """``GIT``, ``SUBVERSION`` or ``FOLDER``."""

    def inspect(self) -> Source:
        """What is checked out, and what of it was changed. Raises Refusal where it cannot be read."""

    def take(self, target: Path, *, allow_dirty: bool) -> tuple[Source, str | None]:
        """Copy the code into ``target``, which must not exist: as committed, or as it is when that is allowed.

        Returns where it comes from and the patch, which is there whenever a commit is known and the code differs from
        it. Raises Refusal for changes that are not allowed, and for what no version can hold.
        """

    def commits(self, old: Origin, new: Origin) -> tuple[Commit, ...]:
        """Those that ``new`` has and ``old`` has not, newest first, at most 200. Raises Refusal."""

    def authors(self, old: Origin | None, new: Origin) -> tuple[CodeAuthor, ...]:
        """Who wrote and who committed what ``new`` has and ``old`` has not; of all without ``old``. Raises Refusal."""

    def standing(self, name: str) -> Standing:
        """How a file is seen that no commit holds. Raises Refusal."""
