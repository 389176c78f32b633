"""Keeps the demo's server and its traffic while the demo's console is open: ``python -m console.demo.attendant HOME``.

Its standard input is a pipe that nobody writes to. However the console ends, killed too, that is over then, and so is
this; and the server's worker ends with this in the same way.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import console
from console.demo.place import PROJECTS

LOG = "server.log"
ASKS_AGAIN = 0.5  # seconds, whether something is live by now and nobody replays any more
ENDS_WITHIN = 5.0  # seconds that whoever leaves waits for it at most


@contextmanager
def attended(home: Path, operator: str | None) -> Iterator[None]:
    """The demo at ``home`` has a server that is asked, as long as this lasts."""
    root = Path(console.__file__).resolve().parents[1]
    with open(home / PROJECTS / LOG, "wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "console.demo.attendant", str(home), *([operator] if operator else [])],
            stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(root)},
        )  # fmt: skip
    try:
        yield
    finally:
        assert process.stdin is not None
        process.stdin.close()
        with suppress(subprocess.TimeoutExpired):  # It ends by itself, and what it logs says why it took so long.
            process.wait(ENDS_WITHIN)


def main(words: Sequence[str]) -> int:
    """Attend until nobody is at the other end of standard input."""
    home, operator = Path(words[0]), words[1] if len(words) > 1 else None
    ended = threading.Event()
    threading.Thread(target=_watch, args=(ended,), name="console", daemon=True).start()
    if _wait_for_its_turn(home, ended):
        _attend(home, operator, ended)
    return 0


def _watch(ended: threading.Event) -> None:
    while os.read(0, 4096):
        pass
    ended.set()


def _wait_for_its_turn(home: Path, ended: threading.Event) -> bool:
    """Whoever replays the demo has a server of their own. Returns False where the console ended first."""
    from console.demo.progress import is_replayed
    from console.demo.traffic import RATES

    while is_replayed(home) or not any((home / "live" / project).exists() for project in RATES):
        if ended.wait(ASKS_AGAIN):
            return False
    return True


def _attend(home: Path, operator: str | None, ended: threading.Event) -> None:
    from console.demo.server import DemoServer
    from console.demo.traffic import traffic

    with DemoServer(home, operator) as server, ExitStack() as closed:
        for each in traffic(home, server.port, lambda project: (home / "live" / project).exists()):
            closed.enter_context(closing(each))
            each.start()
        ended.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
