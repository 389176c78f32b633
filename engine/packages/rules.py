"""What the common package list says of a version of a package. Pure.

- A constraint is a name and versions, as in a constraints file: ``pandas<3``, ``numpy>=2,<3``, ``pip==25.3``.
- A name stands once. It says nothing of projects that do not have the package.
- A pre-release is in a range like any other version: what a lock holds is installed, whatever it is called.
- A version that cannot be read as one (PEP 440) keeps to no range.
- An exception lets one project have a package as it is, until a day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from engine.environments.python.requirements import logical_lines
from engine.environments.records import canonical
from engine.errors import Invalid
from engine.text import plain

Standing = Literal["keeps", "violates", "excepted", "free"]
KIND = "python"
"""The kind of environment whose packages the list is about."""
_MOST, _LONGEST = 2000, 500


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
    """``rules``: the versions that each package may have, by its name. ``enforced``: what breaks it fails its gate.

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
    """How a project stands to one constraint; ``why``: in words, where it does not keep to it."""

    standing: Standing
    why: str = ""


def read(text: str) -> dict[str, str]:
    """The constraints in ``text``, one a line. Raises Invalid for what is none, naming the line."""
    from packaging.requirements import InvalidRequirement, Requirement

    found: dict[str, str] = {}
    for number, line in logical_lines(text):
        where = f"Line {number}, '{plain(line, 80)}'"
        try:
            asked = Requirement(line[:_LONGEST])
        except InvalidRequirement:
            raise Invalid(f"{where}, is no constraint; write a package with its versions, such as pandas<3.") from None
        if asked.url or asked.marker or asked.extras or not asked.specifier or len(line) > _LONGEST:
            raise Invalid(f"{where}: a constraint is a name and versions alone, such as pandas>=2,<3.")
        name = canonical(asked.name)
        if name in found:
            raise Invalid(f"{where}: {name} stands there twice; write all of its versions into one line.")
        found[name] = str(asked.specifier)
    if len(found) > _MOST:
        raise Invalid(f"These are more than {_MOST:,} constraints; name the packages that matter.")
    return found


def written(rules: Mapping[str, str]) -> str:
    """As a constraints file has it."""
    return "".join(f"{name}{rules[name]}\n" for name in sorted(rules))


def within(version: str, versions: str) -> bool:
    """Whether ``version`` is one of ``versions``."""
    from packaging.specifiers import SpecifierSet
    from packaging.version import InvalidVersion, Version

    try:
        return SpecifierSet(versions).contains(Version(version), prereleases=True)
    except InvalidVersion:
        return False


def judge(common: CommonList, project: str, package: str, version: str, now: datetime) -> Kept:
    """How ``project``, which has that version of ``package``, stands to the list."""
    versions = common.rules.get(package)
    if versions is None:
        return Kept("free")
    if within(version, versions):
        return Kept("keeps")
    said = f"{package} {plain(version, 60)} is not {package}{versions}"
    exception = common.exceptions.get((project, package))
    if exception is None:
        return Kept("violates", said)
    day = f"{exception.until.day} {exception.until:%B %Y}"
    if now < exception.until:
        return Kept("excepted", f"{said}; excepted until {day} by {exception.by}: {exception.reason}")
    return Kept("violates", f"{said}; its exception ended on {day}")


def violations(
    common: CommonList, project: str, packages: Sequence[tuple[str, str]], now: datetime
) -> tuple[Kept, ...]:
    """What of ``packages``, each with its version, does not keep to the list, excepted or not."""
    found = (judge(common, project, canonical(name), version, now) for name, version in packages)
    return tuple(each for each in found if each.standing in ("violates", "excepted"))
