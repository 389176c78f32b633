"""The roles, and what each may. Pure.

A viewer looks and comments; an operator works, an admin decides about people, settings and what others may; an auditor
looks at everything, exports it, and changes nothing. Somebody may have a role for a single project besides the one for
the workspace; what either of them allows is allowed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import get_args

from engine.records import Role

ROLES: tuple[Role, ...] = get_args(Role)

# What is declared for the role in front may be done by whoever has one of those behind it.
_LOOK: Mapping[Role, frozenset[Role]] = {
    "viewer": frozenset(ROLES),
    "auditor": frozenset({"auditor", "operator", "admin"}),
    "operator": frozenset({"operator", "admin"}),
    "admin": frozenset({"admin"}),
}


def enough(held: Iterable[Role], least: Role, *, changes: bool) -> bool:
    """Whether who has the roles ``held`` may do what was declared for ``least``. An auditor changes nothing at all."""
    return any(role in _LOOK[least] and not (changes and role == "auditor") for role in held)


def a_role(role: str) -> str:
    """``a viewer``, ``an operator``."""
    return f"{'an' if role[0] in 'aeiou' else 'a'} {role}"


def whom_to_ask(least: Role) -> str:
    """Who may do it, in the words of a refusal."""
    return f"somebody who is {a_role(least)}"
