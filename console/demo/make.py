"""Make the demo, or go on with one that was cut off: all stories at once, until all have ended; then look at health."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from console.demo.place import Plan
from console.demo.progress import DONE
from console.demo.replay import Replay, ReplayObserver, Stopped
from console.demo.server import DemoServer
from console.demo.story import Tale
from engine.access.proof import KeyProof
from engine.access.public_key import ed25519

if TYPE_CHECKING:
    from engine.api import Engine

OPERATOR = "demo"
LOOKING = "looking at its health"
_PATIENCE = 3.0  # seconds; what is still under way then is safe to leave, as it is when a process is killed


def replay(plan: Plan, tales: Sequence[Tale], originals: Path, engine: Engine, told: ReplayObserver) -> None:
    """Replay ``tales`` of the projects in ``originals`` as the operator of ``engine``.

    Raises what a project or the machine raised, or KeyboardInterrupt. A retrain that is under way ends by itself.
    """
    stop = threading.Event()
    with DemoServer(plan.home, None, told.done) as server:
        _replayed(plan, tales, originals, engine, told, stop, server)
    _look_at_health(tales, engine, told)
    replace(plan, finished=True).save()


def _replayed(
    plan: Plan, tales: Sequence[Tale], originals: Path, engine: Engine, told: ReplayObserver, stop: threading.Event,
    server: DemoServer,
) -> None:  # fmt: skip
    replays: list[Replay] = []
    for tale in tales:
        after = replays[-1] if replays else None
        replays.append(Replay(engine, tale, plan, originals, told, stop, server, after))
    for each in replays:
        each.start()
    try:
        _wait_for(replays)
    except KeyboardInterrupt:
        stop.set()
        until = time.monotonic() + _PATIENCE
        for each in replays:
            each.wait(max(0.0, until - time.monotonic()))
        raise
    errors = [each.error for each in replays if each.error is not None]
    for error in sorted(errors, key=lambda e: isinstance(e, Stopped)):
        raise error


def _look_at_health(tales: Sequence[Tale], engine: Engine, told: ReplayObserver) -> None:
    """The first look at what is live in the end. What it finds is news, whatever it is, and no failure.

    Not before the server has ended: then all that it answered is in its log, in which labels look for their answers.
    """
    looking = {tale.project: engine.look(tale.project) for tale in tales if engine.health(tale.project) is None}
    for project, run in looking.items():
        seen = engine.wait(run.id, lambda _, project=project: told.doing(project, 1.0, LOOKING))  # type: ignore[misc]
        told.done(f"{seen.version or project:<12} health  {seen.why}")
        told.doing(project, 1.0, DONE)


def _wait_for(replays: Sequence[Replay]) -> None:
    waiting = list(replays)
    while waiting:
        waiting = [each for each in waiting if not each.wait(0.1)]


def replayer(person: Engine) -> KeyProof:
    """What proves the operator who decides in the weeks that are replayed: a key that nobody has."""
    for known in person.operators():
        if known.name == OPERATOR:
            if known.disabled:
                person.enable_operator(OPERATOR, "weeks are left to be replayed")
            return KeyProof(known.ways[0].label)
    key = ed25519(secrets.token_bytes(32), "nobody's: the demo made it and threw it away")
    why = "decides in the weeks that the demo replays"
    person.add_operator(OPERATOR, "operator", why, keys=[f"{key.line} {key.comment}"])
    return KeyProof(key.fingerprint)


def what_there_is(engine: Engine, now: datetime) -> list[str]:
    """What is live, what can be gone back to and what waits, in sentences."""
    lines = []
    for status in engine.overview(now).projects:
        back = f", {status.rollback_to} is there to roll back to" if status.rollback_to else ""
        lines.append(f"{status.project.name}: {status.live or 'nothing'} is live{back}.")
        lines += [f"{c.label} waits for your decision. {c.sentence}" for c in status.candidates]
    return lines
