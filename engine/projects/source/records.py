"""What is said of a project's code: where it comes from, its commits, who wrote them. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from engine.errors import Refusal
from engine.text import plain, short_revision
from engine.vocabulary.systems import FOLDER, GIT

CHANGED = 1000
"""So many files that differ from the commit are named."""
COMMITS = 200
"""So many commits are told."""
FILES = 1000
"""So many files of a commit are told."""
Standing = Literal["ignored", "untracked", "unknown"]


class Origin(Protocol):
    """The part of a source, or of a version's document, that says which commit it is."""

    @property
    def system(self) -> str: ...
    @property
    def revision(self) -> str | None: ...
    @property
    def branch(self) -> str | None: ...
    @property
    def remote(self) -> str | None: ...


@dataclass(frozen=True)
class Source:
    """Where code comes from. Names and texts are safe to show; ``remote`` holds no credentials.

    ``changed`` are files that differ from the commit, the first thousand, relative to the project's folder. ``odd``
    says what else keeps the code from being that of its revision. ``revision``: of Git the commit; of Subversion
    ``r12``, or ``r9:12`` where files of several were mixed; of a folder that neither holds the digest of its files,
    once they were taken. One that lies in a repository and is in no commit of it has none and is dirty.
    """

    revision: str | None
    branch: str | None
    remote: str | None
    dirty: bool
    changed: tuple[str, ...]
    message: str | None
    author: str | None
    committed_at: str | None
    system: str = GIT
    odd: str | None = None

    @property
    def words(self) -> str:
        """Which code it is, for a sentence."""
        if self.revision is None or self.system == FOLDER:
            return "the folder"
        commit = f"commit {short_revision(self.revision)}"
        return f"{commit} with what is not committed" if self.dirty else commit


def refuse_dirty(source: Source, folder: Path) -> None:
    """Raise Refusal when ``source`` is not exactly a commit, naming up to five files."""
    if not source.dirty:
        return
    way = "commit the code, or use --allow-dirty to take it as it is"
    where = plain(str(folder), 200)
    if source.revision is None:
        raise Refusal(f"No {'Git commit' if source.system == GIT else 'Subversion revision'} holds {where}; {way}.")
    if not source.changed and source.odd is not None:
        raise Refusal(f"{where} holds {source.odd}, or use --allow-dirty to take it as it is.")
    named = ", ".join(source.changed[:5])
    more = len(source.changed) - 5
    more_said = f" and {more:,}{' or more' if len(source.changed) == CHANGED else ''} others" if more > 0 else ""
    raise Refusal(f"{where} has uncommitted changes ({named}{more_said}); {way}.")


@dataclass(frozen=True)
class Commit:
    """One commit; ``at`` as engine.clock writes times. ``files``: those of the project's folder that it changed."""

    revision: str
    author: str
    at: str
    subject: str
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class CodeAuthor:
    """One of them. Without an address ``name`` says what it is that nobody is known to have written. ``wrote``: they
    are an author, and not only who committed what somebody else wrote, as a server does that merges."""

    name: str
    address: str
    wrote: bool = True

    @property
    def words(self) -> str:
        return f"{self.name} <{self.address}>" if self.address else self.name


UNCOMMITTED = CodeAuthor("uncommitted changes", "")
NO_COMMIT = CodeAuthor("code that no commit holds", "")
UNTOLD = CodeAuthor("commits that nobody can tell any more", "")
NOT_KEPT = CodeAuthor("a version made before its authors were kept", "")
_NO_ADDRESS = "no address that can be shown"


def author(name: str, address: str, *, wrote: bool) -> CodeAuthor:
    """An author from what a commit says of itself."""
    # With what cannot be shown taken out it could be another's.
    fit = address.strip() and plain(address.strip(), 200) == address.strip()
    return CodeAuthor(plain(name.strip(), 100), address.strip() if fit else _NO_ADDRESS, wrote)


def in_order(authors: Collection[CodeAuthor]) -> tuple[CodeAuthor, ...]:
    """Who wrote first, then who only committed."""
    return tuple(sorted(authors, key=lambda each: (not each.wrote, each.address.casefold(), each.name)))
