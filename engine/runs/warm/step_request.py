"""Ask a step server for a step. Whatever is not as it should be means no, at once: then the step is started afresh."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from engine.json_records import write
from engine.runs.steps.containment import likeness, listeners
from engine.runs.warm import place
from engine.runs.warm.forked_warden import ForkedWarden, with_streams
from engine.runs.warm.wanted_server import Wanted, folder_of, read_secret

PATIENCE_SECONDS = 0.5
MOST_NOTES = 200  # files in the folder
THERE, BEGIN = b"+", b"!"


def is_there(root: Path, wanted: Wanted) -> bool:
    """Whether a server like that may be asked."""
    secret = read_secret(root)
    return secret is not None and bool(_sockets(root, wanted.name(secret)))


def ask(root: Path, wanted: Wanted, box: Mapping[str, Any], held: int) -> ForkedWarden | None:
    """The warden of a step, not yet told which; it holds ``held``. None: the step is to be started afresh.

    ``box``: what holds the step.
    """
    secret = read_secret(root)
    if secret is None:
        return None
    name = wanted.name(secret)
    for found in _sockets(root, name):
        with suppress(OSError, ValueError):
            warden = with_streams(lambda streams, to=found: _asked(root, to, box, (*streams, held)))  # type: ignore[misc]
            if warden is not None:
                return warden
    note(root, name, wanted)
    return None


def note(root: Path, name: str, wanted: Wanted) -> None:
    """Keep that somebody asked for such a server in vain, while not too many are wanted already."""
    with suppress(OSError), place.opened(folder_of(root)) as folder:
        if len(os.listdir(folder)) > MOST_NOTES:
            return
        if not os.path.exists(folder_of(root) / f"{name}.wanted"):
            _write(folder, f"{name}.wanted", json.dumps(write(wanted)).encode())
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        file = os.open(f"{name}.asked", flags, 0o600, dir_fd=folder)
        try:
            os.write(file, b".")
        finally:
            os.close(file)


def _write(folder: int, name: str, content: bytes) -> None:
    new = f"{name}.{os.getpid()}"
    file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=folder)
    try:
        os.write(file, content)
    finally:
        os.close(file)
    os.rename(new, name, src_dir_fd=folder, dst_dir_fd=folder)


def _sockets(root: Path, name: str) -> list[str]:
    try:
        listed = os.listdir(folder_of(root))
    except OSError:
        return []
    return sorted(each for each in listed if each.startswith(f"{name}.") and each.endswith(".socket"))


def _asked(root: Path, name: str, box: Mapping[str, Any], descriptors: tuple[int, ...]) -> bool:
    with place.opened(folder_of(root)) as folder, socket.socket(socket.AF_UNIX) as connection:
        if not place.shut(folder):
            return False
        key = os.open(name.replace(".socket", ".key"), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        try:
            secret = os.read(key, 2 * place.KEY_BYTES)
        finally:
            os.close(key)
        connection.settimeout(PATIENCE_SECONDS)
        connection.connect(place.address(folder, name))
        if not place.of_this_account(connection):
            return False
        order = {"likeness": likeness(), "listeners": listeners(dict(box)), "nice": os.nice(0)}
        data = json.dumps(order).encode()
        connection.sendall(secret + len(data).to_bytes(8, "big") + data)
        if connection.recv(1) != THERE:
            return False
        # Only now: what lies in the queue of a server that does not answer stays open, and a run's lock held.
        socket.send_fds(connection, [BEGIN], list(descriptors))
        return True
