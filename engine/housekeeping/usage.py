"""Who uses how much: the totals of a scan as shares by project and by kind. Pure.

An object that several versions share counts for the project that stored it first; an environment that several projects
use is split between them; a file with several names counts once, for the environment, then for the bin, rather than
for the cache.
What belongs to no project (the bin, caches, the ledger) is a share of its own, so that both lists add up to the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.housekeeping.growth import Point, per_day
from engine.housekeeping.records import Share

SHARED = "(shared)"
UNNAMED = "objects of no version"
RECORDS = "code and records"
_KINDS = {
    "environments": "environments",
    "runs": "runs and logs",
    "logs": "runs and logs",
    "releases": "releases",
    "live": "releases",
    "requests": "logged requests",
    "bin": "bin",
    "cache": "caches",
    "console": "caches",
    "locks": "database",
    "": "database",
}
_FIRST_OWNER = ("environments", "releases", "runs", "objects", "bin")


@dataclass(frozen=True)
class Owners:
    """What the ledger knows of who owns what. ``objects``: bytes and count by project and kind."""

    runs: Mapping[int, str] = field(default_factory=dict)
    environments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    objects: Mapping[tuple[str, str], tuple[int, int]] = field(default_factory=dict)


def kind_of(key: str) -> str:
    """The kind of what lies under the first two names ``key`` of a path in the workspace; objects have several."""
    return _KINDS.get(key.partition("/")[0], "other")


def preference(key: str) -> int:
    """Of the names of one file, the one with the smallest number has its bytes."""
    top = key.partition("/")[0]
    return _FIRST_OWNER.index(top) if top in _FIRST_OWNER else len(_FIRST_OWNER)


def shares(
    by_key: Mapping[str, tuple[int, int]], owners: Owners, history: Mapping[str, Sequence[Point]], at: float
) -> tuple[tuple[Share, ...], tuple[Share, ...]]:
    """By project and by kind, the largest first. ``history``: earlier bytes by ``project:…`` and ``kind:…``."""
    projects: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    kinds: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])

    def add(project: str, kind: str, size: float, files: float) -> None:
        for found in (projects[project], kinds[kind]):
            found[0] += size
            found[1] += files

    stored = [0, 0]
    for key, (size, files) in by_key.items():
        top, _, rest = key.partition("/")
        if top == "objects":
            stored[0] += size
            stored[1] += files
            continue
        for project in (those := _owners(top, rest, owners)):
            add(project, kind_of(key), size / len(those), files / len(those))
    for (project, kind), (size, files) in owners.objects.items():
        add(project, kind, size, files)
        stored[0] -= size
        stored[1] -= files
    if stored[0] > 0:  # Without files these are the store's own folders.
        add(SHARED, UNNAMED if stored[1] > 0 else RECORDS, stored[0], max(0, stored[1]))
    return _listed("project", projects, history, at), _listed("kind", kinds, history, at)


def _owners(top: str, rest: str, owners: Owners) -> tuple[str, ...]:
    name = rest.partition("/")[0]
    if top == "runs" and name.isdigit():
        return (owners.runs.get(int(name), SHARED),)
    if top in ("releases", "requests") and name:
        return (name,)
    if top == "environments":
        return owners.environments.get(name) or (SHARED,)
    return (SHARED,)


def _listed(
    what: str, totals: Mapping[str, Sequence[float]], history: Mapping[str, Sequence[Point]], at: float
) -> tuple[Share, ...]:
    found = [
        Share(name, round(size), round(files), per_day([*history.get(f"{what}:{name}", ()), (at, size)]))
        for name, (size, files) in totals.items()
    ]
    return tuple(sorted(found, key=lambda share: (-share.bytes, share.name)))
