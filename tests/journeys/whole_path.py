"""What each sample project goes through: checked, retrained, approved, retrained, approved, looked at, rolled back."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from engine.clock import stamp
from tests import tiny
from tests.cli.calling import Told, call
from tests.forked_runs import forked_runs


def begin(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commit ``project`` and register it in a workspace of its own, of whoever runs the tests, beside it."""
    home = project.parent / "home"
    monkeypatch.setenv("LEVERFRAME_HOME", str(home))
    tiny.git(project, "init", "-q", "-b", "main")
    tiny.commit(project, "first")
    if not home.exists():
        done("init")
    forked_runs(home)
    done("add", project)


def done(*words: object) -> Told:
    """What a command said that came to a good end."""
    told = call(*words)
    assert told.code == 0, f"{' '.join(map(str, words))}\n{told.out}{told.err}{_logs()}"
    return told


def retrained(name: str, as_of: datetime) -> dict[str, Any]:
    """The version that a retrain made, as ``candidates`` tells of it."""
    done("retrain", name, "--wait", "--as-of", stamp(as_of))
    waiting = [each for each in done("candidates", "--json").json if each["project"] == name]
    assert waiting, done("versions", name).out + done("runs", name).out
    found: dict[str, Any] = waiting[0]
    return found


def first_release(name: str, moment: datetime) -> None:
    """The first version, proven and made live."""
    assert retrained(name, moment)["version"] == f"{name}@1"
    done("approve", f"{name}@1", "--reason", "the first")
    assert done("status", name, "--json").json["projects"][0]["live"] == f"{name}@1"


def walk(name: str, moments: tuple[datetime, datetime, datetime]) -> None:
    """Two releases at the first two ``moments``, a look at the third, and back. Each version is proven on the way."""
    first_release(name, moments[0])
    assert retrained(name, moments[1])["version"] == f"{name}@2"
    done("approve", f"{name}@2", "--reason", "newer rows")
    done("health", name, "--look", "--as-of", stamp(moments[2]))
    assert done("health", name, "--json").json["version"] == f"{name}@2"
    told = done("rollback", name, "--reason", "a drill")
    assert "golden rows equal" in told.out
    assert done("status", name, "--json").json["projects"][0]["live"] == f"{name}@1"
    states = {each["version"]: each["state"] for each in done("versions", name, "--json").json}
    assert states == {f"{name}@1": "live", f"{name}@2": "barred"}
    done("audit", "--verify")


def _logs() -> str:
    """What the newest run printed, for whoever looks at a failure."""
    runs = sorted((Path(os.environ["LEVERFRAME_HOME"]) / "runs").glob("*"))[-1:]
    logs = [log for run in runs for log in sorted(run.rglob("*.log"))]
    return "".join(f"\n--- {log.name}\n{log.read_text('utf-8', 'replace')[-3000:]}" for log in logs)
