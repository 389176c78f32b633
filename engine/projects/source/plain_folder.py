"""A project's folder that neither Git nor Subversion holds: it is what its files are."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from engine.errors import Refusal
from engine.projects.source.code_folder import filled, walk
from engine.projects.source.records import NO_COMMIT, CodeAuthor, Commit, Origin, Source, Standing
from engine.text import plain
from engine.vocabulary.systems import FOLDER


class PlainFolder:
    """See ``WorkingCopy``."""

    system = FOLDER

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def inspect(self) -> Source:
        return Source(None, None, None, False, (), None, None, None, FOLDER)

    def take(self, target: Path, *, allow_dirty: bool) -> tuple[Source, str | None]:
        take_files(self._folder, target)
        return replace(self.inspect(), revision=digest_of(target)), None

    def commits(self, old: Origin, new: Origin) -> tuple[Commit, ...]:
        return ()

    def authors(self, old: Origin | None, new: Origin) -> tuple[CodeAuthor, ...]:
        return (NO_COMMIT,)

    def standing(self, name: str) -> Standing:
        return "unknown"


def take_files(folder: Path, target: Path) -> None:
    """Copy all files of ``folder`` into ``target`` as they are. Raises Refusal."""
    if not folder.is_dir():
        raise Refusal(f"The folder {plain(str(folder), 200)} is not there any more.")
    found = list(walk(folder.resolve()))  # before target exists, which may lie inside
    with filled(target) as code:
        for each in found:
            code.copy(each)


def digest_of(code: Path) -> str:
    """One digest for the files in ``code``: their names, what they hold, whether they can be run."""
    said = sha256()
    for path in sorted(code.rglob("*")):
        if path.is_file() and not path.is_symlink():
            runs = "x" if path.stat().st_mode & 0o100 else "-"
            said.update(f"{path.relative_to(code).as_posix()}\0{runs}{sha256(path.read_bytes()).hexdigest()}\n".encode())
    return said.hexdigest()
