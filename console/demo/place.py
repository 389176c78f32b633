"""Where a demo is made, and what is known of one that was begun: ``demo-projects/demo.json`` in its workspace."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from engine.clock import moment, stamp
from engine.errors import Invalid, Refusal
from engine.storage import workspace as workspaces
from engine.storage.atomic import write_file

DEFAULT = Path("~/.leverframe-demo")
PROJECTS = "demo-projects"
LOCK = "demo"  # of the workspace: whoever replays the demo holds it


@dataclass(frozen=True)
class Plan:
    """A demo of ``weeks`` weeks up to ``until``; ``finished`` once all of it was replayed."""

    home: Path
    weeks: int
    until: datetime
    finished: bool

    @property
    def projects(self) -> Path:
        """The folder of the samples' repositories."""
        return self.home / PROJECTS

    def save(self) -> None:
        """Keep it, whole or not at all."""
        document = {"weeks": self.weeks, "until": stamp(self.until), "finished": self.finished}
        write_file(self.projects / "demo.json", json.dumps(document).encode())


def home_of(given: Path | None) -> Path:
    """The workspace of the demo: as given, ``$LEVERFRAME_HOME``, or one beside a person's own."""
    chosen = given or Path(os.environ.get("LEVERFRAME_HOME") or DEFAULT)
    return chosen.expanduser().absolute()


def plan(home: Path, weeks: int, now: datetime) -> Plan:
    """The demo that was begun at ``home``, or a new one.

    Raises Refusal when ``home`` is somebody's workspace or holds other things: a demo is never mixed into it.
    """
    file = home / PROJECTS / "demo.json"
    if file.exists():
        return _begun(home, file)
    if (home / "ledger.db").exists():
        raise Refusal(
            f"{home} is a workspace that the demo did not make, and it is never mixed into one; "
            "name another folder with --home."
        )
    workspaces.create(home)
    (home / PROJECTS).mkdir(exist_ok=True)
    fresh = Plan(home, weeks, now, finished=False)
    fresh.save()
    return fresh


def _begun(home: Path, file: Path) -> Plan:
    try:
        document: Mapping[str, Any] = json.loads(file.read_bytes())
        return Plan(home, int(document["weeks"]), moment(str(document["until"])), bool(document["finished"]))
    except (OSError, ValueError, KeyError, TypeError, Invalid):
        raise Refusal(f"{file} cannot be read, so this demo cannot go on; remove {home} or name another.") from None
