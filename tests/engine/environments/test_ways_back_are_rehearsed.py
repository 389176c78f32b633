"""A version with packages is rebuilt from what is kept before anybody has to; what is broken is found, and told."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from engine.api import Engine
from engine.environments import kept_files
from engine.environments.kept_files import KeptFiles
from engine.housekeeping.bin import folder_of
from engine.records import Run
from engine.versions.environment import lock_of
from engine.vocabulary.steps import REBUILD
from tests import tiny
from tests.builders.runs import retrained
from tests.builders.versions import altered
from tests.forked_runs import forking
from tests.journeys.cleaning import cleaned, later, planned
from tests.ledger import reading, store_of, workspace_of
from tests.people import open_engine

if TYPE_CHECKING:
    from conftest import Place

pytestmark = pytest.mark.slow


@pytest.fixture
def engine(place: Place, monkeypatch: pytest.MonkeyPatch, today: datetime) -> Iterator[Engine]:
    """tiny@1 was live and tiny@2 is; both need the same packages, which the registry has."""
    for name in ("UV_NO_INDEX", "UV_FIND_LINKS"):
        monkeypatch.setenv(name, place.uv.environ[name])
    engine = forking(open_engine(place.root, "ada"))
    folder = tiny.make(place.root.with_name(f"{place.root.name}-tiny"))
    (folder / "requirements.txt").write_text("fruit-salad\n")
    tiny.replace(folder, "leverframe.toml", "[train]", '[environment]\nrequirements = "requirements.txt"\n\n[train]')
    engine.add(folder)
    for days in (14, 7):
        engine.move(engine.plan_release(retrained(engine, today - timedelta(days=days))), "newer", lambda step: None)
    yield engine
    engine.close()


def rehearsed(engine: Engine) -> Run:
    return engine.wait(engine.run_now("tiny", "rehearsal").id, lambda run: None)


def kept_for(engine: Engine, label: str) -> KeptFiles:
    lock = lock_of(store_of(engine), engine.show(label))
    with reading(engine) as db:
        kept = kept_files.of(db, lock.digest)
    assert kept is not None
    return kept


def unplug(place: Place) -> None:
    shutil.rmtree(place.wheels)
    place.wheels.mkdir()
    shutil.rmtree(place.cache / "uv", ignore_errors=True)


def test_a_rehearsal_needs_no_network_and_finds_what_is_broken_until_it_is_fetched_again(
    engine: Engine, place: Place
) -> None:
    kept = kept_for(engine, "tiny@2")
    assert kept.why is None and kept == kept_for(engine, "tiny@1"), "one lock, kept once"
    assert "kept packages" in {share.name for share in engine.scan_disk().by_kind}
    aside = shutil.copytree(place.wheels, place.wheels.with_name(f"{place.root.name}-aside"))
    unplug(place)
    run = rehearsed(engine)
    assert run.state == "succeeded" and run.why is not None, run.why
    assert run.why.startswith("tiny@2, tiny@1 rebuilt offline and as recorded, ")
    found = [each.rehearsed for each in engine.versions("tiny") if each.rehearsed]
    assert [each.outcome for each in found] == ["rebuilt", "rebuilt"]
    (building,) = (step.seconds for step in run.steps if step.name == REBUILD.name)
    assert all(each.seconds >= building for each in found), "whoever goes back to one alone waits for its environment"
    first = next(each for each in found if each.at == min(one.at for one in found))
    assert run.seconds is not None and first.seconds <= run.seconds, "what was built for it is in its time once"
    assert (engine.plan_rollback("tiny").rehearsed or "").startswith("last rehearsed just now, ")
    assert list((engine.home / "runs" / str(run.id)).rglob("*.whl")) == [] and engine.alerts("tiny") == ()

    pear = next(each for each in kept.files if each.package == "pear")
    store_of(engine).path(pear.stored.chunks[0]).unlink()
    run = rehearsed(engine)
    said = "what is kept of pear is gone from the store or damaged"
    assert (run.state, run.why) == ("failed", f"tiny@2 could not be rebuilt: {said}; nor tiny@1")
    plan = engine.plan_rollback("tiny")
    assert plan.rehearsal is not None and plan.rehearsal.outcome == "failed" and plan.refused is None
    day = plan.rehearsal.at
    assert plan.rehearsed == f"could not be rebuilt on {day.day} {day:%B}: {said}"
    (alert,) = engine.alerts("tiny")
    assert (alert.severity, alert.part) == ("failing", "rehearsal")
    assert alert.why == f"tiny@2 (live), tiny@1 (rollback point 1) could not be rebuilt: {said}"

    run = rehearsed(engine)  # What is gone is to be had nowhere.
    assert run.state == "failed" and "Not all that its environment is built from is kept" in (run.why or "")
    (again,) = engine.alerts("tiny")
    assert again.id == alert.id, "it is the same trouble, told in other words"
    shutil.rmtree(place.wheels)
    shutil.copytree(aside, place.wheels)
    assert rehearsed(engine).state == "succeeded" and engine.alerts("tiny") == ()
    (over,) = (each for each in engine.past_alerts("tiny") if each.part == "rehearsal")
    assert over.resolved_why == "it is found no more"


def test_a_rollback_goes_without_network_and_cache_from_what_is_kept(engine: Engine, place: Place) -> None:
    unplug(place)
    shutil.rmtree(place.environments)
    moved = engine.move(engine.plan_rollback("tiny"), "the page is on fire", lambda step: None)
    assert moved.deployment is not None and moved.deployment.label == "tiny@1"


def test_what_is_kept_goes_to_the_bin_with_the_last_version_that_needs_it_and_comes_back_with_it(
    engine: Engine, place: Place, today: datetime
) -> None:
    folder = place.root.with_name(f"{place.root.name}-tiny")
    (folder / "requirements.txt").write_text("apple\n")
    tiny.commit(folder, "less")
    engine.move(engine.plan_release(retrained(engine, today)), "less", lambda step: None)
    store, salad, apple = store_of(engine), kept_for(engine, "tiny@1"), kept_for(engine, "tiny@3")
    assert set(apple.files) < set(salad.files)
    going = [item.what for item in planned(engine, later()).going if item.kind in ("objects", "version")]
    assert going == [] and kept_files.standing(store, salad.files) == salad.files
    engine.choose("failed_days", "1", "a small disk")
    for number in (1, 2):
        altered(engine, number, state="failed")
    cleaned(engine, later())
    assert set(kept_files.standing(store, salad.files)) == set(apple.files), "the live version needs these"
    pear = next(each.stored.chunks[0] for each in salad.files if each.package == "pear")
    (lies,) = workspace_of(engine).bin.glob(f"*/objects/{pear[:2]}/{pear[2:]}")
    gone = [item.id for item in engine.bin_items() if item.kind == "version"]
    without = next(number for number in gone if not lies.is_relative_to(folder_of(workspace_of(engine), number)))
    engine.restore(without, "it is wanted again")
    assert kept_files.standing(store, salad.files) == salad.files, "out of the folder of the other that had them too"
    for number in set(gone) - {without}:
        engine.restore(number, "it is wanted again")
    assert kept_files.standing(store, salad.files) == salad.files
