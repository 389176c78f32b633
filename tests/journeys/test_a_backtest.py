"""Policies of retraining are replayed on a project's own past: what each was worth; nothing else is touched."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from engine.api import Engine
from engine.backtest.advice import advice
from engine.backtest.policies import WEEK
from engine.backtest.records import RetrainSchedule
from engine.clock import moment, now
from engine.errors import Conflict, Invalid, Refusal
from engine.records import Run
from engine.runs import leftovers
from tests import tiny
from tests.builders.runs import queued
from tests.forked_runs import forking
from tests.killing import RUN, driven, killed_at, let_go
from tests.ledger import rows_of, workspace_of
from tests.people import open_engine

# Its rows go back to the beginning; from the given hour on it is late where it was not before.
TURNS = 24 * 77
STEPS = (
    tiny.STEPS.replace("max(0, hours - 24 * 28) * 4", "0")
    .replace("0.1 + 0.8 * x)", f"0.1 + 0.8 * (x if hour < 4 * {TURNS} else 1 - x))")
    # The newest alone are learnt from, so that what has turned round is learnt within weeks.
    .replace("in csv.DictReader(file):\n            cell", "in list(csv.DictReader(file))[-1500:]:\n            cell")
)
# Extract that pays no heed to the moment that it is asked for, and train that does: what happened later must not come.
HEEDLESS = STEPS.replace(
    'until = datetime.fromisoformat(given("AS_OF").replace("Z", "+00:00"))', 'until = datetime.fromisoformat("ALWAYS")'
).replace('"place", "x", "late"]', '"place", "x", "number", "late"]').replace(
    "round(x, 6), late]", "round(x, 6), hour, late]"
).replace("cell = sums", "\n            ".join([
    "as_of = datetime.fromisoformat(given('AS_OF').replace('Z', '+00:00'))",
    "happened = datetime.fromisoformat('BEGINNING') + timedelta(minutes=15 * int(row['number']))",
    "if happened > as_of: sys.exit(f'{happened} is later than {as_of}')",
    "cell = sums",
]))  # fmt: skip


@pytest.fixture
def begins(today: datetime) -> datetime:
    return today - 18 * WEEK


@pytest.fixture
def engine(home: Path, begins: datetime, quiet_day: str) -> Iterator[Engine]:
    """Ada's, with a project of 18 weeks whose world turns round 11 weeks after its beginning."""
    opened = forking(open_engine(home, "ada", create=True))
    opened.add(tiny.make(home.parent / "tiny", steps=STEPS, begins=begins, day=quiet_day))
    yield opened
    opened.close()


def ended(engine: Engine, run: Run) -> Run:
    return engine.wait(run.id, lambda seen: None)


def everything(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    """What the ledger says but for runs, backtests and the trail."""
    aside = {"runs", "steps", "run_facts", "backtests", "audit", "pictures", "sqlite_sequence", "_sqlite_migrations"}
    return rows_of(engine, but=aside)


def test_a_world_that_turns_round_makes_retraining_worth_much_and_nothing_else_is_touched(
    engine: Engine, begins: datetime
) -> None:
    live = ended(engine, engine.retrain("tiny"))
    assert live.version is not None, live.why
    engine.move(engine.plan_release(live.version), "the first", lambda step: None)
    before = everything(engine)
    plan = engine.plan_backtest("tiny", weeks=10, every="1w,4w")
    assert (plan.trainings, [policy.word for policy in plan.policies]) == (10, ["1w", "4w", "never"])
    assert plan.seconds is not None and plan.schedule.every == WEEK and plan.schedule.line == 33
    run = ended(engine, engine.backtest("tiny", weeks=10, every="1w,4w"))
    assert run.state == "succeeded", run.why
    assert everything(engine) == before
    assert [step.name for step in run.steps] == ["queue", "extract", "train", "score", "compare"]
    assert leftovers.copies(workspace_of(engine).run_folder(run.id)) == []

    told = engine.last_backtest("tiny")
    assert told.kept is not None and told.under_way is None
    found = told.kept.document
    assert (told.kept.run, found.version, found.metric, found.told) == (run.id, "tiny@1", "roc_auc", 10)
    assert moment(found.until) - moment(found.since) == 10 * WEEK and len(found.weeks) == 10
    assert all(training.anew and not training.later for training in found.trainings)
    assert [found.of(word).trainings for word in ("1w", "4w", "never")] == [10, 3, 1]
    assert found.of("1w").year_seconds > 3 * found.of("4w").year_seconds > 0 == found.never.year_seconds
    weekly, never = found.of("1w").weekly, found.never.weekly
    assert weekly[:1] == never[:1] and weekly[-1] is not None and weekly[-1] > 0.7
    assert never[-1] is not None and never[-1] < 0.35
    said = advice(found, told.schedule)
    assert said.policy == "1w" and said.sentence.startswith("Retraining every week is worth +0.")
    assert said.schedule.endswith("That is what this backtest advises.")
    assert [row.action for row in engine.audit(limit=1)] == ["backtest"]

    card = engine.card("tiny@1", engine.now())
    assert card.backtest is not None and card.backtest.at == told.kept.at
    assert card.backtest.said.endswith("over never; scheduled: every week")
    then = engine.as_of(told.kept.at - timedelta(seconds=1))
    assert then.last_backtest("tiny").kept is None
    then.close()


def test_nothing_that_happened_later_than_a_moment_reaches_what_is_trained_there(
    engine: Engine, begins: datetime, today: datetime
) -> None:
    heedless = HEEDLESS.replace("ALWAYS", today.isoformat())
    engine.add(tiny.make(engine.home.parent / "heedless", name="heedless", steps=heedless, begins=begins))
    run = ended(engine, engine.backtest("heedless", weeks=5, every="2w", as_of=today))
    assert run.state == "succeeded", run.why
    kept = engine.last_backtest("heedless").kept
    assert kept is not None and kept.document.version is None
    assert [training.later for training in kept.document.trainings] == [3359, 2015, 671]
    learnt = [training.learnt for training in kept.document.trainings]
    assert [after - before for before, after in pairwise(learnt)] == [1344, 1344]
    (_, note) = advice(kept.document, RetrainSchedule()).notes  # the first: five weeks are few
    assert note.startswith("At 3 of 3 moments extract returned rows of later (6,045 in all), which were left out")


def test_what_cannot_be_replayed_is_refused_before_anything_is_queued(engine: Engine, today: datetime) -> None:
    project = engine.home.parent / "tiny"
    with pytest.raises(Invalid, match="'weekly' is no policy of retraining"):
        engine.backtest("tiny", every="weekly")
    with pytest.raises(Refusal, match="--as-of .* is in the future"):
        engine.backtest("tiny", as_of=now() + timedelta(days=1))
    ended(engine, engine.retrain("tiny"))
    with pytest.raises(Refusal) as beyond:
        engine.backtest("tiny", weeks=26)
    assert "26 weeks are more than the data of tiny goes back: its first row (tiny@1) is of" in str(beyond.value)
    assert str(beyond.value).endswith("there has to be something to learn from; replay at most 16.")
    (project / "more").write_text("not committed")
    with pytest.raises(Refusal, match="uncommitted"):
        engine.backtest("tiny", weeks=4, every="1w")
    (project / "more").unlink()
    bare = tiny.make(engine.home.parent / "bare", name="bare")
    tiny.replace(bare, "leverframe.toml", 'time = "at"\n', "")
    tiny.replace(bare, "leverframe.toml", 'holdout = "7d"', "holdout = 0.2")
    engine.add(bare)
    with pytest.raises(Refusal, match="bare has no column that says when a row happened, so its past cannot be"):
        engine.backtest("bare")
    assert [run.job for run in engine.runs()] == ["retrain"]


def test_one_at_a_time_and_a_cancelled_one_leaves_nothing(engine: Engine, today: datetime) -> None:
    run = engine.backtest("tiny", weeks=8, every="1d", as_of=today)
    assert engine.last_backtest("tiny").under_way == run.id
    with pytest.raises(Conflict, match=f"Run {run.id}, a backtest of tiny, is .* already; 'leverframe cancel RUN'"):
        engine.backtest("tiny", weeks=4, every="1w")
    engine.cancel(run.id, "enough")
    found = ended(engine, run)
    assert (found.state, found.why) == ("cancelled", "cancelled by ada: enough")
    assert engine.last_backtest("tiny").kept is None
    assert engine.status("tiny", now()).last_run is None  # its trouble is nobody's


def test_a_training_that_fails_ends_it_and_says_of_which_moment(engine: Engine, today: datetime) -> None:
    run = ended(engine, engine.backtest("tiny", weeks=18, as_of=today))
    assert run.state == "failed" and run.why is not None
    assert run.why.startswith(f"As of {today - 18 * WEEK:%d %b %Y} 00:00: extract returned no rows")
    assert run.why.endswith("It is the first training: where the past does not go back so far, replay fewer weeks.")
    assert engine.last_backtest("tiny").kept is None
    assert "backtest" not in engine.status("tiny", now()).why


@pytest.mark.slow
def test_one_that_is_killed_is_interrupted_and_nothing_half_is_shown(engine: Engine, today: datetime) -> None:
    home, states = engine.home, set()
    engine.close()
    for change in range(10, 1000, 60):
        opened = open_engine(home, "ada")
        run = queued(opened, today, job="backtest", weeks=8, every="4w")
        opened.close()
        killed = killed_at(change, RUN, driven(let_go(home), run))
        opened = open_engine(home, "ada")
        found = ended(opened, opened.run(run))
        kept = opened.last_backtest("tiny").kept
        assert opened.verify_audit().ok and (kept is not None) is (found.state == "succeeded"), change
        if found.state == "interrupted":
            assert leftovers.copies(workspace_of(opened).run_folder(run)) == []
        states.add(found.state)
        opened.close()
        if not killed:
            break
    assert states == {"interrupted", "succeeded"}
