"""A request for a project's answers on its way: which version is asked, for what, and how its answer is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from engine.serving.exchange import Answer, Asked

if TYPE_CHECKING:
    from engine.serving.failover import Given
    from engine.serving.form import Form, Rows
    from engine.serving.held import Held


class Prepared(NamedTuple):
    """A version and what is made once for all of its answers. ``canary``: says which requests another one answers."""

    held: Held
    form: Form
    canary: Callable[[Rows], Held | None] | None = None


Read = Callable[["Form", Asked], "Rows"]
Write = Callable[[Prepared, "Given", "Rows", Asked], Answer]


class Asking(msgspec.Struct, frozen=True, gc=False):
    """A request whose rows have been read. ``canary``: who is asked for them before the live version is."""

    project: str
    prepared: Prepared
    asked: Asked
    rows: Rows
    write: Write
    canary: Held | None = None
