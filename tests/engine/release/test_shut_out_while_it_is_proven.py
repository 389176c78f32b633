"""A proof takes a while: whoever may not decide any more when it has ended has decided nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from engine.access import operators
from engine.api import Engine
from engine.audit import trail
from engine.errors import Forbidden, ShutOut
from engine.release.records import MovePlan, ProofStep
from engine.storage.ledger import Ledger
from tests.callers import caller
from tests.engine.release.approving import FRIDAY, HOUR, approve, candidate, four_people, plan
from tests.people import open_engine


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    yield from four_people(tmp_path)


def _disabled(ledger: Ledger) -> None:
    operators.set_disabled(ledger, caller(), "bob", True, "he left", FRIDAY)


def _demoted(ledger: Ledger) -> None:
    operators.set_role(ledger, caller(), "bob", "viewer", "another job", FRIDAY)


def _robbed(ledger: Ledger) -> None:
    operators.remove_way(ledger, caller(), "bob", "bob@box", "stolen", FRIDAY)


@pytest.mark.parametrize(
    ("meanwhile", "why"),
    [
        (_disabled, "bob may not work here any more"),
        (_demoted, "bob may not decide about tiny any more"),
        (_robbed, "bob@box proves bob no more"),
    ],
)
def test_nobody_approves_or_rolls_back_who_may_no_longer_when_it_is_proven(
    ledger: Ledger, meanwhile: Callable[[Ledger], None], why: str
) -> None:
    first = candidate(ledger)
    assert approve(ledger, plan(ledger, first), "ada")
    second, third = candidate(ledger), candidate(ledger)
    with ledger.write() as db:
        db.execute("UPDATE versions SET against = 1 WHERE number > 1")
    assert approve(ledger, replace(plan(ledger, second), source=first, live_seq=1), "ada")
    with ledger.write() as db:
        db.execute("UPDATE versions SET against = 2, state = 'candidate' WHERE number = 3")
    shown = replace(plan(ledger, third), source=second, live_seq=2)
    meanwhile(ledger)
    before = trail.count(ledger)
    for each in (shown, MovePlan("tiny", "rollback", second, first, 2, (), (), (), None)):
        with pytest.raises(Forbidden, match=why):
            approve(ledger, each, "bob", FRIDAY + HOUR)
    assert trail.count(ledger) == before


@pytest.mark.slow  # a history of four retrains, made once
def test_it_stands_in_the_trail_as_any_refusal_does(releases: Engine) -> None:
    with closing(open_engine(releases.home, "bob")) as bob:
        shown = bob.plan_release("tiny@4")

        def he_leaves(step: ProofStep) -> None:
            if "golden" in step.what:
                releases.disable_operator("bob", "he left")

        with pytest.raises(ShutOut, match="bob may not work here any more"):
            bob.move(shown, "newer data", he_leaves)
    assert releases.version("tiny@3").state == "live" and releases.version("tiny@4").state == "candidate"
    last = releases.audit(limit=1)[0]
    assert (last.action, last.actor, last.details) == ("refused", "bob", {"act": "move", "project": "tiny"})
    assert not [each for each in (releases.home / "releases" / "tiny").iterdir() if each.name.startswith("4-")]
