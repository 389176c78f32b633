"""Labels that turn against a learner reset it to the version that a person approved, and it goes on from there."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from pathlib import Path

import pytest

from engine.clock import moment
from engine.versions import document as documents
from engine.versions.records import LearntSection
from tests import tiny
from tests.cli.calling import call
from tests.journeys.learning_site import LATER, MADE, Site
from tests.ledger import store_of

pytestmark = pytest.mark.slow
TURNS = LATER
AFTER = LATER + timedelta(days=6)
RATE = 1e-8


def model_of(site: Site, label: str) -> list[float]:
    """Its chance of being late for each tenth of x."""
    folder = site.root / f"model of {label}"
    documents.write_folder(store_of(site.engine), site.engine.show(label).model.files, folder)
    found: list[float] = json.loads((folder / "table.json").read_text())
    return found


def went_on_from(model: list[float], learnt: LearntSection) -> list[float]:
    """What ``model`` is once it has learnt those wrong labels."""
    model = [*model]
    first, last = (
        (moment(at) - timedelta(hours=2) - tiny.BEGINS) // timedelta(minutes=15) for at in (learnt.since, learnt.until)
    )
    for number in range(first, last + 1):
        chance = random.Random(number)
        x = chance.random()
        wrong = 1 - int(0.1 + 0.8 * x > chance.random())
        cell = min(9, int(x * 10))
        model[cell] += RATE * (wrong - model[cell])
    return model


def test_a_learner_that_drifts_is_reset_and_learns_on_from_the_checkpoint(tmp_path: Path) -> None:
    site = Site(tmp_path, rate=RATE, changed=0.1, more='on_drift = "reset"\n')
    engine = site.engine
    site.feed(MADE - timedelta(days=9), TURNS)
    assert site.learn().why == "tiny@2 is live.", "which nobody but its learner decided"

    site.feed(TURNS, AFTER, wrong=True)
    run = site.learn(AFTER)
    assert run.state == "nothing-new" and run.why is not None and "it was reset to tiny@1" in run.why, run.why
    assert engine.status("tiny", engine.now()).live == "tiny@2", "a reset moves nothing that is live"
    found = engine.learner("tiny")
    (reset,) = found.resets
    assert (found.begins, reset.checkpoint, reset.reset.by) == ("tiny@1", "tiny@1", "the learning policy")
    assert abs(reset.reset.since - TURNS) < timedelta(hours=12) and reset.reset.after > reset.reset.before
    assert sum(point.rows for point in reset.reset.curve) > 100
    row = next(each for each in engine.audit(limit=20) if each.action == "reset-learner")
    assert (row.actor, row.subject, row.details["checkpoint"]) == ("the learning policy", "tiny", "tiny@1")
    (alert,) = [each for each in engine.alerts("tiny") if each.part == "learner"]
    assert "errors of the learner grew" in alert.why
    said = call("--home", engine.home, "--operator", "ada", "learn", "tiny", "--last").out
    assert "reset to tiny@1" in said

    again = site.learn(AFTER)
    assert again.state == "succeeded" and again.version == "tiny@3", again.why
    lineage = engine.show("tiny@3").lineage
    assert lineage.parent == "tiny@1" and lineage.learnt is not None and lineage.against == "tiny@2"
    assert lineage.learnt.parent == engine.version("tiny@1").digest
    expected, other = (went_on_from(model_of(site, each), lineage.learnt) for each in ("tiny@1", "tiny@2"))
    assert model_of(site, "tiny@3") == pytest.approx(expected, abs=1e-12) != pytest.approx(other, abs=1e-12)
    assert moment(lineage.learnt.since) >= reset.reset.since, "labels of before it was reset are left"
    assert lineage.learnt.counts["left"] > 100
    assert [each for each in engine.alerts("tiny") if each.part == "learner"] == []
    engine.close()


@pytest.mark.parametrize("told", [True, False])
def test_who_is_told_of_drift_has_one_alert_that_stays_and_a_version_that_learnt(tmp_path: Path, told: bool) -> None:
    site = Site(tmp_path, rate=1e-8, changed=0.1, more='on_drift = "tell"\n' if told else "")
    engine = site.engine
    site.feed(MADE - timedelta(days=9), TURNS)
    assert site.learn().why == "tiny@2 is live."
    for until, label in ((AFTER, "tiny@3"), (AFTER + timedelta(days=6), "tiny@4")):
        site.feed(TURNS, until, wrong=True)
        run = site.learn(until)
        assert run.version == label, run.why
        assert engine.version(label).state == "failed", "it learnt what was wrong, and does no better for it"
        alerts = [each for each in engine.alerts("tiny") if each.part == "learner"]
        assert len(alerts) == (1 if told else 0)
    assert engine.learner("tiny").resets == ()
    engine.close()
