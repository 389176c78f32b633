"""The fork server of a workspace: ``python -P -m engine.runs.warm.fork_server FOLDER``, kept by whoever is the engine.

It has loaded what its forks need, has one thread, and does nothing but fork: what somebody asks for is read in the
fork. So nobody who speaks to it can keep it from others, and nothing of one request is left for the next. It ends with
its standard input, which the engine holds; what it forked goes on.

It is two processes: one for judges and meters, and a fork of it, made before it loaded their libraries, for runs. To
fork a process and to end the fork costs by the memory that it has, 11 ms with those libraries and 5 without. That for
runs has the system tell it what changes in environments (``environments.unchanged``), for its forks to see.
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
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from engine.environments import picture
from engine.environments.unchanged import Watching
from engine.errors import LeverframeError
from engine.runs.warm import circumstances, place
from engine.runs.warm.circumstances import RUN, WARDEN
from engine.unneeded import keep_out

LOADED = (
    "engine.jobs.process", "engine.jobs.retrain.retrain", "engine.jobs.retrain.package", "engine.jobs.health.look",
    "engine.jobs.health.health_record", "engine.jobs.health.automatic_rollback", "engine.jobs.report",
    "engine.runs.capacity", "engine.runs.warm.forked", "engine.runs.warm.served_step",
    "engine.validation.holdout.row_keys", "engine.environments.python.kind",
    "pyarrow.csv", "pyarrow.parquet", "pyarrow.dataset", "zstandard",
)  # fmt: skip
LOADED_TO_MEASURE = ("engine.validation.judge", "engine.monitoring.measure", "engine.runs.steps.warden")
MOST_FORKS = 2000
IDLE_SECONDS = 3600.0
GROWN = 1.5  # times what it took when it had loaded everything: it has no reason to grow
IDLE, SPENT = 0, 3  # how it ends
_BEGUN = b"+"


def main(folder: Path) -> int:
    """Serve until the engine goes, nobody asks any more, or it has forked enough. A fork does not come back."""
    code = circumstances.code()  # First: what is loaded below is not older.
    of = circumstances.this_process()
    keep_out()
    environment = dict(os.environ)
    _load(LOADED)
    importlib.import_module("engine.jobs.prepared").prepare(folder.parents[1])
    with place.opened(folder) as where:
        key = secrets.token_bytes(place.KEY_BYTES)
        _write_key(where, key)
        kind, other = _two()
        if kind == WARDEN:
            _load(LOADED_TO_MEASURE)
        if len(os.listdir("/proc/self/task")) != 1:
            print("It has more than one thread, so it forks nothing.", file=sys.stderr)
            return 1
        gc.collect()
        gc.freeze()  # A fork that looks for garbage would copy all of it.
        like = {kind: circumstances.digest(kind, environment, code, of)}
        request = _serve_runs(where, other) if kind == RUN else _serve_wardens(where, other)
    if isinstance(request, int):
        return request
    from engine.runs.warm.forked import begin

    return begin(request, key, like)


def _two() -> tuple[str, int]:
    """What this process is for from now on, and the end of a pipe from that for runs to that for wardens."""
    told, tell = os.pipe()
    if os.fork() == 0:
        os.close(told)
        return RUN, tell
    os.close(tell)
    return WARDEN, told


def _serve_runs(where: int, tell: int) -> socket.socket | int:
    with _listening(where, place.SOCKETS[RUN]) as listener:
        os.write(tell, _BEGUN)
        request = _serve(listener, watching=_watching())
    if isinstance(request, int):
        with suppress(BrokenPipeError):
            os.write(tell, bytes([request]))
    return request


def _serve_wardens(where: int, told: int) -> socket.socket | int:
    if not os.read(told, 1):
        return 1  # That for runs could not begin, and has said why.
    with _listening(where, place.SOCKETS[WARDEN]) as listener:
        return _serve(listener, told)


def _load(names: Sequence[str]) -> None:
    for name in names:
        importlib.import_module(name)


def _write_key(where: int, key: bytes) -> None:
    file = os.open(f"{place.KEY}.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600, dir_fd=where)
    os.fchmod(file, 0o600)
    os.write(file, key)
    os.close(file)
    os.rename(f"{place.KEY}.new", place.KEY, src_dir_fd=where, dst_dir_fd=where)


@contextmanager
def _listening(where: int, name: str) -> Iterator[socket.socket]:
    """The socket, under its name from the moment on when it can be asked; with the block the server takes it away."""
    server, new = os.getpid(), f"{name}.{os.getpid()}"
    listener = socket.socket(socket.AF_UNIX)
    mask = os.umask(0o177)
    try:
        listener.bind(place.address(where, new))
    finally:
        os.umask(mask)
    listener.listen(64)
    os.rename(new, name, src_dir_fd=where, dst_dir_fd=where)
    inode = os.stat(name, dir_fd=where).st_ino
    try:
        yield listener
    finally:
        if os.getpid() == server:
            _take_away(where, name, inode)


def _take_away(where: int, name: str, inode: int) -> None:
    """What this server left in the folder, unless it is another server's now."""
    with suppress(FileNotFoundError):
        if os.stat(name, dir_fd=where).st_ino == inode:
            os.unlink(name, dir_fd=where)
            if name == place.SOCKETS[WARDEN]:
                os.unlink(place.KEY, dir_fd=where)


def _watching() -> Watching:
    """Of the environments that were kept in mind; each begins when nobody asks for anything."""
    return Watching(picture.remembered_folders(), time.monotonic)


def _serve(listener: socket.socket, other: int | None = None, watching: Watching | None = None) -> socket.socket | int:
    """In the server: how it ends. In a fork: the connection of who asked for it.

    ``other``: where that for runs says how it has ended, which then ends this one. It alone knows whether anybody asks:
    judges and meters are asked for by runs. And it is the one that has something to watch.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # Whatever it forked is reaped by the system.
    poller = select.poll()
    poller.register(0, select.POLLIN)
    poller.register(listener, select.POLLIN)
    if other is not None:
        poller.register(other, select.POLLIN)
    most, forks, asked = GROWN * _memory(), 0, time.monotonic()
    while forks < MOST_FORKS and _memory() < most:
        found = dict(poller.poll(None if watching is None else _until_next(asked, watching)))
        if 0 in found or (watching is not None and time.monotonic() - asked >= IDLE_SECONDS):
            return IDLE
        if other in found:
            return (os.read(other, 1) or b"\1")[0]
        if listener.fileno() not in found:
            if watching is not None:
                _watch(watching, poller, found)
            continue
        asked = time.monotonic()
        connection, _ = listener.accept()
        if place.of_this_account(connection):
            forks += 1
            if _fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                listener.close()
                return connection
        connection.close()
    return SPENT


def _until_next(asked: float, watching: Watching) -> float:
    """For how many milliseconds nothing is to be done but to wait for who asks."""
    idle, due = asked + IDLE_SECONDS - time.monotonic(), watching.seconds()
    return 1000 * max(0.0, idle if due is None else min(idle, due))


def _watch(watching: Watching, poller: select.poll, told: Iterable[int]) -> None:
    """Nobody asks: let go of what has changed, and begin with what is due."""
    for descriptor in told:
        poller.unregister(descriptor)
        watching.changed(descriptor)
    if watching.seconds() == 0:
        closed, begun = watching.begin_one()
        if closed is not None:
            poller.unregister(closed)
        if begun is not None:
            poller.register(begun, select.POLLIN)


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
