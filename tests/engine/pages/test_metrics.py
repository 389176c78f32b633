"""The figures as Prometheus' own parser reads them."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from engine.clock import stamp
from engine.pages.prometheus_format import exposition
from engine.pages.prometheus_metrics import Figure
from engine.pages.view import open_view
from engine.schedule import lease
from engine.storage.workspace import Workspace
from tests.engine.pages.places import TOKEN, looked_at, served
from tests.engine.reports.worlds import NOW, empty, lived_in

Read = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def parsed(text: str) -> Read:
    """Every sample by its name and labels."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def read(home: Path) -> Read:
    view = open_view(home)
    text = exposition(view.figures(NOW)).decode()
    view.close()
    return parsed(text)


def of(found: Read, name: str, **labels: str) -> float | None:
    return found.get((f"leverframe_{name}", tuple(sorted(labels.items()))))


def test_the_server_tells_the_figures_in_the_text_format_with_help_and_type_for_each(home: Path) -> None:
    looked_at(home)
    with served(home) as here:
        status, headers, text = here.ask("/metrics")
    assert (status, headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    families = list(text_string_to_metric_families(text))
    assert len(families) >= 20
    assert all(each.documentation.endswith((".", ").")) or ": 1 or 0." in each.documentation for each in families)
    assert {each.type for each in families} == {"gauge", "counter"}
    assert all(each.name.startswith("leverframe_") for each in families)
    for line in text.splitlines():
        assert line.startswith(("# HELP leverframe_", "# TYPE leverframe_", "leverframe_"))


def test_each_figure_says_what_the_ledger_says(home: Path) -> None:
    world = looked_at(home)
    world.alert(NOW - timedelta(hours=2), "failing", "asleep", number=3)
    with world.ledger.write() as db:
        db.execute("UPDATE alerts SET snoozed_until = ? WHERE why = 'asleep'", (stamp(NOW + timedelta(days=1)),))
    world.run(NOW - timedelta(hours=3), "retrain", "failed", "no")
    found = read(home)
    flights = {"project": "flights"}
    verdicts = {
        word: of(found, "project_verdict", verdict=word, **flights) for word in ("ok", "watch", "failing", "unknown")
    }
    assert sorted(verdicts.values(), key=str) == [0.0, 0.0, 0.0, 1.0]
    assert of(found, "live_version", **flights) == 3
    assert of(found, "live_since_timestamp_seconds", **flights) == (NOW - timedelta(days=3)).timestamp()
    assert of(found, "metric_value", metric="roc_auc", version="3", **flights) == 0.72
    assert of(found, "look_timestamp_seconds", **flights) == NOW.timestamp()
    assert of(found, "look_drift_size", **flights) == 0.4
    assert of(found, "look_label_ratio", **flights) == 0.9
    assert of(found, "look_rows", **flights) == 900
    assert of(found, "alerts_open", severity="watch", **flights) == 1
    assert of(found, "alerts_open", severity="failing", **flights) == 0
    assert of(found, "candidates_waiting", **flights) == 1
    assert of(found, "runs_ended_last_day", job="retrain", state="failed", **flights) == 1
    assert of(found, "run_last_duration_seconds", job="health", **flights) == 0
    assert of(found, "schedules_missed_last_day", **flights) == 0
    assert of(found, "engine_running") == 0
    assert (of(found, "disk_free_bytes") or 0) > 0
    assert of(found, "outbox_messages", state="failed") == 0
    assert of(found, "audit_rows_total") == world.engine.count_audit()


def test_what_is_not_known_has_no_figure_rather_than_a_wrong_one(home: Path) -> None:
    world = empty(home).project()
    assert world.number == 0
    found = read(home)
    assert of(found, "live_version", project="flights") is None
    assert not [name for name, _ in found if name in ("leverframe_metric_value", "leverframe_look_timestamp_seconds")]
    assert of(found, "project_verdict", project="flights", verdict="unknown") == 1


def test_an_empty_workspace_has_figures_of_its_own(home: Path) -> None:
    empty(home).engine.close()
    assert of(read(home), "engine_running") == 0


def test_an_engine_that_runs_is_seen(home: Path) -> None:
    world = lived_in(home)
    held = lease.take(Workspace(home), world.ledger, NOW)
    assert held is not None
    try:
        assert of(read(home), "engine_running") == 1
    finally:
        held.release()
    assert of(read(home), "engine_running") == 0


@pytest.mark.parametrize("name", ['a"} 1\nleverframe_evil 1', "back\\slash\\n", "\u2028<b>ä", ""])
def test_nothing_in_a_label_becomes_a_figure_of_its_own(name: str) -> None:
    figure = Figure("leverframe_x", "Help\nwith a break.", ("project",))
    figure.put(1, name)
    text = exposition([figure]).decode()
    assert parsed(text) == {("leverframe_x", (("project", name),)): 1.0}


def test_a_hostile_name_in_the_ledger_stays_a_label(home: Path) -> None:
    world = lived_in(home)
    hostile = 'm"} 1\nevil 1'
    with world.ledger.write() as db:
        manifest: dict[str, Any] = json.loads(db.execute("SELECT manifest FROM projects").fetchone()[0])
        manifest["validation"]["metrics"] = [hostile]
        db.execute("UPDATE projects SET manifest = ?", (json.dumps(manifest),))
        db.execute(
            "INSERT INTO measurements (project, number, run, metric, as_of, at, value, low, high, n)"
            " VALUES ('flights', 3, 1, ?, ?, ?, 0.5, NULL, NULL, 1)",
            (hostile, stamp(NOW), stamp(NOW)),
        )
    found = read(home)
    assert of(found, "metric_value", project="flights", metric=hostile, version="3") == 0.5
    assert not [name for name, _ in found if not name.startswith("leverframe_")]


def test_how_many_figures_there_are_does_not_grow_with_history(home: Path) -> None:
    world = looked_at(home)
    before = len(read(home))
    for week in range(30):
        world.run(NOW - timedelta(hours=week / 10), "retrain", "succeeded")
        world.alert(NOW, "watch", f"another {week}", number=3)
    assert len(read(home)) <= before + 1


def test_figures_need_the_token_where_there_is_one(home: Path) -> None:
    looked_at(home)
    with served(home, TOKEN) as here:
        assert here.ask("/metrics")[0] == 401
        assert here.ask("/metrics", Authorization=f"Bearer {TOKEN}")[0] == 200
