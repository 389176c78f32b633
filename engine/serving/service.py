"""All that answering requests takes, put together: an address, a token where one must be, and workers."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from engine import clock
from engine.access import entering, token_table
from engine.access.caller import claimed_name
from engine.access.proof import of_process
from engine.errors import Invalid, Refusal
from engine.pages.access import address, is_here
from engine.pages.server import why_not_bound
from engine.projects import in_force
from engine.scoring import beats
from engine.serving import balance
from engine.serving.supervisor import Supervisor
from engine.serving.worker_settings import Settings
from engine.storage import temporary
from engine.storage import workspace as workspaces
from engine.storage.ledger import Ledger

PORT = 8485
BACKLOG = 1024
STOP_SECONDS = 30.0
MOST_WORKERS = 64


class Service:
    """Answers requests at ``host`` and ``port`` (0: any that is free) from ``start`` until ``close``.

    ``tokens``: whoever asks needs one, also on this machine. ``trial``: nothing of what it answers is noted. Raises
    Refusal or Invalid where that would not be safe or cannot be.
    """

    def __init__(
        self, home: Path | None, operator: str | None, *, host: str, port: int, workers: int, tokens: bool,
        certificate: Path | None, key: Path | None, now: Callable[[], datetime] = clock.now, trial: bool = False,
    ) -> None:  # fmt: skip
        self._host, self._tokens = address(host), tokens or not is_here(host)
        self._certificate, self._key = _tls(certificate, key)
        self._workspace = workspaces.find(home or workspaces.default_home())
        self._projects = self._looked(operator, now())
        self._socket = _listening(self._host, port)
        self._folder, self._lock = temporary.make(temporary.FIGURES, self._workspace.cache)
        self._alive, self._end = os.pipe()
        self._workers, self._trial = workers, trial
        self._clients = balance.shared(workers)
        self._supervisor: Supervisor | None = None

    def _looked(self, operator: str | None, now: datetime) -> tuple[str, ...]:
        """The projects that will be answered for. Raises Refusal for whoever may not, or where a token is wanting."""
        ledger = Ledger(self._workspace.ledger, locks=self._workspace.root / "locks")
        try:
            entering.enter_as_service(ledger, of_process(), claimed_name(operator), hosts=False)
            with ledger.read() as db:
                there = any(token.holds(now) for token in token_table.everything(db))
                projects = in_force.served(db)
        finally:
            ledger.close()
        if self._tokens and not there:
            where = f"{self._host} can be reached from other machines" if not is_here(self._host) else "--tokens is set"
            raise Refusal(f"{where}, and no token is in force; make one with 'leverframe tokens make' first.")
        return projects

    @property
    def port(self) -> int:
        """At which port it listens."""
        return int(self._socket.getsockname()[1])

    @property
    def url(self) -> str:
        """Where it is."""
        name = f"[{self._host}]" if ":" in self._host else self._host
        return f"http{'s' if self._certificate else ''}://{name}:{self._socket.getsockname()[1]}/"

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes of its workers."""
        return self._supervisor.pids if self._supervisor is not None else ()

    def start(self, tell: Callable[[str], None]) -> None:
        """Begin; ``tell`` gets a line for each event. ``tick`` is to be called from then on."""
        self._supervisor = Supervisor(self._workers, self._worker, tell, self._silent)
        self._supervisor.tick()
        who = "whoever has a token" if self._tokens else "whoever is on this machine"
        what = ", ".join(self._projects) or "no project yet: none has [serve] realtime = true in force"
        tell(f"Answers at {self.url}, for {who}: {what}.")

    def _silent(self) -> set[int]:
        return beats.silent(beats.everybody(self._workspace.root / "locks").values(), beats.is_stopped)

    def tick(self) -> None:
        """See to the workers; a few times a second."""
        if self._supervisor is not None:
            self._supervisor.tick()

    def _worker(self, number: int) -> subprocess.Popen[bytes]:
        settings = Settings(
            str(self._workspace.root), self._socket.fileno(), self._alive, str(self._folder), number, self._tokens,
            self._certificate, self._key, self._trial, self._clients,
        )  # fmt: skip
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "engine.serving.worker", settings.written()],
            pass_fds=(self._socket.fileno(), self._alive, *((self._clients,) if self._clients >= 0 else ())),
            stdin=subprocess.DEVNULL,
            process_group=0,  # Ctrl+C is for whoever is in the terminal: the supervisor is who ends them.
        )

    def close(self) -> bool:
        """Let nobody in any more, answer what came, end. Returns whether no worker had to be killed."""
        self._socket.close()  # The workers close theirs; with the last of them whoever comes is refused at once.
        whole = self._supervisor is None or self._supervisor.stop(STOP_SECONDS, clock.pause)
        for descriptor in (self._alive, self._end, self._clients):
            if descriptor >= 0:
                os.close(descriptor)
        temporary.end(self._folder, self._lock)
        return whole


def _tls(certificate: Path | None, key: Path | None) -> tuple[str, str]:
    """The files that a server shows who it is with, read once so that a wrong one is told at once. Raises Invalid."""
    if certificate is None and key is None:
        return "", ""
    if certificate is None or key is None:
        raise Invalid("--tls-cert and --tls-key go together: the certificate with its chain, and its key, both in PEM.")
    from engine.serving.connection import tls

    try:
        tls(str(certificate), str(key))
    except OSError as error:
        said = error.strerror or str(error)
        raise Invalid(f"{certificate} and {key} do not do for TLS ({said}); name a certificate and its key.") from None
    return str(certificate.resolve()), str(key.resolve())


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise Refusal(why_not_bound(error, host, port)) from None
    return listening
