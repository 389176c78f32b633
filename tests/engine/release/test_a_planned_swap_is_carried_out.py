"""Approved in the afternoon, live at night: the run of a planned swap, with a real proof, and what becomes of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine import clock
from engine.api import Engine
from engine.errors import Conflict
from engine.records import Run
from engine.release import at_its_time
from engine.release.records import PlannedSwap
from engine.storage.ledger import Ledger
from tests.ledger import store_of

pytestmark = pytest.mark.slow  # a history of four retrains, made once

HOUR = timedelta(hours=1)


def planned(engine: Engine) -> PlannedSwap:
    plan = engine.plan_release("tiny@4", clock.now() + HOUR)
    moved = engine.move(plan, "tonight", lambda step: None)
    assert moved.deployment is None and moved.due == plan.due and "goes live at" in moved.sentence
    assert [step.what for step in moved.steps][-1].endswith("golden rows equal"), "it is proven when it is approved"
    found = engine.remarks("tiny@4").planned
    assert found is not None and engine.version("tiny@3").state == "live"
    return found


def run_of(engine: Engine, ledger: Ledger, found: PlannedSwap) -> Run:
    """Its run, whose process has ended."""
    (run,) = at_its_time.look(ledger, found.due)
    engine.reconcile()
    return engine.wait(run, lambda run: None)


def test_it_is_proven_once_more_and_goes_live(releases: Engine, releases_ledger: Ledger) -> None:
    ended = run_of(releases, releases_ledger, planned(releases))
    assert (ended.state, ended.version, ended.job) == ("succeeded", "tiny@4", "planned-swap"), ended.why
    assert releases.version("tiny@4").state == "live"
    row = releases.audit(limit=1)[0]
    assert (row.action, row.actor, row.reason) == ("release", "ada", "tonight")
    assert (releases.home / "live" / "tiny").resolve().name.startswith("4-"), "the link is switched"
    releases.pass_time()
    assert releases.audit(limit=1)[0].seq == row.seq, "nothing is left to be done"


def test_what_cannot_be_proven_any_more_is_cancelled_and_nothing_has_moved(
    releases: Engine, releases_ledger: Ledger
) -> None:
    found = planned(releases)
    path = store_of(releases).path(releases.show("tiny@4").model.files[0].chunks[0])
    path.chmod(0o644)
    path.unlink()
    ended = run_of(releases, releases_ledger, found)
    assert ended.state == "failed" and ended.why and "tiny@4 is damaged" in ended.why
    last = releases.audit(limit=1)[0]
    assert (last.action, last.actor, last.subject) == ("cancel-swap", "the clock", "tiny@4")
    assert releases.version("tiny@3").state == "live"


def test_a_rollback_in_between_cancels_it(releases: Engine) -> None:
    planned(releases)
    releases.move(releases.plan_rollback("tiny"), "it is wrong", lambda step: None)
    releases.pass_time()
    assert releases.audit(limit=1)[0].action == "cancel-swap"
    assert "made tiny@2 live after it was approved" in releases.audit(limit=1)[0].reason
    assert releases.version("tiny@2").state == "live"


def test_whoever_may_approve_may_take_it_back_and_it_waits_as_before(releases: Engine) -> None:
    planned(releases)
    with pytest.raises(Conflict, match="cancel-swap tiny@4"):
        releases.move(releases.plan_release("tiny@4"), "at once", lambda step: None)
    assert releases.cancel_swap("tiny@4", "not tonight").how == "cancelled"
    moved = releases.move(releases.plan_release("tiny@4"), "at once", lambda step: None)
    assert moved.deployment is not None
