"""What is done to a workspace before anybody has come in: it is made, brought back from a backup, come back into."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from engine import clock
from engine.access import entering
from engine.access.acts import checked_reason
from engine.access.caller import checked_name, claimed_name
from engine.access.proof import Proof, of_process
from engine.access.public_key import parse
from engine.storage import workspace as workspaces
from engine.storage.ledger import Ledger

if TYPE_CHECKING:
    from engine.backup.records import Checked, Restored


def create_workspace(
    home: Path | None, operator: str | None, *, proof: Proof | None = None, key: str | None = None
) -> None:
    """Make a workspace; one that is there is left as it is. Its first admin is ``operator`` (the account's name).

    They are bound to ``proof`` (the account of this process), or to ``key`` alone, a public key. Raises Invalid.
    """
    proved = proof or of_process()
    name = claimed_name(operator) or checked_name(getattr(proved, "name", ""))
    public = parse(key) if key is not None else None
    workspace = workspaces.create(home or workspaces.default_home())
    ledger = Ledger(workspace.ledger, locks=workspace.root / "locks")
    try:
        with ledger.write() as db:
            entering.found_workspace(db, name, proved, clock.now(), public)
    finally:
        ledger.close()


def recover(home: Path | None, name: str, reason: str) -> None:
    """Let the account of this process, which owns the workspace's files, come in as ``name``, an admin.

    It could write the files anyway; done here it stands in the trail. Raises NotFound, Forbidden.
    """
    why = checked_reason(reason)
    workspace = workspaces.find(home or workspaces.default_home())
    ledger = Ledger(workspace.ledger, locks=workspace.root / "locks")
    try:
        with ledger.write() as db:
            entering.take_in(db, of_process(), checked_name(name), why, clock.now())
    finally:
        ledger.close()


def check_backup(folder: Path, key: Path | None, tell: Callable[[int, int], None]) -> Checked:
    """Read the backup in ``folder`` from end to end, on a machine that has no workspace."""
    from engine.backup.checking import check

    return check(folder, key, tell)


def restore_backup(
    folder: Path,
    home: Path | None,
    operator: str | None,
    tell: Callable[[int, int], None],
    *,
    proof: Proof | None = None,
    reason: str,
    key: Path | None = None,
    head: str | None = None,
    former: bool = False,
    partly: bool = False,
) -> Restored:
    """Bring the backup in ``folder`` back at ``home``, which must be empty; see ``engine.backup.restoring.restore``."""
    from engine.backup.restoring import restore

    place, name, proved = home or workspaces.default_home(), claimed_name(operator), proof or of_process()
    said = checked_reason(reason)
    return restore(
        folder, place, name, proved, clock.now(), tell,
        reason=said, key_file=key, head=head, former=former, partly=partly,
    )  # fmt: skip
