"""Whose work a candidate is: who asked for its run, who committed its code, who owns its project.

A commit is whose Git or Subversion says it is, by the addresses that operators have here; of a Subversion server an
account is ``name@server``. Who only committed what a known person wrote may be unknown: servers that merge commit under
addresses of their own.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping

from engine.access import addresses
from engine.projects import in_force
from engine.projects.source.records import NOT_KEPT, CodeAuthor
from engine.runs import history as runs
from engine.vocabulary.jobs import IMPORT


def involved(db: sqlite3.Connection, row: sqlite3.Row) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """Operators whose work the version in ``row`` is, each with why, and who wrote of it and is not known here."""
    project, holders = row["project"], addresses.holders(db)
    owner = str(in_force.settings(db, project).get("project", {}).get("owner") or "")
    why: dict[str, list[str]] = {}
    run = runs.one(db, row["run"])
    why.setdefault(run.requested_by, []).append("took it in" if run.job == IMPORT.name else "asked for this retrain")
    unknown = []
    for author in committed(row):
        name = holders.get(author.address.casefold())
        if name is not None:
            why.setdefault(name, []).append("committed code of it")
        elif author.wrote:
            unknown.append(author.words)
    if owner:
        why.setdefault(holders.get(owner.casefold(), owner), []).append(f"owns {project}")
    return {name: " and ".join(dict.fromkeys(each)) for name, each in why.items()}, tuple(unknown)


def committed(row: sqlite3.Row) -> tuple[CodeAuthor, ...]:
    """Who committed the code of the version in ``row`` since what was live then."""
    if row["authors"] is None:
        return (NOT_KEPT,)
    return tuple(CodeAuthor(each["name"], each["address"], each["wrote"]) for each in json.loads(row["authors"]))
