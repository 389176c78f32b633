"""Packages by projects: which versions live versions and candidates are locked to, and how they stand to the list."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from engine.errors import Damage
from engine.packages.advisories import Advisories
from engine.packages.ecosystems import PYTHON, held_by, key_of, not_seen, of
from engine.packages.newest import NewestVersions
from engine.packages.rules import CommonList, Standing, judge, rules_about
from engine.projects import registry
from engine.storage.objects import ObjectStore
from engine.versions import catalog
from engine.versions import document as documents

if TYPE_CHECKING:
    from engine.versions.records import EnvironmentSection


@dataclass(frozen=True)
class LockedProject:
    """The packages of one version of a project, by the words of the list: of what is ``live``, or of the newest
    candidate. A version is "" where nobody knows it."""

    project: str
    label: str
    live: bool
    packages: Mapping[str, str]


@dataclass(frozen=True)
class PackageCell:
    """One package of one version. ``advisories``: those that concern it; ``outdated``: the registry has a newer one,
    None where that is not known. ``readable``: its version can be compared; where not, no advisory can be held to it.
    """

    project: str
    label: str
    live: bool
    version: str
    standing: Standing
    why: str = ""
    outdated: bool | None = None
    advisories: tuple[str, ...] = ()
    readable: bool = True


@dataclass(frozen=True)
class PackageLine:
    """One package. ``versions``: those that the list lets it have, "" where it says nothing. ``newest``: the one that
    the registry had, where somebody asked; ``differs``: not all that have it have the same. ``rule``: the word under
    which the list speaks of it."""

    package: str
    versions: str
    cells: tuple[PackageCell, ...]
    newest: str | None = None
    rule: str = ""

    @property
    def ecosystem(self) -> str:
        return of(self.package).name

    @property
    def differs(self) -> bool:
        return len({cell.version for cell in self.cells}) > 1

    def of(self, project: str) -> tuple[PackageCell, ...]:
        return tuple(cell for cell in self.cells if cell.project == project)


@dataclass(frozen=True)
class PackageMatrix:
    """``left_out``: projects of which nothing is told, each with why. ``newest_at``: when the registry was asked."""

    common: CommonList
    projects: tuple[str, ...]
    lines: tuple[PackageLine, ...]
    left_out: Mapping[str, str]
    newest_at: datetime | None = None
    advisories: Advisories | None = None

    def concerned(self, standing: Standing) -> tuple[PackageCell, ...]:
        return tuple(cell for line in self.lines for cell in line.cells if cell.standing == standing)


def locked(db: sqlite3.Connection, store: ObjectStore) -> tuple[tuple[LockedProject, ...], dict[str, str]]:
    """Of each project what is live and its newest candidate; and of which nothing can be told, and why."""
    found: list[LockedProject] = []
    left_out: dict[str, str] = {}
    for project in registry.names(db):
        live = catalog.live(db, project)
        waiting = catalog.candidates(db, project)[:1]
        versions = [(each.label, each.digest, True) for each in (live,) if each is not None]
        versions += [(each.label, each.digest, False) for each in waiting]
        if not versions:
            left_out[project] = "nothing of it is live or waits"
        for label, digest, is_live in versions:
            try:
                section = documents.load(store, digest).environment
            except Damage as damage:
                left_out[project] = f"{label} cannot be read: {str(damage).rstrip('.')}"
                continue
            packages = of_section(section)
            if why := not_seen(section.kind, packages):
                left_out[project] = why
            if packages:
                found.append(LockedProject(project, label, is_live, packages))
    return tuple(found), left_out


def of_section(section: EnvironmentSection) -> Mapping[str, str]:
    """What a version's environment has, by the words of the list."""
    return held_by(section.kind, section.packages, section.programs)


def compose(
    common: CommonList,
    versions: Sequence[LockedProject],
    left_out: Mapping[str, str],
    now: datetime,
    newest: NewestVersions | None = None,
    advisories: Advisories | None = None,
) -> PackageMatrix:
    """The matrix: what is on the list first, then the rest, Python's before others' and those by name. Pure."""
    names = {name for each in versions for name in each.packages}
    spoken = {name: rules_about(common, name) for name in names}
    idle = common.rules.keys() - {rule for rules in spoken.values() for rule in rules}
    spoken |= {name: (name,) for name in idle}
    lines = [
        PackageLine(
            name,
            " and ".join(dict.fromkeys(common.rules[rule] for rule in spoken[name])),
            tuple(_cells(name, versions, common, now, newest, advisories)),
            newest.versions.get(name) if newest else None,
            spoken[name][0] if spoken[name] else "",
        )
        for name in sorted(spoken, key=lambda name: (not spoken[name], of(name) is not PYTHON, name))
    ]
    projects = tuple(dict.fromkeys(each.project for each in versions))
    return PackageMatrix(common, projects, tuple(lines), left_out, newest.at if newest else None, advisories)


def _cells(
    name: str, versions: Sequence[LockedProject], common: CommonList, now: datetime,
    newest: NewestVersions | None, advisories: Advisories | None,
) -> Iterable[PackageCell]:  # fmt: skip
    for each in versions:
        version = each.packages.get(name)
        if version is None:
            continue
        kept = judge(common, each.project, name, version, now)
        known = newest.versions.get(name) if newest else None
        yield PackageCell(
            each.project,
            each.label,
            each.live,
            version,
            kept.standing,
            kept.why,
            older(name, version, known) if known is not None else None,
            advisories.concerning(name, version) if advisories else (),
            key_of(name, version) is not None,
        )


def older(package: str, version: str, newest: str) -> bool | None:
    """Whether ``version`` comes before ``newest``; None where either cannot be read."""
    mine, other = key_of(package, version), key_of(package, newest)
    return None if mine is None or other is None else bool(mine < other)
