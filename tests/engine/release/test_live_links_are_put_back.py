"""A live link that leads elsewhere is put back, once, and never in silence; a swap that is under way is let be."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.api import Engine
from engine.release import live_folder as projection
from engine.release.following import follow_ledger
from engine.storage.ledger import Ledger
from engine.storage.workspace import Workspace
from tests import tiny
from tests.builders.versions import candidate, release
from tests.ledger import workspace_of
from tests.people import open_engine

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def engine(home: Path, tmp_path: Path) -> Engine:
    """tiny@1 was live, tiny@2 is; their release folders are there, and the link is right."""
    engine = open_engine(home, "ada", create=True)
    engine.add(tiny.make(tmp_path / "tiny"))
    release(engine, candidate(engine, NOW), None, 0, NOW)
    release(engine, candidate(engine, NOW, against=1), "tiny@1", 1, NOW)
    for number in (1, 2):
        projection.release_folder(workspace_of(engine), "tiny", f"tiny@{number}-x").mkdir(parents=True)
    projection.point(workspace_of(engine), "tiny", "tiny@2-x")
    return engine


def link(workspace: Workspace) -> str | None:
    return projection.pointed_at(workspace, "tiny")


def astray(engine: Engine) -> None:
    projection.point(workspace_of(engine), "tiny", "tiny@1-x")


def lost(engine: Engine) -> None:
    os.unlink(workspace_of(engine).live / "tiny")


def elsewhere(engine: Engine) -> None:
    os.unlink(workspace_of(engine).live / "tiny")
    os.symlink("/nowhere/at-all", workspace_of(engine).live / "tiny")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (astray, "still led to tiny@1-x, the release before"),
        (lost, "was gone or no link"),
        (elsewhere, "led to at-all"),
    ],
)
def test_who_looks_next_puts_it_back_and_leaves_a_row_and_an_alert(
    engine: Engine, change: Callable[[Engine], None], says: str
) -> None:
    rows = engine.count_audit()
    change(engine)
    open_engine(engine.home, "ada").close()
    assert link(workspace_of(engine)) == "tiny@2-x"
    engine.reconcile()
    assert engine.count_audit() == rows + 1
    (row,) = engine.audit(limit=1)
    assert (row.actor, row.action, row.subject) == ("the engine", "put-back", "tiny@2") and says in row.reason
    assert row.details["to"] == "tiny@2-x"
    (alert,) = engine.alerts("tiny")
    assert (alert.severity, alert.run) == ("watch", None) and says in alert.why
    acknowledged = engine.acknowledge(alert.id, "it was me, by mistake")
    assert acknowledged.resolved_why == "ada has taken notice" and engine.alerts("tiny") == ()


def test_a_link_that_is_right_leaves_nothing(engine: Engine, ledger: Ledger) -> None:
    rows = engine.count_audit()
    assert follow_ledger(workspace_of(engine), ledger, NOW) == []
    assert engine.count_audit() == rows and engine.alerts("tiny") == ()


def test_a_swap_that_is_under_way_switches_its_link_itself(engine: Engine, ledger: Ledger) -> None:
    astray(engine)
    rows = engine.count_audit()
    with workspace_of(engine).lock("move-tiny"):
        assert follow_ledger(workspace_of(engine), ledger, NOW) == []
    assert (link(workspace_of(engine)), engine.count_audit()) == ("tiny@1-x", rows)
    assert follow_ledger(workspace_of(engine), ledger, NOW) == ["tiny"]


def test_a_release_folder_that_is_gone_is_left_to_doctor(engine: Engine, ledger: Ledger) -> None:
    astray(engine)
    projection.release_folder(workspace_of(engine), "tiny", "tiny@2-x").rmdir()
    assert follow_ledger(workspace_of(engine), ledger, NOW) == []
    assert link(workspace_of(engine)) == "tiny@1-x" and engine.status("tiny", NOW).verdict == "failing"
