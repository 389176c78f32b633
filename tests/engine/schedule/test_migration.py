"""A ledger from before there were schedules gets them from the manifests it holds, from now on."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.storage import migrations
from engine.storage import workspace as workspaces
from tests.people import open_engine


def test_projects_that_were_there_are_scheduled_from_now(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = workspaces.create(home)
    with monkeypatch.context() as patched:
        patched.setattr(migrations, "MIGRATIONS", migrations.MIGRATIONS[:1])
        migrations.migrate(workspace.ledger, home / "locks")
    retrain = {"cron": "0 3 * * mon", "timezone": "Europe/Berlin"}
    manifest = {"schedule": {"retrain": retrain, "health": {"cron": "* * * * *"}}}
    with sqlite3.connect(workspace.ledger) as db:
        db.execute("INSERT INTO operators VALUES ('ada', 'admin', '2026-01-01T00:00:00.000000Z')")
        for name, document, removed in (("old", manifest, None), ("gone", manifest, "2026-02-01"), ("bare", {}, None)):
            values = (name, json.dumps(document), removed)
            db.execute("INSERT INTO projects VALUES (?, 't', 'o', '/x', ?, '2026-01-01T00:00:00.000000Z', ?)", values)
    db.close()
    engine = open_engine(home, "ada")
    rehearsed = {each.project: (each.rule, each.timezone) for each in engine.schedules() if each.job == "rehearsal"}
    assert rehearsed == {"old": ("0 2 * * sun", "Europe/Berlin"), "bare": ("0 2 * * sun", "UTC")}
    (found,) = (each for each in engine.schedules() if each.job == "retrain")
    assert (found.project, found.job, found.rule, found.timezone) == ("old", "retrain", "0 3 * * mon", "Europe/Berlin")
    assert found.origin == "manifest" and found.catch_up == "latest" and found.last is None
    now = datetime.now(UTC)
    assert now < found.next_due[0] < now + timedelta(days=8)
    engine.close()
