"""What the door to the engine offers about tokens, by which programs come in where people come with a key.

Whoever makes one lets a program in, and says what it may: that is an admin's, of the workspace or of the one project
that it is for. Taking one away gives nobody anything, and may have to be done at night: an operator may.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from engine import clock
from engine.access import token_table
from engine.access.acts import Door, changes, checked_reason, looks
from engine.access.token_records import NewToken, Token


class TokenCommands(Door):
    """Which programs may ask for what, and until when."""

    if TYPE_CHECKING:  # Projects stand above this room; the door knows them.

        def _refuse_unknown_project(self, project: str) -> None: ...

    def _project_of(self, parameter: str, given: Any) -> str | None:
        if parameter == "token":
            with self._ledger.read() as db:
                found = token_table.called(db, str(given))
            # A name that holds is nobody else's, so all that may be meant are for the same projects.
            held = [each.projects for each in found if each.holds(clock.now())]
            return held[0][0] if held and len(held[0]) == 1 else None
        if parameter == "projects":
            return str(given[0]) if len(given) == 1 else None
        return super()._project_of(parameter, given)

    @looks("list tokens")
    def tokens(self) -> tuple[Token, ...]:
        """All that there ever were, by name, the newest of a name first; none of them with what opens anything."""
        with self._ledger.read() as db:
            return token_table.everything(db)

    @changes("make tokens", least="admin", of="projects")
    def make_token(
        self, name: str, projects: Sequence[str], scopes: Sequence[str], ends_at: datetime, reason: str
    ) -> NewToken:
        """Make a token for ``projects``, or for all where there are none; its text is in the answer and nowhere else.

        ``scopes``: of score, feedback, read. Raises Invalid, NotFound for a project, Conflict where one of that name
        holds.
        """
        why = checked_reason(reason)
        for project in projects:
            self._refuse_unknown_project(project)
        return token_table.make(self._ledger, self.caller, name, scopes, projects, ends_at, why, clock.now())

    @changes("rotate tokens", least="admin", of="token")
    def rotate_token(
        self, token: str, overlap: timedelta, reason: str, *, ends_at: datetime | None = None
    ) -> NewToken:
        """Make one that takes the place of the token of that name, which goes on for ``overlap`` besides.

        ``ends_at`` None: it lasts as long as that one was made for. Raises Invalid, NotFound.
        """
        why = checked_reason(reason)
        return token_table.rotate(self._ledger, self.caller, token, overlap, ends_at, why, clock.now())

    @changes("revoke tokens", least="operator", of="token")
    def revoke_token(self, token: str, reason: str) -> tuple[Token, ...]:
        """Let every token of that name, or the one of that mark, open nothing from now on. Raises NotFound."""
        return token_table.revoke(self._ledger, self.caller, token, checked_reason(reason), clock.now())
