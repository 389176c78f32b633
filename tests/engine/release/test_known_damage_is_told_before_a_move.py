"""Who goes back hears what is known to be wrong with the target before anything moves, and which other one is whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.dialogs.move import plan_lines
from console.text import cells
from engine import clock
from engine.api import Engine
from engine.backup.records import Scrub
from engine.backup.scrub import kept, record
from engine.errors import Damage
from tests.builders.versions import altered
from tests.ledger import ledger_of, store_of


def scrubbed(engine: Engine, label: str, damage: str | None) -> None:
    with ledger_of(engine) as ledger:
        with ledger.read() as db:
            (version,) = (each for each in kept(db) if each.label == label)
        record(ledger, version, Scrub(label, clock.now(), 1, damage))


def without(engine: Engine, digest: str) -> Path:
    path = store_of(engine).path(digest)
    path.chmod(0o644)
    path.unlink()
    return path


def model_of(engine: Engine, label: str) -> str:
    return engine.show(label).model.files[0].chunks[0]


def test_nothing_is_said_of_a_version_that_is_whole(releases: Engine) -> None:
    plan = releases.plan_rollback("tiny")
    assert (plan.target, plan.damaged, plan.whole, plan.refused) == ("tiny@2", None, None, None)
    assert releases.plan_release("tiny@4").damaged is None


@pytest.mark.parametrize("to", [None, "tiny@2"])
def test_what_a_reading_found_is_said_of_the_previous_version_and_of_a_named_one(
    releases: Engine, to: str | None
) -> None:
    scrubbed(releases, "tiny@2", "The object 0123456789ab is damaged: it holds other content")
    plan = releases.plan_rollback("tiny", to)
    assert plan.target == "tiny@2" and plan.whole is None
    assert plan.damaged == (
        "tiny@2 is DAMAGED in the store: the object 0123456789ab is damaged: it holds other content; no backup is "
        "known to restore that from; there is no other version to go back to that is whole."
    )
    (first, *_) = plan_lines(plan, 400)
    assert [span.tone for span in first if span.text.strip()] == ["failing"] and "DAMAGED" in first[0].text


def test_another_version_is_offered_only_if_nothing_is_known_against_it(releases: Engine) -> None:
    altered(releases, 1, state="retired", live_until=clock.stamp(releases.version("tiny@1").made_at))
    scrubbed(releases, "tiny@2", "x")
    plan = releases.plan_rollback("tiny")
    assert plan.whole == "tiny@1" and "go back to tiny@1, of which nothing is known to be wrong" in str(plan.damaged)
    assert releases.plan_rollback("tiny", plan.whole).damaged is None
    without(releases, releases.version("tiny@1").digest)
    assert releases.plan_rollback("tiny").whole is None
    assert "no other version to go back to that is whole" in str(releases.plan_rollback("tiny").damaged)


def test_what_is_gone_is_seen_before_anybody_has_read_it(releases: Engine) -> None:
    digest = model_of(releases, "tiny@2")
    without(releases, digest)
    plan = releases.plan_rollback("tiny")
    assert plan.refused is None and f"the object {digest[:12]} is gone from the store" in str(plan.damaged)
    with pytest.raises(Damage, match="tiny@2 is damaged"):  # And the proof does not let it through.
        releases.move(plan, "so", lambda step: None)


def test_of_a_version_whose_document_is_gone_there_is_no_plan_and_another_is_named(releases: Engine) -> None:
    without(releases, releases.version("tiny@2").digest)
    with pytest.raises(Damage, match="tiny@2 is damaged: .*; choose another version.$"):
        releases.plan_rollback("tiny")
    altered(releases, 1, state="retired", live_until=clock.stamp(releases.version("tiny@1").made_at))
    with pytest.raises(Damage, match=r"choose another version, such as tiny@1\.$"):
        releases.plan_rollback("tiny")


def test_what_is_mended_is_told_no_more(releases: Engine) -> None:
    scrubbed(releases, "tiny@2", "x")
    scrubbed(releases, "tiny@2", None)
    assert releases.plan_rollback("tiny").damaged is None


def test_a_candidate_that_is_damaged_is_told_before_it_is_approved(releases: Engine) -> None:
    scrubbed(releases, "tiny@4", "x")
    assert "tiny@4 is DAMAGED in the store: x; no backup is known" in str(releases.plan_release("tiny@4").damaged)
    assert "retrain, which makes another" in str(releases.plan_release("tiny@4").damaged)


def test_status_says_it_of_the_version_that_a_rollback_would_go_to(releases: Engine) -> None:
    assert not releases.status("tiny", clock.now()).rollback_damaged
    scrubbed(releases, "tiny@2", "x")
    found = releases.status("tiny", clock.now())
    assert found.rollback_damaged and cells.way_back(found) == "tiny@2, which is DAMAGED in the store"
