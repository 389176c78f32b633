"""The versions that a worker holds ready: loaded one after the other, kept while wanted, closed when nobody can be at
them any more.

Each is loaded by a thread of its own. One that takes longer than ``PASSED_ON_AFTER`` is not waited for: what else is
wanted is loaded beside it. After ``NAMED_AFTER``, which is before a move gives its workers up, it counts as failed, and
has a reason. If it comes to an end after all, it is taken as long as somebody wants it, and else closed.
"""

from __future__ import annotations

import math
import os
import shutil
import sqlite3
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
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
PASSED_ON_AFTER, NAMED_AFTER = 5.0, 45.0
_CANNOT = (LeverframeError, sqlite3.Error, OSError)


@dataclass(frozen=True)
class _Failed:
    """Why a version could not be loaded, after how many seconds it is tried again, and when that is."""

    why: str
    after: float
    at: float


class _Loading:
    """One version that is being loaded, in a thread of its own. ``began``: by the clock of whoever waits."""

    def __init__(self, work: Callable[[], Loaded], label: str, began: float) -> None:
        self.began, self.why = began, f"{label} cannot be held ready."
        self.loaded: Loaded | None = None
        self._work, self._label = work, label
        self._guard, self._unwanted = threading.Lock(), False
        self._thread = threading.Thread(target=self._run, name=f"loads {label}", daemon=True)
        self._thread.start()

    def is_over(self, patience: float = 0.0) -> bool:
        """Whether it has come to its end, within so many seconds; then ``loaded``, or ``why`` not."""
        self._thread.join(patience)
        return not self._thread.is_alive()

    def abandon(self) -> None:
        """Nobody wants it: it is closed, now or at its end."""
        with self._guard:
            self._unwanted = True
            loaded, self.loaded = self.loaded, None
        if loaded is not None:
            cannot(loaded.close, self._label)

    def _run(self) -> None:
        self.why = cannot(self._load, self._label)

    def _load(self) -> None:
        loaded = self._work()
        with self._guard:
            if not self._unwanted:
                self.loaded = loaded
                return
        loaded.close()


def cannot(work: Callable[[], object], label: str) -> str:
    """Do ``work`` on a version; why it cannot be done, and the empty text where it was."""
    try:
        work()
    except _CANNOT as error:
        return plain(str(error), 500) or type(error).__name__
    except Exception as error:  # noqa: BLE001  whatever one version does, the others are answered
        return f"{label} cannot be held ready: {plain(repr(error), 300)}."
    return ""


class HeldVersions:
    """``get``, ``why_failed`` and ``turn`` are for any thread; all that changes something is for one alone.

    ``turn`` grows with each change. ``cache``: where a folder for their files is made.
    """

    def __init__(
        self, store: ObjectStore, cache: Path, open_ready: OpenReady, monotonic: Callable[[], float],
        let_go_after: float, passed_on_after: float = PASSED_ON_AFTER,
    ) -> None:  # fmt: skip
        self._store, self._open_ready, self._passed_on_after = store, open_ready, passed_on_after
        self._monotonic, self._let_go_after = monotonic, let_go_after
        self._ready: dict[Key, Loaded] = {}
        self._loading: dict[Key, _Loading] = {}
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
        """Whether it is time to try once more what could not be loaded, or to look at what is being loaded."""
        now = self._monotonic()
        if any(failed.at <= now for failed in self._failed.values()):
            return True
        return any(each.is_over() or self._is_late(key, each, now) for key, each in self._loading.items())

    def load_first(self, wanted: Sequence[Key]) -> bool:
        """Load and prove the first of ``wanted`` that is not held. Returns whether there may be more to do."""
        self._settle(wanted)
        now = self._monotonic()
        for key in wanted:
            failed = self._failed.get(key)
            if key in self._ready or key in self._loading or (failed is not None and failed.at > now):
                continue
            if not self._taken_back(key):
                if failed is not None:  # It keeps its reason until there is another end.
                    self._failed = {**self._failed, key: replace(failed, at=math.inf)}
                self._loading[key] = self._load(key)
                self._loading[key].is_over(self._passed_on_after)
                self._settle(wanted)
            return True
        return False

    def _settle(self, wanted: Collection[Key]) -> None:
        """Take what has been loaded, and say of what takes very long that it does."""
        for key, each in list(self._loading.items()):
            if not each.is_over():
                if self._is_late(key, each, self._monotonic()):
                    seconds = self._monotonic() - each.began
                    why = f"{key[0]} has been loading for {seconds:.0f} s and is not waited for; take another one."
                    self._failed = {**self._failed, key: _Failed(why, TRY_AGAIN_AFTER, math.inf)}
                    self.turn += 1
                continue
            del self._loading[key]
            if each.loaded is None:
                self._fails(key, each.why)
            elif key in wanted:
                self._take(each.loaded)
            else:
                each.abandon()

    def _is_late(self, key: Key, each: _Loading, now: float) -> bool:
        return key not in self._failed and now - each.began >= NAMED_AFTER

    def prove(self, key: Key) -> str | None:
        """Ask the version for its golden rows once more, for it may have been held for weeks. Returns why it cannot
        answer, the empty text where it can, and None where it was not loaded yet."""
        loaded = self._ready.get(key)
        if loaded is None:
            return self.why_failed(key) or None
        if self._monotonic() - loaded.at < PROVEN_FOR:
            return ""
        why = cannot(lambda: reproduced(self._store, loaded.document, loaded.label, loaded.scorer), loaded.label)
        if why:
            self._drop(key)
            self._fails(key, why)
        return why

    def forget(self, key: Key) -> None:
        """That it could not be loaded: somebody asks for it anew, and may have mended what was in the way."""
        self._failed = {each: failed for each, failed in self._failed.items() if each != key}

    def keep_only(self, keys: Collection[Key]) -> None:
        """Let go of all others, of what is being loaded too."""
        for key in [each for each in self._loading if each not in keys]:
            self._loading.pop(key).abandon()
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
        for each in self._loading.values():
            each.abandon()
        self._ready, self._leaving, self._loading = {}, [], {}
        self.turn += 1
        self._close(over)
        shutil.rmtree(self._place, ignore_errors=True)
        os.close(self._lock)

    def _load(self, key: Key) -> _Loading:
        label, digest = key
        self._loads += 1
        folder = self._place / f"{label.rpartition('@')[2]}-{digest[:12]}-{self._loads}"

        def work() -> Loaded:
            self._place.mkdir(exist_ok=True)  # Somebody may have deleted it under a worker that runs.
            return load(self._store, key, folder, self._open_ready, self._monotonic)

        return _Loading(work, label, self._monotonic())

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
            cannot(loaded.close, loaded.label)
