"""A PostgreSQL server of a test's own, from Debian's package: in its own folder, on its own port, and then gone."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_ACCOUNT = "postgres"  # PostgreSQL refuses to run as root; Debian's package makes this account.
_PASSWORD = "a-secret-of-the-tests"


def programs() -> Path | None:
    """Where the newest server's programs lie; None where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


@contextmanager
def serving() -> Iterator[str]:
    """A server for as long as the block lasts: the address of an empty database, ``host:port/name`` behind an account
    and its password, as ``postgresql://`` URLs have it."""
    where = programs()
    assert where is not None, "install Debian's package postgresql: make system-packages"
    folder = Path(tempfile.mkdtemp(prefix="leverframe-postgres-", dir="/tmp"))  # Below a folder that all may enter.
    (folder / "password").write_text(_PASSWORD)
    if os.geteuid() == 0:
        for path in (folder, folder / "password"):
            shutil.chown(path, _ACCOUNT)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = folder / "data"
    try:
        _run(where / "initdb", "-D", data, "-U", "shop", "-A", "scram-sha-256", "--pwfile", folder / "password", "-N")
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        _run(where / "pg_ctl", "-D", data, "-l", folder / "log", "-w", "-o", options, "start")
        try:
            yield f"shop:{_PASSWORD}@127.0.0.1:{port}/postgres"
        finally:
            _run(where / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def ask(address: str, *commands: str) -> str:
    """What ``psql`` answers to each of ``commands``, in order."""
    words = [word for command in commands for word in ("-c", command)]
    line = ["psql", f"postgresql://{address}", "-v", "ON_ERROR_STOP=1", "-q", "-A", "-t", *words]
    return subprocess.run(line, check=True, capture_output=True, text=True).stdout


def _run(*words: object) -> None:
    line = [str(word) for word in words]
    if os.geteuid() == 0:
        line = ["setpriv", f"--reuid={_ACCOUNT}", f"--regid={_ACCOUNT}", "--clear-groups", *line]
    # Not captured: the server would hold the pipe open.
    with tempfile.TemporaryFile("w+") as said:
        done = subprocess.run(line, cwd="/", stdin=subprocess.DEVNULL, stdout=said, stderr=said, check=False)
        said.seek(0)
        assert done.returncode == 0, said.read()
