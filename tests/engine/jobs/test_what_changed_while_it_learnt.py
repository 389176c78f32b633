"""What was learnt waits for a person where somebody has acted, or something has happened, while it was being learnt."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from engine import clock
from engine.api import Engine
from engine.errors import Conflict, Damage, Refusal
from engine.jobs.learn.by_itself import go_live
from engine.projects.manifest.records import LearnSpec
from engine.versions import document as documents
from tests import tiny
from tests.builders.versions import candidate, release
from tests.ledger import ledger_of, store_of, workspace_of
from tests.people import open_engine
from tests.version_documents import WHOLE

RAILS = LearnSpec(asked=True, approval="guarded", most_changed=0.05, at_most_every=timedelta(days=7))


@pytest.fixture
def engine(home: Path) -> Iterator[Engine]:
    """tiny@2 is live and tiny@3 was learnt, within all rails."""
    opened = open_engine(home, "ada", create=True)
    opened.add(tiny.make(home.parent / "tiny"))
    now = clock.now()
    release(opened, candidate(opened, now), None, 0, now)
    release(opened, candidate(opened, now, against=1), "tiny@1", 1, now + timedelta(seconds=1))
    assert candidate(opened, now, against=2) == "tiny@3"
    yield opened
    opened.close()


def became(engine: Engine, label: str = "tiny@3", *, drifted: bool = False) -> str | None:
    """What becomes of ``label``, which was learnt of tiny@2."""
    made: Any = SimpleNamespace(
        judgement=SimpleNamespace(verdict="pass", comparison="better"), drifted=drifted,
        learnt=SimpleNamespace(changed=0.01, rows=100), start=SimpleNamespace(manifest=SimpleNamespace(learn=RAILS)),
    )  # fmt: skip
    context: Any = SimpleNamespace(
        run=SimpleNamespace(project="tiny"), live=("tiny@2", None), store=store_of(engine),
        workspace=workspace_of(engine),
    )  # fmt: skip
    with ledger_of(engine) as ledger:
        return go_live(ledger, context, label, made)


def test_with_nothing_against_it_it_goes_on_to_its_proof(engine: Engine) -> None:
    with pytest.raises(Damage, match="tiny@3 is damaged"):  # It is a row without any content.
        became(engine)


def test_a_learner_that_was_frozen_meanwhile_makes_nothing_live(engine: Engine) -> None:
    engine.freeze_learner("tiny", "a broken sensor")
    assert became(engine) == "tiny@3 waits for a person: the learner was frozen by ada meanwhile."


def test_where_another_version_went_live_meanwhile_nothing_goes_live(engine: Engine) -> None:
    now = clock.now()
    digest = documents.save(store_of(engine), WHOLE)
    release(engine, "tiny@3", "tiny@2", 2, now + timedelta(seconds=2))
    assert candidate(engine, now, against=2, digest=digest) == "tiny@4"
    with pytest.raises(Conflict, match="tiny@4 was judged against tiny@2, but tiny@3 is live now"):
        became(engine, "tiny@4")
    assert engine.status("tiny", engine.now()).live == "tiny@3"
    assert engine.version("tiny@4").state == "candidate"


def test_in_a_freeze_nothing_goes_live(engine: Engine) -> None:
    digest = documents.save(store_of(engine), WHOLE)
    label = candidate(engine, clock.now(), against=2, digest=digest)
    engine.set_policy("freeze", "00:00-24:00 UTC", "closing of the books")
    with pytest.raises(Conflict, match="freeze"):
        became(engine, label)


def test_where_two_have_to_approve_by_now_a_rule_of_the_project_is_not_enough(engine: Engine) -> None:
    engine.set_policy("approvals", "2", "four hands")
    assert str(became(engine)).startswith("tiny@3 waits for a person: the policy in force wants certain people")


def test_who_learns_of_nothing_or_of_a_time_to_come_is_told_at_once(engine: Engine) -> None:
    with pytest.raises(Refusal, match="is in the future; the data of then is not there yet"):
        engine.learn("tiny", as_of=clock.now() + timedelta(hours=1))
    engine.add(tiny.make(Path(engine.home).parent / "other", name="other"))
    with pytest.raises(Refusal, match="Nothing of other is live yet; retrain, then approve a candidate"):
        engine.learn("other")


def test_one_whose_errors_grew_waits(engine: Engine) -> None:
    assert became(engine, drifted=True) == "tiny@3 waits for a person: its errors have grown while it learnt."
