"""What a token is, and how it stands at a moment. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

Scope = Literal["score", "feedback", "read"]
Standing = Literal["in force", "ends soon", "ended", "replaced", "revoked"]
SCOPES: tuple[Scope, ...] = get_args(Scope)

LONGEST = timedelta(days=366)  # from a date to the same one a year later, in a leap year too
LONGEST_OVERLAP = timedelta(days=30)
SOON = timedelta(days=14)  # two weeks: whoever must change a program has one that is not their holiday
URGENT = timedelta(days=2)
IN_USE = timedelta(days=14)


@dataclass(frozen=True)
class Token:
    """One token, without what opens anything.

    ``mark``: the part of it that is no secret (``lvf_3f9a1c02``). ``projects``: none for all, those to come too.
    ``replaced_at``: from when another has its place, which was said at ``replaced_said``. ``used``: when it first
    opened anything on the last day that it did.
    """

    name: str
    mark: str
    scopes: tuple[Scope, ...]
    projects: tuple[str, ...]
    made_at: datetime
    made_by: str
    reason: str
    ends_at: datetime
    replaced_at: datetime | None = None
    replaced_said: datetime | None = None
    replaced_by: str | None = None
    revoked_at: datetime | None = None
    revoked_by: str | None = None
    used: datetime | None = None

    @property
    def until(self) -> datetime:
        """From when it opens nothing."""
        return min(filter(None, (self.ends_at, self.replaced_at, self.revoked_at)))

    def holds(self, now: datetime) -> bool:
        """Whether it opens anything. One that was revoked never does, also by a clock that has gone back since."""
        return self.revoked_at is None and now < self.until

    def standing(self, now: datetime) -> Standing:
        """How it stands, in a word or two."""
        if self.holds(now):
            return "ends soon" if self.until - now <= SOON else "in force"
        if self.until == self.revoked_at:
            return "revoked"
        return "replaced" if self.until == self.replaced_at else "ended"

    def in_use(self, now: datetime) -> bool:
        """Whether some program comes with it."""
        return self.used is not None and now - self.used <= IN_USE

    def why_not(self, project: str | None, scope: Scope) -> str | None:
        """Why it does not open ``scope`` of ``project``, None for what is of the whole workspace, in a sentence."""
        if scope not in self.scopes:
            return f"The token '{self.name}' is for {listed(self.scopes)}, not for {scope}; ask for one that is."
        if self.projects and project not in self.projects:
            what = f"not for {project}" if project is not None else "not for the whole workspace"
            return f"The token '{self.name}' is for {listed(self.projects)}, {what}; ask for one that is."
        return None


@dataclass(frozen=True)
class NewToken:
    """A token that was just made: ``text`` is shown once, and kept nowhere."""

    token: Token
    text: str

    def __repr__(self) -> str:
        return f"NewToken({self.token.mark})"  # A traceback shows what it was called with.


def listed(words: tuple[str, ...]) -> str:
    """``score``, ``score and read``, ``score, feedback and read``."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
