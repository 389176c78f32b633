"""Coming in: a proof leads to one person, a name to nobody; the way back in is told and stands in the trail."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine import api, founding
from engine.access import entering, operators
from engine.access.proof import AccountProof, KeyProof, Proof, of_process
from engine.audit import flood, trail
from engine.errors import Forbidden, Invalid, NotFound, Refusal, ShutOut
from engine.storage import workspace as workspaces
from engine.storage.ledger import Ledger
from tests.ledger import refused_rows
from tests.people import caller_of, key_of

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
HERE = AccountProof("ada", 1000, "m", "box")
BOB = KeyProof(key_of("bob").fingerprint)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    workspace = workspaces.create(tmp_path / "home")
    ledger = Ledger(workspace.ledger, locks=workspace.root / "locks")
    with ledger.write() as db:
        entering.found_workspace(db, "ada", HERE, NOON)
    operators.add(ledger, caller_of(ledger, "ada"), "bob", "viewer", "new", NOON, keys=[key_of("bob")])
    return ledger


@pytest.mark.parametrize(
    ("proof", "name", "who"), [(HERE, None, "ada"), (HERE, "ada", "ada"), (BOB, None, "bob"), (BOB, "bob", "bob")]
)
def test_a_proof_leads_to_one_person_whether_they_say_their_name_or_not(
    ledger: Ledger, proof: Proof, name: str | None, who: str
) -> None:
    caller = entering.identify(ledger, proof, name, NOON)
    assert (caller.name, caller.proof, caller.account) == (who, proof, proof.words)
    assert refused_rows(ledger) == []


STRANGERS: dict[str, tuple[Proof, str | None, str, str]] = {
    "another's name": (HERE, "bob", "ada", "You are ada here, by the account ada@box, and not bob: a name proves noth"),
    "an admin's name": (BOB, "ada", "bob", r"You are bob here, by the key SHA256:\S+, and not ada: .* keys add ada F"),
    "nobody's name": (HERE, "eve", "ada", r"and not eve: .*operators add eve --key FILE --reason"),
    "an account that is bound to nobody": (
        replace(HERE, name="eve", uid=1001), None, "nobody", "account eve@box is bound to no operator of this work",
    ),
    "the same name with another number": (replace(HERE, uid=1001), None, "nobody", "is bound to no operator"),
    "the same number with another name": (replace(HERE, name="eve"), None, "nobody", "is bound to no operator"),
    "the same account of another machine": (
        replace(HERE, machine="n"), "ada", "nobody", "bound to no operator .*leverframe operators recover NAME",
    ),
    "a key that is bound to nobody": (
        KeyProof(key_of("eve").fingerprint), "ada", "nobody", r"The key SHA256:\S+ is bound to no operator",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", STRANGERS)
def test_who_proves_nothing_or_another_is_refused_with_the_way_in_and_the_trail_says_so(
    ledger: Ledger, what: str
) -> None:
    proof, name, actor, says = STRANGERS[what]
    with pytest.raises(Forbidden, match=says) as told:
        entering.identify(ledger, proof, name, NOON)
    assert not isinstance(told.value, ShutOut), "they may yet come in by another way"
    claimed = {"claimed": name} if name else {}
    assert refused_rows(ledger) == [(actor, proof.words, "workspace", {"act": "enter", **claimed})]


def test_who_is_disabled_does_not_come_in(ledger: Ledger) -> None:
    operators.set_disabled(ledger, caller_of(ledger, "ada"), "bob", True, "left", NOON)
    with pytest.raises(ShutOut, match="bob may not work here any more; an admin disabled them"):
        entering.identify(ledger, BOB, None, NOON)
    assert refused_rows(ledger) == [("bob", BOB.words, "workspace", {"act": "enter"})]


def test_the_host_may_be_called_otherwise_and_the_machine_is_the_same(ledger: Ledger) -> None:
    assert entering.identify(ledger, replace(HERE, host="new-name"), None, NOON).name == "ada"


# A workspace of before there were proofs: nobody is bound.


@pytest.fixture
def former(ledger: Ledger) -> Ledger:
    with ledger.write() as db:
        db.execute("DROP TRIGGER bindings_no_delete")
        db.execute("DELETE FROM bindings")
    return ledger


def test_the_founder_of_a_former_workspace_is_bound_to_the_account_that_made_it(former: Ledger) -> None:
    assert entering.identify(former, HERE, None, NOON).name == "ada"
    row = trail.page(former, offset=0, limit=1)[0]
    assert (row.actor, row.action, row.subject, row.reason) == (
        "ada", "bind", "ada", "the workspace was made with this account",
    )  # fmt: skip
    assert entering.identify(former, HERE, "ada", NOON).name == "ada"
    assert trail.page(former, offset=0, limit=1)[0] == row, "once"


@pytest.mark.parametrize("stranger", [replace(HERE, name="eve"), replace(HERE, host="elsewhere"), BOB])
def test_nobody_else_is(former: Ledger, stranger: Proof) -> None:
    with pytest.raises(Forbidden, match="is bound to no operator"):
        entering.identify(former, stranger, None, NOON)
    with former.read() as db:
        assert db.execute("SELECT count(*) FROM bindings").fetchone()[0] == 0


def test_others_of_a_former_workspace_are_not_let_in_under_their_names(former: Ledger) -> None:
    with pytest.raises(Forbidden, match="You are ada here"):
        entering.identify(former, HERE, "bob", NOON)


def test_a_row_of_before_says_its_account_without_the_word(former: Ledger) -> None:
    """As trails of before there were proofs have it."""
    with former.write() as db:
        for trigger in ("audit_no_update",):
            db.execute(f"DROP TRIGGER {trigger}")
        body = json.loads(db.execute("SELECT body FROM audit WHERE seq = 1").fetchone()["body"])
        db.execute("UPDATE audit SET body = ? WHERE seq = 1", (json.dumps(body | {"account": "ada@box"}),))
    assert entering.identify(former, HERE, None, NOON).name == "ada"


# The way back in, for whoever owns the files.


def recovered(ledger: Ledger, proof: Proof, name: str) -> None:
    with ledger.write() as db:
        entering.take_in(db, proof, name, "nobody could", NOON)


def test_who_owns_the_files_comes_in_as_an_admin_and_the_trail_says_how(ledger: Ledger) -> None:
    there = replace(HERE, machine="n", host="new")
    recovered(ledger, there, "ada")
    assert entering.identify(ledger, there, "ada", NOON).operator.role == "admin"
    row = trail.page(ledger, offset=0, limit=1)[0]
    assert (row.actor, row.action, row.subject, row.reason) == ("ada", "recover", "ada", "nobody could")
    assert row.proof == "account ada@new" and row.details == {"bound": "account ada@new"}


def test_a_viewer_who_was_disabled_is_an_admin_by_it_and_whom_the_account_proved_is_told(ledger: Ledger) -> None:
    operators.set_disabled(ledger, caller_of(ledger, "ada"), "bob", True, "left", NOON)
    recovered(ledger, HERE, "bob")
    who = entering.identify(ledger, HERE, None, NOON).operator
    assert (who.name, who.role, who.disabled) == ("bob", "admin", False)
    assert trail.page(ledger, offset=0, limit=1)[0].details == {"bound": HERE.words, "was": "ada"}


def test_nobody_is_made_up_by_it(ledger: Ledger) -> None:
    with pytest.raises(NotFound, match="knows no operator 'eve'"):
        recovered(ledger, HERE, "eve")


# Through the door itself.


def test_a_name_on_the_line_or_in_the_environment_makes_nobody_an_admin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What this issue is about: ``--operator admin`` made anybody one."""
    home = tmp_path / "home"
    with closing(api.open_engine(home, "ada", create=True)) as engine:
        engine.add_operator("boss", "admin", "a second one", keys=[key_of("boss").line])
        assert engine.caller.proof == of_process()
    with pytest.raises(Forbidden, match="You are ada here, by the account .*, and not boss"):
        api.open_engine(home, "boss")
    monkeypatch.setenv("LEVERFRAME_OPERATOR", "boss")
    with pytest.raises(Forbidden, match="and not boss"):
        api.open_engine(home)
    monkeypatch.delenv("LEVERFRAME_OPERATOR")
    with closing(api.open_engine(home)) as engine:
        assert engine.operator.name == "ada"
    with closing(api.open_engine(home, proof=KeyProof(key_of("boss").fingerprint))) as engine:
        assert engine.operator.name == "boss"


def test_a_workspace_is_made_under_the_account_s_name_where_it_can_be_one(tmp_path: Path) -> None:
    founding.create_workspace(tmp_path / "home", None, proof=replace(HERE, name="carl"))
    with closing(api.open_engine(tmp_path / "home", proof=replace(HERE, name="carl"))) as engine:
        assert (engine.operator.name, engine.operator.role) == ("carl", "admin")
    with pytest.raises(Invalid, match="cannot be an operator's name"):
        founding.create_workspace(tmp_path / "other", None, proof=replace(HERE, name="DOMAIN\\Carl"))
    assert not (tmp_path / "other").exists()


def test_an_unfinished_workspace_says_so(tmp_path: Path) -> None:
    workspace = workspaces.create(tmp_path / "home")
    begun = Ledger(workspace.ledger, locks=workspace.root / "locks")
    for enter in (lambda: entering.identify(begun, HERE, "ada", NOON), lambda: entering.enter_as_service(begun, HERE)):
        with pytest.raises(NotFound, match="was begun and never finished; 'leverframe init' finishes it"):
            enter()


# A service: the engine's own work, by an account that need be nobody's.


def test_an_account_that_is_nobody_s_hosts_the_engine_and_decides_nothing(ledger: Ledger) -> None:
    caller = entering.enter_as_service(ledger, replace(HERE, name="svc", uid=7))
    assert (caller.name, caller.service, caller.operator.role) == ("the engine", True, "viewer")


def test_a_service_is_not_begun_by_who_may_not_host_or_is_another_or_disabled(ledger: Ledger) -> None:
    with pytest.raises(Forbidden, match="bob is a viewer here and may not host the engine; ask somebody who is an op"):
        entering.enter_as_service(ledger, BOB)
    assert entering.enter_as_service(ledger, BOB, hosts=False).service
    with pytest.raises(Forbidden, match="You are ada here"):
        entering.enter_as_service(ledger, HERE, "bob")
    with pytest.raises(Forbidden, match="is bound to no operator"):
        entering.enter_as_service(ledger, replace(HERE, uid=7), "ada")
    operators.set_role(ledger, caller_of(ledger, "ada"), "bob", "operator", "w", NOON)
    assert entering.enter_as_service(ledger, BOB).service
    operators.set_disabled(ledger, caller_of(ledger, "ada"), "bob", True, "w", NOON)
    with pytest.raises(ShutOut, match="bob may not work here any more"):
        entering.enter_as_service(ledger, BOB)


def test_what_cannot_be_written_down_changes_nothing_about_a_refusal(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise Refusal("The disk is full.")

    monkeypatch.setattr(ledger, "write", full)
    with pytest.raises(Forbidden, match="is bound to no operator"):
        entering.identify(ledger, KeyProof("SHA256:x"), None, NOON)


def test_tries_without_end_are_a_few_rows_and_a_number(ledger: Ledger) -> None:
    for second in range(50):
        with pytest.raises(Forbidden):
            entering.identify(ledger, BOB, "ada", NOON + timedelta(seconds=second))
    assert len(refused_rows(ledger)) == flood.WRITTEN
