"""What the door to the engine offers about backups and reading through; ``engine.api.Engine`` inherits it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from engine import clock
from engine.errors import Refusal
from engine.people.operators import require
from engine.records import Operator
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace

if TYPE_CHECKING:
    from engine.backup.records import Backup, Checked, Scrub

Tell = Callable[[int, int], None]


def _silent(done: int, total: int) -> None:
    """Tell nobody."""


class BackupCommands:
    """Backups, and reading through what is kept. Imports what it needs when it is called."""

    _workspace: Workspace
    _ledger: Ledger
    _store: ObjectStore
    operator: Operator

    def back_up(self, folder: Path | None = None, tell: Tell = _silent) -> Backup:
        """Back the workspace up to ``folder``, by default where the last one is, or the schedule's goes."""
        from engine.backup.build import make

        require(self.operator, "operator", "back up")
        now = clock.now()
        place, named = self._place(folder), folder is not None
        return make(self._workspace, self._ledger, self._store, place, self.operator, now, tell, anew=named)

    def check_backup(self, folder: Path | None = None, key: Path | None = None, tell: Tell = _silent) -> Checked:
        """Read a backup from end to end."""
        from engine.backup.checking import check

        return check(self._place(folder), key, tell)

    def _place(self, folder: Path | None) -> Path:
        from engine.backup.standing import place_of

        if folder is not None:
            return folder
        with self._ledger.read() as db:
            found = place_of(db)
        if found is None:
            raise Refusal("No backup was made yet, so name the folder for it: 'leverframe backup FOLDER'.")
        return Path(found)

    def scrub(self, tell: Tell = _silent) -> tuple[Scrub, ...]:
        """Read every object of every version that can be gone back to, at low priority, and keep what was found."""
        from engine.backup.scrub import everything

        return everything(self._workspace, self._ledger, self._store, clock.now(), tell)
