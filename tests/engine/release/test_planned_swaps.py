"""Approved now, live later: what is asked when it is planned, and again until its time, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from engine.access import operators
from engine.access.caller import Requester
from engine.audit import trail
from engine.clock import stamp
from engine.errors import Conflict
from engine.projects import in_force, registry
from engine.records import RunState
from engine.release import at_its_time, decisions, history, planned_swaps, remarks, swap
from engine.release.policy import LATE, Next, next_of
from engine.release.proof import Steps
from engine.release.records import MovePlan, PlannedSwap
from engine.rewind.past_ledger import stand
from engine.runs import queue
from engine.storage import workspace as workspaces
from engine.storage.ledger import Ledger
from engine.versions import catalog
from tests.callers import caller
from tests.engine.release.approving import FRIDAY, HOUR, MANIFEST, approve, ask, by, candidate, four_people, plan
from tests.engine.release.approving import refusal as refusal_at_once

DUE = FRIDAY + 14 * HOUR  # 02:00 on Saturday
MINUTE = timedelta(minutes=1)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    yield from four_people(tmp_path)


def planned(ledger: Ledger, label: str, who: str = "bob", due: datetime = DUE, now: datetime = FRIDAY) -> PlannedSwap:
    assert not approve(ledger, replace(plan(ledger, label), due=due), who, now)
    found = newest(ledger, label)
    assert found.how is None
    return found


def newest(ledger: Ledger, label: str) -> PlannedSwap:
    with ledger.read() as db:
        found = planned_swaps.newest(db, *catalog.parse_label(label))
    assert found is not None
    return found


def at_time(ledger: Ledger, found: PlannedSwap, now: datetime = DUE) -> bool:
    """Carry it out, unproven; whether it is live by that."""
    with ledger.read() as db:
        shown = MovePlan(
            "tiny", "release", None, found.label, 0, (), (), (), None,
            policy=in_force.approval(db, "tiny"), planned=found.id,
        )  # fmt: skip
    steps = Steps(lambda step: None)
    return swap.commit(ledger, shown, MANIFEST, "r", steps, found.reason, Requester(found.by), now) is not None


def state_of(ledger: Ledger, label: str) -> str:
    with ledger.read() as db:
        return str(catalog.find(db, label)["state"])


@pytest.mark.parametrize(
    ("late", "certainly", "run", "then"),
    [
        (-MINUTE, -MINUTE, None, "wait"),
        (0 * MINUTE, 0 * MINUTE, None, "run"),
        (LATE, LATE, None, "run"),
        (LATE + MINUTE, LATE + MINUTE, None, "late"),
        (0 * MINUTE, -MINUTE, None, "wait"),  # nothing but the clock says that it is time
        (50 * LATE, -MINUTE, None, "wait"),  # a clock that leapt ahead cancels nothing
        (50 * LATE, MINUTE, None, "wait"),  # nor does it swap days late what was due just before it leapt
        (MINUTE, MINUTE, "queued", "wait"),
        (2 * LATE, 2 * LATE, "queued", "late"),  # behind a retrain that takes half the night
        (50 * LATE, MINUTE, "queued", "wait"),
        (MINUTE, MINUTE, "running", "wait"),
        (2 * LATE, 2 * LATE, "running", "wait"),  # it asks itself before it commits
        (MINUTE, MINUTE, "interrupted", "run"),
        (2 * LATE, 2 * LATE, "interrupted", "late"),
        (MINUTE, MINUTE, "failed", "failed"),
        (MINUTE, MINUTE, "cancelled", "failed"),
    ],
)
def test_a_swap_runs_once_at_its_time_or_is_late(
    late: timedelta, certainly: timedelta, run: RunState | None, then: Next
) -> None:
    assert next_of(DUE, DUE + late, DUE + certainly, run) == then


def test_what_is_planned_goes_live_at_its_time_in_the_name_of_who_approved_it(ledger: Ledger) -> None:
    found = planned(ledger, candidate(ledger))
    assert state_of(ledger, "tiny@1") == "candidate"
    assert at_its_time.look(ledger, DUE - MINUTE) == [], "it is not time"
    (run,) = at_its_time.look(ledger, DUE)
    assert at_its_time.look(ledger, DUE + MINUTE) == [], "another engine finds the run of the first"
    assert at_time(ledger, found, DUE + MINUTE)
    ended = newest(ledger, "tiny@1")
    assert (state_of(ledger, "tiny@1"), ended.how, ended.run) == ("live", "swapped", run)
    with pytest.raises(Conflict, match="tiny@1 swapped"):
        at_time(ledger, ended, DUE + MINUTE)
    rows = {row.action: row for row in trail.page(ledger, offset=0, limit=20)}
    assert rows["release"].actor == "bob" and rows["release"].details["planned"] == rows["plan-swap"].seq
    assert rows["plan-swap"].details["due"] == stamp(DUE) and rows["plan-swap"].reason == "good"


def test_nobody_carries_out_a_planned_swap_themselves_nor_anything_else_by_it(ledger: Ledger) -> None:
    label, other = candidate(ledger), candidate(ledger)
    found = planned(ledger, label)
    shown = replace(plan(ledger, label), planned=found.id)
    for at in (FRIDAY + HOUR, DUE):
        with pytest.raises(Conflict, match="tiny@1 goes live at its time and by its run alone"):
            approve(ledger, shown, "dan", at)
    with pytest.raises(Conflict, match="tiny@1 goes live at its time and by its run alone"):
        at_time(ledger, replace(found, number=catalog.parse_label(other)[1]))


def test_a_run_that_was_killed_is_run_again_while_it_is_not_late(ledger: Ledger) -> None:
    planned(ledger, candidate(ledger))
    (run,) = at_its_time.look(ledger, DUE)
    with ledger.write() as db:
        queue.finish(db, run, "interrupted", DUE + MINUTE)
    (again,) = at_its_time.look(ledger, DUE + 2 * MINUTE)
    assert again != run and newest(ledger, "tiny@1").run == again
    with ledger.write() as db:
        queue.finish(db, again, "failed", DUE + 3 * MINUTE, why="It broke.")
    assert at_its_time.look(ledger, DUE + 4 * MINUTE) == []
    assert f"Run {again}, which was to prove it once more, ended as failed: It broke." in cancelled(ledger)


def cancelled(ledger: Ledger, label: str = "tiny@1") -> str:
    found = newest(ledger, label)
    assert found.how == "cancelled" and found.why is not None and state_of(ledger, label) != "live"
    assert found.why in {row.reason for row in trail.page(ledger, offset=0, limit=10) if row.action == "cancel-swap"}
    return found.why


Ground = Callable[[Ledger], object]


def _rejected(ledger: Ledger) -> None:
    swap.reject(ledger, "tiny@1", "worse", caller(), FRIDAY + HOUR)


def _another_live(ledger: Ledger) -> None:
    with ledger.write() as db:
        db.execute(
            "INSERT INTO deployments (project, number, kind, at, actor, reason, release, proof, audit)"
            " VALUES ('tiny', 1, 'rollback', ?, 'ada', 'so', 'r', '[]', 1)", (stamp(FRIDAY + HOUR),)
        )  # fmt: skip


def _disabled(ledger: Ledger) -> None:
    operators.set_disabled(ledger, caller(), "bob", True, "he left", FRIDAY + HOUR)


def _removed(ledger: Ledger) -> None:
    registry.remove(ledger, "tiny", "not ours", "tiny", caller(), FRIDAY + HOUR)


GROUNDS: list[tuple[Ground, str]] = [
    (_rejected, "tiny@1 was rejected"),
    (_removed, "tiny was removed"),
    (_another_live, "ada made tiny@1 live after it was approved"),
    (_disabled, "The approval of bob, who may not approve it any more, does not count"),
    (lambda ledger: ask(ledger, "approvals", "2", FRIDAY + HOUR), "takes was changed after it was approved"),
    (lambda ledger: ask(ledger, "freeze", "01:00-03:00 UTC", FRIDAY + HOUR), "takes was changed after it was approved"),
    (lambda ledger: ask(ledger, "four_eyes", "yes", FRIDAY + HOUR), "takes was changed after it was approved"),
]


@pytest.mark.parametrize(("pull", "why"), GROUNDS)
def test_what_pulls_the_ground_away_cancels_it_before_its_time_and_it_is_refused_at_its_time(
    ledger: Ledger, pull: Ground, why: str
) -> None:
    found = planned(ledger, candidate(ledger))
    pull(ledger)
    with pytest.raises(Conflict, match=why):
        at_time(ledger, found)
    assert newest(ledger, "tiny@1").how is None, "a refusal changes nothing"
    assert at_its_time.look(ledger, FRIDAY + 2 * HOUR) == []
    assert why in cancelled(ledger)


def test_a_machine_that_was_off_at_its_time_cancels_it(ledger: Ledger) -> None:
    found = planned(ledger, candidate(ledger))
    late = DUE + LATE + MINUTE
    with pytest.raises(Conflict, match="more than 60 min late"):
        at_time(ledger, found, late)
    assert at_its_time.look(ledger, late) == []
    assert "within 60 min of its time" in cancelled(ledger)


def test_a_run_that_somebody_cancels_swaps_nothing(ledger: Ledger) -> None:
    found = planned(ledger, candidate(ledger))
    (run,) = at_its_time.look(ledger, DUE)
    with ledger.write() as db:
        db.execute("UPDATE runs SET state = 'running' WHERE id = ?", (run,))
    queue.cancel(ledger, run, caller("cyd"), "not tonight", DUE)
    with pytest.raises(Conflict, match="cancelled by cyd: not tonight"):
        at_time(ledger, replace(found, run=run))


def test_a_run_that_has_swapped_is_not_cancelled_any_more(ledger: Ledger) -> None:
    planned(ledger, candidate(ledger))
    (run,) = at_its_time.look(ledger, DUE)
    with ledger.write() as db:
        db.execute("UPDATE runs SET state = 'running' WHERE id = ?", (run,))
    assert at_time(ledger, newest(ledger, "tiny@1"))
    before = trail.count(ledger)
    with pytest.raises(Conflict, match=f"Run {run} has recorded what it came to already"):
        queue.cancel(ledger, run, caller("cyd"), "not tonight", DUE)
    assert trail.count(ledger) == before
    with ledger.write() as db:
        queue.finish(db, run, "succeeded", DUE, version="tiny@1")


def test_an_approval_for_a_swap_that_was_cancelled_counts_no_more(ledger: Ledger) -> None:
    label = candidate(ledger)
    planned(ledger, label)
    at_its_time.cancel(ledger, label, "not tonight", caller("cyd"), FRIDAY + HOUR)
    assert cancelled(ledger) == "not tonight"
    with ledger.read() as db:
        said = remarks.of_version(db, catalog.find(db, label))
    assert said.approvals == () and said.planned is not None and "was cancelled: not tonight" in said.planned.sentence
    with pytest.raises(Conflict, match="No swap of tiny@1 is planned"):
        at_its_time.cancel(ledger, label, "not tonight", caller("cyd"), FRIDAY + HOUR)
    assert approve(ledger, plan(ledger, label), "bob", FRIDAY + 2 * HOUR), "whoever approved may do so again"


def test_nor_is_it_told_as_one_that_led_to_what_went_live_later(ledger: Ledger) -> None:
    label = candidate(ledger)
    planned(ledger, label, "bob")
    at_its_time.cancel(ledger, label, "not tonight", caller("cyd"), FRIDAY + HOUR)
    assert approve(ledger, plan(ledger, label), "dan", FRIDAY + 2 * HOUR)
    with ledger.read() as db:
        live = history.newest(db, "tiny")
        assert live is not None and decisions.approved_by(db, live) == ("dan",)


def test_beside_a_planned_swap_nothing_of_the_project_is_approved(ledger: Ledger) -> None:
    first, second = candidate(ledger), candidate(ledger)
    planned(ledger, first)
    with ledger.read() as db:
        said_of = {each.label: each.said for each in planned_swaps.told(db, catalog.candidates(db, "tiny"))}
    assert said_of == {first: "approved by bob, swaps at 28 Nov 02:00 UTC", second: None}
    for label in (first, second):
        said = refusal_at_once(ledger, label, "dan")
        assert said is not None and "tiny@1 is approved by bob, swaps at 28 Nov 02:00 UTC" in said
    with pytest.raises(Conflict, match="cancel-swap tiny@1"):
        approve(ledger, plan(ledger, second), "dan")
    with pytest.raises(Conflict, match=f"No swap of {second} is planned; it is a candidate, and nothing was changed"):
        at_its_time.cancel(ledger, second, "the wrong one", caller(), FRIDAY)
    assert newest(ledger, first).how is None


@pytest.mark.parametrize(
    ("due", "why"),
    [
        (FRIDAY, "is over; approve tiny@1 without a time"),
        (FRIDAY + timedelta(days=7, minutes=1), "further than 7 d ahead"),
    ],
)
def test_a_time_is_to_come_and_soon(ledger: Ledger, due: datetime, why: str) -> None:
    label = candidate(ledger)
    with pytest.raises(Conflict, match=why):
        planned(ledger, label, due=due)


def test_a_swap_waits_neither_for_a_freeze_nor_beyond_expiry(ledger: Ledger) -> None:
    label = candidate(ledger)
    ask(ledger, "freeze", "01:00-03:00 UTC")
    with pytest.raises(Conflict, match="There is a freeze at 28 Nov 02:00 UTC, until Sat 28 Nov 03:00 UTC"):
        planned(ledger, label)
    ask(ledger, "freeze", "00:00-24:00 UTC")
    with pytest.raises(Conflict, match="freeze at 28 Nov 02:00 UTC, and at every other moment; an admin changes that"):
        planned(ledger, label)
    ask(ledger, "freeze", "11:00-13:00 UTC")
    planned(ledger, label)  # approving in a freeze what goes live after it moves nothing in it
    old = candidate(ledger, made=FRIDAY - timedelta(days=13, hours=20))
    at_its_time.cancel(ledger, label, "the other", caller(), FRIDAY)
    with pytest.raises(Conflict, match=f"{old} expires at 27 Nov 16:00 UTC, before it would go live"):
        planned(ledger, old)


def test_of_two_who_approve_the_last_says_when_and_both_are_counted_at_its_time(ledger: Ledger) -> None:
    label = candidate(ledger, by("bob"))
    ask(ledger, "approvals", "2")
    with pytest.raises(Conflict, match="whoever gives the last one says when"):
        planned(ledger, label, "dan")
    assert not approve(ledger, plan(ledger, label), "dan")
    found = planned(ledger, label, "bob")
    operators.set_disabled(ledger, caller(), "dan", True, "he left", FRIDAY + HOUR)
    with pytest.raises(Conflict, match="Fewer people than it takes .* 1 more needed"):
        at_time(ledger, found)
    operators.set_disabled(ledger, caller(), "dan", False, "he is back", FRIDAY + 2 * HOUR)
    assert at_time(ledger, found)


def test_a_clock_that_is_put_back_swaps_nothing_twice(ledger: Ledger) -> None:
    found = planned(ledger, candidate(ledger))
    at_its_time.look(ledger, DUE)
    assert at_time(ledger, found)
    assert at_its_time.look(ledger, FRIDAY) == at_its_time.look(ledger, DUE) == []


def test_what_became_of_one_is_written_once(ledger: Ledger) -> None:
    found = planned(ledger, candidate(ledger))
    with ledger.write() as db:
        planned_swaps.end(db, found.id, "swapped", None, found.audit, DUE)
        planned_swaps.end(db, found.id, "cancelled", "too late", found.audit, DUE + HOUR)
    ended = newest(ledger, "tiny@1")
    assert (ended.how, ended.why, ended.ended_at) == ("swapped", None, DUE)


def test_at_an_earlier_moment_it_has_no_run_yet(ledger: Ledger) -> None:
    planned(ledger, candidate(ledger))
    assert at_its_time.look(ledger, DUE)
    then = stand(workspaces.find(ledger.path.parent), ledger, FRIDAY + HOUR, DUE + HOUR)
    with closing(then), then.read() as db:
        (found,) = planned_swaps.waiting(db)
    assert found.run is None and newest(ledger, "tiny@1").run is not None
