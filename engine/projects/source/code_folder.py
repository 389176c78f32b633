"""The folder that a version's code is written into, from names and links that are not to be trusted."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from engine.errors import Refusal
from engine.projects.source.pointers import said_of
from engine.text import plain

BYTES = 200_000_000
FILES = 50_000
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NOT_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
_NOT_CODE = {".git", ".svn", ".hg", "__pycache__", ".venv"}


@dataclass(frozen=True)
class WorkingFile:
    """A file or link in a working tree: ``name`` from ``folder``, which is no link."""

    name: str
    folder: Path

    def there(self) -> bool:
        """Whether there is one, as Git sees it: what lies behind a link to a folder is not."""
        try:
            with self.at() as (place, name):
                os.stat(name, dir_fd=place, follow_symlinks=False)
        except OSError as error:
            return error.errno not in _NOT_THERE  # Why another cannot be read, who copies it says.
        return True

    @contextmanager
    def at(self) -> Iterator[tuple[int, str]]:
        """The folder it lies in, open, and its name there. Raises OSError.

        Whoever writes in the project's folder may put a link in the place of any folder, at any moment, and it would
        lead to all that this account may read. So none is followed on the way.
        """
        *folders, name = self.name.split("/")
        place = os.open(self.folder, _FOLDER)
        try:
            for each in folders:
                above, place = place, os.open(each, _FOLDER, dir_fd=place)
                os.close(above)
            yield place, name
        finally:
            os.close(place)


    @contextmanager
    def opened(self) -> Iterator[tuple[IO[bytes], os.stat_result]]:
        """The file, to be read. Raises OSError, also where it is a link, and Refusal where it is no file."""
        with self.at() as (place, name):
            handle = os.open(name, _FILE, dir_fd=place)
        with open(handle, "rb") as file:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                raise Refusal(f"'{plain(self.name, 200)}' is not a file; take it out of the project's folder.")
            yield file, status


class CodeFolder:
    """Write files first and links last, so that no file can be written through a link.

    Links become copies of the files they name: a version keeps files only. One that leads out of the folder is refused.
    """

    def __init__(self, target: Path) -> None:
        self._target = target
        self._links: dict[str, bytes] = {}
        self._bytes = 0
        self._files = 0

    def put(self, name: str, content: bytes, executable: bool) -> None:
        """Write a file. Raises Refusal for a name that leads out of the folder, and beyond the limits."""
        self._count(len(content))
        path = self._target / checked(name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as file:
                file.write(content)
            path.chmod(0o755 if executable else 0o644)
        except (FileExistsError, NotADirectoryError):
            raise Refusal(f"'{plain(name, 200)}' is there twice, once as a file and once as something else.") from None
        except OSError as error:
            raise Refusal(f"'{plain(name, 200)}' cannot be written to the run's folder: {error.strerror}.") from None

    def link(self, name: str, destination: bytes) -> None:
        """Note a link; ``close`` follows it."""
        self._count(0)
        self._links[checked(name)] = destination

    def copy(self, found: WorkingFile) -> None:
        """Take a file or link from a working tree."""
        try:
            with found.at() as (place, name):
                if stat.S_ISLNK(os.stat(name, dir_fd=place, follow_symlinks=False).st_mode):
                    self.link(found.name, os.fsencode(os.readlink(name, dir_fd=place)))
                    return
            with found.opened() as (file, status):
                self.room_for(status.st_size)
                content = file.read(BYTES + 1)
        except FileNotFoundError:
            raise Refusal(f"'{plain(found.name, 200)}' went away while the code was taken; try again.") from None
        except OSError as error:
            raise Refusal(f"'{plain(found.name, 200)}' cannot be read: {error.strerror}.") from None
        elsewhere = said_of(found.name, content)
        if elsewhere:
            for way in ("add the file itself to Git", "run 'git lfs pull' there"):
                elsewhere = elsewhere.replace(way, "put the file itself there")
            raise Refusal(f"The project's folder {elsewhere}.")
        self.put(found.name, content, bool(status.st_mode & 0o100))

    def close(self) -> None:
        """Turn the links into what they name."""
        for name, destination in self._links.items():
            self._make(name, destination)
        named = {name: self._followed(name) for name in self._links}
        folders = {name: real for name, real in named.items() if real.is_dir()}
        for name, real in named.items():
            if name not in folders:
                self._replace(name, real)
        for name, real in folders.items():
            inner = [other for other in folders if (self._target / other).is_relative_to(real)]
            if inner or (self._target / name).is_relative_to(real):
                raise Refusal(f"The link '{plain(name, 200)}' names a folder that holds a link itself; use one level.")
            self._replace(name, real)

    def close_with_links(self) -> None:
        """Leave the links as links: for what compares folders and follows none."""
        for name, destination in self._links.items():
            self._make(name, destination)

    def _make(self, name: str, destination: bytes) -> None:
        path = self._target / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.symlink_to(os.fsdecode(destination))
        except (OSError, ValueError):
            raise Refusal(f"The link '{plain(name, 200)}' cannot be made; repair or remove it.") from None

    def _followed(self, name: str) -> Path:
        path = self._target / name
        said = plain(os.fsdecode(self._links[name]), 100)
        try:
            real = path.resolve(strict=True)
        except (OSError, RuntimeError):
            real = None
        if real is not None and real != self._target.resolve() and real.is_relative_to(self._target.resolve()):
            return real
        if os.path.isabs(said) or ".." in said.split("/"):
            raise Refusal(
                f"The link '{plain(name, 200)}' leads out of the project's folder, to '{said}'; "
                "put the file itself there, or keep the link out of what is committed."
            )
        raise Refusal(
            f"The link '{plain(name, 200)}' names '{said}', which is no part of the code; repair or remove it."
        )

    def _replace(self, name: str, real: Path) -> None:
        path = self._target / name
        path.unlink()
        for source in sorted(real.rglob("*")) if real.is_dir() else [real]:
            if source.is_file():
                inside = path / source.relative_to(real) if real.is_dir() else path
                self._count(source.stat().st_size)
                inside.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, inside)

    def _count(self, size: int) -> None:
        self.room_for(size)
        self._bytes += size
        self._files += 1

    def room_for(self, size: int) -> None:
        """Raise Refusal when another file of ``size`` bytes would pass a limit."""
        if self._bytes + size > BYTES:
            raise Refusal(
                f"The project's folder holds more than {BYTES // 1_000_000} MB; a version keeps code, "
                "so have extract fetch the data from elsewhere, or keep it out of what is committed."
            )
        if self._files >= FILES:
            raise Refusal(
                f"The project's folder holds more than {FILES:,} files; keep those that are no code out of what is "
                "committed."
            )


def checked(name: str) -> str:
    """A relative file name that stays inside its folder. Raises Refusal."""
    try:
        name.encode()
    except UnicodeEncodeError:
        raise Refusal(f"The file name {name[:100]!a} is not UTF-8; rename it.") from None
    parts = name.split("/")
    if "\0" in name or any(part in ("", ".", "..") or part.lower() == ".git" for part in parts):
        raise Refusal(f"The file name '{plain(name, 200)}' leads out of the project's folder; no version can hold it.")
    return name


def walk(folder: Path) -> Iterator[WorkingFile]:
    """Every file and link under ``folder`` but version control's own, caches and virtual environments."""

    def failed(error: OSError) -> None:
        raise Refusal(f"{plain(str(error.filename), 200)} cannot be read: {error.strerror}.")

    for place, folders, files in os.walk(folder, onerror=failed):
        here = Path(place)
        links = [name for name in folders if (here / name).is_symlink()]
        folders[:] = sorted(
            name
            for name in folders
            if name not in _NOT_CODE and name not in links and not (here / name / "pyvenv.cfg").is_file()
        )
        for name in sorted(files + links):
            if name not in _NOT_CODE:
                yield WorkingFile((here / name).relative_to(folder).as_posix(), folder)


class filled:
    """``target`` as a new folder that is whole when the block ends, and gone when it fails."""

    def __init__(self, target: Path) -> None:
        self._target = target

    def __enter__(self) -> CodeFolder:
        self._target.mkdir()
        self._code = CodeFolder(self._target)
        return self._code

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                self._code.close()
                return
        except BaseException:
            shutil.rmtree(self._target, ignore_errors=True)
            raise
        shutil.rmtree(self._target, ignore_errors=True)
