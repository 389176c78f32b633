"""An installed R package as one file whose bytes depend on its content alone, and back.

It is a tar of regular files in the order of their names, without owners and times; links become what they lead to.
"""

from __future__ import annotations

import hashlib
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from engine.errors import Damage, Refusal
from engine.text import plain

_DEEPEST = 30  # A link may lead to a folder that it lies in.


class _Digest:
    """A file that only counts what is written to it."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()

    def write(self, content: bytes) -> int:
        self.digest.update(content)
        return len(content)


def digest_of(package: Path) -> str:
    """The SHA-256 of the archive of the package in the folder ``package``. Raises OSError."""
    counted = _Digest()
    _write(package, cast(IO[bytes], counted))
    return counted.digest.hexdigest()


def write(package: Path, target: Path) -> None:
    """Make the archive ``target``, which must not exist. Raises OSError."""
    with target.open("xb") as file:
        _write(package, file)


def _write(package: Path, file: IO[bytes]) -> None:
    # A stream, because nothing is sought in it; GNU's format, whose headers hold nothing of this machine.
    with tarfile.open(fileobj=file, mode="w|", format=tarfile.GNU_FORMAT) as archive:
        for name, path in _files(package, ""):
            with path.open("rb") as content:
                status = os.fstat(content.fileno())
                about = tarfile.TarInfo(name)
                about.size, about.mode = status.st_size, 0o755 if status.st_mode & 0o100 else 0o644
                archive.addfile(about, content)


def _files(folder: Path, below: str) -> Iterator[tuple[str, Path]]:
    for each in sorted(folder.iterdir(), key=lambda path: os.fsencode(path.name)):
        name = f"{below}{each.name}"
        if each.is_dir():
            if name.count("/") > _DEEPEST:
                raise Refusal(f"The R package in {plain(str(folder), 200)} has no end of folders; install it anew.")
            yield from _files(each, f"{name}/")
        elif each.is_file():
            yield name, each


def unpack(archive: Path, folder: Path) -> None:
    """Make ``folder``, which must not exist, from an archive whose digest was checked: that says whose it is, and not
    that a package of R's was packed into it. Raises Damage, OSError."""
    folder.mkdir()
    try:
        with tarfile.open(archive, mode="r|") as content:
            for about in content:
                _unpack(content, about, folder)
    except (tarfile.TarError, ValueError, OverflowError, RecursionError):
        raise Damage("An archive of an R package cannot be read, although it is the one that was kept.") from None


def _unpack(content: tarfile.TarFile, about: tarfile.TarInfo, folder: Path) -> None:
    pieces = about.name.split("/")
    # Nothing but plain files: of a sparse one a kilobyte may say that it is as large as any disk.
    file = content.extractfile(about) if about.isreg() and not about.issparse() else None
    if file is None or any(piece in ("", ".", "..") for piece in pieces):
        raise Damage(f"An archive of an R package holds what none has: {plain(about.name, 80)}.")
    target = folder.joinpath(*pieces)
    target.parent.mkdir(parents=True, exist_ok=True)
    with file, target.open("xb") as written:
        while piece := file.read(1 << 20):
            written.write(piece)
        os.fchmod(written.fileno(), 0o755 if about.mode & 0o100 else 0o644)
