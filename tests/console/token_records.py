"""Tokens for the console's tests: one in use that ends soon, one that was replaced, one that was revoked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from engine.access.token_records import NewToken, Token
from tests.console.health_records import NOW

DAY = timedelta(days=1)
SECRET = f"lvf_0a1b2c3d_{'Zq' * 21}x"
SHOP = Token(
    "shop", "lvf_0a1b2c3d", ("score", "feedback"), ("flights",), NOW - 80 * DAY, "ada", "the shop asks before it sells",
    NOW + 10 * DAY, used=NOW - DAY,
)  # fmt: skip
BEFORE = replace(
    SHOP, mark="lvf_00000001", replaced_at=NOW + DAY, replaced_said=NOW - DAY, replaced_by="ada", used=None
)  # fmt: skip
GONE = replace(SHOP, name="till", mark="lvf_00000002", projects=(), revoked_at=NOW - DAY, revoked_by="bob", used=None)
TOKENS = (SHOP, BEFORE, GONE)


class FakeTokens:
    """Answers with the records above."""

    _do: Callable[..., None]
    tokens_now: tuple[Token, ...] = TOKENS

    def tokens(self) -> tuple[Token, ...]:
        return self.tokens_now

    def make_token(
        self, name: str, projects: Sequence[str], scopes: Sequence[str], ends_at: datetime, reason: str
    ) -> NewToken:
        self._do("make token", name, tuple(projects), tuple(scopes), ends_at, reason)
        return NewToken(replace(SHOP, name=name), SECRET)

    def rotate_token(self, token: str, overlap: timedelta, reason: str) -> NewToken:
        self._do("rotate token", token, overlap, reason)
        return NewToken(replace(SHOP, name=token), SECRET)

    def revoke_token(self, token: str, reason: str) -> tuple[Token, ...]:
        self._do("revoke token", token, reason)
        return (SHOP,)
