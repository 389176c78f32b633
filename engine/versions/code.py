"""Which code a version holds, in words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.records import DoctorFinding
from engine.text import plain, short_revision
from engine.vocabulary.systems import FOLDER, UNHELD

if TYPE_CHECKING:
    from engine.versions.records import CodeSection

_ADVICE = "who changed what is not known, and what it was is kept here only; put the folder under Git or Subversion"


def revision_of(code: CodeSection) -> str:
    """Its revision in short; of a folder that nothing holds the digest of its files."""
    if code.revision is None:
        return "no revision"
    return short_revision(code.revision) + (" (a folder's digest)" if code.system == FOLDER else "")


def finding(code: CodeSection) -> DoctorFinding:
    """What holds it: a commit, a commit with changes that none holds, or nothing."""
    if code.system == FOLDER:
        return DoctorFinding("code", "watch", f"{UNHELD}, {_digest(code)}: {_ADVICE}")
    if code.revision is None:
        return DoctorFinding("code", "watch", f"{UNHELD}, which lies in a repository all the same; commit it there")
    where = f" on {plain(code.branch, 100)}" if code.branch else ""
    by = f", last changed by {plain(code.author, 100)}" if code.author else ""
    said = f"{short_revision(code.revision)}{where}{by}"
    if not code.dirty:
        return DoctorFinding("code", "ok", said)
    kept = "; they are kept as a patch" if code.patch else ""
    return DoctorFinding("code", "watch", f"{said}, with changes that no commit holds{kept}")


def _digest(code: CodeSection) -> str:
    return f"whose files have the digest {short_revision(code.revision)}" if code.revision else "as it lay there"
