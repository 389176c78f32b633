"""What one look keeps for the next one, so that it need ask, score and measure only what is new.

cache/looks/PROJECT/head.json      what was seen from when, by which version and rules, and what was computed
                    0123….arrow    the rows that are newer than what the version learnt from, with its predictions
                    4567….arrow    the rows that it learnt from

All of it is derived: gone, damaged, or of another version or other rules, a look asks for everything. The head names
the others by their digests and is written last, so that who is killed leaves what was there before, or all that is new.
No sensitive column is in it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import Damage
from engine.json_records import read, write
from engine.storage.atomic import read_file, write_file

if TYPE_CHECKING:
    import pyarrow as pa

# From then on after the last look that asked for everything, the next one does.
WHOLE_EVERY = timedelta(hours=24)
_FORMAT = "1"
_ENGINE = Path(__file__).resolve().parents[2]
# What rows are chosen, scored and measured by.
_RULES = ("jobs/health", "monitoring", "validation", "scoring")
_LIBRARIES = ("numpy", "pyarrow", "scipy", "scikit-learn")
_HEAD = "head.json"


@dataclass(frozen=True)
class Learnt:
    """What the rows that the version learnt from say; see ``holdout.Split``. ``lag``: see ``meter_job``."""

    boundary: str | None = None
    until: str | None = None
    undated: int = 0
    future: int = 0
    lag: float = 0.0


@dataclass(frozen=True)
class Disagreement:
    """That what looks had merged was not what extract brings as a whole: in words, and which look found it first."""

    why: str
    since: str


@dataclass(frozen=True)
class Head:
    """``rules`` and ``version``: by what it was made. ``as_of``: until when the rows are known; ``whole_at``: when
    everything was asked for last, and how many looks have ``merged`` since. ``run``: the look, as the ledger has it.

    ``left_out``: rows older than ``oldest`` that are beyond what is looked at. ``ahead``: the first row of the future.
    ``arrived``: labelled rows that no version has seen, later than ``arrived_since``.
    ``rival``: the version whose predictions are kept beside. ``hidden``: sensitive columns and their types.
    ``unseen``: what was found about these. ``answers``: what was computed, by what it was computed from; ``dear``: what
    was computed of rows like these, and ``news`` the rows that came since.
    """

    rules: str
    version: str
    as_of: str
    whole_at: str
    merged: int
    run: int
    rows: str
    reference: str
    learnt: Learnt
    labels: str | None = None
    rival: str | None = None
    left_out: int = 0
    oldest: str | None = None
    ahead: str | None = None
    arrived: int = 0
    arrived_since: str | None = None
    hidden: Mapping[str, str] = field(default_factory=dict)
    unseen: tuple[Any, ...] = ()
    disagreement: Disagreement | None = None
    answers: Mapping[str, Any] = field(default_factory=dict)
    dear: Mapping[str, Any] | None = None
    news: int = 0


@cache
def rules() -> str:
    """A digest of all that makes an answer out of rows: another one may make another of the same."""
    seen = hashlib.sha256(_FORMAT.encode())
    for part in _sources():
        seen.update(part.read_bytes())
    for name in _LIBRARIES:
        with suppress(PackageNotFoundError):
            seen.update(f"{name} {version(name)}".encode())
    return seen.hexdigest()


def _sources() -> Iterator[Path]:
    for room in _RULES:
        yield from sorted((_ENGINE / room).rglob("*.py"))


def folder_of(looks: Path, project: str) -> Path:
    """Where the looks of ``project`` keep it. ``looks``: the workspace's cache of looks."""
    return looks / project


def head_of(folder: Path, version: str) -> Head | None:
    """What was kept there for the version with that digest, by the rules of today; None where there is nothing."""
    try:
        head = read(Head, json.loads(read_file(folder / _HEAD)), "What the look before kept")
    except (OSError, ValueError, Damage):
        return None
    return head if (head.rules, head.version) == (rules(), version) else None


def table(folder: Path, digest: str) -> pa.Table | None:
    """The rows of that digest; None where they are not there, or damaged."""
    import pyarrow as pa

    try:
        content = read_file(folder / f"{digest}.arrow")
    except OSError:
        return None
    if hashlib.sha256(content).hexdigest() != digest:
        return None
    return pa.ipc.open_file(pa.BufferReader(content)).read_all()


def put(folder: Path, rows: pa.Table) -> str:
    """Write a table beside what is there. Returns its digest, by which a head may name it."""
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    # Without it a table of many looks is a thousand small pieces, and slow to read.
    rows = rows.combine_chunks()
    with pa.ipc.new_file(sink, rows.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
        writer.write_table(rows)
    content = memoryview(sink.getvalue())
    digest = hashlib.sha256(content).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / f"{digest}.arrow").exists():
        write_file(folder / f"{digest}.arrow", bytes(content), mode=0o600, durable=False)
    return digest


def keep(folder: Path, head: Head) -> None:
    """From now on this is what is kept; the tables that it names are there. What it does not name goes."""
    folder.mkdir(parents=True, exist_ok=True)
    content = json.dumps(write(head), allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    write_file(folder / _HEAD, content.encode("utf-8"), mode=0o600, durable=False)
    named = {_HEAD, f"{head.rows}.arrow", f"{head.reference}.arrow"}
    for path in folder.iterdir():
        if path.name not in named:
            path.unlink(missing_ok=True)
