"""An earlier moment that is shown in the running console: its engine, who asks it, and who tells that acts are refused.

The present goes on beside it: its own watcher reconciles, the schedules it hosts start runs, commands end.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from console.acting.runner import Runner
from console.queries.watcher import Watcher
from console.text.frame import Who

if TYPE_CHECKING:
    from textual.message import Message

    from engine.api import PastEngine


class Past:
    """The moment that ``engine`` shows. It is closed here, on a thread: whoever reads it then is waited for."""

    def __init__(self, engine: PastEngine, post: Callable[[Message], Any]) -> None:
        self.moment = engine.now()
        self.watcher = Watcher(engine, self._told, engine.now)
        self.runner = Runner(engine, self._told)
        self._engine, self._post = engine, post
        self._left = False

    def close(self) -> threading.Thread:
        """Leave it: nothing is told of it any more, and its copy goes. The thread that sees to it can be waited for."""
        self._left = True
        closing = threading.Thread(target=self._close, name="past", daemon=True)
        closing.start()
        return closing

    def _told(self, message: Message) -> None:
        if not self._left:  # a chain that was verified then is no word about the one of now
            self._post(message)

    def _close(self) -> None:
        self.watcher.stop(None)
        self.runner.wait()
        self._engine.close()


@dataclass(frozen=True)
class Present:
    """What the app comes back to: its screen, who is at work, and who asks and acts."""

    mode: str
    who: Who
    last_visit: datetime | None
    watcher: Watcher
    runner: Runner
