"""The guard rails of a learner as a table of cases: each alone keeps a version waiting for a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.access.approval import Policy
from engine.jobs.learn.guards import why_not_by_itself
from engine.projects.manifest.records import LearnSpec

NOW = datetime(2026, 11, 24, tzinfo=UTC)
RAILS = LearnSpec(asked=True, approval="guarded", most_changed=0.05, at_most_every=timedelta(days=7))
WELL: dict[str, Any] = {
    "spec": RAILS, "policy": Policy(), "verdict": "pass", "comparison": "same", "changed": 0.05, "last": None,
    "now": NOW,
}  # fmt: skip
CASES: dict[str, tuple[dict[str, Any], str | None]] = {
    "all hold": ({}, None),
    "better": ({"comparison": "better"}, None),
    "nobody can tell which is better": ({"comparison": "cannot tell"}, None),
    "surely worse": ({"comparison": "worse"}, "on the same rows it is surely below the live version"),
    "not compared": ({"comparison": "not compared"}, "on the same rows it could not be held against the live one"),
    "a person decides": ({"spec": replace(RAILS, approval="person")}, "[learn] approval says that a person decides"),
    "a gate fails": ({"verdict": "fail"}, "it did not pass its gates"),
    "a gate cannot tell": ({"verdict": "cannot tell"}, "it did not pass its gates"),
    "a gate warns": ({"verdict": "warn"}, "one of its gates warns"),
    "too many decisions": (
        {"changed": 0.051}, "it decides 5.1% of the rows otherwise, and [learn] most_changed is 5.0%",
    ),
    "numbers": ({"changed": None}, "nobody can tell how many"),
    "numbers, and that is let pass": ({"changed": None, "spec": replace(RAILS, most_changed=1.0)}, None),
    "a week ago": ({"last": NOW - timedelta(days=7)}, None),
    "less than a week ago": ({"last": NOW - timedelta(days=6)}, "the last one went live by itself 6 d ago"),
    "a clock that went back": ({"last": NOW + timedelta(days=1)}, "the last one went live by itself 0"),
    "what is live was rolled back to": ({"gone_back": True}, "somebody has rolled back to what is live"),
    "two people": ({"policy": Policy(approvals=2)}, "the policy in force wants certain people"),
    "four eyes": ({"policy": Policy(four_eyes=True)}, "the policy in force wants certain people"),
    "certain people": ({"policy": Policy(approvers=(("ada",),))}, "the policy in force wants certain people"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_keeps_it_waiting(case: str) -> None:
    changes, said = CASES[case]
    why = why_not_by_itself(**{**WELL, **changes})
    assert why is None if said is None else why is not None and why.startswith(said), why
