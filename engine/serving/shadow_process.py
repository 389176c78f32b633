"""A shadow: a process that scores with the candidate what a worker hands to it, and answers nobody.

``python -m engine.serving.shadow_process SETTINGS``, started by the worker that it belongs to, and over with it: its
end of the socket closes then. It takes the processor when nobody else wants it, and writes to nothing but its worker:
lines of JSON on standard output, of what it has counted.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import withheld
from engine.errors import LeverframeError
from engine.projects.manifest.serve import spec_of
from engine.scoring.makers import open_ready
from engine.serving.held import Loaded, load
from engine.serving.shadow_frames import frame_in
from engine.serving.shadow_scoring import Segments, ShadowScoring
from engine.shadow.counting import written
from engine.storage import temporary
from engine.storage import workspace as workspaces
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace
from engine.text import plain

if TYPE_CHECKING:
    from engine.scoring.ready import ReadyScorer
    from engine.versions.records import VersionDocument

SAY_EVERY = 1.0  # seconds
_LEAST_PATIENCE = 30.0
_PACKET = 1 << 20


@dataclass(frozen=True)
class ShadowSettings:
    """``listening``: the descriptor of its end of the socket; ``idle``: it takes only what nobody else wants."""

    home: str
    label: str
    digest: str
    listening: int
    idle: bool = True

    def written(self) -> str:
        return json.dumps(asdict(self))


def step_back() -> None:
    """Take the processor only when nobody else wants it. In the session of whoever started this: Linux shares the
    processor out by sessions, and one of its own would have as much as all workers."""
    with suppress(OSError):
        os.nice(19)
    with suppress(OSError, AttributeError):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def opened(workspace: Workspace, store: ObjectStore) -> Callable[[str, VersionDocument, Path], ReadyScorer]:
    """How a candidate is held ready here: within the time that its own manifest gives an answer, and some to spare."""

    def ready(label: str, document: VersionDocument, folder: Path) -> ReadyScorer:
        patience = max(_LEAST_PATIENCE, spec_of(document.settings).timeout.total_seconds())
        marker = f"{workspace.token}-shadow-{os.getpid()}"
        return open_ready(workspace, store, label, document, folder, marker=marker, patience=patience)

    return ready


def scoring_of(loaded: Loaded) -> ShadowScoring:
    """What scores with it, and holds its answers against others."""
    document = loaded.document
    segments = tuple(map(str, document.settings.get("validation", {}).get("segments", ())))
    hidden = set(map(str, document.settings.get("data", {}).get("sensitive", ())))
    # What it takes in this process is counted without what it waits for the processor; of another one all counts.
    clock = time.monotonic if loaded.scorer.blocks else time.thread_time
    return ShadowScoring(
        loaded.scorer,
        Segments(tuple(name for name in segments if name not in hidden)),
        document.metrics.task == "regression",
        clock,
    )


def follow(
    handed: socket.socket, scoring: ShadowScoring, say: Callable[[dict[str, Any]], None],
    monotonic: Callable[[], float] = time.monotonic,
) -> None:  # fmt: skip
    """Score what comes until there is nobody any more who would hand anything over."""
    handed.settimeout(SAY_EVERY)
    said, handled = monotonic(), 0

    def tell() -> None:
        nonlocal said, handled
        said = monotonic()
        say({"handled": handled, "sums": written(scoring.taken())})
        handled = 0

    while True:
        try:
            packet = handed.recv(_PACKET)
        except TimeoutError:
            tell()
            continue
        if not packet:
            break
        frame = frame_in(packet)
        scoring.score(frame)
        handled += sum(len(each.rows) for each in frame.requests)
        if monotonic() - said >= SAY_EVERY:
            tell()
    tell()


def _say(document: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(document, separators=(",", ":")) + "\n")
    sys.stdout.flush()


def run(settings: ShadowSettings, say: Callable[[dict[str, Any]], None]) -> int:
    """Hold the candidate ready, prove it, score what comes. Returns the process's exit code."""
    workspace = workspaces.find(Path(settings.home))
    store = ObjectStore(workspace.objects)
    folder, lock = temporary.make(temporary.WORKER, workspace.cache)
    try:
        ready = opened(workspace, store)
        loaded = load(store, (settings.label, settings.digest), folder / "shadow", ready, time.monotonic)
        try:
            say({"ready": loaded.rows})
            with socket.socket(fileno=settings.listening) as handed:
                follow(handed, scoring_of(loaded), say)
        finally:
            loaded.close()
    finally:
        temporary.end(folder, lock)
    return 0


def main(words: Sequence[str]) -> int:
    """Be a shadow; for the start of a process."""
    withheld.withhold()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C goes to all; the worker is who ends us.
    settings = ShadowSettings(**json.loads(words[0]))
    if settings.idle:
        step_back()
    try:
        return run(settings, _say)
    except BrokenPipeError:  # The worker is there no more.
        return 0
    except (LeverframeError, OSError) as error:
        why = plain(str(error), 300)
    except Exception as error:  # noqa: BLE001  a bug: told to the worker, which starts another one
        why = plain(f"{type(error).__name__}: {traceback.format_exc()[-200:]}", 300)
    with suppress(OSError):
        _say({"failed": why})
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
