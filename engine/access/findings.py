"""What doctor says about the people of a workspace and the account that owns its files."""

from __future__ import annotations

import pwd
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import PurePath

from engine.access import bindings, operators
from engine.access.proof import machine
from engine.audit import trail
from engine.records import DoctorFinding, Operator
from engine.storage.ledger import Ledger
from engine.storage.workspace import Workspace

TOLD = timedelta(days=30)
# The shells of accounts that nobody logs in as.
NO_SHELLS = {"nologin", "false", "true", "sync", "halt", "shutdown"}


def findings(workspace: Workspace, ledger: Ledger, now: datetime) -> Iterator[DoctorFinding]:
    """Who may come in and by what, whether anybody came in as an admin by the files, and whose these are."""
    people = operators.everyone(ledger)
    yield _people(people)
    here = machine()
    with ledger.read() as db:
        recovered = trail.newest(db, "recover", since=now - TOLD)
        elsewhere = bindings.accounts_elsewhere(db, here)
    for row in recovered:
        yield DoctorFinding(
            "operators", "failing",
            f"{row.actor} came in as an admin by the files of the workspace on {row.at:%d %b %Y at %H:%M} UTC, as the "
            f"{row.proof}, saying '{row.reason}'; if that was not agreed, 'leverframe operators disable {row.actor}' "
            "ends it",
        )  # fmt: skip
    for label, name in elsewhere:
        said = f"the account {label} of {name} is of another machine and proves nobody here"
        yield DoctorFinding("operators", "watch", said)
    yield owner(workspace.root.stat().st_uid, people)


def _people(people: tuple[Operator, ...]) -> DoctorFinding:
    enabled = [each for each in people if not each.disabled]
    shut_out = [each.name for each in enabled if not each.ways]
    admins = [each.name for each in enabled if each.role == "admin" and each.ways]
    if shut_out:
        return DoctorFinding(
            "operators", "watch",
            f"nothing proves who {', '.join(shut_out)} is, so they cannot come in; 'leverframe operators keys add' "
            "binds a key to them, 'leverframe operators disable' says that they need none",
        )  # fmt: skip
    return DoctorFinding("operators", "ok", f"{len(enabled):,} may work here; admins: {', '.join(admins)}")


def owner(uid: int, people: tuple[Operator, ...], shell: str | None = None) -> DoctorFinding:
    """Whether the account that owns the files is one that people log in with, by its ``shell`` (the system's word).

    Where one person works alone it is theirs, and there is nobody to keep out.
    """
    try:
        found = pwd.getpwuid(uid)
        name, shell = found.pw_name, found.pw_shell if shell is None else shell
    except KeyError:
        name, shell = str(uid), shell or ""
    others = [each.name for each in people if not each.disabled][1:]
    if PurePath(shell).name in NO_SHELLS or not others:
        why = "which nobody logs in as" if PurePath(shell).name in NO_SHELLS else "and one person works here"
        return DoctorFinding("owner", "ok", f"the files are those of the account {name}, {why}")
    return DoctorFinding(
        "owner", "watch",
        f"the account {name}, which owns the files, is one that people log in with (its shell: {shell or 'not said'}): "
        "whoever does can write all of them, so roles and approvals keep only from mistakes; docs/trust.md says how to "
        "give the workspace an account that nobody logs in as",
    )  # fmt: skip

