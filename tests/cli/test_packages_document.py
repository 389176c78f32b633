"""The document of ``packages --json`` keeps its keys, says null where nothing is known, and is of one spelling."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from console.cli import package_documents as documents
from engine import clock
from engine.packages.advisories import Advisories
from engine.packages.matrix import LockedProject, compose
from engine.packages.newest import NewestVersions, ask
from engine.packages.rules import CommonList, Exemption
from engine.packages.what_if import Change, Outcome
from tests.cli.calling import call
from tests.people import open_engine

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)


def test_a_matrix_of_every_ecosystem() -> None:
    versions = (
        LockedProject("penguins", "penguins@2", True, {"r:rpart": "4.1-19"}),
        LockedProject("churn", "churn@1", False, {"numpy": "2.0", "jvm:tool": ""}),
    )
    given = Exemption("penguins", "r:rpart", NOW + timedelta(days=1), NOW, "ada", "later")
    common = CommonList({"r:rpart": ">=4.1-20"}, True, {("penguins", "r:rpart"): given}, NOW, "ada", "one stack")
    asked = NewestVersions(NOW, {"numpy": "2.4"})
    found = json.loads(json.dumps(documents.matrix(compose(common, versions, {}, NOW, asked, Advisories(count=1)))))
    assert set(found) == {"list", "packages", "left_out", "newest_at", "advisories"}
    assert set(found["list"]) == {"constraints", "enforced", "exceptions", "at", "by", "reason"}
    assert set(found["list"]["exceptions"][0]) == {"project", "package", "until", "at", "by", "reason"}
    rpart, numpy, tool = found["packages"]
    assert set(rpart) == {"package", "ecosystem", "listed", "differs", "newest", "versions"}
    assert (rpart["package"], rpart["ecosystem"], rpart["listed"]) == ("r:rpart", "r", ">=4.1-20")
    assert rpart["newest"] is None and numpy["newest"] == "2.4"
    (cell,) = rpart["versions"]
    assert set(cell) == {
        "project", "version", "live", "has", "standing", "why", "outdated", "readable", "advisories",
    }  # fmt: skip
    assert (cell["standing"], cell["outdated"], cell["readable"]) == ("excepted", None, True)
    assert (numpy["ecosystem"], numpy["versions"][0]["outdated"]) == ("python", True)
    assert (tool["versions"][0]["has"], tool["versions"][0]["readable"]) == ("", False)


def test_what_would_come_of_another_constraint() -> None:
    told = documents.outcome(Outcome("churn", "churn@1", True, changes=(Change("numpy", "1", "2"),)))
    assert set(told) == {"project", "version", "resolves", "why", "changes"}
    assert told["changes"] == [{"package": "numpy", "from": "1", "to": "2"}]


def test_an_earlier_moment_knows_nothing_that_was_asked_later(home: Path) -> None:
    engine = open_engine(home, "ada", create=True)
    engine.set_packages("pandas<3\nr:rpart<5", "one stack")
    engine.close()
    then = clock.now()
    ask(home / "cache", (), then + timedelta(minutes=1))
    told = call("--home", home, "--operator", "ada", "--at", clock.stamp(then), "packages", "--json")
    assert told.code == 0, told.err
    assert told.json["newest_at"] is None and set(told.json["list"]["constraints"]) == {"pandas", "r:rpart"}
