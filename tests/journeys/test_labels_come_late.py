"""Labels come from a source of their own, some of them months late: each counts from the first look after it came."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.api import Engine
from engine.errors import Invalid
from engine.monitoring.records import Look
from tests import tiny
from tests.cli.calling import call
from tests.forked_runs import forked_runs
from tests.journeys.conftest import WEEK
from tests.people import open_engine

pytestmark = pytest.mark.slow
FIRST = datetime(2026, 8, 4, tzinfo=UTC)
# extract gives no label; the labels of the rows up to a number are in a file beside the project, written late.
STEPS = tiny.STEPS.replace('"x", "late"])', '"x"])').replace("round(x, 6), late])", "round(x, 6)])").replace(
    "\ndef train():",
    """
def labels():
    known = json.load(open(json.load(open("settings.json"))["known"]))
    if known.get("broken"):
        sys.exit("the label store is away")
    print("from the label store")
    with open(path("OUTPUT", "labels.csv"), "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["late", "id"])
        for number in range(known["until"], -1, -1):
            r = random.Random(number)
            rows.writerow([int(r.random() < 0.1 + 0.8 * r.random()) if known["other"] else told(number), number])

def told(number):
    r = random.Random(number)
    x = r.random()
    return int(r.random() < 0.1 + 0.8 * x)

def train():""",
).replace('{"extract": extract,', '{"extract": extract, "labels": labels,').replace(
    "def score():", "def score():\n    print('scoring')"
)


def row(at: datetime) -> int:
    """The number of the row of a moment: four an hour since 2026."""
    return int((at - datetime(2026, 1, 1, tzinfo=UTC)).total_seconds() // 900)


class Site:
    """tiny, live since FIRST, with a store of labels that a test writes to."""

    def __init__(self, root: Path) -> None:
        self.store = root / "labels.json"
        self.known(FIRST)
        folder = tiny.make(root / "tiny", steps=STEPS)
        tiny.change(folder, skill=1.0, known=str(self.store))
        source = 'labels = { command = ["python", "steps.py", "labels"] }\ntime = "at"'
        tiny.replace(folder, "leverframe.toml", 'time = "at"', source)
        tiny.allow(folder, self.store)
        self.engine: Engine = open_engine(root / "home", "ada", create=True)
        forked_runs(self.engine.home)
        self.engine.add(folder)
        bar: list[float] = []
        run = self.engine.wait(self.engine.retrain("tiny", as_of=FIRST).id, lambda r: bar.append(r.progress))
        assert bar == sorted(bar), "the bar never goes back"
        assert run.version == "tiny@1", run.why
        assert [step.name for step in run.steps if step.name in ("extract", "labels", "train")] == [
            "extract", "labels", "train",
        ]  # fmt: skip
        tried = self.engine.check(folder, lambda step: None)
        assert [each.verdict for each in tried if each.what == "labels"] == ["ok"], tried
        self.engine.move(self.engine.plan_release("tiny@1"), "first", lambda step: None)

    def known(self, until: datetime, *, other: bool = False, broken: bool = False) -> None:
        self.store.write_text(json.dumps({"until": row(until), "other": other, "broken": broken}))

    def look(self, as_of: datetime) -> Look:
        bar: list[float] = []
        run = self.engine.wait(self.engine.look("tiny", as_of=as_of).id, lambda r: bar.append(r.progress))
        assert bar == sorted(bar), "the bar never goes back"
        assert run.state == "succeeded", run.why
        found = self.engine.health("tiny")
        assert found is not None and found.document is not None
        return found


def test_the_log_of_a_run_shows_every_step_that_printed(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.look(FIRST + WEEK)

    def titles(run: int, *more: str) -> list[str]:
        told = call("--home", tmp_path / "home", "--operator", "ada", "log", run, *more)
        return [line.strip("─ ") for line in told.out.splitlines() if line.startswith("──")]

    retrain, look = site.engine.runs()[-1].id, site.engine.runs()[0].id
    assert titles(retrain) == titles(retrain, "--follow") == ["labels", "score"]
    assert titles(look) == ["labels", "score", "score own rows"]
    told = call("--home", tmp_path / "home", "--operator", "ada", "log", look, "--json").json
    assert [step["step"] for step in told["steps"]] == titles(look)
    site.engine.close()


def test_labels_count_as_soon_as_they_are_known(tmp_path: Path) -> None:
    site = Site(tmp_path)
    now = FIRST + 4 * WEEK

    # Four weeks have passed and of the last three nobody knows yet what happened.
    site.known(FIRST + WEEK)
    early = site.look(now)
    assert (early.rows, early.labelled) == (4 * 672, 672 + 1), "of four weeks the first has its labels"
    assert early.document is not None and early.document.estimate, "of the others there is an estimate"
    assert early.document.mature_until is not None
    assert early.document.mature_until <= (FIRST + WEEK + timedelta(hours=1)).isoformat()

    # Weeks later they come, all at once: the same rows are measured now.
    site.known(now)
    late = site.look(now)
    assert (late.rows, late.labelled) == (4 * 672, 4 * 672)
    assert late.document is not None and late.document.mature_until is not None
    assert late.document.mature_until > early.document.mature_until
    assert late.document.metrics["roc_auc"].n > 0

    # Somebody wants to know by a column that nobody named, and by ranges of another; a wrong one is refused at once.
    with pytest.raises(Invalid, match="did you mean 'place'"):
        site.engine.look("tiny", as_of=now, by=["plaze"])
    run = site.engine.wait(site.engine.look("tiny", as_of=now, by=["place", "x=0.5"]).id, lambda r: None)
    asked = site.engine.health("tiny")
    assert asked is not None and asked.document is not None and run.state == "succeeded", run.why
    assert {name: sorted(each.conditions[0].value for each in found.found) for name, found in
            asked.document.by.items()} == {"place": ["A", "B"], "x": ["below 0.5", "from 0.5"]}  # fmt: skip

    # The store is away: drift and quality are told all the same, and that labels are not there is told, not green.
    site.known(now, broken=True)
    away = site.look(now)
    assert away.labelled == 0 and away.verdict == "watch"
    assert away.document is not None and away.document.parts["drift"].verdict == "ok"
    assert [each.why for each in away.document.findings if each.key == "labels"] == [
        "labels ended with exit code 1: the label store is away"
    ]

    # A retrain without labels has nothing to learn from: it fails with the store's own words.
    run = site.engine.wait(site.engine.retrain("tiny", as_of=now).id, lambda r: None)
    assert run.state == "failed" and "the label store is away" in str(run.why)
    site.engine.close()
