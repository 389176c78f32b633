"""Who is on duty, and a hand-over. Apart from routes, as the first screen shows the one and no other."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal


@dataclass(frozen=True)
class Duty:
    """Who is on duty, since when; ``offered_to``: whom it was handed over to who has not taken it yet, and by whom."""

    operator: str | None = None
    since: datetime | None = None
    offered_to: str | None = None
    offered_by: str | None = None
    offered_at: datetime | None = None


@dataclass(frozen=True)
class Handover:
    """One hand-over. ``matters``: what was open and what was promised, as the ledger keeps it."""

    id: int
    former: str | None
    to: str
    by: str
    note: str
    offered_at: datetime
    taken_at: datetime | None
    withdrawn_at: datetime | None
    matters: str = field(default="", repr=False)

    @property
    def state(self) -> Literal["offered", "taken", "withdrawn"]:
        """What became of it."""
        return "taken" if self.taken_at else "withdrawn" if self.withdrawn_at else "offered"
