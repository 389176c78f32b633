"""The common package list in the ledger: changed by admins, each time with a reason."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType

from engine.access.caller import Caller
from engine.audit import trail
from engine.clock import moment, stamp
from engine.errors import Invalid, NotFound
from engine.packages import ecosystems
from engine.packages.rules import CommonList, Exemption, read, refuse_too_many, written
from engine.projects import registry
from engine.storage.ledger import Ledger
from engine.text import plain

SUBJECT = "packages"


def common(db: sqlite3.Connection) -> CommonList:
    """The list as it is in force."""
    row = db.execute("SELECT * FROM package_rules ORDER BY id DESC LIMIT 1").fetchone()
    given = {
        (each["project"], each["package"]): Exemption(
            each["project"], each["package"], moment(each["until"]), moment(each["at"]), each["by"], each["reason"]
        )
        for each in db.execute("SELECT * FROM package_exceptions ORDER BY id")
    }
    if row is None:
        return CommonList(exceptions=given)
    return CommonList(_rules(row["text"]), bool(row["enforced"]), given, moment(row["at"]), row["by"], row["reason"])


@lru_cache(maxsize=4)
def _rules(text: str) -> Mapping[str, str]:
    """Read once: the engine asks every few seconds, and thousands of constraints take 20 ms."""
    return MappingProxyType(read(text))


def ended(db: sqlite3.Connection, now: datetime) -> frozenset[str]:
    """The projects with an exception that has ended and that nobody has renewed."""
    rows = db.execute("SELECT project, until, max(id) FROM package_exceptions GROUP BY project, package")
    return frozenset(row["project"] for row in rows if moment(row["until"]) <= now)


def change(
    ledger: Ledger,
    by: Caller,
    reason: str,
    at: datetime,
    *,
    add: Mapping[str, str] | None = None,
    drop: str | None = None,
    enforced: bool | None = None,
) -> CommonList:
    """Add constraints (in the place of those on the same packages), drop one, or say whether they are enforced.

    Raises NotFound for a package that is not on the list, and Invalid where there would be more than it may hold.
    """
    with ledger.write() as db:
        now = common(db)
        rules = {**now.rules, **(add or {})}
        if drop is not None and rules.pop(ecosystems.written(drop), None) is None:
            near = _alike(drop, now.rules)
            said = f"{plain(drop, 60)} is not on the common package list"
            raise NotFound(f"{said}; {near}'leverframe packages' shows it.")
        refuse_too_many(rules)
        strict = now.enforced if enforced is None else enforced
        text = written(rules)
        audit = trail.append(
            db, at=at, actor=by, action="set-packages", subject=SUBJECT, reason=reason,
            details={"constraints": text.splitlines(), "enforced": strict},
        )  # fmt: skip
        db.execute(
            "INSERT INTO package_rules (at, by, reason, text, enforced) VALUES (?, ?, ?, ?, ?)",
            (stamp(trail.recorded_at(db, audit)), by.name, reason, text, int(strict)),
        )
        return common(db)


def except_for(
    ledger: Ledger, project: str, package: str, until: datetime, by: Caller, reason: str, at: datetime
) -> Exemption:
    """Let ``project`` have ``package`` as it is until then. Raises NotFound, and Invalid for an end that is over."""
    name = ecosystems.written(package)
    if until <= at:
        raise Invalid(f"{until:%Y-%m-%d} is over; an exception ends on a day that is to come.")
    with ledger.write() as db:
        registry.find(db, project)
        if name not in common(db).rules:
            near = _alike(package, common(db).rules).rstrip("; ") or "so nothing need be excepted"
            raise NotFound(f"{plain(package, 60)} is not on the common package list; {near}.")
        return _except(db, project, name, until, by, reason, at)


def end_exception(ledger: Ledger, project: str, package: str, by: Caller, reason: str, at: datetime) -> Exemption:
    """End an exception now. Raises NotFound where none is in force."""
    name = ecosystems.written(package)
    with ledger.write() as db:
        found = common(db).exceptions.get((project, name))
        if found is None or found.until <= at:
            raise NotFound(
                f"{plain(project, 60)} has no exception for {plain(package, 60)}; 'leverframe packages' tells."
            )
        return _except(db, project, name, at, by, reason, at)


def _except(
    db: sqlite3.Connection, project: str, name: str, until: datetime, by: Caller, reason: str, at: datetime
) -> Exemption:
    audit = trail.append(
        db, at=at, actor=by, action="except-package", subject=project, reason=reason,
        details={"package": name, "until": stamp(until)},
    )  # fmt: skip
    given = trail.recorded_at(db, audit)
    db.execute(
        "INSERT INTO package_exceptions (project, package, until, at, by, reason) VALUES (?, ?, ?, ?, ?, ?)",
        (project, name, stamp(until), stamp(given), by.name, reason),
    )
    return Exemption(project, name, until, given, by.name, reason)


def _alike(name: str, rules: Mapping[str, str]) -> str:
    """``r:rpart is; `` where the list has one of that name in another ecosystem; else nothing."""
    wanted = f":{plain(name, 60).lower()}"
    found = [each for each in rules if each.endswith(wanted)][:3]
    return f"{' and '.join(found)} {'is' if len(found) == 1 else 'are'}; " if found else ""
