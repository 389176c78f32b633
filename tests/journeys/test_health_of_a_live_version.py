"""The world of a live version changes: what a look at its health finds, and what becomes of that."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.api import Engine
from engine.clock import now, stamp
from engine.monitoring.look_document import LookDocument
from engine.monitoring.records import Look
from engine.records import Run
from tests import tiny
from tests.forked_runs import forked_runs
from tests.journeys.conftest import WEEK
from tests.ledger import reading, writing
from tests.people import open_engine

pytestmark = pytest.mark.slow
FIRST = datetime(2026, 8, 4, tzinfo=UTC)

# The project's data source is a file beside it: from the row numbered ``from`` on the world is another.
SETTLED = {"from": 10**9, "shift": 0.0, "flip": False, "labels_until": 10**9, "name": "x"}
STEPS = (
    tiny.STEPS.replace(
        "def extract():\n",
        "def extract():\n    world = json.load(open(json.load(open('settings.json'))['world']))\n",
    )
    .replace('"place", "x", "late"])', '"place", world["name"], "late"])')
    .replace(
        "            x = r.random()\n",
        "            other = hour >= world['from']\n            x = r.random() + other * world['shift']\n",
    )
    .replace(
        "            late = int(r.random() < 0.1 + 0.8 * x)\n",
        "            chance = 0.1 + 0.8 * min(x, 1)\n"
        "            late = int(r.random() < (1 - chance if other and world['flip'] else chance))\n"
        "            late = late if hour < world['labels_until'] else ''\n",
    )
)
HEALTH = """
[health]
window = "7d"
bake = "{bake}"
falling_behind = "roll back"

[[triggers]]
on = "new-data"
rows = 600
cool_down = "1h"

[approval]
"""


class Site:
    """tiny, live since FIRST, whose data source a test can change."""

    def __init__(self, root: Path, bake: str = "1m") -> None:
        self.world = root / "world.json"
        self.change()
        project = tiny.make(root / "tiny", steps=STEPS)
        tiny.change(project, skill=1.0, world=str(self.world))
        tiny.replace(project, "leverframe.toml", "[approval]\n", HEALTH.format(bake=bake))
        tiny.allow(project, self.world)
        self.engine: Engine = open_engine(root / "home", "ada", create=True)
        forked_runs(self.engine.home)
        self.engine.add(project)
        run = self.engine.wait(self.engine.retrain("tiny", as_of=FIRST).id, lambda r: None)
        assert run.version == "tiny@1", run.why
        self.engine.move(self.engine.plan_release("tiny@1"), "first", lambda step: None)

    def change(self, **world: Any) -> None:
        self.world.write_text(json.dumps(SETTLED | world))

    def run(self, as_of: datetime) -> Run:
        return self.engine.wait(self.engine.look("tiny", as_of=as_of).id, lambda r: None)

    def look(self, as_of: datetime) -> Look:
        run = self.run(as_of)
        assert run.state == "succeeded", run.why
        found = self.engine.health("tiny")
        assert found is not None and found.run == run.id
        return found

    def open_keys(self) -> list[str]:
        return [alert.key for alert in self.engine.alerts("tiny")]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("site"))
    yield site
    site.engine.close()


@pytest.fixture
def site(saved: Site) -> Iterator[Site]:
    """The same site for every test, at a later time for each: a test leaves the world as it found it."""
    saved.change()
    yield saved
    saved.change()


def row(at: datetime) -> int:
    """The number of the row of a moment: four an hour since 2026."""
    return int((at - datetime(2026, 1, 1, tzinfo=at.tzinfo)).total_seconds() // 900)


def document(found: Look) -> LookDocument:
    assert found.document is not None
    return found.document


def test_a_settled_world_is_well_and_says_on_how_many_rows(site: Site) -> None:
    found = site.look(FIRST + WEEK)
    assert found.verdict == "ok" and site.open_keys() == []
    assert (found.rows, found.labelled) == (1344, 1344), "a week of holdout, and a week since"
    assert {name: part.verdict for name, part in document(found).parts.items()} == {
        "quality": "ok", "drift": "ok", "performance": "ok", "calibration": "ok",
    }  # fmt: skip
    assert document(found).metrics["roc_auc"].value > 0.7
    assert [each.version for each in site.engine.signals("tiny", "roc_auc")] == ["tiny@1"]


def test_it_is_asked_once_about_the_rows_that_it_learnt_from(site: Site) -> None:
    first, second = site.run(FIRST + WEEK), site.run(FIRST + WEEK)
    assert "score" in [step.name for step in first.steps]
    assert "score own rows" not in [step.name for step in second.steps]
    found = site.engine.health("tiny")
    prediction = document(found).prediction if found is not None else None
    assert prediction is not None and prediction.verdict == "none"
    (kept,) = (site.engine.home / "cache" / "profiles").glob("*.predictions")
    kept.write_bytes(b"torn")
    again = site.run(FIRST + WEEK)
    assert again.state == "succeeded" and "score own rows" in [step.name for step in again.steps]


def triggered(site: Site) -> list[tuple[str, ...]]:
    with reading(site.engine) as db:
        return [tuple(each) for each in db.execute("SELECT kind, state, why FROM triggers ORDER BY id")]


def test_within_the_cool_down_enough_new_rows_start_nothing_and_that_is_told_once(site: Site) -> None:
    site.look(FIRST + WEEK)
    ((kind, state, why),) = triggered(site)
    assert (kind, state) == ("new-data", "skipped")
    assert why.startswith("672 new rows since the last version, and 600 are enough; cool-down: run 1 was ")


def test_after_it_they_start_a_retrain(site: Site) -> None:
    with writing(site.engine) as db:
        before = stamp(now() - timedelta(hours=2))
        db.execute("UPDATE runs SET queued_at = ? WHERE job = 'retrain'", (before,))
    site.look(FIRST + WEEK)
    assert triggered(site)[-1] == ("new-data", "ran", "672 new rows since the last version, and 600 are enough")
    (run,) = (each for each in site.engine.runs("tiny") if each.requested_by == "a trigger")
    ended = site.engine.wait(run.id, lambda r: None)
    assert (ended.job, ended.state) == ("retrain", "succeeded"), ended.why
    (trigger,) = site.engine.triggers("tiny")
    assert (trigger.words, trigger.cool_down, trigger.state, trigger.run) == ("600 new rows", 3600, "ran", run.id)


def test_a_feature_that_moves_is_told_with_what_moved_and_ends_with_it(site: Site) -> None:
    now = FIRST + 2 * WEEK
    site.change(shift=0.6, **{"from": row(now - WEEK)})
    found = site.look(now)
    assert found.verdict == "watch" and "drift:x" in site.open_keys()
    (alert,) = (each for each in site.engine.alerts("tiny") if each.key == "drift:x")
    assert "mean moved from 0.4886 to 1.088" in alert.why and "672 rows" in alert.why
    site.change()
    site.look(now + WEEK)
    assert "drift:x" in site.open_keys(), "the window still holds what was seen to be over"
    site.look(now + WEEK + timedelta(days=1))
    assert "drift:x" not in site.open_keys()


def test_a_world_that_turns_round_is_a_fall_and_fails(site: Site) -> None:
    now = FIRST + 6 * WEEK
    site.change(flip=True, **{"from": row(now - 2 * WEEK)})
    found = site.look(now)
    assert found.verdict == "failing"
    (alert,) = (each for each in site.engine.alerts("tiny") if each.key == "performance:roc_auc")
    assert alert.severity == "failing" and "when it was validated" in alert.why
    assert site.engine.status("tiny", now).verdict == "failing"


def test_labels_that_have_not_come_are_no_fall_and_their_share_is_told(site: Site) -> None:
    now = FIRST + 8 * WEEK
    site.change(labels_until=row(now - 2 * WEEK))
    found = site.look(now)
    assert found.labelled < found.rows
    over_time = document(found).periods
    assert over_time is not None and [each.mature for each in over_time.periods[-2:]] == [False, False]
    assert "performance:roc_auc" not in site.open_keys()


def test_a_column_that_is_gone_fails_and_nothing_is_scored(site: Site) -> None:
    site.change(name="renamed")
    found = site.look(FIRST + 9 * WEEK)
    assert found.verdict == "failing" and "lost-column:x" in site.open_keys()
    assert "no longer has x" in document(found).parts["performance"].why
    site.change()
    site.look(FIRST + 10 * WEEK)
    assert "lost-column:x" not in site.open_keys()


def test_a_look_at_the_past_changes_no_alert(site: Site) -> None:
    before = site.engine.alerts("tiny")
    site.change(name="renamed")
    assert site.run(FIRST + WEEK).state == "succeeded"
    assert site.engine.alerts("tiny") == before


def test_a_look_with_no_new_row_is_unknown_not_well(site: Site) -> None:
    site.change(**{"from": 0, "labels_until": 0})
    found = site.run(FIRST - 2 * WEEK)
    assert found.state == "succeeded" and "no rows have come" in (found.why or "")


def test_nothing_live_nothing_to_look_at(tmp_path: Path) -> None:
    engine = open_engine(tmp_path / "home", "ada", create=True)
    engine.add(tiny.make(tmp_path / "tiny"))
    with pytest.raises(Exception, match="Nothing of tiny is live yet"):
        engine.look("tiny")
    engine.close()


def test_a_swap_that_does_not_pay_is_rolled_back_where_the_policy_says_so(tmp_path: Path) -> None:
    site = Site(tmp_path, bake="1d")
    site.change(flip=True, **{"from": row(FIRST - WEEK)})
    run = site.engine.wait(site.engine.retrain("tiny", as_of=FIRST + 6 * WEEK).id, lambda r: None)
    assert run.version == "tiny@2", run.why
    site.engine.move(site.engine.plan_release("tiny@2"), "it learnt the new world", lambda step: None)
    site.change()  # The world of tiny@1 is back.
    assert site.look(FIRST + 9 * WEEK).verdict != "unknown"
    assert site.engine.version("tiny@2").state == "live", "a look at a moment before the swap undoes nothing"
    site.look(now())
    newest = site.engine.audit(limit=1)[0]
    assert (newest.action, newest.actor, newest.subject) == ("rollback", "the bake policy", "tiny@1")
    assert "tiny@1 has roc_auc" in newest.reason and "falling_behind says to roll back" in newest.reason
    assert site.engine.version("tiny@2").state == "barred"
    assert (site.engine.home / "live" / "tiny").resolve().name.startswith("1-")
    site.engine.close()
