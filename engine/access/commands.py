"""What the door to the engine offers about people, and beside them programs; ``engine.api.Engine`` inherits it."""

from __future__ import annotations

from collections.abc import Sequence

from engine import clock
from engine.access import operators
from engine.access.acts import changes, checked_reason, looks
from engine.access.proof import AccountProof, of_account
from engine.access.public_key import PublicKey, parse
from engine.access.token_commands import TokenCommands
from engine.errors import NotFound
from engine.records import Operator, Role, SealedKey
from engine.text import plain


class PeopleCommands(TokenCommands):
    """Who may work here, as what, and what proves that it is them."""

    @looks("list operators")
    def operators(self) -> tuple[Operator, ...]:
        """Everybody who may work here, or might once."""
        return operators.everyone(self._ledger)

    @changes("add operators", least="admin")
    def add_operator(
        self, name: str, role: Role, reason: str, *, keys: Sequence[str] = (), accounts: Sequence[str] = ()
    ) -> Operator:
        """Let somebody work here. ``keys``: public keys as OpenSSH writes them; ``accounts``: names on this machine.

        Raises Invalid, NotFound for an account that this machine has not, Conflict for what proves somebody already.
        """
        why, now = checked_reason(reason), clock.now()
        return operators.add(
            self._ledger, self.caller, name, role, why, now, keys=_keys(keys), accounts=[_account(a) for a in accounts]
        )

    @changes("change roles", least="admin")
    def set_role(self, name: str, role: Role, reason: str) -> Operator:
        """Let somebody be another for the workspace. Raises Invalid, NotFound, and Conflict for the last admin."""
        return operators.set_role(self._ledger, self.caller, name, role, checked_reason(reason), clock.now())

    @changes("change roles", least="admin", of="project")
    def set_project_role(self, name: str, project: str, role: Role | None, reason: str) -> Operator:
        """Let somebody be ``role`` for one project besides; None ends that. Raises Invalid, NotFound, Conflict."""
        self._refuse_unknown_project(project)
        why, now = checked_reason(reason), clock.now()
        return operators.set_project_role(self._ledger, self.caller, name, project, role, why, now)

    @looks("export keys", least="admin", in_past=False)
    def sealed_keys(self) -> tuple[SealedKey, ...]:
        """Every key that lets somebody in now, sealed for a forced command of sshd."""
        from engine.access import seal

        return tuple(
            SealedKey(each.name, way.label, way.public_key, seal.of(self._workspace.root, way.label))
            for each in operators.everyone(self._ledger) if not each.disabled
            for way in each.ways if way.kind == "key" and way.public_key
        )  # fmt: skip

    @changes("disable operators", least="admin")
    def disable_operator(self, name: str, reason: str) -> Operator:
        """Keep somebody from working here, from their next act on. Raises NotFound, and Conflict for the last admin."""
        return operators.set_disabled(self._ledger, self.caller, name, True, checked_reason(reason), clock.now())

    @changes("disable operators", least="admin")
    def enable_operator(self, name: str, reason: str) -> Operator:
        """Let somebody work here again. Raises NotFound, Conflict."""
        return operators.set_disabled(self._ledger, self.caller, name, False, checked_reason(reason), clock.now())

    @changes("bind keys and accounts", least="admin")
    def bind_key(self, name: str, key: str, reason: str) -> Operator:
        """Let a public key prove ``name``. Raises Invalid, NotFound, Conflict when it proves anybody."""
        why, now = checked_reason(reason), clock.now()
        return operators.add_way(self._ledger, self.caller, name, parse(key), why, now)

    @changes("bind keys and accounts", least="admin")
    def bind_account(self, name: str, account: str, reason: str) -> Operator:
        """Let an account of this machine prove it. Raises NotFound, Conflict when it proves anybody."""
        why, now = checked_reason(reason), clock.now()
        return operators.add_way(self._ledger, self.caller, name, _account(account), why, now)

    @changes("bind keys and accounts", least="admin")
    def unbind(self, name: str, label: str, reason: str) -> None:
        """Let a key, by its fingerprint, or an account prove ``name`` no more.

        Raises NotFound, and Conflict where no admin could come in any more.
        """
        operators.remove_way(self._ledger, self.caller, name, label, checked_reason(reason), clock.now())


def _keys(texts: Sequence[str]) -> list[PublicKey]:
    return [parse(each) for each in texts]


def _account(name: str) -> AccountProof:
    found = of_account(name)
    if found is None:
        raise NotFound(f"This machine has no account '{plain(name, 40)}'; 'getent passwd' lists those that it has.")
    return found
