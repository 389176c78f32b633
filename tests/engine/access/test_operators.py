"""Who works here and as what: let in, made another, disabled, bound to keys and accounts; the last admin stays."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.access import bindings, operators
from engine.access.caller import Caller
from engine.access.entering import found_workspace
from engine.access.proof import AccountProof, KeyProof
from engine.audit import trail
from engine.clock import stamp
from engine.errors import Conflict, Forbidden, Invalid, NotFound
from engine.records import Operator, Role
from engine.storage import workspace as workspaces
from engine.storage.ledger import Ledger
from tests.ledger import everything_in
from tests.people import caller_of, key_of

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
LATER = datetime(2026, 11, 25, 12, tzinfo=UTC)
HERE = AccountProof("ada", 1000, "m", "box")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    workspace = workspaces.create(tmp_path / "home")
    ledger = Ledger(workspace.ledger, locks=workspace.root / "locks")
    with ledger.write() as db:
        found_workspace(db, "ada", HERE, NOON)
    return ledger


@pytest.fixture
def ada(ledger: Ledger) -> Caller:
    return caller_of(ledger, "ada")


def added(ledger: Ledger, name: str, role: Role, *, key: bool = True) -> Caller:
    operators.add(ledger, caller_of(ledger, "ada"), name, role, "new", LATER, keys=[key_of(name)] if key else [])
    return caller_of(ledger, name)


def acts(ledger: Ledger) -> list[tuple[str, str, str, str]]:
    return [(r.actor, r.action, r.subject, r.reason) for r in trail.page(ledger, offset=0, limit=99)]


def people(ledger: Ledger) -> dict[str, tuple[str, bool]]:
    return {each.name: (each.role, each.disabled) for each in operators.everyone(ledger)}


def test_whoever_founds_a_workspace_is_its_admin_by_their_account_and_nobody_founds_it_twice(ledger: Ledger) -> None:
    (founder,) = operators.everyone(ledger)
    assert (founder.name, founder.role, founder.disabled) == ("ada", "admin", False)
    assert [(way.kind, way.label, way.since) for way in founder.ways] == [("account", "ada@box", NOON)]
    assert acts(ledger) == [("ada", "init", "workspace", "created")]
    with ledger.write() as db:
        found_workspace(db, "eve", HERE, LATER)
    assert [each.name for each in operators.everyone(ledger)] == ["ada"]
    assert len(acts(ledger)) == 1


def test_a_founder_who_names_a_key_is_bound_to_it_and_not_to_the_account(tmp_path: Path) -> None:
    workspace = workspaces.create(tmp_path / "home")
    ledger = Ledger(workspace.ledger, locks=workspace.root / "locks")
    with ledger.write() as db:
        found_workspace(db, "ada", HERE, NOON, key_of("ada"))
        assert bindings.holder(db, HERE) is None
        assert bindings.holder(db, KeyProof(key_of("ada").fingerprint)) == "ada"
    row = trail.page(ledger, offset=0, limit=1)[0]
    assert row.proof == "account ada@box" and row.details == {"bound": f"key {key_of('ada').fingerprint}"}


def test_who_is_let_in_has_a_role_and_what_proves_them(ledger: Ledger, ada: Caller) -> None:
    bob = operators.add(
        ledger, ada, "bob", "viewer", "a colleague", LATER,
        keys=[key_of("bob")], accounts=[AccountProof("bob", 1001, "m", "box")],
    )  # fmt: skip
    assert bob == operators.everyone(ledger)[1]
    assert [(way.kind, way.label, way.comment) for way in bob.ways] == [
        ("key", key_of("bob").fingerprint, "bob@tests"), ("account", "bob@box", ""),
    ]  # fmt: skip
    assert bob.ways[0].public_key == key_of("bob").line
    row = trail.page(ledger, offset=0, limit=1)[0]
    assert (row.actor, row.action, row.subject, row.reason) == ("ada", "add-operator", "bob", "a colleague")
    bound = [f"key {key_of('bob').fingerprint}", "account bob@box"]
    assert row.details == {"role": "viewer", "bound": bound} and row.at == LATER


def test_each_role_can_be_had_and_a_change_says_what_it_was(ledger: Ledger, ada: Caller) -> None:
    added(ledger, "bob", "viewer")
    for role in ("auditor", "operator", "admin"):
        assert operators.set_role(ledger, ada, "bob", role, "promoted", LATER).role == role
    assert people(ledger) == {"ada": ("admin", False), "bob": ("admin", False)}
    row = trail.page(ledger, offset=0, limit=1)[0]
    assert (row.action, row.subject, row.details) == ("set-role", "bob", {"role": "admin", "was": "operator"})


def test_a_role_for_one_project_is_had_besides_until_it_is_taken_back(ledger: Ledger, ada: Caller) -> None:
    added(ledger, "bob", "viewer")
    with ledger.write() as db:
        for name in ("flights", "churn"):
            db.execute("INSERT INTO projects VALUES (?, '', '', '', '{}', ?, NULL)", (name, "2026-11-01T00:00:00Z"))
    bob = operators.set_project_role(ledger, ada, "bob", "flights", "operator", "theirs", LATER)
    assert bob.projects == (("flights", "operator"),)
    assert bob.roles("flights") == ("viewer", "operator")
    assert bob.roles("churn") == bob.roles(None) == ("viewer",)
    operators.set_project_role(ledger, ada, "bob", "churn", "admin", "theirs too", LATER)
    bob = operators.set_project_role(ledger, ada, "bob", "flights", None, "not any more", LATER)
    assert bob.projects == (("churn", "admin"),) == operators.everyone(ledger)[1].projects
    row = trail.page(ledger, offset=0, limit=1)[0]
    assert row.details == {"project": "flights", "role": None, "was": "operator"}


def test_an_admin_of_one_project_gives_roles_for_it_and_for_no_other(ledger: Ledger, ada: Caller) -> None:
    adam = added(ledger, "adam", "viewer")
    added(ledger, "bob", "viewer")
    with ledger.write() as db:
        for name in ("flights", "churn"):
            db.execute("INSERT INTO projects VALUES (?, '', '', '', '{}', ?, NULL)", (name, "2026-11-01T00:00:00Z"))
    operators.set_project_role(ledger, ada, "adam", "flights", "admin", "his", LATER)
    bob = operators.set_project_role(ledger, adam, "bob", "flights", "operator", "a colleague", LATER)
    assert bob.projects == (("flights", "operator"),)
    before = everything_in(ledger)
    with pytest.raises(Forbidden, match="adam is no admin any more"):
        operators.set_project_role(ledger, adam, "bob", "churn", "operator", "another", LATER)
    assert everything_in(ledger) == before
    with ledger.read() as db:
        assert operators.roles(db, "flights") == {
            "ada": ("admin",), "adam": ("viewer", "admin"), "bob": ("viewer", "operator"),
        }  # fmt: skip
        assert operators.roles(db, None) == {"ada": ("admin",), "adam": ("viewer",), "bob": ("viewer",)}
    operators.set_disabled(ledger, ada, "bob", True, "left", LATER)
    with ledger.read() as db:
        assert "bob" not in operators.roles(db, "flights"), "who may not work here approves nothing"


def test_who_is_disabled_keeps_their_role_for_when_they_are_enabled(ledger: Ledger, ada: Caller) -> None:
    added(ledger, "bob", "operator")
    assert operators.set_disabled(ledger, ada, "bob", True, "left", LATER).disabled
    assert operators.set_role(ledger, ada, "bob", "viewer", "no more than that", LATER).disabled
    assert operators.set_disabled(ledger, ada, "bob", False, "back", LATER) == Operator("bob", "viewer")
    assert [each[1] for each in acts(ledger)[:3]] == ["enable-operator", "set-role", "disable-operator"]


def test_a_key_is_bound_and_let_go_and_then_proves_nobody(ledger: Ledger, ada: Caller) -> None:
    added(ledger, "bob", "operator", key=False)
    bob = operators.add_way(ledger, ada, "bob", key_of("bob"), "his laptop", LATER)
    proof = KeyProof(key_of("bob").fingerprint)
    assert [way.label for way in bob.ways] == [proof.fingerprint]
    operators.remove_way(ledger, ada, "bob", proof.fingerprint, "lost", LATER)
    with ledger.read() as db:
        assert bindings.holder(db, proof) is None
    assert [(r.action, r.details) for r in trail.page(ledger, offset=0, limit=2)] == [
        ("unbind", {"was": proof.words}), ("bind", {"bound": proof.words}),
    ]  # fmt: skip
    carl = added(ledger, "carl", "operator", key=False)
    operators.add_way(ledger, ada, carl.name, key_of("bob"), "found again", LATER)
    with ledger.read() as db:
        assert bindings.holder(db, proof) == "carl"


def test_what_ended_before_keeps_the_day_on_which_it_did(ledger: Ledger, ada: Caller) -> None:
    added(ledger, "bob", "operator")
    proof, days = KeyProof(key_of("bob").fingerprint), [LATER + timedelta(days=n) for n in range(2)]
    operators.remove_way(ledger, ada, "bob", proof.fingerprint, "lost", days[0])
    operators.add_way(ledger, ada, "bob", key_of("bob"), "found again", days[0])
    operators.remove_way(ledger, ada, "bob", proof.fingerprint, "lost again", days[1])
    with ledger.write() as db:
        bindings.release(db, proof, LATER + timedelta(days=9))
        rows = db.execute("SELECT until FROM bindings WHERE operator = 'bob' ORDER BY id").fetchall()
    assert [row["until"] for row in rows] == [stamp(day) for day in days]


Act = Callable[[Ledger, Caller], Any]
REFUSED: dict[str, tuple[Act, type[Exception], str]] = {
    "a name that cannot be": (
        lambda ledger, ada: operators.add(ledger, ada, "Bob", "viewer", "w", LATER), Invalid, "cannot be an operator's",
    ),
    "no role": (
        lambda ledger, ada: operators.add(ledger, ada, "eve", "auditor of all", "w", LATER),  # type: ignore[arg-type]
        Invalid, "'auditor of all' is no role; it is one of viewer, auditor, operator, admin",
    ),
    "a name that is there": (
        lambda ledger, ada: operators.add(ledger, ada, "ada", "viewer", "w", LATER), Conflict, "'ada' already",
    ),
    "a key of somebody": (
        lambda ledger, ada: operators.add(ledger, ada, "eve", "viewer", "w", LATER, keys=[key_of("bob")]),
        Conflict, r"eve cannot be given the key SHA256:\S+: it proves bob already, and may prove one person only",
    ),
    "an account of somebody": (
        lambda ledger, ada: operators.add_way(ledger, ada, "bob", HERE, "w", LATER),
        Conflict, "account ada@box: it proves ada already",
    ),
    "a key twice": (
        lambda ledger, ada: operators.add_way(ledger, ada, "bob", key_of("bob"), "w", LATER),
        Conflict, "theirs already",
    ),
    "a key that is not theirs": (
        lambda ledger, ada: operators.remove_way(ledger, ada, "bob", "ada@box", "w", LATER),
        NotFound, "bob has no key or account 'ada@box'; 'leverframe operators keys list bob' lists",
    ),
    "nobody's role": (
        lambda ledger, ada: operators.set_role(ledger, ada, "eve", "admin", "w", LATER), NotFound, "no operator 'eve'",
    ),
    "the same role": (
        lambda ledger, ada: operators.set_role(ledger, ada, "bob", "operator", "w", LATER),
        Conflict, "operator already",
    ),
    "no role to take back": (
        lambda ledger, ada: operators.set_project_role(ledger, ada, "bob", "flights", None, "w", LATER),
        Conflict, "bob has no role for flights already",
    ),
    "enabled twice": (
        lambda ledger, ada: operators.set_disabled(ledger, ada, "bob", False, "w", LATER), Conflict, "enabled already",
    ),
    "the last admin's role": (
        lambda ledger, ada: operators.set_role(ledger, ada, "ada", "operator", "w", LATER),
        Conflict, "ada is the last admin who can come in; first let somebody else be one",
    ),
    "the last admin's leave": (
        lambda ledger, ada: operators.set_disabled(ledger, ada, "ada", True, "w", LATER), Conflict, "the last admin",
    ),
    "the last admin's account": (
        lambda ledger, ada: operators.remove_way(ledger, ada, "ada", "ada@box", "w", LATER), Conflict, "the last admin",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_is_refused_and_nothing_is_written(ledger: Ledger, ada: Caller, what: str) -> None:
    added(ledger, "bob", "operator")
    before = everything_in(ledger)
    act, error, says = REFUSED[what]
    with pytest.raises(error, match=says):
        act(ledger, ada)
    assert everything_in(ledger) == before


def test_an_admin_who_cannot_come_in_is_no_second_one(ledger: Ledger, ada: Caller) -> None:
    added(ledger, "bob", "admin", key=False)
    with pytest.raises(Conflict, match="ada is the last admin who can come in"):
        operators.set_disabled(ledger, ada, "ada", True, "w", LATER)
    operators.add_way(ledger, ada, "bob", key_of("bob"), "now he can", LATER)
    assert operators.set_disabled(ledger, ada, "ada", True, "w", LATER).disabled


def test_of_two_admins_who_disable_each_other_the_second_is_refused_though_the_door_let_both_in(
    ledger: Ledger, ada: Caller
) -> None:
    bob = added(ledger, "bob", "admin")
    added(ledger, "carl", "admin")
    operators.set_disabled(ledger, bob, "ada", True, "he", LATER)
    before = everything_in(ledger)
    for act in (
        lambda: operators.set_disabled(ledger, ada, "bob", True, "she", LATER),
        lambda: operators.set_role(ledger, ada, "bob", "viewer", "she", LATER),
        lambda: operators.set_project_role(ledger, ada, "bob", "flights", "viewer", "she", LATER),
        lambda: operators.add(ledger, ada, "eve", "admin", "she", LATER),
        lambda: operators.add_way(ledger, ada, "bob", key_of("eve"), "she", LATER),
        lambda: operators.remove_way(ledger, ada, "bob", key_of("bob").fingerprint, "she", LATER),
    ):
        with pytest.raises(Forbidden, match="ada is no admin any more; nothing was changed"):
            act()
    assert everything_in(ledger) == before
