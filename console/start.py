"""Open the console: the workspace first, so that what is wrong with it is said on an ordinary screen."""

from __future__ import annotations

import socket
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from console.frame import Who
from engine import clock
from engine.api import open_engine


def run_console(home: Path | None, operator: str | None) -> int:
    """Run the console until its operator leaves. Raises LeverframeError when the workspace cannot be opened."""
    engine = open_engine(home, operator)
    # The first overview is read while Textual loads, so that the first picture is a live one.
    with ThreadPoolExecutor(1) as pool:
        first: Future[object] = pool.submit(engine.overview, clock.now())
        from console.app import LeverframeApp

        who = Who(engine.operator.name, engine.operator.role, socket.gethostname(), str(engine.home))
        app = LeverframeApp(engine, who, first)  # type: ignore[arg-type]
        app.run(mouse=False)
    engine.close()
    return app.return_code or 0
