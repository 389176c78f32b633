"""What an admin may choose: how much stays free, how long what is kept; in the ledger, with defaults."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from engine.access.caller import Caller
from engine.audit import trail
from engine.errors import Invalid
from engine.housekeeping.retention import Rules
from engine.projects import in_force
from engine.projects.manifest.durations import DURATION_FORM, SIZE_FORM, parse_duration, parse_size
from engine.runs import capacity
from engine.storage import chosen
from engine.storage.free_space import in_words, keep_free
from engine.storage.ledger import Ledger
from engine.storage.workspace import Workspace
from engine.text import plain

Unit = Literal["bytes", "days", "count", "seconds", "folder"]
_LARGEST = 1 << 50
_SPANS = ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
BACKUP_TO, BACKUP_EVERY, DAY = "backup_to", "backup_every", 86_400


@dataclass(frozen=True)
class Setting:
    """One setting as it is: ``value`` for programs, ``text`` for people; ``chosen`` False: the default holds."""

    name: str
    value: int | str
    text: str
    chosen: bool
    meaning: str


_MEANINGS: dict[str, tuple[Unit, int, str]] = {
    "keep_free": ("bytes", 0, "with less free on the disk no retrain begins; decisions and rollback still work"),
    capacity.AT_ONCE: ("count", 1, "runs at the same time; the others wait in the queue"),
    capacity.MEMORY: ("bytes", 0, "memory for all runs together; one run may always run"),
    "rollback_points": ("count", 1, "versions of each project that were live and can always be gone back to"),
    "rollback_days": ("days", 0, "how long older ones can be gone back to, after they were replaced"),
    "failed_days": ("days", 1, "how long a failed, rejected, expired or barred version keeps its content"),
    "run_days": ("days", 0, "how long the working data of a run that did not succeed is kept"),
    "log_days": ("days", 1, "how long logs are kept"),
    "compress_days": ("days", 0, "after how long logs are compressed"),
    "logs_total": ("bytes", 1 << 20, "all logs of runs together; the oldest go first"),
    "environment_days": ("days", 1, "how long an environment that no version needs is kept"),
    "bin_days": ("days", 1, "how long what was cleaned up can be restored"),
    BACKUP_TO: ("folder", 0, "where the engine backs this workspace up to; nowhere by default"),
    BACKUP_EVERY: ("seconds", 3600, "how often it does"),
}


def rules(db: sqlite3.Connection) -> Rules:
    """The rules of retention as they are now."""
    said = chosen.numbers(db)
    return Rules(**{each.name: said[each.name] for each in fields(Rules) if each.name in said})


def everything(db: sqlite3.Connection, workspace: Workspace) -> tuple[Setting, ...]:
    """Every setting with its value."""
    said: dict[str, int | str] = {**chosen.numbers(db), **chosen.texts(db)}
    defaults: dict[str, int | str] = {**asdict(Rules()), **capacity.defaults()}
    defaults |= {BACKUP_TO: "", BACKUP_EVERY: DAY}
    found = []
    for name, (unit, _, meaning) in _MEANINGS.items():
        value: int | str
        if name == "keep_free":
            value = keep_free(db, shutil.disk_usage(workspace.root).total)
        else:
            value = said.get(name, defaults[name])
        found.append(Setting(name, value, _text(value, unit), name in said, meaning))
    return tuple(found)


def choose(ledger: Ledger, name: str, text: str, by: Caller, reason: str, at: datetime) -> None:
    """Set ``name`` to what ``text`` says, or back to its default (``default``). Raises Invalid."""
    if name not in _MEANINGS:
        raise Invalid(_unknown(name))
    value = None if text == "default" else _read(name, text)
    with ledger.write() as db:
        if value is None:
            chosen.forget(db, name)
        else:
            chosen.choose(db, name, value)
        details = {"value": value if value is not None else "default"}
        trail.append(db, at=at, actor=by, action="set", subject=name, reason=reason, details=details)


def names_a_folder(name: str) -> bool:
    """Whether the value of a setting is a folder of the machine."""
    return name in _MEANINGS and _MEANINGS[name][0] == "folder"


def backups(db: sqlite3.Connection) -> tuple[str | None, timedelta]:
    """Where the engine backs up to, None: nowhere; and how often."""
    seconds = chosen.numbers(db).get(BACKUP_EVERY, DAY)
    return chosen.texts(db).get(BACKUP_TO), timedelta(seconds=seconds)


def _read(name: str, text: str) -> int | str:
    unit, least, _ = _MEANINGS[name]
    if unit == "folder":
        return _folder(name, text)
    if unit == "seconds":
        span = parse_duration(text)
        found, form = (int(span.total_seconds()) if span else None), DURATION_FORM
    elif unit == "bytes":
        found = 0 if text == "0" else parse_size(text)
        form = SIZE_FORM
    else:
        digits = text.removesuffix("d") if unit == "days" else text
        found = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else None
        form = "a number of days, such as 30" if unit == "days" else "a number, such as 5"
    if found is None or found > {"bytes": _LARGEST, "seconds": 366 * DAY}.get(unit, 36_500):
        raise Invalid(f"'{plain(text, 40)}' cannot be {name}; write {form}.")
    if found < least:
        raise Invalid(f"{name} is at least {_text(least, unit)}.")
    return found


def _folder(name: str, text: str) -> str:
    path = Path(text).expanduser()
    if not text.strip() or not path.is_absolute() or plain(text, 4096) != text:
        raise Invalid(f"'{plain(text, 40)}' cannot be {name}; write the whole path of a folder, such as /mnt/backup.")
    return str(path)


def _unknown(name: str) -> str:
    if name in in_force.POLICY:
        return f"{name} is part of the policy: 'leverframe policy set {name} …' changes it."
    near = get_close_matches(name, _MEANINGS, 1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(_MEANINGS)}."
    return f"There is no setting '{plain(name, 40)}'; {hint}"


def _text(value: int | str, unit: Unit) -> str:
    if isinstance(value, str):
        return value or "nowhere"
    if unit == "seconds":
        size, word = next((size, word) for size, word in _SPANS if value % size == 0)
        return f"{value // size} {word}{'' if value == size else 's'}"
    if unit == "bytes":
        return in_words(value) if value else "0"
    return f"{value} day{'' if value == 1 else 's'}" if unit == "days" else str(value)
