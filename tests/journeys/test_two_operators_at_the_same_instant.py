"""Two operators in two processes approve or roll back at the same instant: one wins, the other is told of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine import clock
from engine.api import Engine
from engine.errors import Conflict
from engine.release import swap
from engine.release.proof import Steps
from tests import tiny
from tests.builders.runs import retrained
from tests.cli.calling import call
from tests.forked_runs import forking
from tests.forks import ROOT
from tests.ledger import ledger_of
from tests.people import open_engine
from tests.wholeness import assert_whole

NOVEMBER = [datetime(2026, 11, day, tzinfo=UTC) for day in (3, 10, 17)]
pytestmark = pytest.mark.slow

# Each makes its plan, says so, and moves when the test lets both go with one stroke.
OPERATOR = """
import json, sys
from pathlib import Path
from engine.errors import LeverframeError
from tests.people import open_engine
home, name, kind, target = sys.argv[1:]
engine = open_engine(Path(home), name)
plan = engine.plan_release(target) if kind == "release" else engine.plan_rollback("tiny", target)
print("ready", flush=True)
sys.stdin.readline()
try:
    said = ["moved", engine.move(plan, f"{name} wants it", lambda step: None).sentence]
except LeverframeError as error:
    said = [type(error).__name__, str(error)]
print(json.dumps(said))
"""


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    engine = forking(open_engine(tmp_path / "home", "ada", create=True))
    engine.add(tiny.make(tmp_path / "tiny"))
    engine.add_operator("bob", "operator", "new colleague")
    return engine


def both(engine: Engine, first: tuple[str, str], second: tuple[str, str]) -> list[tuple[str, str, str]]:
    """Let ada do ``first`` and bob ``second`` at once; each name with the kind of outcome and the sentence."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    names = {"ada": first, "bob": second}
    people = {
        name: subprocess.Popen(
            [sys.executable, "-c", OPERATOR, str(engine.home), name, *what],
            env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for name, what in names.items()
    }  # fmt: skip
    for person in people.values():
        assert person.stdout is not None and person.stdout.readline() == "ready\n"
    for person in people.values():
        assert person.stdin is not None
        person.stdin.write("go\n")
        person.stdin.flush()
    return [(name, *json.loads(person.communicate(timeout=120)[0])) for name, person in people.items()]


def the_one_and_the_other(outcomes: list[tuple[str, str, str]]) -> tuple[str, str]:
    """Who moved, and what the other was told; exactly one moved."""
    winners = [name for name, outcome, _ in outcomes if outcome == "moved"]
    losers = [sentence for _, outcome, sentence in outcomes if outcome == "Conflict"]
    assert (len(winners), len(losers)) == (1, 1), outcomes
    return winners[0], losers[0]


def test_of_two_who_approve_the_same_candidate_one_wins_and_the_other_is_told(engine: Engine) -> None:
    label = retrained(engine, NOVEMBER[0])
    winner, told = the_one_and_the_other(both(engine, ("release", label), ("release", label)))
    assert told.startswith(f"{winner} made tiny@1 live at ")
    assert told.endswith(f'("{winner} wants it") after this was shown to you; nothing was changed, look again.')
    assert [r.actor for r in engine.audit() if r.action == "release"] == [winner]
    assert [r.actor for r in engine.audit() if r.action == "approve"] == [winner]
    assert len(list((engine.home / "releases" / "tiny").iterdir())) == 1
    assert engine.verify_audit().ok


def test_two_who_approve_at_once_where_two_are_asked_for_make_it_live_once(engine: Engine) -> None:
    engine.set_policy("four_eyes", "yes", "the auditor")
    engine.set_policy("approvals", "2", "the auditor")
    label = retrained(engine, NOVEMBER[0])
    outcomes = both(engine, ("release", label), ("release", label))
    first, told = the_one_and_the_other(outcomes)
    assert told.startswith(f"{first} approved tiny@1 ") and "your approval was not recorded, look again." in told
    assert engine.status("tiny", clock.now()).live is None
    second = open_engine(engine.home, "bob" if first == "ada" else "ada")
    assert second.move(second.plan_release(label), "I have looked again", lambda step: None).deployment is not None
    second.close()
    assert sorted(r.actor for r in engine.audit() if r.action == "approve") == ["ada", "bob"]
    assert len([r for r in engine.audit() if r.action == "release"]) == 1
    assert engine.status("tiny", clock.now()).live == label
    assert len(list((engine.home / "releases" / "tiny").iterdir())) == 1
    assert_whole(engine, "disk")


def test_of_two_who_go_different_ways_one_wins_and_the_other_is_told(engine: Engine) -> None:
    for day in NOVEMBER[:2]:
        engine.move(engine.plan_release(retrained(engine, day)), "fine", lambda step: None)
    candidate = retrained(engine, NOVEMBER[2])
    winner, told = the_one_and_the_other(both(engine, ("release", candidate), ("rollback", "tiny@1")))
    live = candidate if winner == "ada" else "tiny@1"
    assert told.startswith(f"{winner} made {live} live at ")
    assert engine.status("tiny", NOVEMBER[2]).live == live
    assert os.path.basename(os.readlink(engine.home / "live" / "tiny")).startswith(f"{live[-1]}-")
    assert_whole(engine, "disk")


def test_the_commit_compares_for_itself_and_does_not_rely_on_the_lock(engine: Engine) -> None:
    plan = engine.plan_release(retrained(engine, NOVEMBER[0]))
    engine.move(plan, "first", lambda step: None)
    rows = engine.count_audit()
    steps = Steps(lambda step: None)
    settings = engine.show(plan.target).settings
    with pytest.raises(Conflict, match="ada made tiny@1 live"), ledger_of(engine) as ledger:
        swap.commit(ledger, plan, settings, "1-other", steps, "second", engine.caller, datetime.now(UTC))
    assert engine.count_audit() == rows


def test_two_who_say_rollback_within_seconds_go_back_one_step(engine: Engine) -> None:
    for day in NOVEMBER:
        engine.move(engine.plan_release(retrained(engine, day)), "newer", lambda step: None)
    roll_back = ("--home", engine.home, "--operator", "ada", "rollback", "tiny", "--reason", "the page is on fire")
    assert call(*roll_back).code == 0
    told = call(*roll_back)
    assert told.code == 1 and "ada rolled tiny back to tiny@2" in told.err and "--from tiny@2" in told.err
    assert call(*roll_back, "--from", "tiny@3").code == 1
    assert [each.label for each in engine.at(clock.now())] == ["tiny@2"]
    assert call(*roll_back, "--from", "tiny@2").code == 0
    assert [each.label for each in engine.at(clock.now())] == ["tiny@1"]
