"""Keeps the demo's server and its traffic while the demo's console is open: ``python -m console.demo.attendant
HOME ASKED``.

Its standard input is a pipe that nobody writes to. However the console ends, killed too, that is over then, and so is
this; and the server's worker ends with this in the same way.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import console
from console.demo.place import PROJECTS
from console.demo.story import ASKED

LOG = "server.log"
ASKS_AGAIN = 0.5  # seconds, whether something is live by now and nobody replays any more
ENDS_WITHIN = 5.0  # seconds that whoever leaves waits for it at most


@contextmanager
def attended(home: Path, operator: str | None, asked: Mapping[str, float] = ASKED) -> Iterator[None]:
    """The demo at ``home`` has a server that is asked, as long as this lasts. ``asked``: how often in a second."""
    words = ["-P", "-m", "console.demo.attendant", str(home), json.dumps(asked), *([operator] if operator else [])]
    root = Path(console.__file__).resolve().parents[1]
    with open(home / PROJECTS / LOG, "wb") as log:
        process = subprocess.Popen(
            [sys.executable, *words],
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
    home, asked, operator = Path(words[0]), json.loads(words[1]), words[2] if len(words) > 2 else None
    ended = threading.Event()
    threading.Thread(target=_watch, args=(ended,), name="console", daemon=True).start()
    if _wait_for_its_turn(home, asked, ended):
        _attend(home, operator, _live(home, asked), ended)
    return 0


def _watch(ended: threading.Event) -> None:
    while os.read(0, 4096):
        pass
    ended.set()


def _wait_for_its_turn(home: Path, asked: Mapping[str, float], ended: threading.Event) -> bool:
    """Whoever replays the demo has a server of their own. Returns False where the console ended first."""
    from console.demo.progress import is_replayed

    while is_replayed(home) or not _live(home, asked):
        if ended.wait(ASKS_AGAIN):
            return False
    return True


def _live(home: Path, asked: Mapping[str, float]) -> dict[str, float]:
    return {project: rate for project, rate in asked.items() if (home / "live" / project).exists()}


def _attend(home: Path, operator: str | None, asked: Mapping[str, float], ended: threading.Event) -> None:
    from console.demo.server import DemoServer
    from console.demo.traffic import Traffic

    with DemoServer(home, operator, print) as server, ExitStack() as closed:
        for project, rate in asked.items():
            closed.enter_context(closing(Traffic(home, project, server.port, rate))).start()
        ended.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
