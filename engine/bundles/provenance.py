"""What a bundle says of where its version comes from: the workspaces that it passed, and who wrote its code."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, replace

from engine.audit import trail
from engine.bundles import spelling
from engine.clock import moment, stamp
from engine.errors import Damage, Invalid
from engine.json_records import read, write
from engine.projects.source.records import CodeAuthor
from engine.release import decisions, eyes
from engine.runs import history as runs
from engine.text import plain
from engine.versions import catalog, origins
from engine.versions.origins import Station, StationDecision

MOST, MOST_AUTHORS = 100, 10_000


@dataclass(frozen=True)
class Provenance:
    """``stations``: the last is the workspace that wrote the bundle. ``authors``: as four eyes ask for them."""

    stations: tuple[Station, ...]
    authors: tuple[CodeAuthor, ...]

    @property
    def sender(self) -> Station:
        return self.stations[-1]


def provenance(db: sqlite3.Connection, label: str) -> Provenance:
    """That of the version called ``label`` as it stands now."""
    row = catalog.find(db, label)
    version, origin = catalog.record(row), origins.of_version(db, label)
    against = str(catalog.find(db, version.against)["digest"]) if version.against else None
    here = Station(
        workspace=str(trail.digest_of(db, 1)),
        label=label,
        state=version.state,
        why=version.reason,
        made_at=stamp(version.made_at),
        run=version.run,
        requested_by=runs.one(db, version.run).requested_by,
        decisions=tuple(
            StationDecision(each.kind, stamp(each.at), each.actor, each.reason)
            for each in decisions.of_version(db, version.project, version.number)
        ),
        against=against,
    )
    return Provenance((*(origin.stations if origin else ()), here), eyes.committed(row))


def content(found: Provenance) -> bytes:
    """It as a file for people and programs."""
    return (json.dumps(write(found), indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def parsed(text: bytes) -> Provenance:
    """Read back what ``content`` wrote. Raises Damage."""
    found = read(Provenance, spelling.parsed(text, "Its provenance"), "Its provenance")
    if not 1 <= len(found.stations) <= MOST or len(found.authors) > MOST_AUTHORS:
        raise Damage(f"Its provenance names {len(found.stations):,} workspaces and {len(found.authors):,} authors.")
    authors = tuple(
        replace(each, name=plain(each.name, 200), address=plain(each.address, 200)) for each in found.authors
    )
    return Provenance(tuple(map(_shown, found.stations)), authors)


def _shown(station: Station) -> Station:
    """A station of which every word can be shown, and every time is one. Raises Damage."""
    try:
        catalog.parse_label(station.label)
        for at in (station.made_at, *(each.at for each in station.decisions)):
            moment(at)
    except Invalid as wrong:
        raise Damage(f"Its provenance cannot be read: {wrong}") from None
    said = tuple(
        replace(each, kind=plain(each.kind, 40), actor=plain(each.actor, 80), reason=plain(each.reason, 1000))
        for each in station.decisions
    )
    return replace(
        station, workspace=plain(station.workspace, 64), state=plain(station.state, 40), decisions=said,
        why=plain(station.why, 1000) if station.why else None, requested_by=plain(station.requested_by, 80),
    )  # fmt: skip
