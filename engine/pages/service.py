"""All that serving takes, put together: a view of the workspace, the door, the application, the server."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from engine.pages import access
from engine.pages.app import App
from engine.pages.server import PageServer
from engine.pages.view import View
from engine.storage.failures import keep_traceback


class Service:
    """Serves ``view`` from ``start`` until ``close``. Raises Refusal or Invalid where that would not be safe."""

    def __init__(self, view: View, host: str, port: int, token: str | None) -> None:
        self._view, self._host, self._token = view, access.address(host), token
        self._port = port
        self._door = access.door(self._host, port, token)
        self._server: PageServer | None = None

    @property
    def url(self) -> str:
        """Where it is, once it was started."""
        name = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{name}:{self._server.port if self._server else self._port}/"

    def start(self, now: Callable[[], datetime], tell: Callable[[str], None]) -> None:
        """Answer, in the background; ``tell`` gets a line for each event."""
        logs = self._view.workspace.logs
        app = App(self._view, self._door, now, tell, lambda text: keep_traceback(logs, text, now()))
        self._server = PageServer(app, self._host, self._port)
        self._server.start()
        who = "to whoever has the token" if self._token else "to whoever is on this machine"
        tell(f"Served at {self.url} {who}, read only.")

    def close(self) -> None:
        """Answer no more, and let go of the ledger."""
        if self._server is not None:
            self._server.stop()
        self._view.close()
