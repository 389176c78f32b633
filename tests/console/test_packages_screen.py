"""The list of packages: what every project is locked to, beside what all of them are to keep to."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from console.text.package_lines import newest, outcome, remark, summary, versions_of, whole
from engine.packages.advisories import Advisories
from engine.packages.matrix import LockedProject, compose
from engine.packages.newest import NewestVersions
from engine.packages.rules import CommonList
from engine.packages.what_if import Change, Outcome
from tests.console.conftest import NARROW, WIDE, Desk
from tests.console.health_records import NOW

Console = Callable[..., None]


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_packages_are_shown_beside_the_list_with_what_breaks_it(console: Console, size: tuple[int, int]) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("9", *["down"] * 8, "enter")
        await desk.see("LEVERFRAME  Packages")
        await desk.see("diamonds 2.3.3 ✓  flights 3.1.1 ×")
        await desk.see("diamonds 2.4.6    flights 2.4.6")
        await desk.press("enter")
        await desk.see("listed as pandas<3")
        await desk.see("flights@12 (live): 3.1.1 ×")

    console(story, size)


def test_a_candidate_with_another_version_stands_beside_the_live_one() -> None:
    live, new = (
        LockedProject("churn", f"churn@{number}", number == 1, {"pandas": version})
        for number, version in ((1, "2.3.3"), (2, "3.1.1"))
    )
    found = compose(CommonList({"pandas": "<3"}), (live, new), {}, NOW)
    assert versions_of(found.lines[0], "churn").text == "2.3.3 ✓ → 3.1.1 ×"
    assert remark(found.lines[0]).text == "pandas 3.1.1 is not pandas<3"
    assert [each.text for each in summary(found, NOW)] == [
        "1 place where the list is broken; a new version warns on its card."
    ]
    assert versions_of(found.lines[0], "other").text == "–"


def test_packages_of_every_ecosystem_are_told_and_what_is_not_known_of_them() -> None:
    versions = (
        LockedProject("penguins", "penguins@2", True, {"r:rpart": "4.1-19", "program:r": "4.2.2"}),
        LockedProject("delays", "delays@1", True, {"jvm:tool": "", "numpy": "2.0"}),
    )
    asked = NewestVersions(NOW, {"numpy": "2.4"})
    found = compose(CommonList({"r:rpart": ">=4.1-20"}), versions, {}, NOW, asked, Advisories(count=2))
    by_name = {line.package: line for line in found.lines}
    assert versions_of(by_name["r:rpart"], "penguins").text == "4.1-19 ×"
    assert versions_of(by_name["jvm:tool"], "delays").text == "no version ?"
    assert [newest(by_name[name]).text for name in ("numpy", "r:rpart")] == ["2.4", "not known"]
    assert [each.text for each in summary(found, NOW)] == [
        "1 place where the list is broken; a new version warns on its card.",
        "↑ the registry had a newer one when it was asked, just now.",
        "Of R's packages, jars and programs of the machine the newest is not known: nobody can be asked.",
        "! 2 advisories, of no known age.",
        "? 1 version that no advisory can be held against.",
    ]
    told = ["".join(span.text for span in line) for line in whole(by_name["jvm:tool"], 60)]
    assert "delays@1 (live): no version ?" in told
    assert "  its version cannot be compared, so no advisory is held" in told
    assert any("the newest of jars is not known" in line for line in told)


def test_an_outcome_is_one_line() -> None:
    changes = (Change("numpy", "1.0", "2.0"), Change("six", "1.0", None), Change("tzdata", None, "2026.6"))
    told = [outcome(Outcome("a", "a@1", True, changes=changes)), outcome(Outcome("b", "b@1", False, "it is so"))]
    told += [outcome(Outcome("c", "c@1", True)), outcome(Outcome("d", None, None, "nothing is live"))]
    assert [(project, said.text, what) for project, said, what in told] == [
        ("a", "✓ resolves", "numpy 1.0 → 2.0, six 1.0 (gone), tzdata 2026.6 (new)"),
        ("b", "× does not", "it is so"),
        ("c", "✓ resolves", "nothing would change"),
        ("d", "? not known", "nothing is live"),
    ]


def test_nobody_is_said_to_keep_to_the_list_who_cannot_be_held_to_it() -> None:
    python, left_out = LockedProject("churn", "churn@1", True, {"pandas": "2.3.3"}), {"penguins": "it is in R"}
    rules = CommonList({"pandas": "<3"})
    for held, out, said in (
        ((python,), {}, "Every project keeps to the list."),
        ((python,), left_out, "Every project that can be held to it keeps to the list."),
        ((), left_out, "No project can be held to the list yet."),
    ):
        assert summary(compose(rules, held, out, NOW), NOW)[0].text == said
