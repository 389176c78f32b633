"""Who works here: names, reasons, and who may let somebody in, on the refusing side."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.audit import trail
from engine.errors import Conflict, Forbidden, Invalid, NotFound
from engine.people import operators
from engine.records import Operator
from engine.storage import workspace as workspaces
from engine.storage.ledger import Ledger

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
LATER = datetime(2026, 11, 25, 12, tzinfo=UTC)
ADA = Operator("ada", "admin", "ada@box")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    workspace = workspaces.create(tmp_path / "home")
    ledger = Ledger(workspace.ledger, locks=workspace.root / "locks")
    with ledger.write() as db:
        operators.found_workspace(db, "ada", NOON)
    return ledger


def acts(ledger: Ledger) -> list[tuple[str, str, str, str]]:
    return [(r.actor, r.action, r.subject, r.reason) for r in trail.page(ledger, offset=0, limit=99)]


@pytest.mark.parametrize("reason", ["", " ", "\n\t ", "\u00a0"])
def test_a_reason_of_nothing_but_space_is_none(reason: str) -> None:
    with pytest.raises(Invalid, match="A reason is needed"):
        operators.checked_reason(reason)


def test_a_reason_has_up_to_a_thousand_characters_without_the_space_around_it() -> None:
    assert operators.checked_reason("  newer data \n") == "newer data"
    assert len(operators.checked_reason(" " + "x" * 1000 + " ")) == 1000
    with pytest.raises(Invalid, match="has 1001 characters; keep it under 1,000"):
        operators.checked_reason("x" * 1001)


@pytest.mark.parametrize("name", ["ada", "a", "0", "a.b_c-d", "x" * 32])
def test_names_that_can_be(name: str) -> None:
    assert operators.checked_name(name) == name


@pytest.mark.parametrize("name", ["", "Ada", "x" * 33, "-a", ".a", "_a", "a b", "a\n", "ä", "a/b", "a@b", "eve\x1b[0m"])
def test_names_that_cannot_be(name: str) -> None:
    with pytest.raises(Invalid, match="cannot be an operator's name"):
        operators.checked_name(name)


def test_one_works_under_the_name_that_is_given_then_that_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEVERFRAME_OPERATOR", "bob")
    assert operators.claimed_name("ada") == "ada"
    assert operators.claimed_name(None) == "bob"
    monkeypatch.delenv("LEVERFRAME_OPERATOR")
    monkeypatch.setenv("LOGNAME", "carol")
    assert operators.claimed_name(None) == "carol"
    monkeypatch.setenv("LEVERFRAME_OPERATOR", "Bob!")
    with pytest.raises(Invalid):
        operators.claimed_name(None)


def test_the_account_is_the_process_s_own_with_its_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "carol")
    name, _, machine = operators.account().partition("@")
    assert name == "carol" and machine


def test_what_acts_by_itself_has_a_name_that_no_person_has_and_may_what_an_operator_may() -> None:
    engine = operators.system("the engine")
    assert engine == Operator("the engine", "operator", operators.account())
    operators.require(engine, "operator", "let expire")
    with pytest.raises(Invalid):
        operators.checked_name(engine.name)


def test_whoever_founds_a_workspace_is_its_admin_and_nobody_founds_it_twice(ledger: Ledger) -> None:
    assert operators.everyone(ledger) == (Operator("ada", "admin", ""),)
    assert acts(ledger) == [("ada", "init", "workspace", "created")]
    with ledger.write() as db:
        operators.found_workspace(db, "eve", LATER)
    assert operators.everyone(ledger) == (Operator("ada", "admin", ""),)
    assert len(acts(ledger)) == 1


def test_the_one_who_is_let_in_is_known_by_their_role_and_the_account_of_the_session(ledger: Ledger) -> None:
    assert operators.add(ledger, ADA, "bob", "viewer", "a colleague", LATER) == Operator("bob", "viewer", "")
    assert operators.identify(ledger, "bob") == Operator("bob", "viewer", operators.account())
    assert operators.everyone(ledger) == (Operator("ada", "admin", ""), Operator("bob", "viewer", ""))
    assert acts(ledger)[0] == ("ada", "add-operator", "bob", "a colleague")
    row = trail.page(ledger, offset=0, limit=1)[0]
    assert row.details == {"role": "viewer"} and row.at == LATER
    with ledger.read() as db:
        added = db.execute("SELECT added_at FROM operators WHERE name = 'bob'").fetchone()["added_at"]
    assert added.startswith("2026-11-25T12:00:00")


def test_a_stranger_is_told_how_to_be_let_in(ledger: Ledger) -> None:
    with pytest.raises(NotFound, match="knows no operator 'eve'.*operators add eve --role operator --reason"):
        operators.identify(ledger, "eve")


def test_where_nobody_was_let_in_yet_it_is_said_that_the_workspace_was_never_finished(tmp_path: Path) -> None:
    workspace = workspaces.create(tmp_path / "home")
    begun = Ledger(workspace.ledger, locks=workspace.root / "locks")
    with pytest.raises(NotFound, match="was begun and never finished; 'leverframe init' finishes it"):
        operators.identify(begun, "ada")


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_nobody_but_an_admin_lets_people_in(ledger: Ledger, role: str) -> None:
    with pytest.raises(Forbidden):
        operators.add(ledger, Operator("eve", role, ""), "mallory", "admin", "me too", LATER)  # type: ignore[arg-type]
    assert len(operators.everyone(ledger)) == len(acts(ledger)) == 1


@pytest.mark.parametrize(
    ("name", "role", "error", "says"),
    [
        ("Bob", "viewer", Invalid, "cannot be an operator's name"),
        ("bob", "auditor of all", Invalid, "is no role; it is one of viewer, operator, admin"),
        ("bob", "", Invalid, "is no role"),
        ("ada", "viewer", Conflict, "There is an operator 'ada' already"),
    ],
)
def test_who_cannot_be_let_in_is_told_why_and_nothing_is_written(
    ledger: Ledger, name: str, role: str, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        operators.add(ledger, ADA, name, role, "why not", LATER)  # type: ignore[arg-type]
    assert operators.everyone(ledger) == (Operator("ada", "admin", ""),)
    assert len(acts(ledger)) == 1
