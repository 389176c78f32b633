"""What the common package list says of a version of a package. Pure.

- A constraint is a name and versions, as in a constraints file: ``pandas<3``, ``numpy>=2,<3``, ``pip==25.3``. What is
  not Python's has the word of its ecosystem before: ``r:rpart>=4.1``, ``jvm:commons-lang3>=3.18``, ``program:R>=4.3``.
- A name stands once. It says nothing of projects that do not have the package.
- Versions compare as their ecosystem compares them. Python's are ranges of PEP 440, in which a pre-release is like any
  other version: what a lock holds is installed, whatever it is called.
- A version that cannot be read as one, or that nobody knows, keeps to no range.
- An exception lets one project have a package as it is, until a day.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from engine.environments.python.requirements import LARGEST, logical_lines
from engine.errors import Invalid
from engine.packages import ecosystems
from engine.packages.ecosystems import PYTHON, Ecosystem, called, key_of, may_be, one_word, words_for
from engine.text import plain

Standing = Literal["keeps", "violates", "excepted", "free"]
MOST, _LONGEST = 2000, 500
_HEAD = re.compile(r"(?P<word>[A-Za-z][A-Za-z0-9_-]*)\s*:(?!//)\s*(?P<rest>.*)")
_COMPARED = {
    "==": operator.eq, "!=": operator.ne, "<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt,
}  # fmt: skip
_ONE = re.compile(r"(==|!=|<=|>=|<|>)\s*([A-Za-z0-9][A-Za-z0-9._+-]*)")
_ORDER: tuple[Standing, ...] = ("free", "keeps", "excepted", "violates")


@dataclass(frozen=True)
class Exemption:
    """``project`` need not keep to the list for ``package`` before ``until``."""

    project: str
    package: str
    until: datetime
    at: datetime
    by: str
    reason: str


@dataclass(frozen=True)
class CommonList:
    """``rules``: the versions that each package may have, by its one word. ``enforced``: what breaks it fails its gate.

    ``exceptions``: by project and package the newest, whether it has ended or not. ``at``: None before anybody set it.
    """

    rules: Mapping[str, str] = field(default_factory=dict)
    enforced: bool = False
    exceptions: Mapping[tuple[str, str], Exemption] = field(default_factory=dict)
    at: datetime | None = None
    by: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Kept:
    """How a project stands to one constraint; ``why``: in words, where it does not keep to it. ``rule``: the word under
    which the list speaks of it."""

    standing: Standing
    why: str = ""
    rule: str = ""


def read(text: str) -> dict[str, str]:
    """The constraints in ``text``, one a line. Raises Invalid for what is none, naming the line."""
    found: dict[str, str] = {}
    if len(text) > LARGEST:
        raise Invalid(f"These are more than {LARGEST:,} characters of constraints; name the packages that matter.")
    for number, line in logical_lines(text):
        where = f"Line {number}, '{plain(line, 80)}'"
        if len(line) > _LONGEST:
            raise Invalid(f"{where}: a constraint is a name and versions alone, such as pandas>=2,<3.")
        name, versions = _constraint(line, where)
        if name in found:
            raise Invalid(f"{where}: {name} stands there twice; write all of its versions into one line.")
        found[name] = versions
    refuse_too_many(found)
    return found


def refuse_too_many(rules: Mapping[str, str]) -> None:
    """Raises Invalid: what is kept has to be read again."""
    if len(rules) > MOST:
        raise Invalid(f"These are more than {MOST:,} constraints; name the packages that matter.")


def _constraint(line: str, where: str) -> tuple[str, str]:
    head = _HEAD.fullmatch(line)
    if head is None:
        return _pythons(line, where)
    ecosystem = called(head["word"].lower())
    if ecosystem is None:
        words = ", ".join(each.name for each in ecosystems.ALL)
        raise Invalid(f"{where}: '{plain(head['word'], 20)}' names no ecosystem; the words before a colon are {words}.")
    if ecosystem is PYTHON:
        return _pythons(head["rest"], where)
    return _of(ecosystem, head["rest"], where)


def _pythons(line: str, where: str) -> tuple[str, str]:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        asked = Requirement(line)
    except InvalidRequirement:
        raise Invalid(f"{where}, is no constraint; write a package with its versions, such as pandas<3.") from None
    if asked.url or asked.marker or asked.extras or not asked.specifier:
        raise Invalid(f"{where}: a constraint is a name and versions alone, such as pandas>=2,<3.")
    return one_word(PYTHON, asked.name), str(asked.specifier)


def _of(ecosystem: Ecosystem, rest: str, where: str) -> tuple[str, str]:
    found = re.fullmatch(r"([^\s<>=!,]+)\s*([<>=!].*)", rest)
    if found is None or ecosystem.named.fullmatch(found[1]) is None:
        raise Invalid(f"{where}, is no constraint; write a package with its versions, such as r:rpart>=4.1,<5.")
    pieces = [_ONE.fullmatch(each.strip()) for each in found[2].split(",")]
    word = one_word(ecosystem, found[1])
    if any(each is None or key_of(word, each[2]) is None for each in pieces):
        raise Invalid(
            f"{where}: of {ecosystem.whose} versions are compared with ==, !=, <, <=, > and >=, such as >=4.1,<5."
        )
    return word, ",".join(sorted(f"{each[1]}{each[2]}" for each in pieces if each is not None))


def written(rules: Mapping[str, str]) -> str:
    """As ``read`` reads it."""
    return "".join(f"{name}{rules[name]}\n" for name in sorted(rules))


def within(package: str, version: str, versions: str) -> bool:
    """Whether the ``version`` of ``package`` is one of ``versions``."""
    mine = key_of(package, version)
    if mine is None:
        return False
    if ecosystems.of(package) is PYTHON:
        from packaging.specifiers import SpecifierSet

        return SpecifierSet(versions).contains(mine, prereleases=True)
    asked = (_ONE.fullmatch(each) for each in versions.split(","))
    return all(each is not None and _COMPARED[each[1]](mine, key_of(package, each[2])) for each in asked)


def rules_about(common: CommonList, package: str) -> tuple[str, ...]:
    """The words under which the list speaks of ``package``: the closest alone; of a jar whose group nobody knows, those
    of every group."""
    for word in words_for(package):
        if word in common.rules:
            return (word,)
    return tuple(sorted(each for each in common.rules if may_be(package, each)))


def judge(common: CommonList, project: str, package: str, version: str, now: datetime) -> Kept:
    """How ``project``, which has that version of ``package``, stands to the list."""
    found = [_judge(common, project, rule, package, version, now) for rule in rules_about(common, package)]
    return max(found, key=lambda each: _ORDER.index(each.standing), default=Kept("free"))


def _judge(common: CommonList, project: str, rule: str, package: str, version: str, now: datetime) -> Kept:
    versions = common.rules[rule]
    if within(package, version, versions):
        return Kept("keeps", rule=rule)
    said = f"{package} {plain(version, 60)} is not {rule}{versions}"
    if not version:
        said = f"the version of {package} is not known, and the list has {rule}{versions}"
    exception = common.exceptions.get((project, rule))
    if exception is None:
        return Kept("violates", said, rule)
    day = f"{exception.until.day} {exception.until:%B %Y}"
    if now < exception.until:
        return Kept("excepted", f"{said}; excepted until {day} by {exception.by}: {exception.reason}", rule)
    return Kept("violates", f"{said}; its exception ended on {day}", rule)


def violations(common: CommonList, project: str, packages: Mapping[str, str], now: datetime) -> tuple[Kept, ...]:
    """What of ``packages``, each with its version, does not keep to the list, excepted or not."""
    found = (judge(common, project, name, version, now) for name, version in packages.items())
    return tuple(each for each in found if each.standing in ("violates", "excepted"))
