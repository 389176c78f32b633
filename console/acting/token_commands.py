"""What can be done by key about tokens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from console.acting.commands import Result, Tell
from console.text.token_lines import new_token_lines
from engine.clock import moment
from engine.errors import Invalid
from engine.projects.manifest.durations import parse_duration
from engine.text import plain

if TYPE_CHECKING:
    from engine.api import Engine

EVERY = "all"


@dataclass(frozen=True)
class MakeToken:
    """``scopes`` and ``projects`` as they were written, with spaces or commas between; ``all`` for every project."""

    name: str
    scopes: str
    projects: str
    until: str
    reason: str

    @property
    def doing(self) -> str:
        return f"the token {plain(self.name, 40)} is being made"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        projects = _words(self.projects)
        made = engine.make_token(
            self.name, () if projects == [EVERY] else projects, _words(self.scopes), moment(self.until), self.reason
        )  # fmt: skip
        return Result(f"The token {made.token.name} is made.", reading=partial(new_token_lines, made), secret=made.text)


@dataclass(frozen=True)
class RotateToken:
    name: str
    overlap: str
    reason: str

    @property
    def doing(self) -> str:
        return f"the token {self.name} is being replaced"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        made = engine.rotate_token(self.name, _span(self.overlap), self.reason)
        said = f"It takes the place of the one of before, which goes on for {plain(self.overlap, 20)} at most."
        return Result(said, reading=partial(new_token_lines, made), secret=made.text)


@dataclass(frozen=True)
class RevokeToken:
    """``token``: a mark, so that it is the one that was shown."""

    token: str
    reason: str

    @property
    def doing(self) -> str:
        return f"{self.token} is being revoked"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        (ended, *_) = engine.revoke_token(self.token, self.reason)
        return Result(f"{ended.mark} of {ended.name} opens nothing any more, from the next request on.")


def _words(text: str) -> list[str]:
    return text.replace(",", " ").split()


def _span(text: str) -> timedelta:
    found = parse_duration(text)
    if found is None:
        raise Invalid(f"'{plain(text, 20)}' is no length of time; write it like 7d or 12h.")
    return found
