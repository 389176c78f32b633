"""What is said of rehearsals, and what is raised about them: the words, and the ways back that they are about."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from engine import clock
from engine.api import Engine
from engine.errors import Refusal
from engine.housekeeping.retention import Rules, VersionFacts, rollback_points
from engine.jobs.process import Cancellation, room_for
from engine.jobs.rehearsal.points import settle
from engine.jobs.rehearsal.rehearse import in_words, rehearse, says_full
from engine.records import Rehearsal, Run
from engine.release.rehearsals import findings, keep, sentence
from engine.runs import queue
from engine.storage.ledger import Ledger
from tests.builders.runs import done, left_behind
from tests.engine.release.test_nothing_moves_unproven import DIFFERENT, recorded_otherwise
from tests.ledger import store_of, workspace_of, writing

NOW = datetime(2026, 11, 8, 12, tzinfo=UTC)


def rebuilt(at: datetime = NOW, seconds: float = 6.24) -> Rehearsal:
    return Rehearsal(at, seconds, "rebuilt")


def failed(why: str, at: datetime = NOW) -> Rehearsal:
    return Rehearsal(at, 1.0, "failed", why)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (None, "never rehearsed"),
        (rebuilt(NOW - timedelta(days=3, hours=5)), "last rehearsed 3 days ago, 6.2 s"),
        (rebuilt(NOW - timedelta(days=1)), "last rehearsed 1 day ago, 6.2 s"),
        (rebuilt(NOW - timedelta(hours=2)), "last rehearsed 2 hours ago, 6.2 s"),
        (rebuilt(NOW - timedelta(seconds=70)), "last rehearsed 1 minute ago, 6.2 s"),
        (rebuilt(NOW + timedelta(days=1)), "last rehearsed just now, 6.2 s"),
        (failed("no pear.", NOW.replace(day=3)), "could not be rebuilt on 3 November: no pear"),
        (Rehearsal(NOW, 0.0, "impossible", "it is only compared."), "cannot be rehearsed: it is only compared"),
    ],
)
def test_what_is_said_of_the_last_rehearsal(found: Rehearsal | None, said: str) -> None:
    assert sentence(found, NOW) == said


def test_what_has_one_reason_is_one_finding_and_failing_only_where_somebody_goes_by_itself() -> None:
    points = tuple(f"tiny@{number}" for number in (9, 8, 7, 6, 5, 4))
    found = {"tiny@9": rebuilt(), "tiny@8": failed("no pear"), "tiny@7": failed("no fig"), "tiny@5": failed("no fig.")}
    pear, fig = findings(points, found)
    assert (pear.severity, pear.key) == ("failing", "rehearsal:tiny@8")
    assert pear.why == "tiny@8 (rollback point 1) could not be rebuilt: no pear"
    assert (fig.severity, fig.key) == ("watch", "rehearsal:tiny@7")
    assert fig.why == "tiny@7 (rollback point 2), tiny@5 (rollback point 4) could not be rebuilt: no fig"
    (live,) = findings(points, {label: failed("no disk") for label in points})
    assert live.severity == "failing" and live.why.startswith("tiny@9 (live), tiny@8 (rollback point 1), tiny@7 ")
    assert live.why.endswith(" and 3 more could not be rebuilt: no disk")


def test_the_rollback_points_are_those_that_retention_keeps_whatever_their_age() -> None:
    ended = {5: NOW, 4: NOW - timedelta(days=9), 3: NOW - timedelta(days=5), 2: NOW - timedelta(days=900)}
    facts = [VersionFacts(f"tiny@{number}", "retired", NOW, at) for number, at in ended.items()]
    facts += [VersionFacts("tiny@6", "live", NOW), VersionFacts("tiny@1", "barred", NOW, NOW)]
    assert rollback_points(facts, Rules(rollback_points=3)) == ("tiny@5", "tiny@3", "tiny@4")
    assert rollback_points(facts, Rules()) == ("tiny@5", "tiny@3", "tiny@4", "tiny@2")


def rehearsed(engine: Engine) -> Run:
    return engine.wait(engine.run_now("tiny", "rehearsal").id, lambda run: None)


@pytest.mark.slow
def test_a_version_that_reproduces_no_longer_is_found_and_told_until_it_is_no_way_back(releases: Engine) -> None:
    recorded_otherwise(releases, "tiny@2", DIFFERENT["one decision"])
    run = rehearsed(releases)
    assert run.state == "failed" and run.why is not None
    assert "tiny@2 could not be rebuilt: does not reproduce its own predictions: 1 of " in run.why
    by_label = {each.label: each.rehearsed for each in releases.versions("tiny")}
    assert (by_label["tiny@3"] or failed("")).outcome == "rebuilt"
    assert by_label["tiny@4"] is None and by_label["tiny@1"] is None, "neither is a way back"
    (alert,) = releases.alerts("tiny")
    assert (alert.version, alert.severity) == ("tiny@3", "failing")
    assert "tiny@2 (rollback point 1) could not be rebuilt: does not reproduce" in alert.why
    assert "does not reproduce" in (releases.plan_rollback("tiny").rehearsed or "")
    releases.move(releases.plan_release("tiny@4"), "newer data", lambda step: None)
    releases.pass_time()
    (alert,) = releases.alerts("tiny")
    assert alert.severity == "watch", "a rollback goes to tiny@3 now"
    assert "tiny@2 (rollback point 2) could not be rebuilt" in alert.why
    releases.choose("rollback_points", "1", "a small disk")
    releases.pass_time()
    assert releases.alerts("tiny") == ()


@pytest.mark.slow
def test_a_damaged_model_is_found(releases: Engine) -> None:
    (file, *_) = releases.show("tiny@2").model.files
    store_of(releases).path(file.chunks[0]).unlink()
    run = rehearsed(releases)
    assert run.state == "failed" and "tiny@2 could not be rebuilt: the object " in (run.why or "")


def test_what_came_of_a_run_names_what_was_only_compared() -> None:
    compared = Rehearsal(NOW, 0.0, "impossible", "Image x is the machine's: it is compared.")
    assert in_words([("tiny@3", rebuilt()), ("tiny@2", rebuilt())], 7.01) == (
        "tiny@3, tiny@2 rebuilt offline and as recorded, 7.0 s"
    )
    assert in_words([("tiny@3", rebuilt()), ("tiny@2", compared)], 7.0) == (
        "tiny@3 rebuilt offline and as recorded, 7.0 s; tiny@2 cannot be rehearsed: Image x is the machine's: it is "
        "compared"
    )
    assert in_words([("tiny@3", compared), ("tiny@2", compared)], 0.1).startswith("tiny@3, tiny@2 cannot be rehearsed")
    assert in_words([("tiny@3", failed("no pear.")), ("tiny@2", compared)], 1.0) == (
        "tiny@3 could not be rebuilt: no pear"
    )


@pytest.mark.parametrize(
    ("said", "free", "full"),
    [
        ("x.whl could not be kept: the disk is full; free some space and try again.", 1 << 40, True),
        ("The disk is full: uv ran out of room installing; free some.", 1 << 40, True),
        ("tiny@2 cannot be proven: score ended with 1: the disk is full. Nothing was changed.", 1 << 40, False),
        ("tiny@2 cannot be proven: score ended with 1: No space left on device. Nothing was changed.", 9 << 20, True),
        ("tiny@2 cannot be proven: score ended with 1: it is wrong. Nothing was changed.", 0, False),
    ],
)
def test_a_model_that_says_of_itself_that_the_disk_is_full_is_believed_where_it_is(
    said: str, free: int, full: bool
) -> None:
    assert says_full(said, "tiny@2", free) is full


def test_what_a_run_found_is_told_though_its_process_was_killed_before_it_could(
    releases: Engine, releases_ledger: Ledger
) -> None:
    done(releases, clock.now(), job="rehearsal", state="failed", why="another time")
    run = left_behind(releases, clock.now(), job="rehearsal")
    lock = queue.take_lock(workspace_of(releases), run)
    assert lock is not None
    with writing(releases) as db:
        keep(db, "tiny@3", failed("no pear"))
    settle(releases_ledger, clock.now())
    assert releases.alerts("tiny") == (), "it is under way"
    os.close(lock)
    releases.reconcile()
    assert releases.run(run).state == "interrupted"
    settle(releases_ledger, clock.now())
    (alert,) = releases.alerts("tiny")
    assert alert.why == "tiny@3 (live) could not be rebuilt: no pear"
    before = releases_ledger.marker()
    settle(releases_ledger, clock.now())
    assert releases_ledger.marker() == before, "it is told once"
    with writing(releases) as db:
        keep(db, "tiny@3", rebuilt())
    settle(releases_ledger, clock.now())
    assert releases.alerts("tiny") == ()


@pytest.mark.slow
def test_a_rehearsal_that_is_cancelled_says_nothing_of_the_version_that_it_was_at(
    releases: Engine, releases_ledger: Ledger
) -> None:
    workspace, number = workspace_of(releases), left_behind(releases, clock.now(), job="rehearsal")
    held = queue.take_lock(workspace, number)
    assert held is not None
    context = room_for(workspace, releases_ledger, releases.run(number), held, Cancellation(releases_ledger, number))
    at = list[str]()

    def tell(progress: float, phase: str) -> None:
        at.append(phase)
        if phase == "rehearsing tiny@2":
            releases.cancel(number, "not now")

    with pytest.raises(Refusal, match="cancelled by ada: not now"):
        rehearse(releases_ledger, replace(context, tell=tell))
    os.close(held)
    assert at == ["rehearsing tiny@3", "rehearsing tiny@2"] and releases.alerts("tiny") == ()
    found = {each.label: each.rehearsed and each.rehearsed.outcome for each in releases.versions("tiny")}
    assert (found["tiny@3"], found["tiny@2"]) == ("rebuilt", None), "what was rehearsed by then is kept"
