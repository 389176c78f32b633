"""The job ``rehearsal``: the live version and each rollback point are rebuilt offline and reproduce their golden rows.

Each environment is built in the folder of the run, from what the store keeps and nothing else: no registry, an empty
cache. What came of each version is kept as soon as it is known. What is no fault of a version's, such as a full disk,
ends the run and says nothing of it.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from engine import clock
from engine.environments import kept_files
from engine.environments.keeping import build_from_kept, ensure_kept, forget_damaged
from engine.environments.kind import kind_of
from engine.environments.records import Environment, Lock, Supply
from engine.errors import Damage, LeverframeError, Refusal
from engine.jobs.rehearsal.points import points_of
from engine.records import Rehearsal
from engine.release import rehearsals
from engine.release.proof import Ground, Steps, prove
from engine.runs import queue
from engine.runs.cancelling import refuse_cancelled
from engine.runs.leftovers import drop_copies
from engine.runs.own_work import measured
from engine.runs.run_context import RunContext
from engine.storage.disk import delete_tree
from engine.storage.free_space import too_little
from engine.storage.ledger import Ledger
from engine.text import plain
from engine.versions import document as documents
from engine.versions.contents import StoredVersion
from engine.versions.environment import lock_of
from engine.vocabulary.steps import REBUILD, SCORE_GOLDEN

_SAID, _LITTLE = 600, 64 << 20


def rehearse(ledger: Ledger, context: RunContext) -> None:
    """Rehearse all, then end the run: as failed where any could not be rebuilt.

    Raises Refusal where it could not go on for another reason than a version's; what was rehearsed by then is kept.
    """
    with ledger.read() as db:
        points = points_of(db, context.run.project)
    if not points:
        raise Refusal(f"Nothing of {context.run.project} is live, so there is no way back to rehearse.")
    labels, began = [each.label for each in points], time.monotonic()
    outcomes = list[tuple[str, Rehearsal]]()
    try:
        _each(ledger, context, points, outcomes)
    except LeverframeError:
        with ledger.write() as db:
            rehearsals.settle_alerts(db, context.run.project, labels, clock.now())
        raise
    drop_copies(context.folder)
    why = in_words(outcomes, time.monotonic() - began)
    failed = any(found.outcome == "failed" for _, found in outcomes)
    with ledger.write() as db:
        # Not before: what has one reason is one alert, also while only some were tried again.
        rehearsals.settle_alerts(db, context.run.project, labels, clock.now())
        queue.finish(db, context.run.id, "failed" if failed else "succeeded", clock.now(), why=why)


def _each(
    ledger: Ledger, context: RunContext, points: Sequence[StoredVersion], outcomes: list[tuple[str, Rehearsal]]
) -> None:
    stage = _Rehearsing(ledger, context)
    for number, version in enumerate(points):
        context.tell(number / len(points), f"rehearsing {version.label}")
        found = stage.one(version)
        with ledger.write() as db:
            refuse_cancelled(db, context.run.id)  # Who ends its steps makes a version fail that is well.
            rehearsals.keep(db, version.label, found)
        outcomes.append((version.label, found))


def in_words(outcomes: Sequence[tuple[str, Rehearsal]], took: float) -> str:
    """What came of a run that took so many seconds. Pure."""
    failed = [(label, found) for label, found in outcomes if found.outcome == "failed"]
    if failed:
        label, found = failed[0]
        more = f"; nor {', '.join(each for each, _ in failed[1:])}" if failed[1:] else ""
        return f"{label} could not be rebuilt: {(found.why or '').rstrip('.')}{more}"
    rebuilt = [label for label, found in outcomes if found.outcome == "rebuilt"]
    said = [f"{', '.join(rebuilt)} rebuilt offline and as recorded, {took:.1f} s"] if rebuilt else []
    compared = [(label, found) for label, found in outcomes if found.outcome == "impossible"]
    if compared:
        labels = ", ".join(label for label, _ in compared)
        said.append(f"{labels} cannot be rehearsed: {(compared[0][1].why or '').rstrip('.')}")
    return "; ".join(said)


class _Rehearsing:
    """One run's rehearsals; versions with the same lock share the environment that was built for the first of them."""

    def __init__(self, ledger: Ledger, context: RunContext) -> None:
        self._ledger, self._context = ledger, context
        self._folder = context.folder / "rehearsal"
        self._folder.mkdir()
        self._built: dict[str, tuple[Environment | LeverframeError, float]] = {}
        self._others: frozenset[str] = frozenset()  # the locks of those that were built for another version

    def one(self, version: StoredVersion) -> Rehearsal:
        """What came of rebuilding ``version``. Raises Refusal where that is not known."""
        context, began = self._context, time.monotonic()
        self._saved, self._others = 0.0, frozenset(self._built)
        folder = self._folder / str(version.number)
        self._refuse_no_room(version.label, None)
        try:
            lock = lock_of(context.store, documents.load(context.store, version.digest))
            if why := kind_of(lock).why_not_rebuilt(lock):
                return Rehearsal(clock.now(), 0.0, "impossible", why, context.run.id)
            ground = Ground(
                self._environment,
                context.marker,
                context.held,
                context.watch,
                lambda result: context.record(replace(result, name=SCORE_GOLDEN.name)),
            )
            steps = Steps(lambda step: None)
            prove(context.workspace, context.store, version.digest, version.label, folder, steps, ground)
        except (Refusal, Damage) as problem:
            self._refuse_no_room(version.label, problem)
            return self._came_to(began, "failed", _why(version.label, problem))
        finally:
            if folder.exists():
                delete_tree(folder)
        return self._came_to(began, "rebuilt", None)

    def _came_to(self, began: float, outcome: Literal["rebuilt", "failed"], why: str | None) -> Rehearsal:
        """With the time that its environment took, also where another version's had been built already: whoever goes
        back to it alone waits for that."""
        seconds = time.monotonic() - began + self._saved
        return Rehearsal(clock.now(), round(seconds, 3), outcome, why, self._context.run.id)

    def _refuse_no_room(self, label: str, problem: LeverframeError | None) -> None:
        """A full disk says nothing of a version."""
        with self._ledger.read() as db:
            little = too_little(db, self._context.workspace.root)
        if problem is not None and says_full(str(problem), label, shutil.disk_usage(self._context.workspace.root).free):
            little = "the disk is full"
        if little:
            raise Refusal(f"The rehearsal stopped at {label}: {little}; 'leverframe clean' frees some. Try again then.")

    def _environment(self, lock: Lock, supply: Supply) -> Environment:
        if lock.digest in self._built:
            found, took = self._built[lock.digest]
            # A proof asks for it more than once; what was built for this very version is in its time already.
            self._saved = took if lock.digest in self._others else 0.0
        else:
            began, place = time.monotonic(), self._folder / f"environment-{len(self._built)}"
            try:
                found = self._rebuilt(lock, supply, place)
            except (Refusal, Damage) as problem:
                found = problem
            self._built[lock.digest] = found, time.monotonic() - began
        if isinstance(found, LeverframeError):
            raise found
        return found

    def _rebuilt(self, lock: Lock, supply: Supply, place: Path) -> Environment:
        context = self._context
        with self._ledger.read() as db:
            kept = kept_files.of(db, lock.digest)
        if kept is None or kept.why is not None:
            # What is said to be kept is tried as it is: that it had to be fetched again would be told to nobody.
            cache, room = context.workspace.cache, context.folder
            kept = ensure_kept(self._ledger, context.store, lock, cache, room, clock.now(), anew=True)
        place.mkdir()
        try:
            with measured(REBUILD, context.record):
                return build_from_kept(context.store, kept, lock, supply, place, context.held)
        except Damage:
            # It is said of this version now, and fetched again by the next rehearsal or retrain.
            forget_damaged(self._ledger, context.store, kept)
            raise


def says_full(said: str, label: str, free: int) -> bool:
    """Whether what went wrong with the version called ``label`` is that the disk is full, of which ``free`` bytes are
    left. What a step of the project's own says is believed only where there is little room: else its model could have
    itself rehearsed by nobody. Pure."""
    full = ("disk" in said and "full" in said) or "No space left" in said
    return full and (free < _LITTLE or not said.startswith(f"{label} cannot be proven"))


def _why(label: str, problem: LeverframeError) -> str:
    """The reason alone: that nothing was changed goes without saying."""
    said = str(problem).removeprefix(f"{label} ").replace(" Nothing was changed; ", " ")
    if isinstance(problem, Damage):
        said = said[:1].lower() + said[1:]
    return plain(said.removesuffix(" Nothing was changed.").rstrip("."), _SAID)
