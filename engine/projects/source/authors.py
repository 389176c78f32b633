"""Who committed a project's code since another commit, as Git says: that is what each of them said of themselves."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from engine.errors import Refusal
from engine.projects.source.git import opened
from engine.text import plain

_REVISION = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SEPARATOR, _NO_ADDRESS = "\0", "no address that can be shown"


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
UNTOLD = CodeAuthor("commits that Git cannot tell any more", "")
NOT_KEPT = CodeAuthor("a version made before its authors were kept", "")


def authors_since(folder: Path, old: str | None, new: str | None, *, dirty: bool) -> tuple[CodeAuthor, ...]:
    """Authors and committers of what ``new`` has and ``old`` has not; without ``old`` of all that led to ``new``.

    What cannot be told of it is said by an author without an address: it is not nobody's.
    """
    if new is None:
        return (NO_COMMIT,)
    said = (UNCOMMITTED,) if dirty else ()
    if new == old:
        return said
    return (*_committed(folder, old, new), *said)


def _committed(folder: Path, old: str | None, new: str) -> tuple[CodeAuthor, ...]:
    if not all(_REVISION.fullmatch(revision) for revision in (new, old or new)):
        return (UNTOLD,)
    try:
        with opened(folder) as repository:
            if repository is None:
                return (UNTOLD,)
            printed = repository.git(
                # All that touched the project's folder, also what a merge let go of again.
                "log", "-z", "--full-history", "--no-show-signature", "--no-color",
                "--format=%an%x00%ae%x00%cn%x00%ce", f"{old}..{new}" if old else new, "--", ".",
            )  # fmt: skip
    except Refusal:  # a commit that was dropped, a folder that moved, more than can be read
        return (UNTOLD,)
    fields = printed.decode("utf-8", "replace").split(_SEPARATOR)
    rows = [fields[at : at + 4] for at in range(0, len(fields) - 3, 4)]
    wrote = {_author(row[0], row[1], wrote=True) for row in rows}
    committed = {_author(row[2], row[3], wrote=False) for row in rows}
    return _sorted({*wrote, *(each for each in committed if CodeAuthor(each.name, each.address) not in wrote)})


def _author(name: str, address: str, *, wrote: bool) -> CodeAuthor:
    # With what cannot be shown taken out it could be another's.
    fit = address.strip() and plain(address.strip(), 200) == address.strip()
    return CodeAuthor(plain(name.strip(), 100), address.strip() if fit else _NO_ADDRESS, wrote)


def _sorted(authors: Collection[CodeAuthor]) -> tuple[CodeAuthor, ...]:
    return tuple(sorted(authors, key=lambda each: (not each.wrote, each.address.casefold(), each.name)))
