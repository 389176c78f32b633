"""What came as feedback is learnt, judged beside the version as it was, and goes live within its rails, or waits."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from engine.clock import moment
from engine.errors import Refusal
from engine.runs import queue
from engine.versions.records import LearntSection
from tests import tiny
from tests.builders.runs import queued
from tests.builders.versions import altered
from tests.cli.calling import call
from tests.forked_runs import forking
from tests.journeys.learning_site import LATER, MADE, Site
from tests.killing import RUN, driven, killed_at
from tests.ledger import ledger_of, workspace_of
from tests.people import open_engine

pytestmark = pytest.mark.slow
NEVER = 1_000_000


@pytest.fixture
def careful(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path, rate=1e-8, changed=0.1)
    yield site
    site.engine.close()


def test_what_was_learnt_goes_live_by_itself_and_is_gone_back_from(careful: Site) -> None:
    engine = careful.engine
    careful.feed(MADE - timedelta(days=9), LATER)
    run = careful.learn()
    said = (run.state, run.version, run.why)
    assert said == ("succeeded", "tiny@2", "tiny@2 is live."), engine.version("tiny@2").sentence
    lineage, learnt_until = engine.show("tiny@2").lineage, moment(str(engine.show("tiny@2").data.boundary))
    assert lineage.parent == "tiny@1" and lineage.learnt is not None
    assert lineage.learnt.parent == engine.version("tiny@1").digest
    assert lineage.learnt.rows == sum(point.rows for point in lineage.learnt.curve)
    boundary = moment(str(engine.show("tiny@1").data.boundary))
    assert boundary < learnt_until <= LATER, "it has learnt rows that are newer than what it was trained on"
    trained = (boundary - (MADE - timedelta(days=9))) // timedelta(minutes=15) + 1
    assert lineage.learnt.counts["before"] == trained > 0, "what it was trained on is not learnt again"
    done = [(row.action, row.actor) for row in engine.audit(matching="tiny@2", limit=10)]
    assert ("release", "the learning policy") in done and ("approve", "the learning policy") in done
    assert careful.learn().state == "nothing-new"
    moved = engine.move(engine.plan_rollback("tiny"), "it was better before", lambda step: None)
    assert moved.sentence.startswith("tiny@1 is live.")
    assert call("--home", engine.home, "--operator", "ada", "learn", "tiny", "--last").out.count("tiny@2") >= 1

    # What it had learnt is learnt anew by the version that is live again; a person has gone back, so one decides.
    careful.feed(LATER, LATER + timedelta(days=3))
    again = careful.learn(LATER + timedelta(days=3))
    assert again.version == "tiny@3" and again.why is not None and "somebody has rolled back" in again.why
    assert engine.version("tiny@3").state == "candidate"
    assert careful.learn(LATER + timedelta(days=3)).why == (
        "tiny@3 has learnt all that is new since tiny@1, and waits for a decision."
    )
    altered(engine, 3, against=2)  # As where another version had gone live while it learnt.
    assert careful.learn(LATER + timedelta(days=3)).version == "tiny@4", "that one waits for nobody"


def test_who_changes_too_much_or_does_worse_waits_and_a_frozen_learner_learns_nothing(tmp_path: Path) -> None:
    site = Site(tmp_path, rate=0.3, changed=0.0)
    site.feed(MADE - timedelta(days=7), LATER)
    run = site.learn()
    assert run.state == "succeeded" and (run.why is None or "waits for a person" in run.why)
    assert site.engine.status("tiny", site.engine.now()).live == "tiny@1"
    version = site.engine.show(str(run.version))
    learnt, decided = version.lineage.learnt, version.metrics.decisions
    assert learnt is not None and decided is not None
    right = decided.candidate.true_positives + decided.candidate.true_negatives
    assert sum(point.value * point.rows for point in learnt.curve) == pytest.approx(right, abs=0.01), (
        "it is judged by what it said of each row before it learnt that"
    )
    assert learnt.changed == pytest.approx(others(site, learnt, str(run.version))) and learnt.changed > 0

    begun = queued(site.engine, site.engine.now(), job="learn", as_of=LATER)
    site.engine.freeze_learner("tiny", "a broken sensor")
    assert [(row.actor, row.reason) for row in site.engine.audit(limit=1)] == [("ada", "a broken sensor")]
    with pytest.raises(Refusal, match="frozen, by ada: a broken sensor"):
        site.engine.learn("tiny")
    assert not killed_at(NEVER, RUN, driven(site.engine.home, begun))
    late = site.engine.wait(begun, lambda r: None)
    assert (late.state, late.why) == ("nothing-new", "The learner of tiny is frozen, by ada: a broken sensor")
    site.engine.close()


def test_what_may_not_go_live_now_is_a_candidate_all_the_same(careful: Site) -> None:
    careful.engine.set_policy("freeze", "00:00-24:00 UTC", "closing of the books")
    careful.feed(MADE - timedelta(days=9), LATER)
    run = careful.learn()
    assert (run.state, run.version) == ("succeeded", "tiny@2")
    assert str(run.why).startswith("It did not go live by itself: tiny@2 cannot go live: its freezes"), run.why
    assert careful.engine.version("tiny@2").state == "candidate"


def test_a_project_that_does_not_say_how_it_learns_does_not(home: Path, tmp_path: Path) -> None:
    engine = forking(open_engine(home, "ada", create=True))
    engine.add(tiny.make(tmp_path / "tiny"))
    run = engine.wait(engine.retrain("tiny", as_of=MADE).id, lambda r: None)
    engine.move(engine.plan_release(str(run.version)), "first", lambda step: None)
    with pytest.raises(Refusal, match=r"tiny@1 has no \[learn\] in its leverframe.toml; write one, retrain"):
        engine.learn("tiny")
    with ledger_of(engine) as ledger:  # As one that was queued before another version went live.
        number = queue.enqueue(ledger, "tiny", engine.caller, MADE, MADE, {}, job="learn")
        queue.dispatch(workspace_of(engine), ledger)
    run = engine.wait(number, lambda r: None)
    assert (run.state, run.version) == ("failed", None)
    assert "tiny@1 has no [learn] in its leverframe.toml" in str(run.why)
    engine.close()


def others(site: Site, learnt: LearntSection, label: str) -> float:
    """The share of the rows that were learnt which ``label`` decides otherwise than tiny@1, both asked now."""
    first, last = (
        (moment(at) - timedelta(hours=2) - tiny.BEGINS) // timedelta(minutes=15) for at in (learnt.since, learnt.until)
    )
    numbers = range(first, last + 1)
    assert len(numbers) == learnt.rows
    source, said = site.root / "again.csv", list[list[str]]()
    rows = (f"{number},A,{round(random.Random(number).random(), 6)}\n" for number in numbers)
    source.write_text("id,place,x\n" + "".join(rows))
    for each in ("tiny@1", label):
        output = site.root / f"{each}.csv"
        run = site.engine.wait(site.engine.score("tiny", str(source), str(output), version=each).id, lambda r: None)
        assert run.state == "succeeded", run.why
        with output.open(newline="") as file:
            said.append([row["prediction"] for row in csv.DictReader(file)])
    return sum(one != other for one, other in zip(*said, strict=True)) / len(numbers)
