"""leverframe demo: what it leaves alone, and that one which was made before is there at once."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.calling import call


def finished(home: Path) -> Path:
    (home / "demo-projects").mkdir(parents=True)
    plan = {"weeks": 8, "until": "2026-11-24T12:00:00.000000Z", "finished": True}
    (home / "demo-projects" / "demo.json").write_text(json.dumps(plan))
    return home


def test_a_workspace_that_is_not_the_demos_is_refused_and_left_alone(home: Path) -> None:
    assert call("--home", home, "--operator", "ada", "init").code == 0
    before = (home / "ledger.db").read_bytes()
    told = call("demo", "--no-console", "--home", home)
    assert (told.code, told.out) == (1, "")
    assert "the demo did not make" in told.err
    assert told.err.count("\n") == 1
    assert (home / "ledger.db").read_bytes() == before
    assert not (home / "demo-projects").exists()


def test_a_demo_that_was_made_before_is_left_as_it_is(home: Path) -> None:
    told = call("demo", "--no-console", "--home", finished(home))
    assert told.code == 0
    assert "made before" in told.out
    assert f"leverframe --home {home} demo" in told.out
    assert [p.name for p in home.iterdir()] == ["demo-projects"]


def test_too_few_weeks_are_wrong_usage(home: Path) -> None:
    told = call("demo", "--no-console", "--weeks", "2", "--home", home)
    assert told.code == 2
    assert not home.exists()


def test_the_help_says_where_the_demo_is_made() -> None:
    told = call("demo", "--help")
    assert told.code == 0
    assert "~/.leverframe-demo" in told.out
