"""The demo's own server: what ``leverframe serve`` is, with one worker, for this machine alone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from engine.errors import Refusal

if TYPE_CHECKING:
    from engine.serving.service import Service

HOST = "127.0.0.1"
TICK = 0.2  # seconds


class DemoServer(AbstractContextManager["DemoServer"]):
    """Answers for the workspace at ``home`` from the first time that somebody asks for its ``port`` until ``close``.

    It is at the port where people look for it, or at any free one where somebody else has that.
    """

    def __init__(self, home: Path, operator: str | None, tell: Callable[[str], None]) -> None:
        """``tell`` hears where it is, and what becomes of its worker."""
        self._home, self._operator, self._tell = home, operator, tell
        self._service: Service | None = None
        self._guard, self._ended = threading.Lock(), threading.Event()
        self._attending = threading.Thread(target=self._attend, name="demo server", daemon=True)

    @property
    def port(self) -> int:
        """Where it listens; it is started for that. Raises Refusal where it cannot be."""
        with self._guard:
            if self._service is None:
                self._service = self._begun()
                self._attending.start()
            return self._service.port

    def close(self) -> None:
        """End it, when what came is answered."""
        self._ended.set()
        with self._guard:
            if self._service is not None:
                self._attending.join()
                self._service.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _begun(self) -> Service:
        from engine.serving.service import PORT

        try:
            service = self._at(PORT)
        except Refusal:
            service = self._at(0)
        service.start(self._tell)
        return service

    def _at(self, port: int) -> Service:
        from engine.serving.service import Service

        return Service(
            self._home, self._operator, host=HOST, port=port, workers=1, tokens=False, certificate=None, key=None
        )

    def _attend(self) -> None:
        while not self._ended.wait(TICK):
            if self._service is not None:
                self._service.tick()
