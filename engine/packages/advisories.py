"""Known vulnerabilities from a file that somebody brought: advisories in the form of OSV.

Nothing is asked over the network. A version is concerned where it is listed, or lies between two events of a range in
the order of its ecosystem, as https://ossf.github.io/osv-schema/ says.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from engine.clock import moment
from engine.errors import Invalid, NotFound
from engine.packages.ecosystems import key_of, may_be, of_osv, one_word, words_for
from engine.storage.atomic import read_file
from engine.storage.disk import why_not
from engine.text import plain

# One of osv.dev's is 2 MB at most. Read, a file takes ten times its size in memory.
LARGEST, MOST_FILES = 32 << 20, 500_000
_ORDER = {"introduced": 0, "last_affected": 1, "fixed": 2, "limit": 2}


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
        words = [package] if package in self.by_package else [each for each in self.by_package if may_be(package, each)]
        told = (each for word in words for each in self.by_package[word])
        return tuple(dict.fromkeys(name for name, affected in told if concerns(package, affected, version)))


def load(place: Path, wanted: Collection[str] | None = None) -> Advisories:
    """What lies in ``place``: a file of one advisory or a list of them, or a folder of such files. Of packages that are
    not ``wanted`` (None: all are) nothing is kept in memory, but each counts.

    Raises NotFound, or Invalid where nothing in it is an advisory, or where it is more than would be read.
    """
    found: dict[str, list[tuple[str, Mapping[str, Any]]]] = defaultdict(list)
    newest: datetime | None = None
    count = unread = 0
    for record in _records(place):
        try:
            changed = moment(str(record["modified"])) if record.get("modified") else None
            if record.get("withdrawn"):
                continue
            about = list(_affected(record))
        except (KeyError, TypeError, AttributeError, Invalid, ValueError):
            unread += 1
            continue
        for package, affected in about:
            if wanted is None or any(word in wanted for word in words_for(package)):
                found[package].append((plain(str(record["id"]), 60), affected))
        unread += any(affected["unread"] for _, affected in about)
        count += 1
        newest = max(newest, changed) if newest and changed else changed or newest
    if not count:
        raise Invalid(f"{plain(str(place), 120)} holds no advisory in the form of OSV (osv.dev); name another file.")
    return Advisories({name: tuple(told) for name, told in found.items()}, count, newest, unread)


def _affected(record: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What it is about in ecosystems that are known here; ``unread``: not all of its ranges can be read, and who passes
    over that in silence says of a package that nothing is wrong with it."""
    str(record["id"])
    for affected in record["affected"]:
        about = affected["package"]
        ecosystem = of_osv(str(about["ecosystem"]))
        if ecosystem is None:
            continue
        package = one_word(ecosystem, str(about["name"]))
        ranges = [
            [(kind, str(at)) for event in events for kind, at in event.items()]
            for each in _listed(affected.get("ranges") or [])
            if (events := _listed(each["events"], dict)) and each.get("type") == "ECOSYSTEM"
        ]
        whole = [events for events in ranges if all(_is_read(package, *event) for event in events)]
        listed = [str(each) for each in _listed(affected.get("versions") or [])]
        yield package, {"versions": listed, "ranges": whole, "unread": len(whole) < len(ranges)}


def _listed(value: Any, of: type = object) -> list[Any]:
    """Raises TypeError for what is no list ``of`` these: of such an advisory nobody knows whom it concerns."""
    if not isinstance(value, list) or not all(isinstance(each, of) for each in value):
        raise TypeError(value)
    return value


def _is_read(package: str, kind: str, at: str) -> bool:
    return kind not in _ORDER or at in ("0", "*") or key_of(package, at) is not None


def _records(place: Path) -> Iterator[Mapping[str, Any]]:
    if not place.exists():
        raise NotFound(f"There is no {plain(str(place), 120)}; name a file or a folder of advisories.")
    for path in _files(place) if place.is_dir() else [place]:
        try:
            if path.stat().st_size > LARGEST:
                raise Invalid(
                    f"{plain(str(path), 120)} is larger than {LARGEST >> 20} MiB, which is too much to read at once; "
                    "name a folder with a file for each advisory, as osv.dev gives them."
                )
            said = json.loads(read_file(path, LARGEST))
        except OSError as error:
            raise Invalid(f"{plain(str(path), 120)} cannot be read: {why_not(error)}.") from None
        except (ValueError, RecursionError):
            if not place.is_dir():
                raise Invalid(f"{plain(str(path), 120)} is no JSON; name a file of advisories (osv.dev).") from None
            yield {}
            continue
        listed = said if isinstance(said, list) else said.get("vulns", [said]) if isinstance(said, dict) else [{}]
        yield from (each if isinstance(each, dict) else {} for each in (listed if isinstance(listed, list) else [{}]))


def _files(place: Path) -> list[Path]:
    files = list(islice(place.rglob("*.json"), MOST_FILES + 1))
    if len(files) > MOST_FILES:
        raise Invalid(
            f"{plain(str(place), 120)} holds more than {MOST_FILES:,} files, and some would be passed over; name a "
            "folder of one ecosystem."
        )
    return sorted(files)


def concerns(package: str, affected: Mapping[str, Any], version: str) -> bool:
    """Whether the ``version`` of ``package`` is one of those that an advisory says are ``affected``: of ``versions``,
    or in one of ``ranges``, lists of events. Pure."""
    mine, listed = key_of(package, version), affected["versions"]
    if version in listed or (mine is not None and any(key_of(package, each) == mine for each in listed)):
        return True
    return mine is not None and any(_in_range(package, events, mine) for events in affected["ranges"])


def _in_range(package: str, events: list[tuple[str, str]], mine: Any) -> bool:
    known = [(kind, key_of(package, at)) for kind, at in events if kind in _ORDER and at not in ("0", "*")]
    inside = any(kind == "introduced" and at == "0" for kind, at in events)
    # In the order of versions; at one version what begins comes before what ends.
    for kind, at in sorted(known, key=lambda each: (each[1], _ORDER[each[0]])):
        if kind == "introduced" and mine >= at:
            inside = True
        elif (kind in ("fixed", "limit") and mine >= at) or (kind == "last_affected" and mine > at):
            inside = False
    return inside
