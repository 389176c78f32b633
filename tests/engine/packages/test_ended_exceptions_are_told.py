"""An exception that has ended while what is live breaks the list still raises an alert, once, until that is well."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from engine import clock
from engine.api import Engine
from engine.jobs import ended_exceptions
from engine.monitoring.records import Alert
from engine.packages.rules import CommonList, Exemption, violations
from engine.storage.ledger import Ledger
from engine.versions import document as documents
from engine.versions.records import EnvironmentSection, LockedPackage
from tests import tiny
from tests.builders.versions import candidate, release
from tests.ledger import store_of
from tests.people import open_engine
from tests.version_documents import NOTHING, WHOLE

DAY = timedelta(days=1)


@pytest.fixture
def engine(home: Path, tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(home, "ada", create=True)
    engine.add(tiny.make(tmp_path / "tiny"))
    yield engine
    engine.close()


def made(engine: Engine, number: int, kind: str = "python", **packages: str) -> str:
    """A version with these packages, which goes live."""
    locked = tuple(LockedPackage(name, version) for name, version in packages.items())
    section = EnvironmentSection("3.11.7", f"{number:064x}", NOTHING, locked, kind=kind)
    digest = documents.save(store_of(engine), replace(WHOLE, environment=section))
    label = candidate(engine, clock.now(), digest=digest, against=number - 1 or None)
    release(engine, label, f"tiny@{number - 1}" if number > 1 else None, number - 1, clock.now())
    return label


def told(engine: Engine, ledger: Ledger, at: datetime) -> list[Alert]:
    """What is open at that time, after two looks: what is told is told once."""
    ended_exceptions.tell(ledger, store_of(engine), at)
    before = ledger.marker()
    ended_exceptions.tell(ledger, store_of(engine), at)
    assert ledger.marker() == before, "nothing has changed, and who looks at the ledger sleeps on"
    return [each for each in engine.alerts("tiny") if each.part == "packages"]


def test_an_exception_that_ended_in_vain_is_told_until_it_is_renewed(engine: Engine, ledger: Ledger) -> None:
    made(engine, 1, pandas="3.1")
    engine.set_packages("pandas<3", "one stack")
    until = engine.except_package("tiny", "pandas", clock.now() + DAY, "it moves later").until
    assert told(engine, ledger, until - timedelta(microseconds=1)) == []
    (alert,) = told(engine, ledger, until)
    day = f"{until.day} {until:%B %Y}"
    assert alert.why == f"tiny@1: pandas 3.1 is not pandas<3; its exception ended on {day}"
    assert (alert.severity, alert.since, alert.version) == ("watch", until, "tiny@1")
    assert alert.act.startswith("leverframe packages except tiny pandas --until TIME --reason … renews it")

    engine.enforce_packages(True, "now it matters")
    (worse,) = told(engine, ledger, until + DAY)
    assert (worse.id, worse.severity) == (alert.id, "failing"), "the same alert, told as worse"
    engine.except_package("tiny", "pandas", until + 9 * DAY, "a week more")
    assert told(engine, ledger, until + DAY) == []
    (over,) = (each for each in engine.past_alerts("tiny") if each.part == "packages")
    assert over.resolved_why == "it is found no more"
    (again,) = told(engine, ledger, until + 9 * DAY)
    assert again.id != alert.id, "another end is another alert"


def test_it_is_over_when_a_version_goes_live_that_keeps_to_the_list_or_the_list_gives_way(
    engine: Engine, ledger: Ledger
) -> None:
    made(engine, 1, kind="r", rpart="4.1-9", R6="2.5")
    engine.set_packages("r:rpart>=4.1-10\nr:r6>=2.6", "one stack")
    ends = [engine.except_package("tiny", name, clock.now() + DAY, "later").until for name in ("r:rpart", "r:R6")]
    rpart, r6 = sorted(told(engine, ledger, max(ends)), key=lambda alert: alert.key, reverse=True)
    assert (rpart.key, r6.key) == ("packages:r:rpart", "packages:r:r6")
    engine.set_packages("r:r6>=2.5", "it is good enough")
    assert [each.id for each in told(engine, ledger, max(ends))] == [rpart.id]
    made(engine, 2, kind="r", rpart="4.1.16", R6="2.5")
    assert told(engine, ledger, max(ends)) == []


def test_what_cannot_be_said_changes_nothing(engine: Engine, ledger: Ledger) -> None:
    engine.set_packages("pandas<3", "one stack")
    until = engine.except_package("tiny", "pandas", clock.now() + DAY, "it moves later").until
    assert told(engine, ledger, until) == [], "nothing is live"
    made(engine, 1, pandas="3.1")
    (alert,) = told(engine, ledger, until)
    store = store_of(engine)
    store.path(engine.versions("tiny")[0].digest).unlink()
    assert [each.id for each in told(engine, ledger, until)] == [alert.id], "a document that is gone tells nothing"


def test_only_what_was_excepted_and_is_no_more_is_told(ledger: Ledger, engine: Engine) -> None:
    now = clock.now()
    ended = Exemption("churn", "numpy", now, now - DAY, "ada", "x")
    common = CommonList({"pandas": "<3", "numpy": "<2"}, exceptions={("churn", "numpy"): ended})
    broken = violations(common, "churn", {"pandas": "3.1", "numpy": "2.4"}, now)
    assert [each.key for each in ended_exceptions.findings(common, "churn@3", broken, now)] == ["packages:numpy"]
