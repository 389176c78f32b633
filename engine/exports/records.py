"""What an export is, as every room and front reads it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engine.versions.parity import Parity


@dataclass(frozen=True)
class Input:
    """A feature as the caller gives it."""

    name: str
    type: str


@dataclass(frozen=True)
class Made:
    """What converting came to: the model's bytes, how it is called, and what it is."""

    content: bytes
    inputs: tuple[Input, ...]
    classes: tuple[str | int, ...] | None
    model: str


@dataclass(frozen=True)
class Export:
    """One that was written. ``digest``: over all of its files; ``forced``: it was written though parity does not hold;
    ``state`` is that of the version now."""

    id: int
    project: str
    number: int
    kind: str
    dialect: str
    digest: str
    folder: str
    parity: Parity
    forced: bool
    used_by: str
    reason: str
    by: str
    at: datetime
    state: str = ""

    @property
    def label(self) -> str:
        return f"{self.project}@{self.number}"
