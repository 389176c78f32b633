"""The fork server of a workspace: ``python -P -m engine.runs.warm.fork_server FOLDER``, kept by whoever is the engine.

It has loaded what processes of runs, judges and meters need, has one thread, and does nothing but fork: what somebody
asks for is read in the fork. So nobody who speaks to it can keep it from others, and nothing of one request is left for
the next. It ends with its standard input, which the engine holds; what it forked goes on.
"""

from __future__ import annotations

import gc
import importlib
import os
import resource
import secrets
import select
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

from engine.errors import LeverframeError
from engine.runs.warm import circumstances, place
from engine.unneeded import keep_out

LOADED = (
    "engine.jobs.process", "engine.jobs.retrain.retrain", "engine.jobs.retrain.package", "engine.jobs.health.look",
    "engine.jobs.health.health_record", "engine.jobs.health.automatic_rollback", "engine.jobs.report",
    "engine.validation.judge", "engine.monitoring.measure", "engine.runs.warm.forked", "engine.runs.steps.warden",
    "engine.environments.python.kind", "pyarrow.csv", "pyarrow.parquet", "pyarrow.dataset", "zstandard",
)  # fmt: skip
MOST_FORKS = 2000
IDLE_SECONDS = 3600.0
GROWN = 1.5  # times what it took when it had loaded everything: it has no reason to grow
IDLE, SPENT = 0, 3  # how it ends


def main(folder: Path) -> int:
    """Serve until the engine goes, nobody asks any more, or it has forked enough. A fork does not come back."""
    code = circumstances.code()  # First: what is loaded below is not older.
    of = circumstances.this_process()
    keep_out()
    environment = dict(os.environ)
    for name in LOADED:
        importlib.import_module(name)
    importlib.import_module("engine.jobs.prepared").prepare(folder.parents[1])
    if len(os.listdir("/proc/self/task")) != 1:
        print("It has more than one thread, so it forks nothing.", file=sys.stderr)
        return 1
    gc.collect()
    gc.freeze()  # A fork that looks for garbage would copy all of it.
    kinds = (circumstances.RUN, circumstances.WARDEN)
    like = {kind: circumstances.digest(kind, environment, code, of) for kind in kinds}
    with place.opened(folder) as where:
        key = secrets.token_bytes(place.KEY_BYTES)
        _write_key(where, key)
        listener, inode = _listen(where)
        try:
            request = _serve(listener)
        finally:
            if os.getpid() == _SERVER:
                _take_away(where, inode)
    if isinstance(request, int):
        return request
    from engine.runs.warm.forked import begin

    return begin(request, key, like)


_SERVER = os.getpid()


def _write_key(where: int, key: bytes) -> None:
    file = os.open(f"{place.KEY}.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600, dir_fd=where)
    os.fchmod(file, 0o600)
    os.write(file, key)
    os.close(file)
    os.rename(f"{place.KEY}.new", place.KEY, src_dir_fd=where, dst_dir_fd=where)


def _listen(where: int) -> tuple[socket.socket, int]:
    """The socket, under its name from the moment on when it can be asked, and its number in the file system."""
    new = f"{place.SOCKET}.{os.getpid()}"
    listener = socket.socket(socket.AF_UNIX)
    mask = os.umask(0o177)
    try:
        listener.bind(place.address(where, new))
    finally:
        os.umask(mask)
    listener.listen(64)
    os.rename(new, place.SOCKET, src_dir_fd=where, dst_dir_fd=where)
    return listener, os.stat(place.SOCKET, dir_fd=where).st_ino


def _take_away(where: int, inode: int) -> None:
    """What this server left in the folder, unless it is another server's now."""
    with suppress(FileNotFoundError):
        if os.stat(place.SOCKET, dir_fd=where).st_ino == inode:
            for name in (place.SOCKET, place.KEY):
                os.unlink(name, dir_fd=where)


def _serve(listener: socket.socket) -> socket.socket | int:
    """In the server: how it ends. In a fork: the connection of who asked for it."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # Whatever it forked is reaped by the system.
    poller = select.poll()
    poller.register(0, select.POLLIN)
    poller.register(listener, select.POLLIN)
    most, forks = GROWN * _memory(), 0
    while forks < MOST_FORKS and _memory() < most:
        found = dict(poller.poll(IDLE_SECONDS * 1000))
        if not found or 0 in found:
            return IDLE
        connection, _ = listener.accept()
        if place.of_this_account(connection):
            forks += 1
            if _fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                listener.close()
                return connection
        connection.close()
    return SPENT


def _fork() -> int:
    try:
        return os.fork()
    except OSError:
        return -1  # Whoever asked sees the connection closed, and starts its process afresh.


def _memory() -> int:
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


if __name__ == "__main__":
    try:
        ended = main(Path(sys.argv[1]))
    except (LeverframeError, OSError, ImportError) as error:
        ended = 1
        print(error, file=sys.stderr)
    sys.exit(ended)
