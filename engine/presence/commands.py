"""The door's acts of who is on."""

from __future__ import annotations

import threading
from contextlib import suppress

from engine import clock
from engine.access.acts import Door, looks
from engine.access.proof import KeyProof
from engine.presence import sessions
from engine.presence.sessions import Present

HERE = "this machine"


class PresenceCommands(Door):
    """Who is on, and saying that one is."""

    _session: sessions.Session | None = None
    _coming = threading.Lock()

    @looks("say what one looks at", in_past=False, by="process")
    def be_at(self, screen: str) -> None:
        """Say that the caller is on and looks at ``screen``, until the engine is closed or its process ends.

        Where nothing can be written nobody hears it; that keeps nobody from looking.
        """
        now, proof = clock.now(), self.caller.proof
        with suppress(OSError), self._coming:
            if self._session is None:
                place = (proof.source if isinstance(proof, KeyProof) else "") or HERE
                locks = self._workspace.root / "locks"
                self._session = sessions.Session(locks, self.caller.name, proof.words, place, now)
            self._session.show(screen, now)

    @looks("see who is on", in_past=False)
    def who(self) -> tuple[Present, ...]:
        """Everybody who has a console open here, the caller too; the longest first."""
        return sessions.everybody(self._workspace.root / "locks")

    @looks("see who else is on", in_past=False, by="process")
    def others(self) -> tuple[Present, ...]:
        """Everybody but this very console."""
        mine = self._session.name if self._session is not None else ""
        return tuple(each for each in sessions.everybody(self._workspace.root / "locks") if each.session != mine)

    def _go(self) -> None:
        if self._session is not None:
            self._session.leave()
            self._session = None
