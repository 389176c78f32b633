"""Where a workspace's fork server listens, and who may speak to it.

``locks/warm/`` is the account's alone (0700), the socket and the key in it too (0600). Who connects must be of this
account, and must have read the key: a step is refused the file by Landlock, also where the system gives it no namespace
that hides the socket.
"""

from __future__ import annotations

import os
import socket
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SOCKET, KEY, UNANSWERED = "forks", "forks.key", "forks.unanswered"
SOCKETS = {"warden": SOCKET, "run": "forks.runs"}  # By the kind of process that is asked for.
KEY_BYTES = 32


def folder_of(root: Path) -> Path:
    """The folder of the workspace ``root``; whoever keeps a server makes it."""
    return root / "locks" / "warm"


def made(root: Path) -> Path:
    """The folder, with nobody else let in. Raises OSError."""
    folder = folder_of(root)
    folder.mkdir(mode=0o700, exist_ok=True)
    with opened(folder) as place:
        os.fchmod(place, 0o700)
    return folder


def clear(root: Path) -> None:
    """Take away what servers left: who is the engine now keeps none yet."""
    with suppress(OSError), opened(folder_of(root)) as place:
        for name in os.listdir(place):
            if name.startswith(SOCKET):
                os.unlink(name, dir_fd=place)


def note_unanswered(root: Path, kind: str) -> None:
    """Keep that somebody asked in vain, whoever it was, where an engine has begun: a letter for each."""
    with suppress(OSError), opened(folder_of(root)) as place:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        file = os.open(UNANSWERED, flags, 0o600, dir_fd=place)
        try:
            os.write(file, kind[:1].encode())
        finally:
            os.close(file)


def unanswered(root: Path) -> int:
    """How often anybody asked in vain since that was forgotten."""
    try:
        return (folder_of(root) / UNANSWERED).stat().st_size
    except OSError:
        return 0


def forget_unanswered(root: Path) -> None:
    with suppress(OSError):
        (folder_of(root) / UNANSWERED).unlink()


@contextmanager
def opened(folder: Path) -> Iterator[int]:
    """A descriptor of ``folder``, which must be this account's and no link. Raises OSError."""
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if os.fstat(place).st_uid != os.geteuid():
            raise PermissionError(f"{folder} is another account's")
        yield place
    finally:
        os.close(place)


def shut(place: int) -> bool:
    """Whether nobody but this account may enter the folder."""
    return not stat.S_IMODE(os.fstat(place).st_mode) & 0o077


def address(place: int, name: str = SOCKET) -> str:
    """A socket's path by its folder's descriptor: a path in full may be longer than the 107 bytes of an address."""
    return f"/proc/self/fd/{place}/{name}"


def of_this_account(connection: socket.socket) -> bool:
    """Whether who is at the other end acts as this account."""
    told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return bool(struct.unpack("3i", told)[1] == os.geteuid())


def read_key(place: int) -> bytes:
    """The key that the server of now wrote. Raises OSError."""
    file = os.open(KEY, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=place)
    try:
        return os.read(file, KEY_BYTES)
    finally:
        os.close(file)
