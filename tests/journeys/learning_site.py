"""tiny with a learner, live, and labels for it: what journeys of learners begin from."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

from engine.api import Engine
from engine.clock import stamp
from engine.records import Run
from tests import tiny
from tests.forked_runs import forking
from tests.people import open_engine

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

    def __init__(self, root: Path, rate: float, changed: float, *, more: str = "", serve: str = "") -> None:
        steps = tiny.STEPS.replace('{"extract": extract,', LEARN.replace("RATE", str(rate)))
        project = tiny.make(root / "tiny", steps=steps)
        section = SECTION.replace("CHANGED", str(changed)) + more + serve
        tiny.replace(project, "leverframe.toml", "[approval]\n", f"{section}\n[approval]\n")
        self.root = root
        self.engine: Engine = forking(open_engine(root / "home", "ada", create=True))
        self.engine.add(project)
        run = self.engine.wait(self.engine.retrain("tiny", as_of=MADE).id, lambda r: None)
        assert run.version == "tiny@1", run.why
        self.engine.move(self.engine.plan_release("tiny@1"), "first", lambda step: None)

    def feed(self, since: datetime, until: datetime, *, wrong: bool = False) -> None:
        """Labels of all rows between both moments, each known two hours after its row; ``wrong``: all of them are."""
        first, last = (int((each - tiny.BEGINS).total_seconds()) // 900 for each in (since, until))
        lines = ["id,label,time"]
        for number in range(first, last):
            chance = random.Random(number)  # As its extract draws x, then late.
            late = int(0.1 + 0.8 * chance.random() > chance.random()) ^ wrong
            lines.append(f"{number},{late},{stamp(tiny.BEGINS + timedelta(minutes=15 * number, hours=2))}")
        file = self.root / "labels.csv"
        file.write_text("\n".join(lines) + "\n")
        assert self.engine.give_feedback("tiny", file).quarantined is None

    def learn(self, as_of: datetime = LATER) -> Run:
        return self.engine.wait(self.engine.learn("tiny", as_of=as_of).id, lambda r: None)
