"""The real OpenSSH, client and server, on the loopback; its keys, settings and known hosts are a test's own."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
PATIENCE = 60
needs_client = pytest.mark.skipif(shutil.which("ssh") is None, reason="comes with OpenSSH's client")
needs_server = pytest.mark.skipif(SSHD is None or shutil.which("ssh") is None, reason="stands behind OpenSSH's server")


@dataclass(frozen=True)
class Client:
    """``ssh`` to a port of the loopback, with the keys in a folder."""

    folder: Path
    port: int
    user: str = "somebody"

    def words(self, who: str, *switches: str, program: Sequence[str] = ("ssh",)) -> list[str]:
        options = {
            "StrictHostKeyChecking": "accept-new", "UserKnownHostsFile": self.folder / "known_hosts",
            "BatchMode": "yes",
            "IdentitiesOnly": "yes", "IdentityFile": self.folder / who, "IdentityAgent": "none", "LogLevel": "INFO",
        }  # fmt: skip
        told = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        port = ["-P", str(self.port)] if program[0] in ("scp", "sftp") else ["-p", str(self.port), "-l", self.user]
        return [*program, "-F", "none", *told, *port, *switches]

    def __call__(
        self, who: str, *command: str, switches: Sequence[str] = (), given: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Come as ``who``, with a command or without one."""
        return self.run([*self.words(who, *switches), "127.0.0.1", *command], given, **environment)

    def run(self, words: Sequence[str], given: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words, input=given, capture_output=True, text=True, timeout=PATIENCE, env={**os.environ, **environment}
        )


def make_keys(folder: Path, *names: str) -> Path:
    """A folder with a key pair for each name."""
    folder.mkdir()
    for name in names:
        kind = ["-t", "rsa", "-b", "1024"] if name == "short" else ["-t", "ed25519"]
        subprocess.run(["ssh-keygen", "-q", *kind, "-N", "", "-C", name, "-f", folder / name], check=True)
    return folder


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def door(home: Path, *words: str) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """``leverframe ssh`` as a process of its own; its port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "console", "--home", str(home), "ssh", "--json", "--port", "0", *words],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        said = ""
        while "The door is open" not in said:
            said = process.stdout.readline()
            assert said, "the door did not open"
        yield int(json.loads(said)["event"].partition("port ")[2].partition(";")[0]), process
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)


@contextmanager
def sshd(folder: Path, authorized_keys: Path, *settings: str) -> Iterator[int]:
    """The system's sshd with settings of its own; its port."""
    assert SSHD is not None
    port = free_port()
    host_key = folder / "host_key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", host_key], check=True)
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # where root's sshd keeps itself apart
    config = folder / "sshd_config"
    lines = [
        f"Port {port}", "ListenAddress 127.0.0.1", f"HostKey {host_key}", f"AuthorizedKeysFile {authorized_keys}",
        f"PidFile {folder / 'sshd.pid'}", "StrictModes no", "UsePAM no", "PasswordAuthentication no",
        "KbdInteractiveAuthentication no", "PermitRootLogin prohibit-password", *settings,
    ]  # fmt: skip
    config.write_text("\n".join(lines) + "\n")
    process = subprocess.Popen([SSHD, "-D", "-e", "-f", config], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        said = ""
        while "Server listening" not in said:
            line = process.stderr.readline()
            assert line, f"sshd did not open: {said}"
            said += line
        yield port
    finally:
        process.terminate()
        process.wait(PATIENCE)
        process.stderr.close()
