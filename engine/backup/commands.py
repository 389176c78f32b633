"""What the door to the engine offers about backups and reading through; ``engine.api.Engine`` inherits it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from engine import clock
from engine.access.acts import Door, changes, looks
from engine.errors import Refusal

if TYPE_CHECKING:
    from engine.backup.records import Backup, Checked, Scrub

Tell = Callable[[int, int], None]


def _silent(done: int, total: int) -> None:
    """Tell nobody."""


class BackupCommands(Door):
    """Backups, and reading through what is kept. Imports what it needs when it is called."""

    @changes("back up", least="operator")
    def back_up(self, folder: Path | None = None, tell: Tell = _silent) -> Backup:
        """Back the workspace up to ``folder``, by default where the last one is, or the schedule's goes."""
        from engine.backup.build import make

        now = clock.now()
        place, named = self._place(folder), folder is not None
        return make(self._workspace, self._ledger, self._store, place, self.caller, now, tell, anew=named)

    @looks("check backups", in_past=False)
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
            raise Refusal(
                "No backup was made yet; an admin makes one on the machine itself: 'leverframe backup FOLDER'."
            )
        return Path(found)

    @looks("read through what is kept", in_past=False)
    def scrub(self, tell: Tell = _silent) -> tuple[Scrub, ...]:
        """Read every object of every version that can be gone back to, at low priority, and keep what was found."""
        from engine.backup.scrub import everything

        return everything(self._workspace, self._ledger, self._store, clock.now(), tell)
