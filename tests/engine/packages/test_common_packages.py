"""The list in the ledger and the trail, the matrix of what versions are locked to, and other constraints tried out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine import clock
from engine.api import Engine
from engine.environments.python.uv_process import Uv, UvFailed
from engine.errors import Forbidden, Invalid, NotFound, Refusal
from engine.packages.advisories import Advisories
from engine.packages.matrix import LockedProject, compose
from engine.packages.newest import NewestVersions, ask, kept
from engine.packages.rules import CommonList
from engine.packages.what_if import Change, Requirements, differences, resolve
from tests import tiny
from tests.engine.environments.conftest import Place, make
from tests.ledger import rows_of
from tests.people import open_engine

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)


@pytest.fixture
def engine(home: Path, tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(home, "ada", create=True)
    engine.add(tiny.make(tmp_path / "tiny"))
    yield engine
    engine.close()


def test_every_change_of_the_list_is_in_the_trail_with_its_reason(engine: Engine) -> None:
    engine.set_packages("pandas<3\nNumPy>=2", "one stack")
    engine.set_packages("pandas<2.3", "the demo breaks")
    assert dict(engine.common_packages().rules) == {"numpy": ">=2", "pandas": "<2.3"}
    assert engine.unset_package("NUMPY", "nobody needs it").rules == {"pandas": "<2.3"}
    found = engine.enforce_packages(True, "now it matters")
    assert found.enforced and (found.by, found.reason) == ("ada", "now it matters")
    told = [(row.action, row.reason, row.details["constraints"]) for row in engine.audit(limit=4)]
    assert told == [
        ("set-packages", "now it matters", ["pandas<2.3"]),
        ("set-packages", "nobody needs it", ["pandas<2.3"]),
        ("set-packages", "the demo breaks", ["numpy>=2", "pandas<2.3"]),
        ("set-packages", "one stack", ["numpy>=2", "pandas<3"]),
    ]
    assert engine.verify_audit().ok


def test_an_exception_has_an_end_that_is_to_come_and_can_be_ended_before(engine: Engine) -> None:
    engine.set_packages("pandas<3", "one stack")
    until = clock.now() + timedelta(days=9)
    given = engine.except_package("tiny", "Pandas", until, "it moves later")
    assert (given.project, given.package, given.by) == ("tiny", "pandas", "ada")
    assert engine.common_packages().exceptions["tiny", "pandas"].until == given.until
    ended = engine.except_package("tiny", "pandas", None, "it has moved")
    assert ended.until <= clock.now()
    with pytest.raises(NotFound, match="tiny has no exception for pandas"):
        engine.except_package("tiny", "pandas", None, "again")
    with pytest.raises(Invalid, match="2020-01-01 is over"):
        engine.except_package("tiny", "pandas", datetime(2020, 1, 1, tzinfo=UTC), "x")
    with pytest.raises(NotFound, match="numpy is not on the common package list"):
        engine.except_package("tiny", "numpy", until, "x")
    with pytest.raises(NotFound):
        engine.except_package("nobody", "pandas", until, "x")
    engine.set_packages("r:rpart>=4", "R too")
    with pytest.raises(NotFound, match=r"Rpart is not on the common package list; r:rpart is\."):
        engine.except_package("tiny", "Rpart", until, "x")
    with pytest.raises(NotFound, match=r"rpart is not on the common package list; r:rpart is; 'leverframe packages'"):
        engine.unset_package("rpart", "x")


def test_what_is_no_constraint_changes_nothing(engine: Engine) -> None:
    before = rows_of(engine)
    for text in ("", "# nothing", "pandas", "pandas<3\n<3"):
        with pytest.raises(Invalid):
            engine.set_packages(text, "x")
    with pytest.raises(NotFound):
        engine.unset_package("pandas", "x")
    assert rows_of(engine) == before


def test_a_list_never_grows_beyond_what_is_read_again(engine: Engine) -> None:
    for half in range(2):
        engine.set_packages("\n".join(f"p{half}-{number}<3" for number in range(1000)), "all of them")
    before = rows_of(engine)
    with pytest.raises(Invalid, match="more than 2,000 constraints"):
        engine.set_packages("one-more<3", "and one")
    assert rows_of(engine) == before and len(engine.common_packages().rules) == 2000


def test_an_exception_from_what_is_listed_no_more_can_be_ended(engine: Engine) -> None:
    engine.set_packages("r:Rpart<5", "one stack")
    given = engine.except_package("tiny", "R:rpart", clock.now() + timedelta(days=9), "it moves later")
    assert given.package == "r:rpart"
    engine.unset_package("r:rpart", "nobody needs it")
    assert engine.except_package("tiny", "r:rpart", None, "it would come back with the constraint").until <= clock.now()


def test_only_an_admin_changes_the_list(engine: Engine) -> None:
    engine.add_operator("bob", "operator", "a colleague")
    bob = open_engine(engine.home, "bob")
    with pytest.raises(Forbidden):
        bob.set_packages("pandas<3", "x")
    assert bob.packages().common.rules == {}
    bob.close()


VERSIONS = (
    LockedProject("churn", "churn@3", True, {"pandas": "2.3.3", "numpy": "2.4.6"}),
    LockedProject("churn", "churn@4", False, {"pandas": "3.1.1", "numpy": "2.4.6"}),
    LockedProject("sales", "sales@1", True, {"numpy": "2.4.6", "scipy": "1.0"}),
)


def test_the_matrix_says_who_has_what_and_how_that_stands() -> None:
    common = CommonList({"pandas": "<3", "polars": ">=1"})
    newest = NewestVersions(NOW, {"numpy": "2.4.6", "scipy": "1.17"})
    advisories = Advisories({"scipy": (("PYSEC-9", {"versions": ["1.0"], "ranges": []}),)}, 1, NOW)
    found = compose(common, VERSIONS, {"old": "nothing of it is live or waits"}, NOW, newest, advisories)
    assert found.projects == ("churn", "sales")
    assert [line.package for line in found.lines] == ["pandas", "polars", "numpy", "scipy"], "what is listed first"
    pandas, polars, numpy, scipy = found.lines
    assert [(cell.label, cell.standing) for cell in pandas.cells] == [("churn@3", "keeps"), ("churn@4", "violates")]
    assert pandas.differs and not numpy.differs and polars.cells == ()
    assert [cell.outdated for cell in (*numpy.cells, *scipy.cells)] == [False, False, False, True]
    assert [cell.outdated for cell in pandas.cells] == [None, None], "the registry said nothing of it"
    assert scipy.cells[0].advisories == ("PYSEC-9",) and scipy.newest == "1.17" and pandas.newest is None
    assert len(found.concerned("violates")) == 1


def test_packages_of_every_ecosystem_stand_beside_each_other_and_those_of_one_name_apart() -> None:
    lang = "jvm:org.apache.commons:commons-lang3"
    versions = (
        LockedProject("penguins", "penguins@2", True, {"r:arrow": "14.0", "program:r": "4.5.0"}),
        LockedProject("churn", "churn@1", True, {"arrow": "1.3"}),
        LockedProject("delays", "delays@1", True, {lang: "3.14.0", "jvm:tool": "", "program:java": "17.0.12"}),
    )
    common = CommonList({"r:arrow": ">=15", "jvm:commons-lang3": ">=3.18", "program:r": ">=4.3"})
    found = compose(common, versions, {}, NOW, NewestVersions(NOW, {"arrow": "1.4"}), Advisories())
    assert [(line.package, line.rule, line.versions) for line in found.lines] == [
        (lang, "jvm:commons-lang3", ">=3.18"),
        ("program:r", "program:r", ">=4.3"),
        ("r:arrow", "r:arrow", ">=15"),
        ("arrow", "", ""),
        ("jvm:tool", "", ""),
        ("program:java", "", ""),
    ]
    cells = {line.package: line.cells[0] for line in found.lines}
    assert [cells[name].standing for name in (lang, "r:arrow", "program:r", "arrow")] == [
        "violates", "violates", "keeps", "free",
    ]  # fmt: skip
    assert cells["arrow"].outdated is True and cells["r:arrow"].outdated is None
    assert [line.package for line in found.lines if not line.cells[0].readable] == ["jvm:tool"]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A registry of apples, pears and salads, set up as an administrator would."""
    made = make(tmp_path / "home")
    for name in ("UV_NO_INDEX", "UV_FIND_LINKS"):
        monkeypatch.setenv(name, made.uv.environ[name])
    return made


def asked(place: Place, text: str, **locked: str) -> Requirements:
    python = place.lock("apple").python
    return Requirements("salads", "salads@1", "requirements.txt", text, python, locked)


def test_another_constraint_changes_what_it_has_to_and_nothing_else(place: Place) -> None:
    salads = asked(place, "fruit-salad\n", **{"fruit-salad": "1.0", "apple": "1.0", "pear": "1.5"})
    assert resolve(salads, {"pear": ">=1"}, place.cache).changes == (), "a newer apple is no reason"
    found = resolve(salads, {"apple": ">=2"}, place.cache)
    assert found.resolves and found.changes == (Change("apple", "1.0", "2.0"),)
    assert not any(place.environments.glob("*")), "nothing is installed"


def test_a_constraint_that_cannot_be_met_is_told_in_a_sentence(place: Place) -> None:
    found = resolve(asked(place, "apple<2\n", apple="1.0"), {"apple": ">=2"}, place.cache)
    assert found.resolves is False
    assert found.why.startswith("The requirements cannot be met: ") and "\n" not in found.why


def test_changes_are_new_gone_or_other() -> None:
    assert differences({"a": "1", "b": "1", "c": "1"}, {"a": "1", "b": "2", "d": "1"}) == (
        Change("b", "1", "2"), Change("c", "1", None), Change("d", None, "1"),
    )  # fmt: skip


def test_the_newest_versions_are_kept_with_their_age_and_what_is_gone_is_left_out(place: Place) -> None:
    assert kept(place.cache) is None
    ask(place.cache, ["apple", "no-such-package-anywhere-7d1f"], NOW)
    found = kept(place.cache)
    assert found is not None and found.at == NOW and "no-such-package-anywhere-7d1f" not in found.versions
    assert "apple" in found.versions
    ask(place.cache, ["apple", "--index-url", "-r requirements.txt", "a\npear"], NOW)
    again = kept(place.cache)
    assert again is not None and list(again.versions) == ["apple"], "what is no name is an option, and not asked"
    (place.cache / "newest-packages.json").write_text("[]")
    assert kept(place.cache) is None


def test_half_an_answer_of_the_registry_is_none(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    ask(place.cache, ["apple"], NOW)
    run = Uv.run

    def away(uv: Uv, *arguments: str, given: str, **more: Any) -> str:
        if given == "pear\n":
            raise UvFailed("The package registry cannot be reached asking; check the network.", "")
        return run(uv, *arguments, given=given, **more)

    monkeypatch.setattr(Uv, "run", away)
    with pytest.raises(Refusal, match="cannot be reached"):
        ask(place.cache, ["apple", "no-such-package-anywhere-7d1f", "pear"], NOW + timedelta(days=1))
    found = kept(place.cache)
    assert found is not None and found.at == NOW


def test_a_workspace_without_requirements_resolves_with_anything(engine: Engine) -> None:
    (found,) = engine.what_if("pandas<1")
    assert (found.project, found.resolves, found.why) == ("tiny", None, "nothing of it is live or waits")
    with pytest.raises(Invalid, match="No constraint was named"):
        engine.what_if("  ")
    said = "What would come of another r:rpart cannot be told: R's packages have no registry here"
    with pytest.raises(Invalid, match=said):
        engine.what_if("pandas<1\nr:rpart<5")
