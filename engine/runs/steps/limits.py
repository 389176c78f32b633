"""The limits of a step: time, memory, and the bounds of its log and its output."""

from __future__ import annotations

from dataclasses import dataclass

GIB = 1 << 30


@dataclass(frozen=True)
class Limits:
    """``memory``: resident bytes of the whole tree; ``output_bytes``: below LEVERFRAME_OUTPUT, and of any one file."""

    seconds: float
    memory: int
    log_bytes: int = 4_000_000
    output_bytes: int = 4 * GIB
