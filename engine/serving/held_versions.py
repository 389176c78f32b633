"""The versions that a worker holds ready: loaded one after the other, kept while wanted, closed when nobody can be at
them any more."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import LeverframeError
from engine.projects.manifest.serve import spec_of
from engine.release.proof import reproduced
from engine.serving.held import Key, Loaded, OpenReady, load
from engine.storage import temporary
from engine.storage.objects import ObjectStore
from engine.text import plain

# A request that began with a version may still be at it, for as long as the manifest lets it, and some time to spare.
LET_GO_AFTER = 30.0
TRY_AGAIN_AFTER, AT_MOST_AFTER = 5.0, 60.0  # twice as long each time
PROVEN_FOR = 60.0
_CANNOT = (LeverframeError, sqlite3.Error, OSError)


@dataclass(frozen=True)
class _Failed:
    """Why a version could not be loaded, after how many seconds it is tried again, and when that is."""

    why: str
    after: float
    at: float


class HeldVersions:
    """``get``, ``why_failed`` and ``turn`` are for any thread; all that changes something is for one alone.

    ``turn`` grows with each change. ``cache``: where a folder for their files is made.
    """

    def __init__(
        self, store: ObjectStore, cache: Path, open_ready: OpenReady, monotonic: Callable[[], float],
        let_go_after: float,
    ) -> None:  # fmt: skip
        self._store, self._open_ready = store, open_ready
        self._monotonic, self._let_go_after = monotonic, let_go_after
        self._ready: dict[Key, Loaded] = {}
        self._failed: dict[Key, _Failed] = {}
        self._leaving: list[tuple[float, Loaded]] = []
        self._loads = 0
        self._place, self._lock = temporary.make(temporary.WORKER, cache)
        self.turn = 0

    def get(self, key: Key) -> Loaded | None:
        """The version, where it is held and proven."""
        return self._ready.get(key)

    def why_failed(self, key: Key) -> str:
        """Why it could not be loaded or proven, the last time that was tried; empty where it was not, or could."""
        failed = self._failed.get(key)
        return failed.why if failed is not None else ""

    @property
    def waits_again(self) -> bool:
        """Whether it is time to try once more what could not be loaded."""
        now = self._monotonic()
        return any(failed.at <= now for failed in self._failed.values())

    def load_first(self, wanted: Sequence[Key]) -> bool:
        """Load and prove the first of ``wanted`` that is not held. Returns whether there may be more to do."""
        now = self._monotonic()
        for key in wanted:
            failed = self._failed.get(key)
            if key in self._ready or (failed is not None and failed.at > now):
                continue
            if not self._taken_back(key):
                self._load(key)
            return True
        return False

    def prove(self, key: Key) -> str | None:
        """Ask the version for its golden rows once more, for it may have been held for weeks. Returns why it cannot
        answer, the empty text where it can, and None where it was not loaded yet."""
        loaded = self._ready.get(key)
        if loaded is None:
            return self.why_failed(key) or None
        if self._monotonic() - loaded.at < PROVEN_FOR:
            return ""
        why = self._cannot(lambda: reproduced(self._store, loaded.document, loaded.label, loaded.scorer), loaded.label)
        if why:
            self._drop(key)
            self._fails(key, why)
        return why

    def forget(self, key: Key) -> None:
        """That it could not be loaded: somebody asks for it anew, and may have mended what was in the way."""
        self._failed = {each: failed for each, failed in self._failed.items() if each != key}

    def keep_only(self, keys: Collection[Key]) -> None:
        """Let go of all others."""
        for key in [each for each in self._ready if each not in keys]:
            self._drop(key)
        self._failed = {key: failed for key, failed in self._failed.items() if key in keys}

    def close_what_left(self) -> None:
        """Close what was let go of so long ago that no request can be at it."""
        now = self._monotonic()
        over = [loaded for at, loaded in self._leaving if at <= now]
        self._leaving = [each for each in self._leaving if each[0] > now]
        self._close(over)

    def close(self) -> None:
        """Close all of them; nobody asks any more."""
        over = [*self._ready.values(), *(loaded for _, loaded in self._leaving)]
        self._ready, self._leaving = {}, []
        self.turn += 1
        self._close(over)
        shutil.rmtree(self._place, ignore_errors=True)
        os.close(self._lock)

    def _load(self, key: Key) -> None:
        label, digest = key
        self._loads += 1
        folder = self._place / f"{label.rpartition('@')[2]}-{digest[:12]}-{self._loads}"

        def taken() -> None:
            self._place.mkdir(exist_ok=True)  # Somebody may have deleted it under a worker that runs.
            self._take(load(self._store, key, folder, self._open_ready, self._monotonic))

        why = self._cannot(taken, label)
        if why:
            self._fails(key, why)

    @staticmethod
    def _cannot(work: Callable[[], object], label: str) -> str:
        try:
            work()
        except _CANNOT as error:
            return plain(str(error), 500) or type(error).__name__
        except Exception as error:  # noqa: BLE001  whatever one version does, the others are answered
            return f"{label} cannot be held ready: {plain(repr(error), 300)}."
        return ""

    def _fails(self, key: Key, why: str) -> None:
        before = self._failed.get(key)
        after = TRY_AGAIN_AFTER if before is None else min(AT_MOST_AFTER, 2 * before.after)
        self._failed = {**self._failed, key: _Failed(why, after, self._monotonic() + after)}
        self.turn += 1

    def _take(self, loaded: Loaded) -> None:
        self._ready = {**self._ready, loaded.key: loaded}
        self.forget(loaded.key)
        self.turn += 1  # Last: whoever sees the new turn sees the version, too.

    def _drop(self, key: Key) -> None:
        loaded = self._ready[key]
        self._ready = {each: one for each, one in self._ready.items() if each != key}
        self.turn += 1
        longest = max(self._let_go_after, spec_of(loaded.document.settings).timeout.total_seconds())
        self._leaving.append((self._monotonic() + longest, loaded))

    def _taken_back(self, key: Key) -> bool:
        """What was let go of and is wanted again before it was closed, unless it could not answer when it was."""
        for place, (_, loaded) in enumerate(self._leaving):
            if loaded.key == key and key not in self._failed:
                del self._leaving[place]
                self._take(loaded)
                return True
        return False

    def _close(self, over: Sequence[Loaded]) -> None:
        for loaded in over:
            self._cannot(loaded.close, loaded.label)
