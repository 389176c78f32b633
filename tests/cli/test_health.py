"""health and alerts: what is not well, in words and as JSON, and what people do about it."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.monitoring import looks
from engine.monitoring.alerts import alert_book
from engine.monitoring.records import HealthFinding
from engine.runs import history as runs
from tests.builders.projects import asks
from tests.cli.conftest import History
from tests.killing import let_go
from tests.ledger import writing
from tests.look_documents import look_document
from tests.people import open_engine

AT = datetime(2026, 11, 20, tzinfo=UTC)
MOVED = HealthFinding("drift:x", "drift", "watch", "x: mean moved from 3.1 to 9.4", "look at x", AT)
LOOK: dict[str, Any] = {
    "parts": {
        "quality": {"verdict": "ok", "why": "9 of 9 checks are well"},
        "drift": {"verdict": "watch", "why": "x moved"},
        "performance": {"verdict": "cannot tell", "why": "no label has come yet"},
    },
    "metrics": {"roc_auc": {"value": 0.706, "low": 0.69, "high": 0.72, "n": 6410, "reason": None}},
    "validated": {"roc_auc": {"value": 0.712}},
    "periods": {"sentence": "6,410 of 6,410 rows have a label by now."},
    "slices": {
        "metric": "roc_auc",
        "sentence": "41 slices were tried.",
        "found": [
            {
                "conditions": [{"column": "place", "value": "B"}],
                "n": 1204,
                "value": 0.6,
                "low": 0.55,
                "high": 0.65,
                "rest": 0.72,
                "verdict": "worse",
                "trend": "falling",
            }
        ],
    },
    "slice_rows": {"place=B": {"columns": ["row", "actual", "x"], "rows": [["7", "1", None]], "total": 1204}},
    "drift": [{"column": "x", "psi": 0.31, "size": 0.3, "verdict": "large", "why": "x: mean moved from 3.1 to 9.4."}],
}


@pytest.fixture
def looked(history: History, tmp_path: Path) -> History:
    """A copy of the history in which tiny@1, which is live, was looked at, and something moved."""
    copy = replace(history, home=tmp_path / "looked")
    shutil.copytree(let_go(history.home), copy.home, symlinks=True)
    engine = open_engine(copy.home, "ada")
    with writing(engine) as db:
        (run,) = runs.newest_ids(db, 1)
        seen = replace(look_document(LOOK), verdict="watch", why="x moved", rows=10, labelled=10)
        looks.keep(db, replace(runs.one(db, run), as_of=AT), 1, seen, AT)
        alert_book.record(db, "tiny", 1, [MOVED], ["drift"], run, AT)
    engine.close()
    return copy


def as_json(history: History, *words: str) -> Any:
    return json.loads(history(*words, "--json").out)


def test_who_has_not_looked_is_told_how(history: History) -> None:
    assert "health tiny --look" in history("health", "tiny").out
    assert as_json(history, "health", "tiny")["verdict"] == "unknown"


def test_the_look_is_told_part_by_part_with_the_alerts(looked: History) -> None:
    out = looked("health", "tiny").out
    assert out.startswith("▲ tiny@1 watch: x moved (")
    for line in (
        "● ok         9 of 9",
        "cannot tell  no label",
        "0.690 to 0.720",
        "6,410",
        "▲ alert 1 tiny@1 watch ",
        "  x: mean moved",
        "→ look at x",
        "WORST SEGMENTS",
        "place=B",
        "▲ worse       falling",
        "▲ large",
    ):
        assert line in out, out


def test_a_look_at_a_version_that_is_live_no_more_is_not_taken_for_the_live_one(looked: History) -> None:
    engine = open_engine(looked.home, "ada")
    with writing(engine) as db:
        _, run = runs.newest_ids(db, 2)
        seen = replace(look_document(LOOK), verdict="watch", why="x moved")
        looks.keep(db, replace(runs.one(db, run), as_of=AT + timedelta(hours=1)), 2, seen, AT)
    engine.close()
    out = looked("health", "tiny").out
    assert out.startswith("tiny@1 is live now, and the newest look was at tiny@2. Look at it: ")
    assert "health tiny --look\n▲ tiny@2 watch: x moved (" in out


def test_as_json_it_is_one_document(looked: History) -> None:
    found = as_json(looked, "health", "tiny")
    assert (found["version"], found["verdict"], found["alerts"][0]["key"]) == ("tiny@1", "watch", "drift:x")


def test_an_alert_is_acknowledged_and_snoozed_with_a_reason(looked: History) -> None:
    assert 'acknowledged by ada just now: "the season"' in looked("alerts", "ack", "1", "--reason", "the season").out
    assert "snoozed, back in " in looked("alerts", "snooze", "1", "--for", "4h", "--reason", "later").out
    assert looked("status", "--json").code == 0
    assert "x: mean moved" not in looked("status").out, "snoozed is left out until it wakes"


@pytest.mark.parametrize("span", ["4", "h", "4y", "-1h", "99999d", ""])
def test_a_span_that_is_none_is_wrong_usage(looked: History, span: str) -> None:
    told = looked("alerts", "snooze", "1", "--for", span, "--reason", "x")
    assert told.code == 2 and "no length of time" in told.err


def test_the_rows_of_a_bad_slice_are_told_and_an_unknown_slice_names_the_known(looked: History) -> None:
    out = looked("health", "tiny", "--slice", "place=B").out
    assert out == "place=B: 1 of 1,204 rows, the most wrong first\n  row 7  actual 1\n"
    told = looked("health", "tiny", "--slice", "place=\x1b[2J")
    assert told.code == 1 and "it has rows of 'place=B'" in told.err and "\x1b" not in told.err


def test_all_alerts_there_were_are_listed_and_limit_says_how_many(looked: History) -> None:
    engine = open_engine(looked.home, "ada")
    with writing(engine) as db:
        for n in range(1, 1001):
            alert_book.record(db, "tiny", 1, [replace(MOVED, key=f"drift:{n}")], ["drift"], None, AT)
    engine.close()
    everything = list(range(1001, 0, -1))
    assert [each["id"] for each in as_json(looked, "alerts", "history")] == everything
    assert [each["id"] for each in as_json(looked, "alerts", "history", "--limit", "2")] == [1001, 1000]
    told = [looked("alerts", "history", "tiny", *words).out for words in ((), ("--limit", "2"), ("--limit", "1001"))]
    assert [len(re.findall(r"\balert \d+ tiny@1", each)) for each in told] == [50, 2, 1001]


def test_nothing_open_is_said(history: History) -> None:
    assert history("alerts").out.startswith("Nothing is open")
    assert as_json(history, "alerts") == []


def test_what_starts_a_retrain_besides_time_is_told(looked: History) -> None:
    assert looked("schedules", "triggers").out.startswith("Nothing starts a retrain but its schedule")
    engine = open_engine(looked.home, "ada")
    with writing(engine) as db:
        asks(db, triggers=[{"on": "new-data", "rows": 600}, {"on": "drift", "cool_down": "2d"}])
    engine.close()
    assert looked("schedules", "triggers", "tiny").out == (
        "tiny retrain: at 600 new rows, at most once in 24 h\ntiny retrain: at an alert of drift, at most once in 2 d\n"
    )
    assert [each["on"] for each in as_json(looked, "schedules", "triggers")] == ["new-data", "drift"]


def test_a_swap_by_the_command_line_ends_what_was_open_about_the_version_before(looked: History) -> None:
    assert looked("alerts").out.startswith("▲ alert 1 tiny@1 watch ")
    assert looked("approve", "tiny@3", "--reason", "it learnt the new world").code == 0
    assert looked("alerts").out.startswith("Nothing is open")
    assert as_json(looked, "health", "tiny")["alerts"] == []
    assert "; tiny@1 is no longer live)" in looked("alerts", "history", "tiny").out
    assert "x: mean moved" not in looked("status").out
    told = looked("alerts", "ack", "1", "--reason", "too late")
    assert told.code == 1 and "tiny@1 is no longer live" in told.err
    back = looked("rollback", "tiny", "--reason", "the old world is back")
    assert back.code == 0, back
    assert looked("alerts").out.startswith("Nothing is open"), "what was over stays over until a look finds it again"
