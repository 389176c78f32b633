"""Whether a retrain could make anything that the live version is not already: the same code, packages, settings, data.

What costs nothing to compare comes first. The data goes into the store in any case; only where all else is equal does
the run wait for that before it trains.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from engine.runs.steps.tables import types_of
from engine.storage.blocks import put_table
from engine.storage.objects import ObjectStore
from engine.versions.document import digest_of_files

if TYPE_CHECKING:
    from engine.jobs.retrain.data import Prepared
    from engine.projects.manifest.reader import Manifest
    from engine.versions.records import VersionDocument


class NothingNew(Exception):
    """The run ends early and well: it would only have made the live version again."""


def check(
    store: ObjectStore, live: tuple[str, VersionDocument], code: Path, lock: str, manifest: Manifest, data: Prepared
) -> None:
    """Raise NothingNew when all that a version is made from is as in ``live``; ``lock`` is the lock's digest."""
    label, document = live
    then, rows = document.data, data.table.num_rows
    as_made = (
        document.environment.digest == lock
        and document.settings == manifest.document
        and [(each.path, each.executable, each.digest) for each in document.code.files] == _files(code)
    )
    if as_made and manifest.train.imported is not None:
        raise NothingNew(
            f"Nothing is new since {label}: the same model, which was trained elsewhere, code, packages and settings. "
            "'leverframe retrain --force' judges it by today's rows."
        )
    same = (
        as_made
        and then.rows == rows
        and then.columns == data.table.num_columns
        and document.schema == data.schema
        and (then.types or {}) == types_of(data.table)
    )
    if same and digest_of_files(put_table(store, data.table)) == then.digest:
        raise NothingNew(
            f"Nothing is new since {label}: the same {rows:,} rows, code, packages and settings. "
            "'leverframe retrain --force' trains all the same."
        )


def _files(folder: Path) -> list[tuple[str, bool, str]]:
    """As ``store_folder`` lists them, without storing."""
    return [
        (path.relative_to(folder).as_posix(), bool(path.stat().st_mode & 0o100), sha256(path.read_bytes()).hexdigest())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    ]
