"""What the door to the engine offers about exports; ``engine.api.Engine`` inherits it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine import clock
from engine.access.acts import Door, changes, checked_reason, looks
from engine.errors import Invalid

if TYPE_CHECKING:
    from engine.exports.records import Export

Tell = Callable[[str], None]
_LONGEST = 200
_PLAIN = "exported for its callers"


class ExportCommands(Door):
    """Versions for callers that hold no Python. Imports what it needs when it is called."""

    @changes("export versions", least="operator", of="label", machine="it writes a folder of the machine")
    def export(
        self,
        label: str,
        kind: str,
        folder: Path,
        *,
        dialect: str = "",
        force: bool = False,
        reason: str = "",
        used_by: str = "",
        tell: Tell = lambda doing: None,
    ) -> Export:
        """Write the version as ONNX or SQL into ``folder``, which must not be there.

        ``dialect``: of SQL. ``force``: also where it does not answer as the version does, which takes a ``reason``.
        ``used_by``: who calls it, in words. Raises Refusal with the figures of what is in its way.
        """
        from engine.exports.exporting import Wish, export
        from engine.exports.targets import target
        from engine.text import plain
        from engine.versions import catalog

        wanted = target(kind, dialect)
        said = checked_reason(reason) if force or reason else _PLAIN
        if len(used_by) > _LONGEST:
            raise Invalid(f"What uses it is told in {len(used_by)} characters; keep it under {_LONGEST}.")
        with self._ledger.read() as db:
            version = catalog.record(catalog.find(db, label))
        wish = Wish(label, version.digest, wanted, folder, force, said, plain(used_by, _LONGEST))
        made = export(self._workspace, self._ledger, self._store, wish, self.caller, clock.now(), tell)
        return replace(made, state=version.state)

    @looks("list exports", of="project")
    def exports(self, project: str | None = None, *, limit: int = 50) -> tuple[Export, ...]:
        """What was exported, the newest first, each with the state of its version now."""
        from engine.exports import book
        from engine.projects import registry

        with self._ledger.read() as db:
            if project is not None:
                registry.find(db, project)
            return book.listed(db, project, limit)
