"""Ask the workspace's fork server for a process. Whatever is not as it should be means no, at once: then the caller
starts one afresh.

The process that was forked says that it is there; it begins when it is told to, with what it is sent then, and ends
when whoever asked has gone or waits no longer. So there is never one beside the fresh start in its place.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

from engine.runs.warm import circumstances, place

PATIENCE_SECONDS = 0.5
THERE, BEGIN = b"+", b"!"


def ask(
    root: Path,
    kind: str,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    cwd: str,
    descriptors: Sequence[int],
) -> bool:
    """Have a process of ``kind`` begin with these; False when there is none and will be none.

    ``descriptors`` become its standard input, output and error output, and what else it is to hold as number 3.
    """
    try:
        begun = _asked(root, kind, arguments, environment, cwd, descriptors)
    except (OSError, ValueError):
        begun = False
    if not begun:
        place.note_unanswered(root, kind)
    return begun


def _asked(
    root: Path,
    kind: str,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    cwd: str,
    descriptors: Sequence[int],
) -> bool:
    with place.opened(place.folder_of(root)) as folder, socket.socket(socket.AF_UNIX) as connection:
        key = place.read_key(folder)
        connection.settimeout(PATIENCE_SECONDS)
        connection.connect(place.address(folder, place.SOCKETS[kind]))
        if not place.shut(folder) or not place.of_this_account(connection):
            return False
        order = {
            "key": key.hex(),
            "like": circumstances.digest(kind, environment, circumstances.code(), circumstances.this_process()),
            "kind": kind,
            "arguments": list(arguments),
            "environment": dict(environment),
            "cwd": cwd,
            "nice": os.nice(0),
        }
        data = json.dumps(order).encode()
        connection.sendall(len(data).to_bytes(8, "big") + data)
        if connection.recv(1) != THERE:
            return False
        # Only now: what lies in the queue of a server that does not answer stays open, and a run's lock held.
        socket.send_fds(connection, [BEGIN], list(descriptors))
        return True
