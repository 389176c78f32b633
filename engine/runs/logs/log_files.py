"""Which logs a run has, by the names of its steps, and how one is opened, compressed or not.

    <run>/steps/<step>/step.log    what a step printed
    <run>/validate.log             what the judge printed
    <run>/measure.log              what the meter of a look printed
    <run>/engine.log               what the run's own process printed: its tracebacks

Housekeeping compresses old ones into ``*.log.zst``.
"""

from __future__ import annotations

import io
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from engine.vocabulary.steps import NAMES, STEPS

ENGINE = "engine"
_OF_THE_RUN = {name: f"{name}.log" for name in (*(step.name for step in STEPS if step.process), ENGINE)}
PACKED = ".zst"
# Logs are bounded when they are written (see step_output.py); this is for a file that somebody put there.
_LARGEST = 1 << 28


def names(folder: Path) -> tuple[str, ...]:
    """The logs of the run in ``folder`` that hold something, in the order of its steps, the engine's own last."""
    found = {path.parent.name.replace("-", " ") for path in _step_logs(folder)}
    found |= {name for name, file in _OF_THE_RUN.items() if _either(folder / file)}
    order = (*NAMES, ENGINE)
    return tuple(sorted(found, key=lambda name: (order.index(name) if name in order else -1, name)))


def find(folder: Path, step: str | None) -> Path | None:
    """The log of ``step`` (or ``validate``, ``engine``); without one, of the step that wrote last. None if there is
    none."""
    if step in _OF_THE_RUN:
        return _either(folder / _OF_THE_RUN[step], empty=True)
    logs = [p for p in _step_logs(folder, empty=True) if step is None or p.parent.name == step.replace(" ", "-")]
    return max(logs, key=lambda path: path.stat().st_mtime_ns, default=None)


def _step_logs(folder: Path, *, empty: bool = False) -> list[Path]:
    folders = sorted((folder / "steps").glob("*/"))
    return [log for each in folders if (log := _either(each / "step.log", empty=empty))]


def _either(log: Path, *, empty: bool = False) -> Path | None:
    """``log``, or its compressed form; None where there is neither, or nothing in it unless ``empty``."""
    for path in (log, log.with_name(log.name + PACKED)):
        try:
            if path.stat().st_size or empty:
                return path
        except (FileNotFoundError, NotADirectoryError):
            continue
    return None


def opened(log: Path) -> BinaryIO:
    """The log for reading. Raises FileNotFoundError."""
    if log.suffix != PACKED:
        return log.open("rb")
    found = log.stat()
    return io.BytesIO(_unpacked(log, found.st_mtime_ns, found.st_size))


@lru_cache(maxsize=4)
def _unpacked(log: Path, changed: int, size: int) -> bytes:
    import zstandard

    with log.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as reader:
        return reader.read(_LARGEST)
