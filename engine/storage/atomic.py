"""Files and links that are either the old one or the new one, whatever is killed in between."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_file(path: Path, most: int | None = None) -> bytes:
    """What is in the file ``path``. Raises OSError at anything else that has its name: a link may lead anywhere, and
    to read a pipe or a device may never end; and where it holds more than ``most`` bytes, of which no more are read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise OSError(errno.EINVAL, "it is a link, and no file", str(path)) from None
        raise
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is no file", str(path))
        content = file.read() if most is None else file.read(most + 1)
    if most is not None and len(content) > most:
        raise OSError(errno.EFBIG, f"it is larger than {most:,} bytes", str(path))
    return content


def write_file(target: Path, content: bytes, *, mode: int = 0o644, durable: bool = True) -> None:
    """Write ``content`` under a temporary name beside ``target``, flush it, then rename it over ``target``."""
    temporary = target.with_name(f".{target.name}.{os.urandom(6).hex()}.tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.rename(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if durable:
        sync_folder(target.parent)


def switch_link(link: Path, destination: str) -> None:
    """Make the symbolic link ``link`` point at ``destination`` in one step; there is never a moment without it."""
    temporary = link.with_name(f".{link.name}.{os.urandom(6).hex()}.tmp")
    os.symlink(destination, temporary)
    try:
        os.rename(temporary, link)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(link.parent)
