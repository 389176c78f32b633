"""What the screens of bundles, of whose keys are trusted, of exports and of where a version is want to know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from console.queries.questions import SELDOM
from console.queries.written_path import path_of

if TYPE_CHECKING:
    from engine.api import Engine
    from engine.bundles.looking import BundleLook
    from engine.bundles.trusted import TrustedKey
    from engine.bundles.whereabouts import Arrived, Stage
    from engine.exports.records import Export

NEWEST = 200
ONCE = 3600.0


@dataclass(frozen=True)
class AskTrusted:
    refresh: float = SELDOM

    def answer(self, engine: Engine, now: datetime) -> tuple[TrustedKey, ...]:
        return engine.trusted_keys()


@dataclass(frozen=True)
class AskOwnKey:
    refresh: float = ONCE

    def answer(self, engine: Engine, now: datetime) -> tuple[str, str]:
        return engine.bundle_key()


@dataclass(frozen=True)
class AskArrivals:
    refresh: float = SELDOM

    def answer(self, engine: Engine, now: datetime) -> tuple[Arrived, ...]:
        return engine.arrivals(limit=NEWEST)


@dataclass(frozen=True)
class AskBundle:
    """What the bundle in ``file`` says of itself; its reading may take a second, so it is asked for once."""

    file: str
    refresh: float = ONCE

    def answer(self, engine: Engine, now: datetime) -> BundleLook:
        return engine.look_into(path_of(self.file))


@dataclass(frozen=True)
class AskWhere:
    """What this workspace has of a version; others are asked by a command, which takes as long as they do."""

    label: str
    refresh: float = SELDOM

    def answer(self, engine: Engine, now: datetime) -> tuple[Stage, ...]:
        return engine.where(self.label)


@dataclass(frozen=True)
class AskExports:
    project: str | None
    refresh: float = SELDOM

    def answer(self, engine: Engine, now: datetime) -> tuple[Export, ...]:
        return engine.exports(self.project, limit=NEWEST)
