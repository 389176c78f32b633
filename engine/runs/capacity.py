"""How much may run at once: the rule, pure, and what the ledger and the machine say to it.

- As many runs as the workspace allows, and as fit into the memory that it allows them together. What a run will need is
  what its steps needed at most in the last runs (p95, and a quarter more), or what its manifest allows while less than
  five are known (little, where [compute] sends train and score elsewhere). One run may always run.
- The oldest first. Who does not fit yet is not overtaken: else small runs would keep a large one waiting for ever.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.projects import registry
from engine.projects.manifest.defaults import TRAIN_MEMORY
from engine.projects.manifest.durations import parse_size
from engine.runs.times.usual import ENOUGH, percentile
from engine.storage import chosen
from engine.vocabulary import jobs
from engine.vocabulary.steps import STEPS

# Settings of the workspace: how many runs at once, and how much memory for all of them together.
AT_ONCE, MEMORY = "runs_at_once", "runs_memory"
MOST_AT_ONCE = max(2, (os.cpu_count() or 2) // 2)
# The rest is for the machine itself, the console and what somebody else does there.
SHARE_OF_MEMORY = 0.8
HEADROOM = 1.25
# Train and score are on the workers of a cluster; what is left here is extract, the judge and who brings them there.
MEMORY_WHEN_AWAY = 1 << 30
# What runs beside each other needs its memory at the same time.
_BESIDE = ", ".join(f"'{step.name}'" for step in STEPS if step.beside)
_PEAKS = f"""
SELECT pair.value AS pair, r.id, max(max(s.peak_memory),
    sum(CASE WHEN s.name IN ({_BESIDE}) THEN s.peak_memory ELSE 0 END)) AS peak
FROM json_each(?) AS pair
JOIN runs r ON r.id IN (
    SELECT id FROM runs
    WHERE project = json_extract(pair.value, '$[0]') AND job = json_extract(pair.value, '$[1]') AND state = 'succeeded'
    ORDER BY id DESC LIMIT {4 * ENOUGH})
JOIN steps s ON s.run = r.id
GROUP BY pair.value, r.id
"""
_UNFINISHED = """
SELECT id, project, job, state FROM runs WHERE state IN ('queued', 'running') ORDER BY id
"""


@dataclass(frozen=True)
class Machine:
    """What runs may use: how many at once, bytes for all of them together, and bytes that are free now."""

    runs: int
    memory: int
    free: int


@dataclass(frozen=True)
class Want:
    """A run and the memory that it will need."""

    run: int
    memory: int


@dataclass(frozen=True)
class Turn:
    """Who may start now, and whether it is memory, not the number, that the next one waits for."""

    starting: tuple[int, ...]
    short_of_memory: Want | None = None


def whose_turn(queued: Sequence[Want], running: Sequence[Want], machine: Machine) -> Turn:
    """Which of the ``queued`` runs, the oldest first, may start beside those that are ``running``."""
    count, promised = len(running), sum(want.memory for want in running)
    free, starting = machine.free, list[int]()
    for want in queued:
        if count >= machine.runs:
            break
        if count and (promised + want.memory > machine.memory or want.memory > free):
            return Turn(tuple(starting), want)
        count, promised, free = count + 1, promised + want.memory, free - want.memory
        starting.append(want.run)
    return Turn(tuple(starting))


def wants(db: sqlite3.Connection) -> tuple[list[Want], list[Want]]:
    """What the queued and the running runs will need, both the oldest first."""
    rows = db.execute(_UNFINISHED).fetchall()
    pairs = {json.dumps((row["project"], row["job"]), separators=(",", ":")) for row in rows}
    needs = registry.train_needs(db, {row["project"] for row in rows}) if rows else {}
    peaks: dict[str, list[int]] = defaultdict(list)
    for row in db.execute(_PEAKS, (f"[{','.join(sorted(pairs))}]",)) if pairs else ():
        if row["peak"]:
            peaks[row["pair"]].append(row["peak"])
    queued, running = list[Want](), list[Want]()
    for row in rows:
        need = needs[row["project"]]
        allowed = jobs.of(row["job"]).memory or parse_size(need.memory or "") or TRAIN_MEMORY
        if need.away:
            allowed = min(allowed, MEMORY_WHEN_AWAY)
        known = peaks[json.dumps((row["project"], row["job"]), separators=(",", ":"))]
        want = Want(row["id"], needed(allowed, known))
        (queued if row["state"] == "queued" else running).append(want)
    return queued, running


def needed(allowed: int, peaks: Sequence[int]) -> int:
    """Bytes that a run will need: what the last ones needed, or what its manifest allows while few are known."""
    if len(peaks) < ENOUGH:
        return allowed
    return min(allowed, round(HEADROOM * percentile(peaks, 0.95)))


def this_machine(db: sqlite3.Connection) -> Machine:
    """What this machine has, within its container where it is in one, and what the workspace's settings say."""
    total, free = _total_and_free()
    said = defaults(total) | chosen.numbers(db)
    return Machine(said[AT_ONCE], said[MEMORY], free)


def defaults(total: int | None = None) -> dict[str, int]:
    """The settings while nobody chose, for a machine of ``total`` bytes of memory, or this one."""
    if total is None:
        total = _total_and_free()[0]
    return {AT_ONCE: MOST_AT_ONCE, MEMORY: int(SHARE_OF_MEMORY * total)}


def room(db: sqlite3.Connection) -> int:
    """Bytes that the workspace allows its runs, that no run at work was promised, and that are free now."""
    machine, (_, running) = this_machine(db), wants(db)
    return min(machine.memory - sum(want.memory for want in running), machine.free)


def free_memory() -> int:
    """Bytes that are free now."""
    return _total_and_free()[1]


def _total_and_free() -> tuple[int, int]:
    total, free = _memory(Path("/proc/meminfo").read_text())
    limit, used = (_number(f"/sys/fs/cgroup/memory.{name}") for name in ("max", "current"))
    if limit is None:
        return total, free
    return min(total, limit), min(free, max(limit - (used or 0), 0))


def _memory(text: str) -> tuple[int, int]:
    lines = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    total, free = (int(lines[name].split()[0]) * 1024 for name in ("MemTotal", "MemAvailable"))
    return total, free


def _number(path: str) -> int | None:
    """The number in a file of the system's; None where there is no such file, or it says ``max``."""
    try:
        text = Path(path).read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None
