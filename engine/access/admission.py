"""What the door to the engine offers to the door over SSH: whom a key lets in, and who came, was refused and left.

The signature is checked by who asks. A key that is only offered is looked up and leaves no mark: a client offers all it
has. What comes in floods is counted and told in one row (``engine.audit.flood``).
"""

from __future__ import annotations

from engine import clock
from engine.access import bindings, operators
from engine.access.acts import Door, changes, looks
from engine.access.caller import Caller, SystemActor
from engine.access.entering import disabled
from engine.access.proof import KeyProof
from engine.audit import flood
from engine.errors import Forbidden
from engine.records import Operator


class Admission(Door):
    """Logins over SSH, for the service that has the door; no person does any of this."""

    @looks("let people in by their keys", by="service", in_past=False)
    def admit(self, proof: KeyProof) -> Operator:
        """The operator whom the key of ``proof`` lets in. Raises Forbidden where it is nobody's, or is disabled."""
        with self._ledger.read() as db:
            name = bindings.holder(db, proof)
            if name is None:
                raise Forbidden(f"The {proof.words} is bound to no operator of this workspace.")
            found = operators.known(db, name)
        if found.disabled:
            raise Forbidden(disabled(found.name))
        return found

    @changes("note who comes and goes", least="viewer", by="service")
    def note_login(self, proof: KeyProof, operator: Operator) -> None:
        """Write down that ``operator`` came in."""
        self._note(Caller(operator, proof), "login", "ssh", {"from": proof.source})

    @changes("note who comes and goes", least="viewer", by="service")
    def note_logout(self, proof: KeyProof, operator: Operator, seconds: float) -> None:
        """Write down that ``operator`` left, and after how long."""
        self._note(Caller(operator, proof), "logout", "ssh", {"from": proof.source, "seconds": round(seconds)})

    @changes("note who comes and goes", least="viewer", by="service")
    def note_turned_away(self, what: str, source: str, why: str, count: int = 1) -> None:
        """Write down that somebody did not get in. ``what``: the key's fingerprint, or that there was none."""
        details: dict[str, str | int] = {"from": source} | ({"connections": count} if count > 1 else {})
        self._note(SystemActor("the door"), "turned-away", what, details, why)

    def _note(
        self, who: Caller | SystemActor, action: str, subject: str, details: dict[str, str | int], reason: str = ""
    ) -> None:
        now = clock.now()
        with self._ledger.write() as db:
            flood.append_or_fold(db, at=now, actor=who, action=action, subject=subject, reason=reason, details=details)
