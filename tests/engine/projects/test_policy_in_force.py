"""How a project is released is the stricter of what is in force for it and what the workspace asks of all."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.clock import stamp
from engine.projects import in_force
from engine.storage import workspace as workspaces
from engine.storage.ledger import Ledger

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    workspace = workspaces.create(tmp_path / "home")
    return Ledger(workspace.ledger, locks=workspace.root / "locks")


def asked(ledger: Ledger, own: dict[str, object], workspace: dict[str, int]) -> tuple[int, bool]:
    with ledger.write() as db:
        manifest = json.dumps({"approval": own})
        db.execute("INSERT INTO projects VALUES ('tiny', 'T', 'o', '/p', ?, ?, NULL)", (manifest, stamp(NOON)))
        for name, value in workspace.items():
            db.execute("INSERT INTO settings (name, value) VALUES (?, ?)", (name, value))
        rules = in_force.approval(db, "tiny")
    return rules.approvals, rules.four_eyes


@pytest.mark.parametrize(
    ("own", "workspace", "wanted"),
    [
        ({}, {}, (1, False)),
        ({"approvals": 2}, {}, (2, False)),
        ({"approvals": 2}, {"approvals": 1}, (2, False)),
        ({"approvals": 2}, {"approvals": 3}, (3, False)),
        ({}, {"approvals": 2}, (2, False)),
        ({"four_eyes": True}, {}, (1, True)),
        ({"four_eyes": True}, {"four_eyes": 0}, (1, True)),
        ({"four_eyes": False}, {"four_eyes": 1}, (1, True)),
        ({"approvals": 1, "four_eyes": False}, {"approvals": 2, "four_eyes": 1}, (2, True)),
        ({}, {"keep_free": 9}, (1, False)),
    ],
)
def test_the_stricter_of_both_counts(
    ledger: Ledger, own: dict[str, object], workspace: dict[str, int], wanted: tuple[int, bool]
) -> None:
    assert asked(ledger, own, workspace) == wanted
