"""Tokens as JSON documents with keys that scripts rely on. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from engine.access.token_records import Token
from engine.clock import stamp


def token_document(token: Token, now: datetime) -> dict[str, Any]:
    """A token without what opens anything; ``projects`` null: all of them."""
    return {
        "name": token.name, "mark": token.mark, "standing": token.standing(now), "scopes": list(token.scopes),
        "projects": list(token.projects) or None, "made_at": stamp(token.made_at), "made_by": token.made_by,
        "reason": token.reason, "ends_at": stamp(token.ends_at), "until": stamp(token.until),
        "replaced_at": _time(token.replaced_at), "replaced_by": token.replaced_by,
        "revoked_at": _time(token.revoked_at), "revoked_by": token.revoked_by, "used": _time(token.used),
    }  # fmt: skip


def _time(at: datetime | None) -> str | None:
    return stamp(at) if at is not None else None
