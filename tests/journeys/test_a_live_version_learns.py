"""What came as feedback is learnt, judged beside the version as it was, and goes live within its rails, or waits."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.api import Engine
from engine.clock import moment, stamp
from engine.errors import Refusal
from engine.records import Run
from tests import tiny
from tests.cli.calling import call
from tests.forked_runs import forking
from tests.people import open_engine

pytestmark = pytest.mark.slow
MADE = datetime(2026, 11, 3, tzinfo=UTC)
LATER = datetime(2026, 11, 9, tzinfo=UTC)
LEARN = '''
def learn():
    table = json.load(open(path("INPUT", "model/table.json")))
    with open(path("INPUT", "data.csv"), newline="") as file, open(path("OUTPUT", "predictions.csv"), "w") as out:
        rows = csv.writer(out, lineterminator="\\n")
        rows.writerow(["prediction", "p_0", "p_1"])
        for row in csv.DictReader(file):
            x = float(row["x"])
            cell = min(9, int(x * 10))
            p = min(0.999, max(0.001, table[cell] + 0.0001 * x))
            rows.writerow([int(p > 0.5), 1 - p, p])
            table[cell] += RATE * (int(row[given("TARGET")]) - table[cell])
    os.makedirs(path("OUTPUT", "model"))
    json.dump(table, open(path("OUTPUT", "model/table.json"), "w"))

{"learn": learn, "extract": extract,'''
SECTION = """
[learn]
run = { command = ["python", "steps.py", "learn"] }
approval = "guarded"
most_changed = CHANGED
at_most_every = "1d"
"""


class Site:
    """tiny, live since MADE, whose learner goes on by ``rate`` with each label."""

    def __init__(self, root: Path, rate: float, changed: float) -> None:
        steps = tiny.STEPS.replace('{"extract": extract,', LEARN.replace("RATE", str(rate)))
        project = tiny.make(root / "tiny", steps=steps)
        section = SECTION.replace("CHANGED", str(changed))
        tiny.replace(project, "leverframe.toml", "[approval]\n", f"{section}\n[approval]\n")
        self.root = root
        self.engine: Engine = forking(open_engine(root / "home", "ada", create=True))
        self.engine.add(project)
        run = self.engine.wait(self.engine.retrain("tiny", as_of=MADE).id, lambda r: None)
        assert run.version == "tiny@1", run.why
        self.engine.move(self.engine.plan_release("tiny@1"), "first", lambda step: None)

    def feed(self, since: datetime, until: datetime) -> None:
        """Labels of all rows between both moments, each known two hours after its row."""
        first, last = (int((each - tiny.BEGINS).total_seconds()) // 900 for each in (since, until))
        lines = ["id,label,time"]
        for number in range(first, last):
            chance = random.Random(number)  # As its extract draws x, then late.
            late = int(0.1 + 0.8 * chance.random() > chance.random())
            lines.append(f"{number},{late},{stamp(tiny.BEGINS + timedelta(minutes=15 * number, hours=2))}")
        file = self.root / "labels.csv"
        file.write_text("\n".join(lines) + "\n")
        assert self.engine.give_feedback("tiny", file).quarantined is None

    def learn(self, as_of: datetime = LATER) -> Run:
        return self.engine.wait(self.engine.learn("tiny", as_of=as_of).id, lambda r: None)


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
    lineage = engine.show("tiny@2").lineage
    assert lineage.parent == "tiny@1" and lineage.learnt is not None
    assert lineage.learnt.parent == engine.version("tiny@1").digest
    assert lineage.learnt.rows == sum(point.rows for point in lineage.learnt.curve)
    boundary = moment(str(engine.show("tiny@1").data.boundary))
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


def test_who_changes_too_much_or_does_worse_waits_and_a_frozen_learner_learns_nothing(tmp_path: Path) -> None:
    site = Site(tmp_path, rate=0.3, changed=0.0)
    site.feed(MADE - timedelta(days=7), LATER)
    run = site.learn()
    assert run.state == "succeeded" and (run.why is None or "waits for a person" in run.why)
    assert site.engine.status("tiny", site.engine.now()).live == "tiny@1"
    site.engine.freeze_learner("tiny", "a broken sensor")
    with pytest.raises(Refusal, match="frozen, by ada: a broken sensor"):
        site.engine.learn("tiny")
    site.engine.close()
