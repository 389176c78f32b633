"""Who answers when the live version cannot: the one that was live before, then the manifest's own value, then nobody.
Where a canary answers some keys, it is asked first for those, and the live version where it cannot.

The whole of it takes no longer than ``[serve] timeout``. Where another version may still be asked, each has half of the
time that is left; a fixed value takes none, so there the last has all of it. Every answer says who gave it, each that
the live version did not give is counted, and the engine raises an alert while there are any
(``release/workers_agree.py``).
What a canary could not answer is counted apart: that says nothing of the live version.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal

import msgspec

from engine.errors import Refusal, StepFailed
from engine.requests.records import Role
from engine.scoring.beats import Fallbacks
from engine.scoring.ready import Value, busy_for
from engine.serving.held import Held
from engine.text import plain

Rows = Sequence[Sequence[Value]]
Answers = list[tuple[Value, ...]]
Fallback = Literal["live", "previous", "rule"]
Ask = Callable[[Held, Rows], Awaitable[Answers]]
_Asked = Literal["canary"] | Fallback | None


class Waits(Exception):
    """Whoever is asked next waits for another process, and is to be awaited. ``failed``: what was said until then, by
    those who come before ``place`` in their turn."""

    def __init__(self, failed: Sequence[Exception] = (), place: int = 0) -> None:
        super().__init__()
        self.failed, self.place = tuple(failed), place


def passed_over(held: Held, why: str) -> Waits:
    """The live version has no room for one more, as ``why`` says: whoever stands in for it is asked at once."""
    return Waits((Refusal(why),), 1 if held.out is None else 0)


class NoAnswer(Refusal):
    """Nobody answers. ``of_these_rows``: the version is well, it has no answer for what it was asked."""

    def __init__(self, message: str, *, of_these_rows: bool) -> None:
        super().__init__(message)
        self.of_these_rows = of_these_rows


class Given(msgspec.Struct, frozen=True, gc=False):
    """The answers and who gave them: the version called ``label``, or by its manifest's ``rule`` nobody.

    ``outputs`` names the values of each answer; ``why``: what whoever was asked first said instead. ``fallback`` is
    ``live`` where a canary was to answer, and the live version did.
    """

    label: str
    digest: str
    outputs: tuple[str, ...]
    answers: Answers
    fallback: Fallback | None = None
    why: str = ""
    role: Role = "live"


class FallbackCounts:
    """How often something else than the live version answered, by project, since the worker began. For any thread."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic, self._lock = monotonic, threading.Lock()
        self._said: dict[str, Fallbacks] = {}
        self._last: dict[tuple[str, bool], float] = {}  # by project, and whether nobody answered

    def note(self, project: str, kind: Fallback | None, why: str) -> None:
        """One request; ``kind`` is None where nobody answered it."""
        with self._lock:
            before = self._said.get(project, Fallbacks())
            self._last[project, kind is None] = self._monotonic()
            self._said[project] = replace(
                before,
                previous=before.previous + (kind == "previous"),
                rule=before.rule + (kind == "rule"),
                failed=before.failed + (kind is None),
                why=plain(why, 300),
            )

    def note_canary(self, project: str, why: str) -> None:
        """One request that a canary was to answer and could not."""
        with self._lock:
            before = self._said.get(project, Fallbacks())
            self._said[project] = replace(before, canary=before.canary + 1, canary_why=plain(why, 300))

    def counts(self) -> dict[str, Fallbacks]:
        """By project, with how long ago the last one was."""
        with self._lock:
            now = self._monotonic()
            ago = {which: max(0.0, now - at) for which, at in self._last.items()}
            return {
                project: replace(said, ago=ago.get((project, False)), failed_ago=ago.get((project, True)))
                for project, said in self._said.items()
            }


def answered_at_once(held: Held, rows: Rows, counts: FallbackCounts, canary: Held | None = None) -> Given:
    """The answers for ``rows``, by scorers that do not block. Raises NoAnswer, or Waits where one that does is next.

    ``canary``: the candidate that is to answer these rows.
    """
    failed: list[Exception] = []
    if canary is None and held.out is None and not held.scorer.blocks:  # As it is nearly always.
        try:
            return Given(held.label, held.digest, held.scorer.outputs, held.scorer.answer(rows))
        except Exception as error:  # noqa: BLE001  whatever a version does, another one may answer
            _fails(held, None, error, failed, counts)
    for place, (one, kind, given) in enumerate(_in_turn(held, rows, failed, canary)):
        if one is held and failed:
            continue
        if one.scorer.blocks:
            raise Waits(failed, place)
        try:
            return _given(held, one, kind, one.scorer.answer(given), failed, counts)
        except Exception as error:  # noqa: BLE001  whatever a version does, another one may answer
            _fails(held, kind, error, failed, counts)
    return _by_rule(held, len(rows), failed, counts)


async def answered(
    held: Held, rows: Rows, ask: Ask, counts: FallbackCounts, canary: Held | None = None, since: Waits | None = None
) -> Given:
    """The same by scorers that wait for another process: ``ask`` has one answer, and is given up when its time is over.

    ``since``: who was asked already is not asked again. Raises NoAnswer.
    """
    failed: list[Exception] = []
    loop = asyncio.get_running_loop()
    until = loop.time() + held.spec.timeout.total_seconds()
    turns = list(_in_turn(held, rows, failed, canary))
    if since is not None:
        failed, turns = list(since.failed), turns[since.place :]
    for place, (one, kind, given) in enumerate(turns):
        late = busy_for(one.scorer)
        if late > held.spec.timeout.total_seconds():
            # It hangs: whoever waited for it, too, would only take the place of others.
            error = TimeoutError(f"{one.label} has given no answer for {late:.3g} s")
            _fails(held, kind, error, failed, counts)
            continue
        left = max(0.0, until - loop.time())
        if place + 1 < len(turns):
            left /= 2
        try:
            answers = await asyncio.wait_for(ask(one, given), left)
            return _given(held, one, kind, answers, failed, counts)
        except TimeoutError:
            _fails(held, kind, TimeoutError(f"{one.label} gave no answer within {left:.3g} s"), failed, counts)
        except Exception as error:  # noqa: BLE001  whatever a version does, another one may answer
            _fails(held, kind, error, failed, counts)
    return _by_rule(held, len(rows), failed, counts)


def _fails(held: Held, kind: _Asked, error: Exception, failed: list[Exception], counts: FallbackCounts) -> None:
    if kind == "canary":
        counts.note_canary(held.project, _why([error]))
    else:
        failed.append(error.with_traceback(None))  # else what was asked stays as long as what it came to


def _stand_in(held: Held) -> Held | None:
    return held.previous if held.spec.fallback == "previous" else None


def _in_turn(
    held: Held, rows: Rows, failed: list[Exception], canary: Held | None
) -> Iterator[tuple[Held, _Asked, Rows]]:
    """Who is asked, in turn, each with the rows as it knows them."""
    known = _as_known_to(canary, held.scorer.features, rows) if canary is not None else None
    if canary is not None and known is not None:
        yield canary, "canary", known
    if held.out is None:
        yield held, "live" if canary is not None else None, rows
    else:
        failed.append(Refusal(held.out))
    previous = _stand_in(held)
    if previous is not None:
        known = _as_known_to(previous, held.scorer.features, rows)
        if known is not None:
            yield previous, "previous", known


def _as_known_to(version: Held, features: tuple[str, ...], rows: Rows) -> Rows | None:
    """``rows`` in the order of the version's own features; None where it wants one that the request has not."""
    wanted = version.scorer.features
    if wanted == features:
        return rows
    if not set(wanted) <= set(features):
        return None
    places = [features.index(name) for name in wanted]
    return [[row[place] for place in places] for row in rows]


def _given(
    held: Held, by: Held, kind: _Asked, answers: Answers, failed: list[Exception], counts: FallbackCounts
) -> Given:
    if kind is None:
        return Given(by.label, by.digest, by.scorer.outputs, answers)
    if kind == "canary":
        return Given(by.label, by.digest, by.scorer.outputs, answers, role="canary")
    if kind == "live":
        return Given(by.label, by.digest, by.scorer.outputs, answers, "live")
    why = _why(failed)
    counts.note(held.project, kind, why)
    return Given(by.label, by.digest, by.scorer.outputs, answers, kind, why)


def _by_rule(held: Held, rows: int, failed: list[Exception], counts: FallbackCounts) -> Given:
    rule, why = held.spec.fallback, _why(failed)
    if isinstance(rule, Mapping):
        counts.note(held.project, "rule", why)
        outputs = held.scorer.outputs
        answer = tuple(rule.get(name) for name in outputs)
        return Given(held.label, held.digest, outputs, [answer] * rows, "rule", why)
    of_these_rows = bool(failed) and all(getattr(error, "of_these_rows", False) for error in failed)
    if not of_these_rows:
        counts.note(held.project, None, why)
    raise NoAnswer(f"{held.label} gave no answer: {_told(failed, why)}", of_these_rows=of_these_rows)


def _told(failed: list[Exception], why: str) -> str:
    """``why`` for a client: the last words of a project's own process are for whoever runs it, not for whoever asks."""
    if not failed or not isinstance(failed[0], StepFailed):
        return why
    if getattr(failed[0], "of_these_rows", False):
        return "its model refuses these rows; look at their values."
    return "its scorer failed, and whoever runs Leverframe is told why; try again in a moment."


def _why(failed: list[Exception]) -> str:
    """What the live version said; a bug by its name only."""
    if not failed:
        return ""
    first = failed[0]
    return plain(str(first), 300) if isinstance(first, Refusal | TimeoutError) else type(first).__name__
