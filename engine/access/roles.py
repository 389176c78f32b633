"""The roles, and which may what another may. Pure."""

from __future__ import annotations

from typing import get_args

from engine.records import Role

# From the least on.
ROLES: tuple[Role, ...] = get_args(Role)


def enough(role: Role, least: Role) -> bool:
    """Whether who has ``role`` may what ``least`` may: each role may what those before it may."""
    return ROLES.index(role) >= ROLES.index(least)
