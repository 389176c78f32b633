"""A shadow's process without a process: it takes what it has room for, and says what a test has it say."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from engine.serving.shadow_frames import Frame, frame_in
from engine.shadow.counting import Sums, written


@dataclass
class FakeShadow:
    """``room``: frames that it takes; ``how``: how it ended; ``size``: bytes of memory."""

    room: int = 1000
    how: str | None = None
    size: int = 0
    handed: list[Frame] = field(default_factory=list)
    waiting: list[dict[str, Any]] = field(default_factory=list)
    finished: bool = False
    killed: bool = False

    def hand(self, packet: bytes) -> bool:
        if len(self.handed) >= self.room or self.finished:
            return False
        self.handed.append(frame_in(packet))
        return True

    def said(self) -> list[dict[str, Any]]:
        said, self.waiting = self.waiting, []
        return said

    def ended(self) -> str | None:
        return self.how

    def memory(self) -> int:
        return self.size

    def finish(self) -> None:
        self.finished = True

    def kill(self) -> None:
        self.killed = True

    def close(self, seconds: float) -> list[dict[str, Any]]:
        self.finished, self.how = True, self.how or "with exit code 0"
        return self.said()

    @property
    def rows(self) -> int:
        return sum(len(each.rows) for frame in self.handed for each in frame.requests)

    def be_ready(self) -> None:
        self.waiting.append({"ready": 5})

    def count(self, handled: int, **counted: Any) -> None:
        """Say that so many rows were scored, all alike, but for what is ``counted`` otherwise."""
        sums = Sums(**{"scored": handled, "rows": handled, "agreed": handled, **counted})
        self.waiting.append({"handled": handled, "sums": written(sums)})


@dataclass
class Clocks:
    """Seconds that pass when a test says so, of the clock and of the processor."""

    now: float = 0.0
    used: float = 0.0

    def monotonic(self) -> float:
        return self.now

    def cpu(self) -> float:
        return self.used

    def pass_by(self, seconds: float, busy: float = 0.0) -> None:
        self.now += seconds
        self.used += seconds * busy


@dataclass
class Shadowed:
    """What starts shadows, and those that it started. ``fails``: raised instead."""

    begun: list[FakeShadow] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    fails: OSError | None = None

    def __call__(self, label: str = "", digest: str = "") -> FakeShadow:
        self.asked.append((label, digest))
        if self.fails is not None:
            raise self.fails
        self.begun.append(FakeShadow())
        return self.begun[-1]

    @property
    def last(self) -> FakeShadow:
        return self.begun[-1]
