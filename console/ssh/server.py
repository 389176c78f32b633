"""The door itself: who may come in, how many, and what a connection may ask for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import asyncssh

from console.ssh import host_key
from console.ssh.limits import Limits, Rooms
from console.ssh.process import SessionProcess
from console.ssh.session import DoorSession, Visit
from engine.access.proof import KeyProof
from engine.access.public_key import parse
from engine.errors import Forbidden, Invalid, LeverframeError, Refusal
from engine.records import Operator
from engine.text import plain

FLUSH_SECONDS = 60.0
CLOSING_SECONDS = 3.0
NO_KEY = "no key"


class Gate(Protocol):
    """What the engine is asked: see ``engine.access.admission``."""

    home: Path

    def admit(self, proof: KeyProof) -> Operator: ...
    def note_login(self, proof: KeyProof, operator: Operator) -> None: ...
    def note_logout(self, proof: KeyProof, operator: Operator, seconds: float) -> None: ...
    def note_turned_away(self, what: str, source: str, why: str, count: int = 1) -> None: ...


@dataclass
class DoorKeeper:
    """What all connections share. The ledger is asked on a thread of its own, one thing after the other."""

    gate: Gate
    limits: Limits
    environment: Mapping[str, str]
    tell: Callable[[str], None]
    rooms: Rooms = field(init=False)
    visitors: set[Visitor] = field(default_factory=set)
    running: set[SessionProcess] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.rooms = Rooms(self.limits)
        self._clerk = ThreadPoolExecutor(1, "door")
        self._loop = asyncio.get_running_loop()
        self._more: dict[tuple[str, str, str], int] = {}
        self._pending: set[asyncio.Future[Any]] = set()

    async def ask(self, what: Callable[..., Any], *given: Any) -> Any:
        return await self._loop.run_in_executor(self._clerk, what, *given)

    def note(self, what: Callable[..., None], *given: Any) -> None:
        """Have something written down. What cannot be written is told where the door's lines go."""

        def written(done: asyncio.Future[None]) -> None:
            self._pending.discard(done)
            if (error := done.exception()) is not None:
                self.tell(f"Not written down: {plain(str(error), 200)}")

        future = self._loop.run_in_executor(self._clerk, what, *given)
        self._pending.add(future)
        future.add_done_callback(written)

    def turn_away(self, source: str, why: str, what: str = NO_KEY) -> None:
        """Whoever can be turned away as fast as they ask: the first is written down at once, the rest of a minute
        together. Each by itself would keep the ledger from everybody who comes."""
        if (what, source, why) not in self._more:
            self._more[what, source, why] = 0
            self.note(self.gate.note_turned_away, what, source, why)
            self._loop.call_later(FLUSH_SECONDS, self._flush, what, source, why)
        else:
            self._more[what, source, why] += 1

    def _flush(self, what: str, source: str, why: str) -> None:
        count = self._more.pop((what, source, why), 0)
        if count:
            self.note(self.gate.note_turned_away, what, source, why, count)

    async def close(self) -> None:
        """End all connections and their sessions, and write down what is still to be."""
        for visitor in list(self.visitors):
            visitor.end()
        for _ in range(int(CLOSING_SECONDS / 0.05)):
            if not self.visitors and not self.running:
                break
            await asyncio.sleep(0.05)
        for each in list(self._more):
            self._flush(*each)
        while self._pending:
            await asyncio.wait(self._pending)
        self._clerk.shutdown()


class Visitor(asyncssh.SSHServer):
    """One connection: public keys only, and nothing but sessions."""

    def __init__(self, keeper: DoorKeeper) -> None:
        self._keeper = keeper
        self._limits = keeper.limits
        self._loop = asyncio.get_running_loop()
        self._conn: asyncssh.SSHServerConnection | None = None
        self._source = ""
        self._tries = 0
        self._counted = self._heard = False
        self._proof: KeyProof | None = None
        self._operator: Operator | None = None
        self._came_at: float | None = None
        self._refused: dict[str, str] = {}
        self._sessions: list[DoorSession] = []
        self._slow = False

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._conn = conn
        peer = conn.get_extra_info("peername")
        self._source = str(peer[0]) if peer else "?"
        if not self._keeper.rooms.stranger_comes(self._source):
            self._keeper.turn_away(self._source, "too many at once")
            conn.abort()
            return
        self._counted = self._heard = True
        self._keeper.visitors.add(self)
        # asyncssh leaves a slow line to the windows of its channels, whose size the client chooses.
        conn.pause_writing = self.line_is_full  # type: ignore[method-assign]
        conn.resume_writing = self.line_has_room  # type: ignore[method-assign]

    # Logging in

    def begin_auth(self, username: str) -> bool:
        return True  # The name is not looked at: the key says who somebody is.

    def public_key_auth_supported(self) -> bool:
        """Asked at each exchange of a login, whatever the client tries in it."""
        self._tries += 1
        if self._tries > self._limits.tries and self._conn is not None:
            self._refused.setdefault(NO_KEY, "too many tries")
            self._conn.disconnect(asyncssh.DISC_NO_MORE_AUTH_METHODS_AVAILABLE, "Too many tries")
            return False
        return True

    def password_auth_supported(self) -> bool:
        return False

    def kbdint_auth_supported(self) -> bool:
        return False

    def host_based_auth_supported(self) -> bool:
        return False

    async def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """Whether the key lets somebody in. Its signature is checked next, in the same turn of the loop."""
        fingerprint = key.get_fingerprint()
        proof = KeyProof(fingerprint, self._source)
        try:
            parse(key.export_public_key("openssh").decode())
            operator = await self._keeper.ask(self._keeper.gate.admit, proof)
        except (Forbidden, Invalid) as no:
            self._refused[fingerprint] = str(no)
            return False
        except LeverframeError as error:
            self._keeper.tell(f"Nobody can be let in: {plain(str(error), 200)}")
            return False
        self._proof, self._operator = proof, operator
        return True

    def auth_completed(self) -> None:
        assert self._proof is not None and self._operator is not None
        self._no_stranger()
        self._came_at = self._loop.time()
        self._keeper.note(self._keeper.gate.note_login, self._proof, self._operator)
        self._close_when_nothing_is_asked()

    def _no_stranger(self) -> None:
        if self._counted:
            self._keeper.rooms.stranger_goes(self._source)
            self._counted = False

    def _close_when_nothing_is_asked(self) -> None:
        """A connection without a session (ssh -N) is for what this door does not do."""

        def look() -> None:
            if self._conn is not None and not self._sessions:
                self._conn.disconnect(asyncssh.DISC_BY_APPLICATION, "No session was asked for")

        self._loop.call_later(self._limits.begin_seconds, look)

    # Sessions

    def session_requested(self) -> DoorSession:
        assert self._proof is not None and self._operator is not None
        name = self._operator.name
        why = self._keeper.rooms.why_no_session(name)
        if why is not None:
            self._keeper.turn_away(self._source, why, self._proof.fingerprint)
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_RESOURCE_SHORTAGE, why)
        return DoorSession(
            Visit(
                home=str(self._keeper.gate.home), fingerprint=self._proof.fingerprint, source=self._source,
                limits=self._limits, environment=self._keeper.environment, began=self._began, ended=self._ended,
                running=self._keeper.running,
            )
        )  # fmt: skip

    def _began(self, session: DoorSession) -> None:
        assert self._operator is not None
        self._keeper.rooms.begin(self._operator.name)
        self._sessions.append(session)
        if self._slow:
            session.wait_for("its line")

    def _ended(self, session: DoorSession) -> None:
        assert self._operator is not None
        self._keeper.rooms.end(self._operator.name)
        self._sessions.remove(session)
        self._close_when_nothing_is_asked()

    def line_is_full(self) -> None:
        """Nothing more is read from the sessions until the line has room again."""
        self._slow = True
        for each in self._sessions:
            each.wait_for("its line")

    def line_has_room(self) -> None:
        """The sessions go on."""
        self._slow = False
        for each in self._sessions:
            each.wait_no_more_for("its line")

    # Leaving

    def end(self) -> None:
        """The door closes."""
        for each in list(self._sessions):
            each.end()
        if self._conn is not None:
            self._conn.disconnect(asyncssh.DISC_BY_APPLICATION, "The door is closed")

    def connection_lost(self, exc: Exception | None) -> None:
        self._conn = None
        self._no_stranger()
        self._keeper.visitors.discard(self)
        gate = self._keeper.gate
        if self._came_at is not None:
            self._keeper.note(gate.note_logout, self._proof, self._operator, self._loop.time() - self._came_at)
        elif self._refused:
            what, why = next(iter(self._refused.items()))
            self._keeper.note(gate.note_turned_away, what, self._source, why)
        elif self._heard:
            self._keeper.turn_away(self._source, "left without a key")


async def listen(keeper: DoorKeeper, host: str, port: int) -> asyncssh.SSHAcceptor:
    """Take connections at ``host`` and ``port`` (0: any that is free). Raises Refusal where that cannot be had."""
    limits = keeper.limits
    try:
        return await asyncssh.listen(
            host, port,
            server_factory=lambda: Visitor(keeper),
            server_host_keys=[host_key.find_or_make(keeper.gate.home)],
            server_version="Leverframe",
            public_key_auth=True, password_auth=False, kbdint_auth=False, host_based_auth=False,
            gss_host=None, gss_kex=False, gss_auth=False,
            x11_forwarding=False, agent_forwarding=False, allow_scp=False, sftp_factory=None,
            allow_pty=True, line_editor=False, encoding=None, rdns_lookup=False, x509_trusted_certs=None,
            window=65_536, max_pktsize=32_768,
            login_timeout=limits.login_seconds,
            keepalive_interval=limits.alive_seconds, keepalive_count_max=limits.alive_misses,
            rekey_bytes=limits.rekey_bytes, rekey_seconds=limits.rekey_seconds,
            reuse_address=True, backlog=64,
        )  # fmt: skip
    except OSError as error:
        raise Refusal(
            f"The door cannot be opened at {plain(host, 60)}, port {port}: {error.strerror or error}; name another "
            "with --listen and --port."
        ) from None
