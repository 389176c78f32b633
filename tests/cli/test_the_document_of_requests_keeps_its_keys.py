"""The JSON of ``leverframe requests``: its keys, which scripts rely on."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

from console.cli.request_documents import report
from engine.requests.records import Block
from engine.requests.skew import LoggedRow, compare
from tests.console.health_records import NOW
from tests.console.request_records import REPORT

_AT = (NOW - timedelta(minutes=1), NOW, NOW)
BLOCK = Block(1, "churn", "a.parquet", "churn@21", "worker 41", "d" * 64, 10, 2, 3, *_AT)

SKEW = compare("churn@21", [LoggedRow("r1", "t", (0.5,), (1,))], [(2,)], ["x"], ["prediction"], NOW)


def test_requests() -> None:
    found = json.loads(json.dumps(report(replace(REPORT, blocks=(BLOCK,), skew=SKEW))))
    assert found.keys() >= {
        "project", "served", "since", "until", "requests", "rows", "per_second", "p50", "p95", "p99", "failures",
        "refused", "errors", "by_version", "by_worker", "by_fallback", "kept", "lost", "unseen", "points", "log",
        "skew",
    }  # fmt: skip
    assert found["by_version"][0].keys() >= {"name", "requests", "failures", "p50", "p99"}
    assert found["points"][0].keys() >= {"at", "requests", "per_second", "failures", "p50", "p95", "p99"}
    assert found["log"].keys() >= {"share", "kept_for", "most_bytes", "blocks", "bytes", "rows", "oldest", "newest"}
    (newest,) = found["log"]["newest"]
    assert newest.keys() >= {
        "file", "version", "worker", "digest", "bytes", "requests", "rows", "since", "until", "written_at",
    }  # fmt: skip
    assert newest["until"] == found["until"] == NOW.isoformat(timespec="microseconds").replace("+00:00", "Z")
    assert found["skew"].keys() >= {"version", "at", "run", "rows", "differing", "changed", "largest", "unread"}
    (worst,) = found["skew"]["worst"]
    assert worst == {
        "request": "r1", "at": "t", "features": {"x": 0.5}, "answered": {"prediction": 1}, "again": {"prediction": 2},
        "difference": 1.0,
    }  # fmt: skip
