"""The JSON that scripts rely on: the keys of the design's table, one document and nothing beside it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.cli.conftest import History

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
VERSION = {"version", "state", "digest", "made_at", "live_from", "live_until", "run"}
RUN = {"id", "project", "job", "state", "queued_at", "started_at", "ended_at", "seconds", "steps", "why"}
AT = {"project", "version", "since", "approved_by", "reason"}
DOCUMENT = {
    "code", "data", "schema", "environment", "model", "settings", "schedule", "metrics", "gates", "golden", "lineage",
    "digest", "scored_by",
}  # fmt: skip


def keys_of(value: Any) -> set[str]:
    assert isinstance(value, dict)
    return set(value)


def test_status(history: History) -> None:
    found = history("status", "--json").json
    assert keys_of(found) >= {"as_of", "engine", "projects"}
    assert keys_of(found["engine"]) >= {"running", "host", "pid"}
    (project,) = found["projects"]
    assert keys_of(project) >= {
        "name", "title", "verdict", "why", "since", "live", "candidates", "last_run", "next_due",
    }  # fmt: skip
    assert (project["name"], project["live"], project["candidates"]) == ("tiny", "tiny@1", ["tiny@3"])
    assert project["verdict"] in ("ok", "watch", "failing", "unknown")
    assert TIME.fullmatch(found["as_of"]) and TIME.fullmatch(project["next_due"])
    alone = history("status", "tiny", "--json").json
    assert [each["name"] for each in alone["projects"]] == ["tiny"]


def test_candidates(history: History) -> None:
    (found,) = history("candidates", "--json").json
    assert keys_of(found) >= {"version", "project", "made_at", "verdict", "against", "gates"}
    assert (found["version"], found["against"]) == ("tiny@3", "tiny@1")
    assert found["gates"] and all(keys_of(gate) >= {"name", "verdict", "evidence"} for gate in found["gates"])


def test_versions(history: History) -> None:
    found = history("versions", "tiny", "--json").json
    assert [(each["version"], each["state"]) for each in found] == [
        ("tiny@3", "candidate"), ("tiny@2", "barred"), ("tiny@1", "live"),
    ]  # fmt: skip
    assert all(keys_of(each) >= VERSION for each in found)
    limited = history("versions", "tiny", "--limit", 2, "--json").json
    assert [each["version"] for each in limited] == ["tiny@3", "tiny@2"]


def test_show(history: History) -> None:
    found = history("show", "tiny@2", "--json").json
    assert keys_of(found) >= DOCUMENT
    assert found["state"] == "barred"


def test_diff(history: History) -> None:
    found = history("diff", "tiny@1", "tiny@3", "--json").json
    assert (found["from"], found["to"]) == ("tiny@1", "tiny@3")
    assert {change["what"] for change in found["changes"]} == {"code", "data", "schema", "packages", "settings"}


def test_runs(history: History) -> None:
    found = history("runs", "--json").json
    assert [each["id"] for each in found] == [3, 2, 1]
    assert all(keys_of(each) >= RUN for each in found)
    assert all(keys_of(step) >= {"name", "state", "seconds", "peak_memory"} for each in found for step in each["steps"])
    assert history.said["retrain 2"].json == history("runs", "tiny", "--json").json[1]


def test_log(history: History) -> None:
    found = history("log", 1, "--json").json
    assert keys_of(found) >= {"run", "state", "why", "steps"}


def test_a_search_in_a_log(history: History) -> None:
    found = history("log", 1, "--search", "TRAINING red", "--json").json
    assert keys_of(found) == {"run", "search", "steps"}
    assert [step for step in found["steps"] if step["lines"]] == [
        {"step": "train", "lines": [{"number": 1, "text": "training red"}]}
    ]


def test_times(history: History) -> None:
    found = history("times", "tiny", "--json").json
    assert keys_of(found) >= {"project", "job", "n", "p50", "p95", "bound", "steps", "costliest"}
    assert (found["project"], found["job"], found["n"], found["bound"]) == ("tiny", "retrain", 3, None)
    names = [step["name"] for step in found["steps"]]
    assert names == ["queue", "extract", "train", "score live", "score", "validate", "package"]
    assert found["costliest"] in names[1:]
    for step in found["steps"]:
        assert keys_of(step) >= {
            "name", "n", "p50", "p95", "last", "share", "peak_memory_p95", "rows_per_second", "trend", "since_run",
            "why", "cpu_p50",
        }  # fmt: skip
        assert step["trend"] == "cannot tell"
        assert (step["rows_per_second"] is None) is (step["name"] == "queue" or step["p50"] == 0)


def test_at(history: History) -> None:
    (found,) = history("at", "2099-01-01", "--json").json
    assert keys_of(found) >= AT
    assert (found["project"], found["version"], found["approved_by"]) == ("tiny", "tiny@1", "ada")
    assert history("at", "2001-01-01", "--json").json == []


def test_rollback_preview(history: History) -> None:
    found = history.said["preview json"].json
    assert keys_of(found) >= {"project", "from", "to", "restores", "does_not_restore", "refused"}
    assert (found["project"], found["from"], found["to"], found["refused"]) == ("tiny", "tiny@2", "tiny@1", None)
    assert found["restores"] and found["does_not_restore"]


def test_audit(history: History) -> None:
    found = history("audit", "--json").json
    assert all(keys_of(row) >= {"seq", "at", "actor", "action", "subject", "reason", "digest"} for row in found)
    assert [row["seq"] for row in found] == list(range(len(found), 0, -1))
    verdict = history("audit", "--verify", "--json").json
    assert keys_of(verdict) >= {"ok", "rows", "head", "first_broken"}
    assert (verdict["ok"], verdict["rows"], verdict["head"]) == (True, len(found), found[0]["digest"])


def test_disk_and_clean_up(history: History) -> None:
    found = history("disk", "--json").json
    assert keys_of(found) >= {"total", "free", "days_until_full", "by_project", "by_kind", "largest"}
    assert {"tiny"} <= {share["name"] for share in found["by_project"]}
    assert history("disk", "--last", "--json").json["at"] == found["at"]
    plan = history("clean", "--dry-run", "--json").json
    assert keys_of(plan) >= {"at", "bytes", "goes", "stays"}
    assert all(keys_of(item) >= {"id", "kind", "what", "bytes", "why"} for item in plan["stays"])
    assert history("bin", "--json").json == history("places", "--json").json == []
    assert "keep_free" in {setting["name"] for setting in history("settings", "--json").json}


def test_doctor_and_operators(history: History) -> None:
    found = history("doctor", "--json").json
    assert found["ok"] is True
    assert all(keys_of(each) >= {"what", "verdict", "sentence", "mended"} for each in found["findings"])
    for words in (("operators",), ("operators", "list")):
        (ada,) = history(*words, "--json").json
        (way,) = ada.pop("proven_by")
        assert ada == {"name": "ada", "role": "admin", "disabled": False, "projects": {}}
        assert keys_of(way) == {"operator", "kind", "label", "since", "comment"} and way["kind"] == "account"


@pytest.mark.parametrize(
    "words",
    [
        "status", "candidates", "versions tiny", "show tiny@1", "runs", "log 1", "times tiny", "audit",
        "at 2099-01-01", "doctor",
    ],
)  # fmt: skip
def test_nothing_but_ascii_stands_in_a_document(history: History, words: str) -> None:
    told = history(*words.split(), "--json")
    assert (told.code, told.err) == (0, "")
    assert told.out.isascii()
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", told.out)
    json.loads(told.out)
