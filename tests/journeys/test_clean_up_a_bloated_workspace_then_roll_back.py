"""A bloated workspace is cleaned up; the oldest protected version comes back all the same, and so does the bin."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.api import Engine
from engine.errors import Conflict, Forbidden, Invalid, Refusal
from engine.housekeeping import bin as bins
from engine.housekeeping import daily
from engine.storage.ledger import Ledger
from tests.builders.runs import retrained
from tests.journeys.cleaning import FIRST, WEEK, assert_all_kept, cleaned, goes, later, planned
from tests.ledger import store_of, workspace_of
from tests.people import open_engine
from tests.workspaces import opened_copy

pytestmark = pytest.mark.slow


@pytest.fixture
def engine(saved: Path) -> Iterator[Engine]:
    with opened_copy(saved) as engine:
        yield engine


def test_what_goes_and_what_stays_is_said_before_anything_happens(engine: Engine) -> None:
    before = sorted(str(path) for path in engine.home.rglob("*"))
    plan = planned(engine, later())
    assert goes(plan) == {"version:tiny@1", "version:tiny@5", "run-data:6", "objects"}
    why = {item.id: item.why for item in plan.items if not item.goes}
    assert why["version:tiny@4"] == "it is live"
    assert why["version:tiny@3"] == "rollback point 1 of 2" and why["version:tiny@2"] == "rollback point 2 of 2"
    assert plan.bytes > 0
    assert sorted(str(path) for path in engine.home.rglob("*")) == before
    now = engine.plan_clean()
    assert goes(now) == set(), "all of it was stored a moment ago"
    assert any(item.id == "version:tiny@1" and item.why.startswith("it was stored lately") for item in now.items)


def test_after_a_clean_up_the_oldest_protected_version_comes_back(engine: Engine) -> None:
    engine.scan_disk()
    used = engine.scan_disk().used  # with what the first has set aside
    done = cleaned(engine, later())
    assert done.items == 4 and done.notes == ()
    assert_all_kept(engine)
    assert {version.label: bool(version.cleaned_at) for version in engine.versions("tiny")} == {
        "tiny@1": True, "tiny@2": False, "tiny@3": False, "tiny@4": False, "tiny@5": True,
    }  # fmt: skip
    assert engine.show("tiny@1").gates, "what it was is still known"
    assert "cleaned up" in str(engine.plan_rollback("tiny", "tiny@1").refused)
    assert [version.label for version in engine.rollback_targets("tiny")] == ["tiny@3", "tiny@2"]
    assert "freed for good" in engine.empty_bin("a small disk", engine.home.name, all=True)
    assert engine.scan_disk().used < used
    engine.move(engine.plan_rollback("tiny", "tiny@2"), "the oldest there is", lambda step: None)
    assert engine.status("tiny", later()).live == "tiny@2"
    assert_all_kept(engine)


def test_what_went_comes_back_from_the_bin_and_can_be_gone_back_to(engine: Engine) -> None:
    cleaned(engine, later())
    numbers = {item.what: item.id for item in engine.bin_items()}
    assert len(numbers) == 4
    for number in numbers.values():
        assert engine.restore(number, "the auditors want it").endswith("is back where it was.")
    assert engine.bin_items() == ()
    assert all(version.cleaned_at is None for version in engine.versions("tiny"))
    assert goes(planned(engine, later(2))) == set(), "what somebody wanted back is not taken away the next day"
    engine.move(engine.plan_rollback("tiny", "tiny@1"), "the first", lambda step: None)
    assert_all_kept(engine)
    assert [row.action for row in engine.audit()[:7]].count("restore") == 4
    with pytest.raises(Conflict, match="was restored already"):
        engine.restore(next(iter(numbers.values())), "again")


def test_a_plan_that_the_ledger_has_overtaken_is_refused_and_nothing_happens(engine: Engine) -> None:
    plan = planned(engine, later())
    engine.hold("tiny@1", "the court asks")
    (held,) = [each for each in engine.versions("tiny") if each.held]
    assert held.label == "tiny@1" and str(held.held).endswith(": the court asks")
    with pytest.raises(Conflict, match=r"content of tiny@1.* stays by now: legal hold: ada since .*: the court asks"):
        cleaned(engine, later(), plan)
    assert engine.bin_items() == ()
    engine.release_hold("tiny@1", "the court is done")
    assert not [each for each in engine.versions("tiny") if each.held]
    assert cleaned(engine, later(), plan).items == 4
    with pytest.raises(Refusal, match="content of tiny@1 was cleaned up"):
        engine.hold("tiny@1", "too late")


def test_the_bin_purges_itself_after_its_time_and_not_before(engine: Engine, ledger: Ledger) -> None:
    cleaned(engine, later())
    daily.keep_house(workspace_of(engine), ledger, later(3 + 13.9))
    assert len(engine.bin_items()) == 4
    said = daily.keep_house(workspace_of(engine), ledger, later(3 + 14.1))
    assert said[0].endswith("purged from the bin.")
    assert engine.bin_items() == () and list(workspace_of(engine).bin.iterdir()) == []
    assert engine.audit()[0].action == "purge" and engine.audit()[0].actor == "the clock"
    assert_all_kept(engine)


def test_a_collector_that_finds_a_file_already_gone_carries_on_and_says_so(engine: Engine, ledger: Ledger) -> None:
    at = later()
    plan = planned(engine, at)
    shutil.rmtree(workspace_of(engine).run_folder(6) / "code")
    (item,) = [item for item in plan.items if item.id == "version:tiny@5"]
    from engine.housekeeping import clean as cleaning
    from engine.housekeeping.survey import survey

    found = survey(workspace_of(engine), ledger, store_of(engine), at)
    (thing,) = [thing for thing in found.things if thing.item.id == item.id]
    store_of(engine).path(thing.digests[0]).unlink()
    notes: list[str] = []
    cleaning.carry_out(
        workspace_of(engine), ledger, store_of(engine), found, thing, 99, "gone", engine.caller, at, notes
    )
    assert notes == [f"of the {item.what}, 1 file was gone already"]
    assert cleaned(engine, at).items == 3
    assert_all_kept(engine)


def test_who_may_not_and_who_gives_no_reason_is_refused(engine: Engine) -> None:
    engine.add_operator("eve", "viewer", "the business")
    eve = open_engine(engine.home, "eve")
    plan = eve.plan_clean()
    for act in (
        lambda: eve.clean(plan, "because", lambda step: None),
        lambda: eve.restore(1, "because"),
        lambda: eve.empty_bin("because", engine.home.name, all=True),
        lambda: eve.choose("keep_free", "0", "because"),
        lambda: eve.hold("tiny@1", "because"),
    ):
        with pytest.raises(Forbidden, match="eve is a viewer"):
            act()
    with pytest.raises(Invalid, match="A reason is needed"):
        engine.clean(plan, " ", lambda step: None)
    assert eve.scan_disk().by_kind
    eve.close()


def test_two_clean_ups_at_once_are_one(engine: Engine) -> None:
    with workspace_of(engine).lock(bins.LOCK), pytest.raises(Conflict, match="already at work on 'clean'"):
        cleaned(engine, later())


def test_old_logs_are_compressed_and_stay_readable_and_very_old_ones_go(engine: Engine) -> None:
    log = workspace_of(engine).run_folder(6) / "steps" / "train" / "step.log"
    log.write_text("".join(f"line {number}\n" for number in range(5000)))
    before = engine.log(6, step="train").lines
    assert "compress" in goes(planned(engine, later(10)))
    cleaned(engine, later(10))
    assert not log.exists() and log.with_name("step.log.zst").stat().st_size < 20_000
    assert engine.log(6, step="train").lines == before
    assert {f"run:{number}" for number in range(1, 7)} <= goes(planned(engine, later(100)))
    cleaned(engine, later(100))
    assert list(workspace_of(engine).runs.iterdir()) == []
    assert engine.log(6, step="train").lines == ()
    assert_all_kept(engine)


def test_a_retrain_with_less_free_than_is_kept_free_is_refused_and_decisions_still_work(engine: Engine) -> None:
    engine.choose("keep_free", "900TiB", "a test")
    with pytest.raises(Refusal, match=r"tiny is not retrained: only .* are free, and .* are kept free \(keep_free\)"):
        engine.retrain("tiny")
    assert [(f.what, f.verdict) for f in engine.scan_disk().findings if f.verdict == "failing"] == [("disk", "failing")]
    assert [f.verdict for f in engine.doctor(mend=False) if f.what == "disk"] == ["watch"]
    engine.move(engine.plan_rollback("tiny"), "it still works", lambda step: None)
    assert cleaned(engine, later()).items >= 1
    engine.choose("keep_free", "default", "a test")
    from tests import tiny

    tiny.replace(engine.home.parent / "tiny", "steps.py", "    raise SystemExit('no')\n", "")
    assert retrained(engine, FIRST + 6 * WEEK)
