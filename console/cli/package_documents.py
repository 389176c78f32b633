"""The documents of ``packages --json``; their keys are stable."""

from __future__ import annotations

from console.cli.documents import Document, time
from engine.packages.matrix import PackageCell, PackageMatrix
from engine.packages.rules import CommonList, Exemption
from engine.packages.what_if import Outcome


def common(found: CommonList) -> Document:
    return {
        "constraints": dict(sorted(found.rules.items())),
        "enforced": found.enforced,
        "exceptions": [exemption(each) for each in found.exceptions.values()],
        "at": time(found.at),
        "by": found.by or None,
        "reason": found.reason or None,
    }


def exemption(found: Exemption) -> Document:
    return {
        "project": found.project,
        "package": found.package,
        "until": time(found.until),
        "at": time(found.at),
        "by": found.by,
        "reason": found.reason,
    }


def matrix(found: PackageMatrix) -> Document:
    """``newest`` and ``outdated`` are null where that is not known: nobody asked, or nobody can be asked;
    ``advisories`` where none were given."""
    told = found.advisories
    return {
        "list": common(found.common),
        "packages": [
            {
                "package": line.package,
                "ecosystem": line.ecosystem,
                "listed": line.versions or None,
                "differs": line.differs,
                "newest": line.newest,
                "versions": [_cell(cell) for cell in line.cells],
            }
            for line in found.lines
        ],
        "left_out": dict(found.left_out),
        "newest_at": time(found.newest_at),
        "advisories": {"count": told.count, "newest": time(told.newest), "unread": told.unread} if told else None,
    }


def _cell(cell: PackageCell) -> Document:
    return {
        "project": cell.project,
        "version": cell.label,
        "live": cell.live,
        "has": cell.version,
        "standing": cell.standing,
        "why": cell.why or None,
        "outdated": cell.outdated,
        "readable": cell.readable,
        "advisories": list(cell.advisories),
    }


def outcome(found: Outcome) -> Document:
    """``resolves`` is null where that is not known."""
    return {
        "project": found.project,
        "version": found.label,
        "resolves": found.resolves,
        "why": found.why or None,
        "changes": [{"package": each.package, "from": each.before, "to": each.after} for each in found.changes],
    }
