"""The demo's server is asked for real rows, what people said of them comes as feedback, and the learner learns it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import psutil
import pytest

import console.demo.attendant
from console.demo import place
from console.demo.make import replay
from console.demo.replay import Stopped
from console.demo.story import Tale
from engine import clock
from engine.api import Engine
from engine.storage.workspace import Workspace
from tests import tiny
from tests.forked_runs import forking
from tests.people import open_engine

UNTIL = datetime(2026, 11, 24, 12, tzinfo=UTC)
# A row every eight hours; of those of the last four weeks nobody knows yet what became of them.
SPARSE = ("range(max(0, hours - 24 * 28) * 4, hours * 4)", "range(max(0, hours - 24 * 84) // 8 * 32, hours * 4, 32)")
UNKNOWN = ('round(x, 6), late])', 'round(x, 6), late if hours * 4 - hour > 4 * 24 * 28 else ""])')
LEARN = '''
def learn():
    table = json.load(open(path("INPUT", "model/table.json")))
    with open(path("INPUT", "data.csv"), newline="") as file, open(path("OUTPUT", "predictions.csv"), "w") as out:
        rows = csv.writer(out, lineterminator="\\n")
        rows.writerow(["prediction", "p_0", "p_1"])
        for row in csv.DictReader(file):
            p = table[min(9, int(float(row["x"]) * 10))]
            rows.writerow([int(p > 0.5), 1 - p, p])
            table[min(9, int(float(row["x"]) * 10))] += 1e-6 * (int(row[given("TARGET")]) - p)
    os.makedirs(path("OUTPUT", "model"))
    json.dump(table, open(path("OUTPUT", "model/table.json"), "w"))

{"learn": learn, "extract": extract,'''
SECTIONS = """
[serve]
realtime = true

[learn]
run = { command = ["python", "steps.py", "learn"] }
rows = 10

[approval]
"""
# What people said, an hour after each row: the project's own list.
SAID = """
import random, sys
from datetime import datetime, timedelta

day, (since, until) = datetime.fromisoformat("BEGINNING"), map(datetime.fromisoformat, sys.argv[1:])
print("id,label,time")
for hour in range(0, 40_000, 32):
    at = day + timedelta(minutes=15 * hour)
    if since < at <= until - timedelta(hours=1):
        r = random.Random(hour)
        x = r.random()
        print(f"{hour},{int(r.random() < 0.1 + 0.8 * x)},{(at + timedelta(hours=1)).isoformat()}")
"""


def shipped(root: Path) -> Path:
    """A project that is asked and learns, as it is shipped."""
    project = tiny.make(
        root / "sites", name="sites", steps=tiny.STEPS.replace(*SPARSE).replace(*UNKNOWN).replace(
            '{"extract": extract,', LEARN
        ), floor=0.5, begins=UNTIL - timedelta(days=100),
    )  # fmt: skip
    (project / "sites.py").write_text(SAID.replace("BEGINNING", (UNTIL - timedelta(days=100)).isoformat()))
    tiny.replace(project, "leverframe.toml", 'holdout = "7d"', "holdout = 0.3")
    tiny.replace(project, "leverframe.toml", "\n[approval]\n", SECTIONS)
    return root


class Listener:
    """Hears what is told; it has had enough at the word ``enough`` for the second time."""

    def __init__(self, enough: str | None = None) -> None:
        self.lines: list[str] = []
        self._enough, self._left = enough, 2

    def doing(self, project: str, share: float, text: str) -> None:
        assert 0.0 <= share <= 1.0
        if self._enough is not None and self._enough in text:
            self._left -= 1
            if not self._left:
                raise Stopped

    def done(self, line: str) -> None:
        self.lines.append(line)


def begin(home: Path) -> tuple[place.Plan, Engine]:
    plan = place.plan(home, 8, UNTIL)
    return plan, forking(open_engine(home, "ada", create=True))


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, Listener]]:
    """A demo that was stopped while it was asked, and gone on with."""
    root = tmp_path_factory.mktemp("served")
    originals, tales = shipped(root / "originals"), (Tale("sites", 1, asked=2.0, learns=True),)
    plan, engine = begin(root / "home")
    with pytest.raises(Stopped):
        replay(plan, tales, originals, engine, Listener(enough=f"requests of {UNTIL - timedelta(days=1):%d %b}"))
    # What it goes on with is what was written down at its beginning.
    written = plan.projects / "sites.json"
    *weeks, last = json.loads(written.read_text())
    fewer = {**last, "requests": last["requests"][:5], "labels": last["labels"][:5]}
    written.write_text(json.dumps([*weeks, fewer]))
    listener = Listener()
    replay(plan, tales, originals, engine, listener)
    yield engine, listener
    engine.close()


@pytest.mark.slow
def test_what_came_is_asked_told_and_learnt_also_by_a_demo_that_goes_on(played: tuple[Engine, Listener]) -> None:
    engine, listener = played
    weeks = json.loads((engine.home / place.PROJECTS / "sites.json").read_text())
    asked = [len(week["requests"]) for week in weeks]
    assert asked == [21, 21, 21, 5] and [len(week["labels"]) for week in weeks] == asked
    assert [(batch.rows, batch.by) for batch in engine.feedback("sites")] == [
        (rows, "the scoring server") for rows in reversed(asked)
    ]
    figures = engine.requests("sites", clock.now() + timedelta(minutes=1)).figures
    assert figures.requests >= sum(asked) and figures.failures == figures.refused == 0
    assert figures.p50 is not None and {each.name for each in figures.by_version} <= {"sites@1", "sites@2"}
    lessons = engine.learner("sites").lessons
    assert lessons and lessons[-1].parent == "sites@1" and lessons[-1].learnt.rows == asked[0]
    assert lessons[0].learnt.rows == sum(asked[:3])  # What came lately is not taught yet.
    assert any(line.startswith("sites@2") for line in listener.lines)
    assert not Workspace(engine.home).is_locked(place.LOCK) and engine.verify_audit().ok


@pytest.mark.slow
def test_health_measures_answers_by_labels_that_came_after_them(played: tuple[Engine, Listener]) -> None:
    engine, _ = played
    # The demo's own look, which came when all that was answered was in the log.
    found = engine.requests("sites", clock.now()).answered
    assert found is not None and found.counts.found - found.counts.early == 5, "of the last week, and no earlier one"
    assert sum(each.labelled for each in found.versions) >= 5


@pytest.mark.slow
def test_labels_of_just_now_are_not_yet_labels_without_an_answer(played: tuple[Engine, Listener]) -> None:
    engine, _ = played
    engine.give_feedback("sites", BytesIO(b"id,label\n999999,1\n"))
    run = engine.wait(engine.look("sites").id, lambda each: None)
    assert run.state == "succeeded", run.why
    found = engine.requests("sites", clock.now()).answered
    assert found is not None and found.counts.fresh == 1


def kept_for(home: Path) -> list[psutil.Process]:
    """The processes that are there because the demo at ``home`` is open."""
    words = ("engine.serving.worker", "console.demo.attendant")
    found = (each for each in psutil.process_iter(["cmdline"]) if set(words) & set(each.info["cmdline"] or ()))
    return [each for each in found if str(home) in " ".join(each.info["cmdline"])]


@pytest.mark.slow
def test_an_open_demo_is_asked_and_nothing_of_that_outlives_whoever_had_it_open(
    played: tuple[Engine, Listener],
) -> None:
    engine, _ = played
    before = requests(engine)
    opens = (
        "import sys; from pathlib import Path; from console.demo.attendant import attended\n"
        "with attended(Path(sys.argv[1]), None, {'sites': 5.0}): sys.stdin.read()"
    )
    root = Path(console.demo.attendant.__file__).resolve().parents[2]
    for killed in (True, False):
        process = subprocess.Popen([sys.executable, "-c", opens, str(engine.home)], stdin=subprocess.PIPE, cwd=root)
        until(lambda: len(kept_for(engine.home)) == 2)
        there = kept_for(engine.home)
        if killed:
            process.kill()
        else:
            until(lambda: requests(engine) > before)
        process.communicate()
        assert psutil.wait_procs(there, 60)[1] == [], killed


def requests(engine: Engine) -> int:
    return engine.requests("sites", clock.now() + timedelta(minutes=1)).figures.requests


def until(holds: Callable[[], bool]) -> None:
    for _ in range(600):
        if holds():
            return
        clock.pause(0.1)
    raise AssertionError("it never came to that")
