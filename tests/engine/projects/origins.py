"""Where code comes from, of which a test knows the commit only."""

from __future__ import annotations

from engine.projects.source.records import Source
from engine.vocabulary.systems import GIT, SUBVERSION


def of_git(revision: str | None) -> Source:
    return Source(revision, None, None, False, (), None, None, None, GIT)


def of_svn(revision: str | None, remote: str) -> Source:
    return Source(revision, None, remote, False, (), None, None, None, SUBVERSION)
