"""An earlier moment that is shown in the running console: its engine, who asks it, and who tells that acts are refused.

The present goes on beside it: its own watcher reconciles, the schedules it hosts start runs, commands end.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from console.frame import Who
from console.runner import Runner
from console.watcher import Watcher

if TYPE_CHECKING:
    from textual.message import Message

    from engine.api import EngineThen


class Past:
    """The moment that ``engine`` shows. It is closed here, on a thread: a question may be at work still."""

    def __init__(self, engine: EngineThen, post: Callable[[Message], Any]) -> None:
        self.moment = engine.now()
        self.watcher = Watcher(engine, post, engine.now)
        self.runner = Runner(engine, post)
        self._engine = engine

    def close(self) -> threading.Thread:
        """Let go of the copy; the thread that does it can be waited for."""
        closing = threading.Thread(target=self._close, name="past", daemon=True)
        closing.start()
        return closing

    def _close(self) -> None:
        self.watcher.stop()
        self._engine.close()


@dataclass(frozen=True)
class Present:
    """What the app comes back to: its screen, who is at work, and who asks and acts."""

    mode: str
    who: Who
    last_visit: datetime | None
    watcher: Watcher
    runner: Runner
