"""Git LFS: of a file the commit holds a pointer, and the folder the content where it was fetched.

No filter is run to get it: what lies in the folder is the file if it has the digest that the pointer names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

from engine.errors import Refusal
from engine.projects.source.code_folder import WorkingFile
from engine.projects.source.git import Repository
from engine.projects.source.git_process import Objects

_POINTER = re.compile(
    rb"version https://(?:git-lfs|hawser)\.github\.com/spec/v1\n(?:ext-[^\n]*\n)*"
    rb"oid sha256:([0-9a-f]{64})\nsize ([0-9]{1,15})\n?"
)
_LONGEST, _AT_ONCE = 2000, 1 << 20


@dataclass(frozen=True)
class Pointer:
    """What a commit says of a file that it does not hold: the SHA-256 of its content, and its size in bytes."""

    digest: str
    size: int

    def content(self, found: WorkingFile) -> bytes | None:
        """The file's content, where that is what lies in the folder."""
        content = b"".join(self._read(found))
        return content if sha256(content).hexdigest() == self.digest else None

    def is_of(self, found: WorkingFile) -> bool:
        """Whether the file's content lies in the folder."""
        said = sha256()
        for part in self._read(found):
            said.update(part)
        return said.hexdigest() == self.digest

    def _read(self, found: WorkingFile) -> Iterator[bytes]:
        """As much of the file as the pointer speaks of; nothing of one that has another size or cannot be read."""
        try:
            with found.opened() as (file, status):
                if status.st_size == self.size:
                    left = self.size
                    while left and (part := file.read(min(left, _AT_ONCE))):
                        left -= len(part)
                        yield part
        except (OSError, Refusal):
            return


def pointer(content: bytes) -> Pointer | None:
    """The pointer that ``content`` is; None where it is none, or one that names no content."""
    found = _POINTER.fullmatch(content) if len(content) < _LONGEST else None
    return Pointer(found[1].decode(), int(found[2])) if found else None


def fetched(repository: Repository, store: Objects, changes: Mapping[str, str]) -> tuple[str, ...]:
    """The files that Git without its filter calls modified, and that are what their pointers name."""
    return tuple(
        name
        for name, how in changes.items()
        if "M" in how
        and "\n" not in name
        and (content := store.read(repository.named(name))) is not None
        and (found := pointer(content)) is not None
        and found.is_of(WorkingFile(name, repository.folder))
    )
