"""Where a version is: in this workspace, and in others that are asked. Its digest is the same everywhere."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, get_args

from engine.audit import trail
from engine.bundles.manifest import DIGEST
from engine.bundles.sending import ACTION
from engine.clock import moment, stamp
from engine.errors import Damage
from engine.json_records import read
from engine.records import VersionState
from engine.text import plain
from engine.versions import catalog, origins
from engine.versions.origins import Origin

MOST_TOLD = 100  # hosts that one answer may name


@dataclass(frozen=True)
class Whereabouts:
    """One version as a workspace has it; times are texts in ISO 8601. ``origin``: where it came from, if it was not
    made there."""

    version: str
    state: VersionState
    why: str | None
    made_at: str
    live_from: str | None
    live_until: str | None
    origin: str | None


@dataclass(frozen=True)
class Stage:
    """What a workspace says; ``name``: the host that was asked, None for this one. ``why``: why it said nothing.
    ``via``: the host that told of it; None where it was asked for by name or sent to from here."""

    name: str | None
    found: tuple[Whereabouts, ...]
    why: str | None = None
    via: str | None = None


@dataclass(frozen=True)
class Arrived:
    """A version that came in, and what it is here by now."""

    origin: Origin
    state: VersionState


def arrived(db: sqlite3.Connection, limit: int) -> tuple[Arrived, ...]:
    """The newest ``limit`` that came in, the last one first."""
    found = origins.everything(db, limit)
    return tuple(Arrived(each, catalog.record(catalog.find(db, each.label)).state) for each in found)


def digest_of(db: sqlite3.Connection, what: str) -> str:
    """The digest of the version that is called ``what`` here, or has it for its digest. Raises NotFound, Invalid."""
    return what if DIGEST.fullmatch(what) else str(catalog.find(db, what)["digest"])


def here(db: sqlite3.Connection, digest: str) -> tuple[Whereabouts, ...]:
    """What this workspace has of it, the newest last; () when it has not."""
    found = []
    for version in catalog.with_digest(db, digest):
        origin = origins.of_version(db, version.label)
        found.append(
            Whereabouts(
                version.label, version.state, version.reason, _text(version.made_at) or "", _text(version.live_from),
                _text(version.live_until), origin.sentence if origin else None,
            )
        )  # fmt: skip
    return tuple(found)


def _text(at: datetime | None) -> str | None:
    return stamp(at) if at is not None else None


def sent_to(db: sqlite3.Connection, digest: str) -> tuple[str, ...]:
    """The hosts that it was sent to from here, each once."""
    labels = [version.label for version in catalog.with_digest(db, digest)]
    rows = [row for label in labels for row in trail.of_subject(db, ACTION, label)]
    return tuple(dict.fromkeys(str(row.details.get("to")) for row in rows))


def read_answer(told: Mapping[str, Any]) -> tuple[tuple[Whereabouts, ...], str | None, tuple[str, ...]]:
    """What a stranger says of where a version is: what there is of it there, which workspace that is, and the hosts
    that it was sent to from there. Raises Damage, Invalid."""
    stages = told.get("stages")
    first = stages[0] if isinstance(stages, list) and stages and isinstance(stages[0], dict) else {}
    found, workspace, hosts = first.get("found", ()), told.get("workspace"), told.get("sent_to")
    if not isinstance(found, list | tuple):
        raise Damage("What it says cannot be read: what is there is no list.")
    named = isinstance(workspace, str) and DIGEST.fullmatch(workspace)
    onward = tuple(each for each in hosts[:MOST_TOLD] if isinstance(each, str)) if isinstance(hosts, list) else ()
    return tuple(map(_read, found)), workspace if named else None, onward


def _read(told: Any) -> Whereabouts:
    """As a stranger tells it: every word made safe to show, every time one. Raises Damage, Invalid."""
    found = read(Whereabouts, told, "What it says")
    if found.state not in get_args(VersionState):
        raise Damage(f"What it says cannot be read: a version there is '{plain(found.state, 40)}'.")
    for at in (found.made_at, found.live_from, found.live_until):
        if at is not None:
            moment(at)
    return replace(
        found, version=plain(found.version, 80), why=plain(found.why, 400) if found.why else None,
        origin=plain(found.origin, 400) if found.origin else None,
    )  # fmt: skip
