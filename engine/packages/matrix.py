"""Packages by projects: which versions live versions and candidates are locked to, and how they stand to the list."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.environments.records import canonical
from engine.errors import Damage
from engine.packages.advisories import Advisories
from engine.packages.newest import NewestVersions
from engine.packages.rules import KIND, CommonList, Standing, judge
from engine.projects import registry
from engine.storage.objects import ObjectStore
from engine.versions import catalog
from engine.versions import document as documents


@dataclass(frozen=True)
class LockedProject:
    """The packages of one version of a project: of what is ``live``, or of the newest candidate."""

    project: str
    label: str
    live: bool
    packages: Mapping[str, str]


@dataclass(frozen=True)
class PackageCell:
    """One package of one version. ``advisories``: those that concern it; ``outdated``: the registry has a newer one."""

    project: str
    label: str
    live: bool
    version: str
    standing: Standing
    why: str = ""
    outdated: bool = False
    advisories: tuple[str, ...] = ()


@dataclass(frozen=True)
class PackageLine:
    """One package. ``versions``: those that the list lets it have, "" where it says nothing. ``newest``: the one that
    the registry had, where somebody asked; ``differs``: not all that have it have the same."""

    package: str
    versions: str
    cells: tuple[PackageCell, ...]
    newest: str | None = None

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
            if section.kind != KIND:
                left_out[project] = f"its packages are not Python's ({section.kind})"
                continue
            packages = {canonical(each.name): each.version for each in section.packages}
            found.append(LockedProject(project, label, is_live, packages))
    return tuple(found), left_out


def compose(
    common: CommonList,
    versions: Sequence[LockedProject],
    left_out: Mapping[str, str],
    now: datetime,
    newest: NewestVersions | None = None,
    advisories: Advisories | None = None,
) -> PackageMatrix:
    """The matrix: what is on the list first, then the rest, by name. Pure."""
    names = {name for each in versions for name in each.packages}
    lines = [
        PackageLine(
            name,
            common.rules.get(name, ""),
            tuple(_cells(name, versions, common, now, newest, advisories)),
            newest.versions.get(name) if newest else None,
        )
        for name in sorted(names | common.rules.keys(), key=lambda name: (name not in common.rules, name))
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
            known is not None and older(version, known),
            advisories.concerning(name, version) if advisories else (),
        )


def older(version: str, newest: str) -> bool:
    """Whether ``version`` comes before ``newest``; not where either cannot be read."""
    from packaging.version import InvalidVersion, Version

    try:
        return Version(version) < Version(newest)
    except InvalidVersion:
        return False
