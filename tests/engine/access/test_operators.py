"""Who works here: whoever made the workspace, and who was let in; who is not known is told how."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.access import caller as callers
from engine.access import operators
from engine.access.caller import Caller, Claim
from engine.audit import trail
from engine.errors import Conflict, Invalid, NotFound
from engine.records import Operator
from engine.storage import workspace as workspaces
from engine.storage.ledger import Ledger
from tests.callers import caller

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
LATER = datetime(2026, 11, 25, 12, tzinfo=UTC)
ADA = caller()


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    workspace = workspaces.create(tmp_path / "home")
    ledger = Ledger(workspace.ledger, locks=workspace.root / "locks")
    with ledger.write() as db:
        operators.found_workspace(db, "ada", NOON)
    return ledger


def acts(ledger: Ledger) -> list[tuple[str, str, str, str]]:
    return [(r.actor, r.action, r.subject, r.reason) for r in trail.page(ledger, offset=0, limit=99)]


def test_whoever_founds_a_workspace_is_its_admin_and_nobody_founds_it_twice(ledger: Ledger) -> None:
    assert operators.everyone(ledger) == (Operator("ada", "admin"),)
    assert acts(ledger) == [("ada", "init", "workspace", "created")]
    with ledger.write() as db:
        operators.found_workspace(db, "eve", LATER)
    assert operators.everyone(ledger) == (Operator("ada", "admin"),)
    assert len(acts(ledger)) == 1


def test_the_one_who_is_let_in_is_known_by_their_role_and_the_account_of_the_session(ledger: Ledger) -> None:
    assert operators.add(ledger, ADA, "bob", "viewer", "a colleague", LATER) == Operator("bob", "viewer")
    assert operators.identify(ledger, "bob") == Caller(Operator("bob", "viewer"), Claim(callers.account()))
    assert operators.everyone(ledger) == (Operator("ada", "admin"), Operator("bob", "viewer"))
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
    assert operators.everyone(ledger) == (Operator("ada", "admin"),)
    assert len(acts(ledger)) == 1
