"""Only what passed its gates waits for a decision: a version that failed or cannot tell is no candidate."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.clock import stamp
from engine.records import GateVerdict, Metric
from engine.release.plan import refusal_to_release
from engine.storage import workspace as workspaces
from engine.storage.ledger import Ledger
from engine.versions import catalog
from tests.callers import caller

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
ADA = caller()
METRIC = Metric("roc_auc", 0.7, 0.6, 0.8, 900)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    workspace = workspaces.create(tmp_path / "home")
    ledger = Ledger(workspace.ledger, locks=workspace.root / "locks")
    with ledger.write() as db:
        for name in ("tiny", "other"):
            db.execute("INSERT INTO projects VALUES (?, 'T', 'o', '/p', '{}', ?, NULL)", (name, stamp(NOON)))
        db.execute(
            "INSERT INTO runs (id, project, job, state, as_of, queued_at, requested_by, options)"
            " VALUES (1, 'tiny', 'retrain', 'succeeded', ?, ?, 'bob', '{}')", (stamp(NOON), stamp(NOON)),
        )  # fmt: skip
    return ledger


def registered(ledger: Ledger, verdict: GateVerdict, project: str = "tiny") -> int:
    with ledger.write() as db:
        return catalog.register(
            db, project=project, digest=f"{verdict}{project}{catalog.candidates(db)}", made_at=NOON, as_of=NOON, run=1,
            verdict=verdict, comparison="first", sentence="it is so", against=None, metric=METRIC, data_until=NOON,
            expires_at=NOON + timedelta(days=14),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("verdict", "state"), [("pass", "candidate"), ("warn", "candidate"), ("cannot tell", "failed"), ("fail", "failed")]
)
def test_a_version_waits_only_when_it_passed(ledger: Ledger, verdict: GateVerdict, state: str) -> None:
    label = f"tiny@{registered(ledger, verdict)}"
    with ledger.read() as db:
        version = catalog.record(catalog.find(db, label))
        refused = refusal_to_release(db, label, ADA, NOON)
        waiting = [each.label for each in catalog.candidates(db)]
    assert (version.state, version.verdict, version.metric) == (state, verdict, METRIC)
    assert (refused is None) == (state == "candidate") and waiting == ([label] if state == "candidate" else [])
    if refused:
        assert refused == "tiny@1 did not pass its gates: it is so"


def test_versions_are_numbered_without_a_gap_per_project(ledger: Ledger) -> None:
    numbers = [registered(ledger, "pass", project) for project in ("tiny", "tiny", "other", "tiny")]
    assert numbers == [1, 2, 1, 3]
    with ledger.read() as db:
        assert [v.label for v in catalog.candidates(db)] == ["tiny@3", "other@1", "tiny@2", "tiny@1"]
        assert [v.label for v in catalog.candidates(db, "other")] == ["other@1"]
