"""Coming in: from a proof to the operator whom it proves, the founder of a workspace, and the way back in."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import datetime

from engine.access import bindings, operators
from engine.access.caller import Caller, service
from engine.access.proof import AccountProof, KeyProof, Proof
from engine.access.public_key import PublicKey
from engine.access.roles import a_role, enough, whom_to_ask
from engine.audit import flood, trail
from engine.errors import Forbidden, LeverframeError, NotFound, ShutOut
from engine.records import Operator
from engine.storage.ledger import Ledger


def identify(ledger: Ledger, proof: Proof, name: str | None, now: datetime) -> Caller:
    """Whom ``proof`` proves; ``name`` is whom they say they are, where they say so.

    Raises NotFound where the workspace was never finished, and Forbidden, which the trail keeps, where the proof proves
    nobody, somebody else, or who may not work here any more.
    """
    found, known = _whom(ledger, proof, name)
    if found is None and isinstance(proof, AccountProof):
        found = _bind_founder(ledger, proof, now)
    why = _why_not(proof, found, name, known=known)
    if why is None:
        assert found is not None
        return Caller(found, proof)
    _keep_refusal(ledger, proof, found, name, now)
    raise ShutOut(why) if found is not None and found.disabled else Forbidden(why)


def _whom(ledger: Ledger, proof: Proof, name: str | None) -> tuple[Operator | None, bool]:
    """Whom ``proof`` proves, and whether anybody is called ``name``. Raises NotFound in an unfinished workspace."""
    with ledger.read() as db:
        if not operators.are_there_any(db):
            root = ledger.path.parent
            raise NotFound(f"The workspace {root} was begun and never finished; 'leverframe init' finishes it.")
        held = bindings.holder(db, proof)
        found = operators.known(db, held) if held is not None else None
        return found, name is not None and operators.is_one(db, name)


def _why_not(proof: Proof, found: Operator | None, name: str | None, *, known: bool) -> str | None:
    """``known``: whether there is somebody called ``name``."""
    verb = f"keys add {name}" if known else f"add {name or 'NAME'}"
    if found is None:
        way = f"--account {proof.name}" if isinstance(proof, AccountProof) else "FILE" if known else "--key FILE"
        how = f"leverframe operators {verb} {way} --reason '…'"
        return (
            f"The {proof.words} is bound to no operator of this workspace. An admin lets it in: {how}. If none can "
            "come in, whoever owns the workspace's files can: leverframe operators recover NAME --reason '…'"
        )
    if found.disabled:
        return disabled(found.name)
    if name is not None and name != found.name:
        how = f"leverframe operators {verb} {'FILE' if known else '--key FILE'} --reason '…'"
        return (
            f"You are {found.name} here, by the {proof.words}, and not {name}: a name proves nothing. Leave --operator "
            f"(or LEVERFRAME_OPERATOR) away, or come by a key of {name}'s, which an admin binds: {how}"
        )
    return None


def disabled(name: str) -> str:
    """What somebody is told who may not work here any more."""
    return f"{name} may not work here any more; an admin disabled them, and 'leverframe audit' tells an admin why."


def as_of_now(db: sqlite3.Connection, who: Caller) -> Caller:
    """``who``, who came in once: what they are by now, and whether what they came with still proves that it is them."""
    found = operators.known(db, who.name)
    return replace(who, operator=found, bound=bindings.holder(db, who.proof) == found.name)


def why_shut_out(who: Caller) -> str | None:
    """Why ``who``, who came in once, may do nothing more; None where they may."""
    if who.operator.disabled:
        return disabled(who.name)
    if who.bound:
        return None
    return f"The {who.proof.words} proves {who.name} no more: an admin removed it. Come in by another."


def _keep_refusal(ledger: Ledger, proof: Proof, found: Operator | None, name: str | None, now: datetime) -> None:
    who = Caller(found or Operator("nobody", "viewer"), proof)
    details = {"act": "enter"} | ({"claimed": name} if name and (found is None or name != found.name) else {})
    keep_refusal(ledger, who, "workspace", details, now)


def keep_refusal(ledger: Ledger, by: Caller, subject: str, details: dict[str, str], now: datetime) -> None:
    """Write down that ``by`` was refused. What cannot be written, on a full disk, changes nothing about the refusal."""
    try:
        with ledger.write() as db:
            flood.append_or_fold(db, at=now, actor=by, action="refused", subject=subject, details=details)
    except LeverframeError:
        return


def enter_as_service(ledger: Ledger, proof: Proof, name: str | None = None, *, hosts: bool = True) -> Caller:
    """The engine's own work, as the account that owns the workspace's files, whether it is bound to somebody or not.

    Raises Forbidden where the account is somebody's who may not (with ``hosts``: host the engine), or another's than
    ``name``; NotFound for an unfinished workspace.
    """
    found, known = _whom(ledger, proof, name)
    if found is not None and found.disabled:
        raise ShutOut(disabled(found.name))
    if name is not None and (found is None or found.name != name):
        raise Forbidden(_why_not(proof, found, name, known=known) or "")
    if hosts and found is not None and not enough((found.role,), "operator", changes=True):
        asked = whom_to_ask("operator")
        raise Forbidden(f"{found.name} is {a_role(found.role)} here and may not host the engine; ask {asked}.")
    return service(proof)


def found_workspace(
    db: sqlite3.Connection, name: str, proof: Proof, at: datetime, key: PublicKey | None = None
) -> None:
    """Whoever creates a workspace is its first admin, by the account that they made it with, or by ``key`` alone."""
    if operators.are_there_any(db):
        return
    operators.insert(db, name, "admin", at, name)
    bound = KeyProof(key.fingerprint) if key is not None else proof
    bindings.bind(db, name, bound, at, key)
    founder = Caller(Operator(name, "admin"), proof)
    details = {"bound": f"{bound.kind} {bound.label}"}
    trail.append(db, at=at, actor=founder, action="init", subject="workspace", reason="created", details=details)


def _bind_founder(ledger: Ledger, proof: AccountProof, at: datetime) -> Operator | None:
    """In a workspace of before there were proofs: its founder, if this is the account that they made it with."""
    with ledger.read() as db:
        if bindings.were_there_ever(db):
            return None
    with ledger.write() as db:
        first = trail.row(db, 1)
        if bindings.were_there_ever(db) or first is None or first.proof not in (proof.label, proof.words):
            return None
        found = operators.find(db, first.actor)
        if found is None:
            return None
        bindings.bind(db, found.name, proof, at)
        trail.append(
            db, at=at, actor=Caller(found, proof), action="bind", subject=found.name,
            reason="the workspace was made with this account", details={"bound": proof.words},
        )  # fmt: skip
        return found


def take_in(db: sqlite3.Connection, proof: Proof, name: str, reason: str, at: datetime) -> None:
    """Let ``proof`` be ``name``, an admin from now on, in the caller's transaction; whom it proved it proves no more.

    For an account that owns the workspace's files and could write them anyway: where the admins cannot come in, for the
    workspace was moved to another machine or all of them left. It stands in the trail as what it is. Raises NotFound.
    """
    operators.known(db, name)
    was = bindings.holder(db, proof)
    if was != name:
        bindings.release(db, proof, at)
        bindings.bind(db, name, proof, at)
    operators.make_admin(db, name, at)
    details = {"bound": proof.words} | ({"was": was} if was not in (None, name) else {})
    by = Caller(operators.known(db, name), proof)
    trail.append(db, at=at, actor=by, action="recover", subject=name, reason=reason, details=details)
