"""What the engine does of this by itself: a backup when one is due, and a part of what is kept read each day."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from engine.backup import scrub
from engine.backup.build import make
from engine.backup.standing import due, standing
from engine.errors import LeverframeError
from engine.people.operators import account
from engine.records import Operator
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace

CLOCK = "clock"
Tell = Callable[[int, int], None]


def keep_safe(workspace: Workspace, ledger: Ledger, now: datetime, tell: Tell) -> Iterator[str]:
    """Do what is due, and yield what came of it, in sentences. ``tell`` is called often, and may end it by raising."""
    store = ObjectStore(workspace.objects)
    with ledger.read() as db:
        found = standing(db)
    if found.to is not None and due(found, now):
        try:
            made = make(workspace, ledger, store, Path(found.to), Operator(CLOCK, "operator", account()), now, tell)
        except LeverframeError as error:  # Kept with the backups, and told by doctor; what is read is read anyway.
            yield f"No backup was made: {error}"
        else:
            yield f"Backed up to {made.place}: {made.added:,} new of {made.objects:,} objects."
    for each in scrub.daily(workspace, ledger, store, now, tell):
        if each.damage:
            yield f"{each.label} is damaged: {each.damage}; 'leverframe doctor' says more."
