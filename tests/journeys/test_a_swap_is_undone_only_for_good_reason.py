"""``falling_behind = "roll back"``: what moves by itself moves once, for a reason that holds now, or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from engine import clock
from engine.api import Engine
from engine.clock import stamp
from engine.errors import Damage, Refusal
from engine.jobs.health import health_record
from engine.jobs.health.automatic_rollback import roll_back
from engine.jobs.health.look import LookResult
from engine.monitoring.look_document import LookDocument, LookPart
from engine.monitoring.look_parts import PreviousVersion
from engine.records import Run
from engine.runs.run_context import RunContext
from engine.storage.ledger import Ledger
from engine.versions.document import of_version
from tests.builders.runs import done
from tests.builders.versions import altered
from tests.ledger import store_of, workspace_of
from tests.people import open_engine

pytestmark = pytest.mark.slow
DAY = timedelta(days=1)
ANSWER = LookDocument(
    verdict="ok", why="all is well", rows=9, labelled=9, parts={"performance": LookPart("ok", "well")},
    rival=PreviousVersion("tiny@1", "roc_auc", "tiny@1 has roc_auc 0.8, the live version 0.7", better=True),
)  # fmt: skip
BETTER = LookResult("tiny@2", True, ANSWER, 0)


@pytest.fixture
def engine(history: Path) -> Iterator[Engine]:
    """tiny@1 was live, tiny@2 is, tiny@3 waits."""
    engine = open_engine(history, "ada")
    yield engine
    engine.close()


def run_of(engine: Engine, as_of: datetime) -> Run:
    """A look without a process of its own."""
    return engine.run(done(engine, clock.now(), job="health", as_of=as_of))


def room_of(engine: Engine, as_of: datetime) -> RunContext:
    (live,) = (version for version in engine.versions("tiny") if version.state == "live")
    document = of_version(store_of(engine), live.label, live.digest)
    document = replace(document, settings={**document.settings, "health": {"bake": "3d"}})
    return cast(
        RunContext,
        SimpleNamespace(
            workspace=workspace_of(engine),
            store=store_of(engine),
            run=run_of(engine, as_of),
            live=(live.label, document),
        ),
    )


def moves(engine: Engine) -> list[str]:
    return [f"{each.kind} {each.project}@{each.number}" for each in engine.swaps(project="tiny")]


FIRST = ["release tiny@1", "release tiny@2"]


def test_it_moves_once_and_a_second_look_that_found_the_same_moves_nothing(engine: Engine, ledger: Ledger) -> None:
    context = room_of(engine, clock.now())
    assert "tiny@1 is live" in str(roll_back(ledger, context, BETTER))
    assert roll_back(ledger, context, BETTER) is None
    assert moves(engine) == [*FIRST, "rollback tiny@1"]


def test_after_it_nothing_is_held_against_the_other_so_it_never_goes_back_and_forth(
    engine: Engine, ledger: Ledger
) -> None:
    roll_back(ledger, room_of(engine, clock.now()), BETTER)
    memory = health_record.remember(ledger, room_of(engine, clock.now()))
    assert (memory.baking, memory.rival) == (False, None), "tiny@2 is barred, and a rollback does not bake"
    engine.move(engine.plan_rollback("tiny", "tiny@2", lift=True), "it was right", lambda step: None)
    memory = health_record.remember(ledger, room_of(engine, clock.now()))
    assert not memory.baking, "what a person has made live again stays"


def test_a_look_at_a_moment_before_the_swap_undoes_nothing(engine: Engine, ledger: Ledger) -> None:
    assert health_record.remember(ledger, room_of(engine, clock.now())).baking
    for earlier in (DAY, 60 * DAY):
        memory = health_record.remember(ledger, room_of(engine, clock.now() - earlier))
        assert (memory.baking, memory.rival) == (False, None)


def test_a_look_at_the_past_raises_and_moves_nothing(engine: Engine, ledger: Ledger) -> None:
    now = clock.now()
    assert health_record.register(ledger, room_of(engine, now), BETTER, now)
    assert not health_record.register(ledger, room_of(engine, now - DAY), BETTER, now)


def test_a_look_of_a_time_when_the_clock_was_ahead_does_not_silence_the_next(engine: Engine, ledger: Ledger) -> None:
    now = clock.now()
    assert health_record.register(ledger, room_of(engine, now + 365 * DAY), BETTER, now + 365 * DAY)
    assert health_record.register(ledger, room_of(engine, now), BETTER, now)


def test_a_look_that_ends_after_its_project_was_removed_raises_nothing(engine: Engine, ledger: Ledger) -> None:
    context = room_of(engine, clock.now())
    engine.remove("tiny", "it is over", "tiny")
    assert not health_record.register(ledger, context, BETTER, clock.now())


def test_where_somebody_moved_meanwhile_nothing_moves(engine: Engine, ledger: Ledger) -> None:
    context = room_of(engine, clock.now())
    engine.move(engine.plan_release("tiny@3"), "newer", lambda step: None)
    assert roll_back(ledger, context, BETTER) is None
    assert moves(engine) == [*FIRST, "release tiny@3"]


@pytest.mark.parametrize("what", ["barred", "cleaned", "model is damaged"])
def test_a_target_that_cannot_be_made_live_moves_nothing_and_the_reason_is_told(
    engine: Engine, ledger: Ledger, what: str
) -> None:
    row = engine.version("tiny@1")
    if what == "barred":
        altered(engine, 1, state="barred", reason="bad")
    if what == "cleaned":
        altered(engine, 1, cleaned_at=stamp(row.made_at))
    if what == "model is damaged":
        for stored in map(
            store_of(engine).path, of_version(store_of(engine), "tiny@1", row.digest).model.files[0].chunks
        ):
            stored.chmod(0o644)
            stored.write_bytes(b"rubbish")
    with pytest.raises((Refusal, Damage)) as refused:
        roll_back(ledger, room_of(engine, clock.now()), BETTER)
    assert what.split()[-1] in str(refused.value)
    assert moves(engine) == FIRST
    assert engine.status("tiny", clock.now()).live == "tiny@2"
    assert (engine.home / "live" / "tiny").resolve().name.startswith("2-")


def test_a_rival_whose_document_is_damaged_is_no_trouble_of_the_look(engine: Engine, ledger: Ledger) -> None:
    path = store_of(engine).path(engine.version("tiny@1").digest)
    shutil.copy(path, path.with_suffix(".copy"))
    path.chmod(0o644)
    path.write_bytes(b"rubbish")
    memory = health_record.remember(ledger, room_of(engine, clock.now()))
    assert memory.rival is not None and memory.rival[0] == "tiny@1"
