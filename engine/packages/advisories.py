"""Known vulnerabilities from a file that somebody brought: advisories in the form of OSV, for packages of PyPI.

Nothing is asked over the network. A version is concerned where it is listed, or lies between two events of a range
(PEP 440), as https://ossf.github.io/osv-schema/ says.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from engine.clock import moment
from engine.environments.records import canonical
from engine.errors import Invalid, NotFound
from engine.storage.atomic import read_file
from engine.storage.disk import why_not
from engine.text import plain

_ECOSYSTEM = "pypi"
_LARGEST, _MOST_FILES = 256 << 20, 200_000


@dataclass(frozen=True)
class Advisories:
    """``by_package``: what is affected of each package, with the advisory's name. ``newest``: when the youngest of
    them was last changed; None where none says so. ``unread``: how many records could not be made out."""

    by_package: Mapping[str, tuple[tuple[str, Mapping[str, Any]], ...]] = field(default_factory=dict)
    count: int = 0
    newest: datetime | None = None
    unread: int = 0

    def concerning(self, package: str, version: str) -> tuple[str, ...]:
        """The advisories that this version of ``package`` is concerned by."""
        told = self.by_package.get(package, ())
        return tuple(dict.fromkeys(name for name, affected in told if concerns(affected, version)))


def load(place: Path) -> Advisories:
    """What lies in ``place``: a file of one advisory or a list of them, or a folder of such files.

    Raises NotFound, or Invalid where nothing in it is an advisory.
    """
    found: dict[str, list[tuple[str, Mapping[str, Any]]]] = defaultdict(list)
    newest: datetime | None = None
    count = unread = 0
    for record in _records(place):
        try:
            changed = moment(str(record["modified"])) if record.get("modified") else None
            if record.get("withdrawn"):
                continue
            for affected in record["affected"]:
                about = affected["package"]
                if str(about["ecosystem"]).lower() == _ECOSYSTEM:
                    _check_form(affected)
                    found[canonical(str(about["name"]))].append((plain(str(record["id"]), 60), affected))
        except (KeyError, TypeError, AttributeError, Invalid, ValueError):
            unread += 1
            continue
        count += 1
        newest = max(newest, changed) if newest and changed else changed or newest
    if not count:
        raise Invalid(f"{plain(str(place), 120)} holds no advisory in the form of OSV (osv.dev); name another file.")
    return Advisories({name: tuple(told) for name, told in found.items()}, count, newest, unread)


def _records(place: Path) -> Iterator[Mapping[str, Any]]:
    if not place.exists():
        raise NotFound(f"There is no {plain(str(place), 120)}; name a file or a folder of advisories.")
    files = sorted(place.rglob("*.json"))[:_MOST_FILES] if place.is_dir() else [place]
    for path in files:
        try:
            if path.stat().st_size > _LARGEST:
                raise Invalid(f"{plain(str(path), 120)} is larger than any file of advisories; it is not read.")
            said = json.loads(read_file(path, _LARGEST))
        except OSError as error:
            raise Invalid(f"{plain(str(path), 120)} cannot be read: {why_not(error)}.") from None
        except (ValueError, RecursionError):
            if not place.is_dir():
                raise Invalid(f"{plain(str(path), 120)} is no JSON; name a file of advisories (osv.dev).") from None
            yield {}
            continue
        listed = said.get("vulns", [said]) if isinstance(said, dict) else said
        listed = listed if isinstance(listed, list) else [{}]
        yield from (each if isinstance(each, dict) else {} for each in listed)


def _check_form(affected: Mapping[str, Any]) -> None:
    """Raise TypeError for versions and ranges that are none: of such an advisory nobody knows whom it concerns."""
    versions, ranges = affected.get("versions") or [], affected.get("ranges") or []
    if not (isinstance(versions, list) and isinstance(ranges, list)):
        raise TypeError
    for each in ranges:
        events = each["events"]
        if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
            raise TypeError


def concerns(affected: Mapping[str, Any], version: str) -> bool:
    """Whether ``version`` is one of those that an advisory says are ``affected``. Pure."""
    if any(_is_same(str(each), version) for each in affected.get("versions") or ()):
        return True
    return any(
        _in_range(each.get("events") or (), version)
        for each in affected.get("ranges") or ()
        if isinstance(each, dict) and each.get("type") == "ECOSYSTEM"
    )


def _is_same(one: str, other: str) -> bool:
    """Whether both name one version: ``1.0`` and ``1.0.0`` do (PEP 440)."""
    from packaging.version import InvalidVersion, Version

    try:
        return one == other or Version(one) == Version(other)
    except InvalidVersion:
        return False


def _in_range(events: Any, version: str) -> bool:
    from packaging.version import InvalidVersion, Version

    try:
        mine = Version(version)
        told = [(kind, str(at)) for event in events for kind, at in dict(event).items()]
        # In the order of versions; at one version what begins comes before what ends.
        order = {"introduced": 0, "last_affected": 1, "fixed": 2}
        known = [(Version("0.dev0" if at == "0" else at), order[kind], kind) for kind, at in told if kind in order]
    except (InvalidVersion, TypeError, ValueError):
        return False
    inside = False
    for at, _, kind in sorted(known, key=lambda each: each[:2]):
        if kind == "introduced" and mine >= at:
            inside = True
        elif (kind == "fixed" and mine >= at) or (kind == "last_affected" and mine > at):
            inside = False
    return inside
