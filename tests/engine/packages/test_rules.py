"""What the common list says of a version, who need not keep to it until when, and what a new version gets for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.errors import Invalid
from engine.jobs.retrain.common_packages import with_gate
from engine.packages.gate import gate
from engine.packages.rules import CommonList, Exemption, judge, read, violations, written
from engine.versions.records import Judgement

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
PANDAS = {"pandas": "<3"}


def excepted(until: datetime, project: str = "churn") -> CommonList:
    given = Exemption(project, "pandas", until, NOW - timedelta(days=30), "ada", "it moves later")
    return CommonList(PANDAS, exceptions={(project, "pandas"): given})


@pytest.mark.parametrize(
    ("version", "versions", "keeps"),
    [
        ("2.3.3", "<3", True),
        ("3.0", "<3", False),
        ("3.0rc1", "<3", False),
        ("3.0.dev0", ">=2,<4", True),
        ("2.0+cpu", "==2.0", True),
        ("1!1.0", ">=2", True),
        ("not a version", ">=0", False),
        ("9" * 5000, ">=0", False),
        ("2.0.1", "!=2.0.1,>=2", False),
    ],
)
def test_a_version_keeps_to_a_range_as_pep_440_has_it(version: str, versions: str, keeps: bool) -> None:
    found = judge(CommonList({"pandas": versions}), "churn", "pandas", version, NOW)
    assert found.standing == ("keeps" if keeps else "violates")


def test_a_package_that_is_not_on_the_list_is_free() -> None:
    assert judge(CommonList(PANDAS), "churn", "numpy", "1.0", NOW).standing == "free"


def test_an_exception_holds_for_its_project_until_its_end_and_is_told_when_it_has_ended() -> None:
    day = NOW.replace(day=4, hour=0)
    held = judge(excepted(day), "churn", "pandas", "3.1", day - timedelta(seconds=1))
    assert held.standing == "excepted"
    assert held.why == "pandas 3.1 is not pandas<3; excepted until 4 November 2026 by ada: it moves later"
    ended = judge(excepted(day), "churn", "pandas", "3.1", day)
    assert (ended.standing, ended.why) == (
        "violates", "pandas 3.1 is not pandas<3; its exception ended on 4 November 2026",
    )  # fmt: skip
    assert judge(excepted(day), "other", "pandas", "3.1", NOW).why == "pandas 3.1 is not pandas<3"


def test_names_are_one_in_every_spelling() -> None:
    common = CommonList(read("Scikit_Learn >= 1.5 , < 2  # for all\n\nnumpy==2.*\n"))
    assert written(common.rules) == "numpy==2.*\nscikit-learn<2,>=1.5\n"
    (found,) = violations(common, "churn", {"scikit-learn": "2.0", "numpy": "2.4.6"}, NOW)
    assert found.why == "scikit-learn 2.0 is not scikit-learn<2,>=1.5"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("pandas", "Line 1, 'pandas': a constraint is a name and versions alone"),
        ("numpy>=2\npandas<<3", "Line 2, 'pandas<<3', is no constraint"),
        ("pandas @ https://example.org/x.whl", "a constraint is a name and versions alone"),
        ("pandas<3; python_version<'3.12'", "a constraint is a name and versions alone"),
        ("pandas[excel]<3", "a constraint is a name and versions alone"),
        ("-r other.txt", "is no constraint"),
        ("pandas<3\nPandas>=2", "Line 2, 'Pandas>=2': pandas stands there twice"),
        ("a" * 5000 + "<3", "a constraint is a name and versions alone"),
        ("a<3\n" * 300_000, "more than 1,000,000 characters of constraints"),
        ("npm:left-pad<2", "'npm' names no ecosystem; the words before a colon are python, r, jvm, program"),
        ("r:rpart", "is no constraint; write a package with its versions, such as r:rpart>=4.1,<5"),
        ("r:rpart~=4.1", "is no constraint"),
        ("r:rpart==4.*", "of R's packages versions are compared with ==, !=, <, <=, > and >="),
        ("r:rpart>=4.1,~=4", "of R's packages versions are compared with"),
        ("r:rpart>=4.1-alpha", "of R's packages versions are compared with"),
        ("jvm:g:a:b<3", "is no constraint"),
        ("program:../sh<3", "is no constraint"),
        ("r:rpart>=4\nR:RPART<5", "Line 2, 'R:RPART<5': r:rpart stands there twice"),
    ],
)
def test_what_is_no_constraint_is_refused_with_its_line(text: str, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(text)
    assert said in str(refused.value)


def test_the_gate_warns_or_fails_as_the_list_says_and_is_none_while_nothing_is_on_it() -> None:
    packages = {"pandas": "3.1", "numpy": "2.4"}
    assert gate(CommonList(), "churn", packages, NOW) is None
    warned, failed = (gate(CommonList(PANDAS, strict), "churn", packages, NOW) for strict in (False, True))
    assert warned is not None and failed is not None and (warned.verdict, failed.verdict) == ("warn", "fail")
    assert warned.evidence == "pandas 3.1 is not pandas<3"
    passed = gate(excepted(NOW + timedelta(days=1)), "churn", packages, NOW)
    assert passed is not None and passed.verdict == "pass" and "excepted until 4 November 2026" in passed.evidence
    kept = gate(CommonList({"numpy": ">=2"}), "churn", packages, NOW)
    assert kept is not None and kept.evidence == "1 of its packages are on the common list and keep to it"
    none = gate(CommonList({"r:rpart": ">=4"}), "churn", packages, NOW)
    assert none is not None and (none.verdict, none.evidence) == ("pass", "it has none that is listed")


LANG = "jvm:org.apache.commons:commons-lang3"


@pytest.mark.parametrize(
    ("constraint", "package", "version", "standing"),
    [
        ("r:rpart>=4.1-10", "r:rpart", "4.1.16", "keeps"),
        ("r:rpart>=4.1-10", "r:rpart", "4.1-9", "violates"),
        ("R: Rpart == 4.1.16", "r:rpart", "4.1-16", "keeps"),
        ("r:rpart<5", "rpart", "9", "free"),
        ("rpart<5", "r:rpart", "9", "free"),
        ("python:rpart<5", "rpart", "9", "violates"),
        ("jvm:commons-lang3>=3.18", LANG, "3.18.0", "keeps"),
        ("jvm:commons-lang3>=3.18", LANG, "3.18-rc1", "violates"),
        (f"{LANG}>=3.18", "jvm:commons-lang3", "3.14", "violates"),
        (f"{LANG}>=3.18", "jvm:other:commons-lang3", "3.14", "free"),
        (f"{LANG}>=3.18\njvm:commons-lang3>=4", LANG, "3.18", "keeps"),
        ("jvm:tool>0", "jvm:tool", "", "violates"),
        ("program:R>=4.3,<5", "program:r", "4.5.0", "keeps"),
        ("program:R>=4.3,<5", "program:r", "5.0.0", "violates"),
        ("program:java!=17.0.12", "program:java", "17.0.12", "violates"),
        ("program:tool>=1", "program:tool", "content-0123", "violates"),
    ],
)
def test_each_ecosystem_has_its_own_names_and_versions(
    constraint: str, package: str, version: str, standing: str
) -> None:
    assert judge(CommonList(read(constraint)), "churn", package, version, NOW).standing == standing


def test_an_exception_is_for_the_word_of_the_list_and_an_unknown_version_is_said() -> None:
    given = Exemption("churn", "jvm:commons-lang3", NOW + timedelta(days=1), NOW, "ada", "later")
    common = CommonList({"jvm:commons-lang3": ">=4"}, exceptions={("churn", "jvm:commons-lang3"): given})
    found = judge(common, "churn", LANG, "3.1", NOW)
    assert (found.standing, found.rule) == ("excepted", "jvm:commons-lang3")
    assert found.why.startswith(f"{LANG} 3.1 is not jvm:commons-lang3>=4; excepted until 4 November 2026 by ada")
    unknown = judge(CommonList({"jvm:tool": ">0"}), "churn", "jvm:tool", "", NOW)
    assert unknown.why == "the version of jvm:tool is not known, and the list has jvm:tool>0"


def test_a_list_of_many_ecosystems_is_read_as_it_was_written() -> None:
    rules = read(f"pandas<3\nr:rpart >= 4.1 , < 5\n{LANG}>=3.18\nprogram:R>=4.3")
    assert read(written(rules)) == rules and list(rules) == ["pandas", "r:rpart", LANG, "program:r"]


def judgement(verdict: str, sentence: str) -> Judgement:
    told: Any = dict.fromkeys(("task", "key_metric", "comparison"), "x")
    return Judgement(
        **told, classes=(), metrics={}, segments=(), segments_left_out={}, changed_decisions=None, drift=(),
        verdict=verdict, sentence=sentence,
    )  # type: ignore[arg-type]  # fmt: skip


@pytest.mark.parametrize(
    ("verdict", "enforced", "then", "said"),
    [
        ("pass", False, "warn", "BETTER THAN LIVE. Common packages: pandas 3.1 is not pandas<3. On 9 rows."),
        ("pass", True, "fail", "NOT FIT TO GO LIVE. Common packages: pandas 3.1 is not pandas<3. On 9 rows."),
        ("cannot tell", False, "cannot tell", "BETTER THAN LIVE. All 17 gates pass. On 9 rows."),
        ("fail", True, "fail", "BETTER THAN LIVE. All 17 gates pass. On 9 rows."),
    ],
)
def test_the_verdict_is_the_worse_of_the_two(verdict: str, enforced: bool, then: str, said: str) -> None:
    found = gate(CommonList(PANDAS, enforced), "churn", {"pandas": "3.1"}, NOW)
    assert found is not None
    after = with_gate(judgement(verdict, "BETTER THAN LIVE. All 17 gates pass. On 9 rows."), found, 17)
    assert (after.verdict, after.sentence) == (then, said)


def test_what_is_said_in_capitals_further_on_stays_where_the_verdict_goes() -> None:
    found = gate(CommonList(PANDAS, enforced=True), "churn", {"pandas": "3.1"}, NOW)
    assert found is not None
    said = "BETTER THAN LIVE. All 17 gates pass. Worst where state is NY. On 9 rows."
    after = with_gate(judgement("pass", said), found, 17)
    told = "Common packages: pandas 3.1 is not pandas<3."
    assert after.sentence == f"NOT FIT TO GO LIVE. {told} Worst where state is NY. On 9 rows."


def test_a_list_has_an_end() -> None:
    many = [f"package-{number}<3" for number in range(2000)]
    assert len(read("\n".join(many))) == 2000
    with pytest.raises(Invalid, match="more than 2,000 constraints"):
        read("\n".join([*many, "one-more<3"]))
    longest = "pandas" + ",".join(["<3"] * 165)
    assert len(longest) <= 500 and read(longest)
    with pytest.raises(Invalid, match="a constraint is a name and versions alone"):
        read("pandas<3" + " " * 500 + ",<4")
