"""How a project is released is the stricter of what is in force for it and what the workspace asks of all."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.access import operators
from engine.access.approval import NOTHING_ASKED, Policy
from engine.access.entering import found_workspace
from engine.access.proof import of_process
from engine.audit import trail
from engine.clock import stamp
from engine.errors import Invalid
from engine.projects import in_force, policy
from engine.projects.manifest.approval import window_of
from engine.storage import workspace as workspaces
from engine.storage.ledger import Ledger
from tests.callers import caller

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    workspace = workspaces.create(tmp_path / "home")
    return Ledger(workspace.ledger, locks=workspace.root / "locks")


def asked(ledger: Ledger, own: dict[str, object], workspace: dict[str, str]) -> Policy:
    with ledger.write() as db:
        manifest = json.dumps({"approval": own})
        db.execute("INSERT INTO projects VALUES ('tiny', 'T', 'o', '/p', ?, ?, NULL)", (manifest, stamp(NOON)))
    for name, value in workspace.items():
        policy.choose(ledger, name, value, caller(), "so", NOON)
    with ledger.read() as db:
        return in_force.approval(db, "tiny")


EVENING = window_of("16:00-24:00 fri Europe/Berlin")


@pytest.mark.parametrize(
    ("own", "workspace", "wanted"),
    [
        ({}, {}, Policy()),
        ({"approvals": 2}, {}, Policy(2)),
        ({"approvals": 2}, {"approvals": "1"}, Policy(2)),
        ({"approvals": 2}, {"approvals": "3"}, Policy(3)),
        ({}, {"approvals": "2"}, Policy(2)),
        ({"four_eyes": True}, {}, Policy(four_eyes=True)),
        ({"four_eyes": True}, {"four_eyes": "no"}, Policy(four_eyes=True)),
        ({"four_eyes": False}, {"four_eyes": "yes"}, Policy(four_eyes=True)),
        ({"approvers": ["bob", "ada"]}, {}, Policy(approvers=(("ada", "bob"),))),
        ({"approvers": ["bob"]}, {"approvers": "role:admin"}, Policy(approvers=(("bob",), ("role:admin",)))),
        ({}, {"approvers": "bob ada, bob"}, Policy(approvers=(("ada", "bob"),))),
        ({}, {"freeze": "16:00-24:00 fri Europe/Berlin"}, Policy(freeze=(EVENING,))),
        ({"freeze": ["16:00-24:00 fri Europe/Berlin"]}, {"freeze": "22:00-06:00"},
         Policy(freeze=(EVENING, window_of("22:00-06:00")))),
        ({"expires": "30d"}, {}, Policy(expires=timedelta(days=30))),
        ({"expires": "30d"}, {"expires": "2d"}, Policy(expires=timedelta(days=2))),
        ({}, {"expires": "30d"}, Policy()),
        ({}, {"freeze": "22:00-06:00", "approvals": "2"}, Policy(2, freeze=(window_of("22:00-06:00"),))),
    ],
)  # fmt: skip
def test_the_stricter_of_both_counts(
    ledger: Ledger, own: dict[str, object], workspace: dict[str, str], wanted: Policy
) -> None:
    assert asked(ledger, own, workspace) == wanted


def test_who_says_so_is_told_key_by_key(ledger: Ledger) -> None:
    asked(ledger, {"approvals": 2, "freeze": ["22:00-06:00"], "approvers": ["ada"], "expires": "9d"},
          {"approvals": "2", "four_eyes": "yes", "approvers": "role:admin", "expires": "20d"})  # fmt: skip
    with ledger.read() as db:
        told = {line.name: (line.text, line.said_by) for line in policy.lines(db, "tiny")}
        workspace = {line.name: (line.text, line.said_by) for line in policy.lines(db, None)}
        more = [(line.project, line.name) for line in policy.beyond_the_workspace(db)]
    assert told == {
        "approvals": ("2", "both"),
        "four_eyes": ("yes", "the workspace"),
        "approvers": ("ada and on role:admin", "both"),
        "freeze": ("22:00-06:00 UTC", "leverframe.toml"),
        "expires": ("9 d", "leverframe.toml"),
    }
    assert workspace["four_eyes"] == ("yes", "the workspace") and workspace["freeze"] == ("never", "default")
    assert workspace["expires"] == ("20 d", "the workspace")
    assert more == [("tiny", "approvals"), ("tiny", "approvers"), ("tiny", "freeze"), ("tiny", "expires")]


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("aprovals", "2", "The policy has no 'aprovals'; did you mean 'approvals'?"),
        ("zzz", "2", "The policy has no 'zzz'; it has approvals, four_eyes, approvers, freeze, expires."),
        ("approvals", "0", "'0' cannot be approvals; write a number from 1 to 20."),
        ("approvals", "21", "from 1 to 20"),
        ("approvals", "\u0662", "cannot be approvals"),
        ("four_eyes", "true", "'true' cannot be four_eyes; write yes or no."),
        ("approvers", " , ", "approvers names nobody"),
        ("approvers", "Ada", "approvers names 'Ada', which is neither an operator's name nor a role"),
        ("approvers", "role:admn", "approvers names 'role:admn', which is no role; did you mean 'admin'?"),
        ("approvers", "role:viewer", "a viewer approves nothing; write role:operator or role:admin."),
        ("freeze", ";", "freeze names no time"),
        ("freeze", "friday", "freeze names 'friday', which is no freeze; write FROM-TO [DAYS] [ZONE]"),
        ("freeze", "16:00-16:00", "which has no length; a whole day is 00:00-24:00."),
        ("freeze", "16:00-24:00 Europe/Berln", "which is no known time zone; did you mean 'Europe/Berlin'?"),
        ("freeze", "16:00-24:00 fry", "in which 'fry' is neither days nor a zone"),
        ("freeze", "16:00-24:00 fri UTC x", "in which 'UTC' is neither days nor a zone"),
        ("expires", "soon", "'soon' cannot be expires"),
        ("expires", "59s", "cannot be expires"),
        ("expires", "3654d", "cannot be expires"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(ledger: Ledger, name: str, value: str, why: str) -> None:
    before = trail.count(ledger)
    with pytest.raises(Invalid) as refused:
        policy.choose(ledger, name, value, caller(), "so", NOON)
    assert why in str(refused.value) and trail.count(ledger) == before


def test_each_change_is_in_the_trail_with_what_was_before_and_default_takes_it_back(ledger: Ledger) -> None:
    for value in ("2", "3", "default"):
        policy.choose(ledger, "approvals", value, caller(), "the auditor", NOON)
    rows = trail.page(ledger, offset=0, limit=3)
    assert [(row.action, row.subject, row.details["before"], row.details["value"]) for row in reversed(rows)] == [
        ("set-policy", "approvals", "default", 2),
        ("set-policy", "approvals", 2, 3),
        ("set-policy", "approvals", 3, "default"),
    ]
    with ledger.read() as db:
        assert in_force.asked(db) == NOTHING_ASKED


def test_who_may_for_one_project_is_enough_for_that_project(ledger: Ledger) -> None:
    asked(ledger, {"approvals": 2}, {})
    with ledger.write() as db:
        found_workspace(db, "ada", of_process(), NOON)
    operators.add(ledger, caller(), "vic", "viewer", "new", NOON)
    with ledger.read() as db:
        (alone,) = policy.complaints(db, NOON)
    assert alone.startswith("tiny can release no version: it takes 2 people to release a version, and only ada may")
    operators.set_project_role(ledger, caller(), "vic", "tiny", "operator", "theirs", NOON)
    with ledger.read() as db:
        assert policy.complaints(db, NOON) == ()


def test_what_nobody_can_meet_is_told_when_it_is_asked_and_holds(ledger: Ledger) -> None:
    asked(ledger, {"approvers": ["bob"]}, {})
    with ledger.write() as db:
        found_workspace(db, "ada", of_process(), NOON)
    with ledger.read() as db:
        stranger, alone = policy.complaints(db, NOON)
    assert stranger.startswith("tiny names bob to approve, and nobody here is called that")
    assert alone.startswith("tiny can release no version: it takes 1 person to release a version, and nobody may")
    (told,) = policy.choose(ledger, "approvals", "2", caller(), "so", NOON)
    assert told.startswith("No project can release a version: it takes 2 people to release a version, and only ada")
    with ledger.read() as db:
        assert in_force.approval(db, "tiny").approvals == 2


def test_who_is_named_and_not_there_is_told_and_may_come_later(ledger: Ledger) -> None:
    with ledger.write() as db:
        found_workspace(db, "ada", of_process(), NOON)
    (told,) = policy.choose(ledger, "approvers", "ada adda role:admin zo", caller(), "so", NOON)
    assert told == (
        "The workspace names adda and zo to approve, and nobody here is called that ('leverframe operators' lists all)."
    )
    assert policy.choose(ledger, "approvers", "ada role:operator", caller(), "so", NOON) == ()
