"""How far a demo is that another process replays: what that one writes down, and one line of it for the console."""

from __future__ import annotations

import json
import re
import shlex
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from console.demo.place import DEFAULT, LOCK, PROJECTS, Plan
from engine.errors import LeverframeError
from engine.storage.atomic import write_file
from engine.storage.workspace import Workspace
from engine.text import plain

if TYPE_CHECKING:
    from console.demo.replay import ReplayObserver

LOG = "replay.log"
DONE = "done"  # what a project's story is said to be at its end
_FILE = "progress.json"
_SECONDS = 0.5  # between two writings; a person reads no faster


class WrittenDown:
    """Writes down how far each project is, beside the repositories, and tells ``audience`` as well."""

    def __init__(self, plan: Plan, audience: ReplayObserver) -> None:
        self._file, self._audience = plan.projects / _FILE, audience
        self._guard = threading.Lock()
        self._seen: dict[str, str] = {}
        self._written = 0.0

    def doing(self, project: str, share: float, text: str) -> None:
        self._audience.doing(project, share, text)
        with self._guard:
            self._seen[project] = plain(text, 60)
            if time.monotonic() - self._written >= _SECONDS:
                self._written = time.monotonic()
                with suppress(OSError, LeverframeError):  # A line on a screen is not worth a demo.
                    write_file(self._file, json.dumps(self._seen).encode(), durable=False)

    def done(self, line: str) -> None:
        self._audience.done(line)


def is_replayed(home: Path) -> bool:
    """Whether a process replays a demo at ``home`` now; in any other workspace this is one look at a folder."""
    return (home / PROJECTS).is_dir() and Workspace(home).is_locked(LOCK)


def told(home: Path) -> tuple[str, bool] | None:
    """One line on the demo that is replayed at ``home``, and whether it goes on; None where there is none.

    Whatever cannot be read is no reason to trouble the screen.
    """
    place = home / PROJECTS
    if not place.is_dir():
        return None
    try:
        plan: Mapping[str, Any] = json.loads((place / "demo.json").read_bytes())
        if plan.get("finished"):
            return None
        weeks, goes_on = int(plan["weeks"]), is_replayed(home)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    if goes_on:
        return _line(weeks, _progress(place)), True
    return f"The replay came to a stop; '{_again(home)}' goes on with it ({PROJECTS}/{LOG} says why).", False


def _again(home: Path) -> str:
    named = "" if home == DEFAULT.expanduser() else f"--home {shlex.quote(str(home))} "
    return f"leverframe {named}demo"


def _line(weeks: int, doing: Mapping[str, Any]) -> str:
    """What matters most comes first: a narrow screen shows only that."""
    parts = {name: re.fullmatch(r"(?:week (\d+): )?(.+)", str(text)) for name, text in sorted(doing.items())}
    at_work = {name: found for name, found in parts.items() if found is not None and found[2] != DONE}
    week = min((int(found[1]) for found in at_work.values() if found[1]), default=weeks if parts else 1)
    doings = "".join(f" · {name}: {plain(found[2], 40)}" for name, found in at_work.items())
    return f"Replaying week {week} of {weeks}; keys work meanwhile{doings}"


def _progress(place: Path) -> dict[str, Any]:
    try:
        found = json.loads((place / _FILE).read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
