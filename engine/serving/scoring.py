"""From a request for a project's answers to the answers: checked, scored by whoever is to, noted.

What is quick is answered at once, on the server's own thread; what waits for another process, or is large, goes to
threads of which there are a fixed number, behind a queue of a fixed length.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

from engine.errors import Refusal
from engine.requests.answered import Answered
from engine.requests.records import Role
from engine.serving.asking import Asking, Prepared, Read, Write
from engine.serving.columns import columns_of
from engine.serving.contracts import Notes, Versions
from engine.serving.exchange import Answer, Asked, Unanswered, written
from engine.serving.failover import FallbackCounts, Given, NoAnswer, Waits, answered, passed_over
from engine.serving.figures import Figures
from engine.serving.form import Form, Rows
from engine.serving.gathering import Gathering
from engine.serving.rounds import Rounds
from engine.serving.routing import chooser

if TYPE_CHECKING:
    from engine.scoring.ready import ReadyScorer, Value
    from engine.serving.held import Held

LARGE = 64 * 1024  # bytes of a body that no other request is to wait for
WAITING, WORKING = 32, 1  # threads that wait for other processes, and that work themselves
QUEUE = 96  # requests that may wait for those, in one worker
AGAIN = {"Retry-After": "1"}


class Threads:
    """Threads with a bound for the requests that may wait for them. For the server's own thread."""

    def __init__(self, threads: int, name: str, queue: int = QUEUE) -> None:
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self.under_way, self._threads, self._most = 0, threads, threads + queue
        self._gatherings: dict[int, Gathering] = {}

    @property
    def crowded(self) -> bool:
        """Whether some wait, for all threads are taken. For any thread."""
        return self.under_way > self._threads

    @property
    def full(self) -> Unanswered | None:
        """What is said where as many wait as may; None where there is a place."""
        if self.under_way < self._most:
            return None
        return Unanswered(429, "As many requests wait for this version as may; try again in a moment.", heads=AGAIN)

    def gathering(self, scorer: ReadyScorer) -> Gathering:
        """Where requests for ``scorer``, which waits for another process, come together."""
        known = self._gatherings.get(id(scorer))  # as long as somebody is at it, it is not let go of
        if known is None:
            ended = partial(self._gatherings.pop, id(scorer))
            known = self._gatherings[id(scorer)] = Gathering(scorer.answer, self.pool, ended)
        return known

    def enter(self) -> Visit:
        """Have a place among those that wait. Raises Unanswered where as many wait as may."""
        if (full := self.full) is not None:
            raise full
        return Visit(self)

    def close(self) -> None:
        """Begin nothing more; what has begun is not waited for."""
        self.pool.shutdown(wait=False, cancel_futures=True)


class Visit:
    """The place of one request. Whoever gives up waiting leaves it taken until the thread has come to its end."""

    def __init__(self, threads: Threads) -> None:
        self._threads, self._open = threads, 1
        threads.under_way += 1

    async def run(self, work: Callable[..., Any], *given: Any) -> Any:
        """``work`` in one of the threads."""
        future = self._threads.pool.submit(work, *given)
        self._open += 1
        loop = asyncio.get_running_loop()
        future.add_done_callback(lambda done: loop.is_closed() or loop.call_soon_threadsafe(self.leave))
        return await asyncio.wrap_future(future)

    async def ask(self, scorer: ReadyScorer, rows: Sequence[Sequence[Value]]) -> list[tuple[Value, ...]]:
        """What ``scorer`` answers, in one of the threads; with all who wait for the same, if it waits itself."""
        if not scorer.blocks:
            found: list[tuple[Value, ...]] = await self.run(scorer.answer, rows)
            return found
        self._open += 1
        return await self._threads.gathering(scorer).ask(rows, self.leave)

    def leave(self) -> None:
        """The request has its answer."""
        self._open -= 1
        if self._open == 0:
            self._threads.under_way -= 1


class Scoring:
    """Answers requests for projects. ``notes`` None: nothing is kept of them. ``key``: the workspace's own, by which
    keys fall to a canary."""

    def __init__(
        self, versions: Versions, projects: Callable[[], Sequence[str]], notes: Notes | None, counts: FallbackCounts,
        figures: Figures, monotonic: Callable[[], float] = time.monotonic, key: bytes = b"",
    ) -> None:  # fmt: skip
        self._versions, self._projects, self._notes = versions, projects, notes
        self._counts, self._figures, self._monotonic, self._key = counts, figures, monotonic, key
        self._prepared: dict[str, Prepared] = {}
        self._looked: dict[str, Prepared] = {}  # in this round of the loop
        self._rounds = Rounds(counts, self._given, self._otherwise)
        self._waiting = Threads(WAITING, "waits for an answer")
        # Of their own: those of a version that hangs are taken, and it is then that another has to answer.
        self._standing_in = Threads(WAITING, "waits for a stand-in")
        self._working = Threads(WORKING, "large requests")

    def close(self) -> None:
        """Let go of the threads."""
        for each in (self._waiting, self._standing_in, self._working):
            each.close()

    @property
    def crowded(self) -> bool:
        """Whether requests wait for a thread; what may wait longer than they does then. For any thread."""
        return self._waiting.crowded or self._working.crowded

    def prepared(self, project: str) -> Prepared:
        """The live version of ``project`` and its form. Raises Unanswered."""
        held = self._versions.live(project)
        if held is None:
            why = self._versions.why_not(project)
            if project not in self._projects():
                raise Unanswered(404, f"No project of that name answers requests here. {why}")
            raise Unanswered(503, why or "No version is live.", heads=AGAIN)
        known = self._prepared.get(project)
        if known is None or known.held is not held:
            form, canary = self._form(held, known), chooser(held, self._key)
            known = self._prepared[project] = Prepared(held, form, canary)
        return known

    @staticmethod
    def _form(held: Held, known: Prepared | None) -> Form:
        """Kept where only the ledger's word was read anew: to make one takes milliseconds."""
        if known is not None and (known.held.digest, known.held.spec) == (held.digest, held.spec):
            return known.form
        schema, settings = held.document.schema, held.document.settings
        names = [name for name in settings.get("data", {}).get("key", ()) if name not in held.scorer.features]
        try:
            features, keys = columns_of(schema, held.scorer.features), columns_of(schema, names)
        except Refusal as problem:
            raise Unanswered(503, f"{held.label} cannot be asked over HTTP: {problem}") from None
        return Form(features, keys, held.spec.rows, refuse=held.spec.unseen == "refuse")

    def answer(self, project: str, asked: Asked, read: Read, write: Write) -> Answer | Awaitable[Answer]:
        """The answer for ``project``. Raises Unanswered, at once or when it is awaited."""
        prepared = self._looked.get(project) or self._look(project)
        blocks, large = prepared.held.scorer.blocks, len(asked.body) > LARGE
        threads = self._waiting if blocks else self._working
        full = threads.full if blocks or large else None
        if (blocks or large) and (full is None or large or prepared.held.spec.fallback is None):
            return self._apart(project, prepared, asked, read, write, threads.enter())
        canary = None
        try:
            rows = read(prepared.form, asked)
            if full is not None:
                since = passed_over(prepared.held, full.sentence)
                return self._by_others(Asking(project, prepared, asked, rows, write), since)
            canary = prepared.canary(rows) if prepared.canary is not None else None
            if canary is not None and canary.scorer.blocks:
                if self._waiting.full is None:
                    return self._apart(project, prepared, asked, read, write, self._waiting.enter())
                canary = None  # It takes nobody's answer away, and has no room for this one.
        except Unanswered as problem:
            raise self._refused(project, prepared.held, asked, problem, None) from None
        return self._rounds.ask(Asking(project, prepared, asked, rows, write, canary))

    def _look(self, project: str) -> Prepared:
        """``prepared``, for all who are read in this round: each had begun to come before it, so that one look at the
        ledger is later than the first byte of each of them."""
        found = self._looked[project] = self.prepared(project)
        asyncio.get_running_loop().call_soon(self._looked.clear)
        return found

    async def _otherwise(self, asking: Asking, problem: Waits | NoAnswer) -> Answer:
        """Of a request that nobody could answer at once. Raises Unanswered."""
        if isinstance(problem, Waits):
            return await self._by_others(asking, problem)
        raise self._refused(asking.project, asking.prepared.held, asking.asked, problem, asking.canary)

    async def _by_others(self, asking: Asking, since: Waits) -> Answer:
        """The answer by whoever is asked after those that have failed at once, or have no room."""
        held, canary = asking.prepared.held, asking.canary
        try:
            given = await answered(held, asking.rows.values, self._stood_in, self._counts, canary, since)
        except (Unanswered, NoAnswer) as problem:
            raise self._refused(asking.project, held, asking.asked, problem, canary) from None
        return self._given(asking, given)

    async def _stood_in(self, version: Held, rows: Sequence[Sequence[Value]]) -> list[tuple[Value, ...]]:
        visit = (self._standing_in if version.scorer.blocks else self._working).enter()
        try:
            return await visit.ask(version.scorer, rows)
        finally:
            visit.leave()

    async def _apart(
        self, project: str, prepared: Prepared, asked: Asked, read: Read, write: Write, visit: Visit
    ) -> Answer:
        async def ask(version: Held, rows: Sequence[Sequence[Value]]) -> list[tuple[Value, ...]]:
            if version is prepared.held.previous:
                return await self._stood_in(version, rows)
            return await visit.ask(version.scorer, rows)

        canary = None
        try:
            if len(asked.body) > LARGE:
                rows: Rows = await visit.run(read, prepared.form, asked)
            else:
                rows = read(prepared.form, asked)
            canary = prepared.canary(rows) if prepared.canary is not None else None
            given = await answered(prepared.held, rows.values, ask, self._counts, canary)
        except (Unanswered, NoAnswer) as problem:
            raise self._refused(project, prepared.held, asked, problem, canary) from None
        finally:
            visit.leave()
        return self._given(Asking(project, prepared, asked, rows, write), given)

    def _given(self, asking: Asking, given: Given) -> Answer:
        project, prepared, asked, rows = asking.project, asking.prepared, asking.asked, asking.rows
        answer = asking.write(prepared, given, rows, asked)
        seconds = self._monotonic() - asked.began
        self._figures.answered(project, given.label, given.fallback, len(rows.values), seconds)
        if self._notes is not None:
            features = prepared.held.scorer.features
            self._notes.note(
                Answered(
                    project, given.label, given.digest, given.fallback, asked.at, seconds, answer.status, asked.number,
                    features, given.outputs, rows.values, given.answers, rows.keys, given.role,
                )
            )  # fmt: skip
        return answer

    def _refused(
        self, project: str, held: Held, asked: Asked, problem: Unanswered | NoAnswer, canary: Held | None
    ) -> Unanswered:
        """``problem`` for whoever asked, noted; of a canary where that was asked first."""
        if isinstance(problem, NoAnswer):
            status = 422 if problem.of_these_rows else 503
            problem = Unanswered(status, str(problem), heads={} if problem.of_these_rows else AGAIN)
        if self._notes is not None:
            by, seconds = canary or held, self._monotonic() - asked.began
            role: Role = "live" if canary is None else "canary"
            self._notes.note(
                Answered(
                    project, by.label, by.digest, None, asked.at, seconds, problem.status, asked.number, role=role
                )
            )
        return problem


def read_body(form: Form, asked: Asked) -> Rows:
    """The rows of a request of our own form. Raises Unanswered."""
    return form.read(asked.body)


def write_body(prepared: Prepared, given: Given, rows: Rows, asked: Asked) -> Answer:
    """An answer of our own form."""
    body = _bodies(given.label, given.digest, given.fallback, given.outputs, given.role)
    return Answer(200, body(given.answers, rows.told))


_Body = Callable[[Sequence[Sequence["Value"]], Sequence[Any]], bytes]
_made: dict[tuple[str, str, str | None, tuple[str, ...], str], _Body] = {}


def _bodies(label: str, digest: str, fallback: str | None, outputs: tuple[str, ...], role: str) -> _Body:
    """What writes the bodies of all answers by one version: only predictions differ from one to the next."""
    known = _made.get((label, digest, fallback, outputs, role))
    if known is not None:
        return known
    from msgspec import defstruct
    from msgspec import json as fast

    if len(_made) > 256:
        _made.clear()
    names = {f"o{place}": name for place, name in enumerate(outputs)}
    kind = defstruct("Prediction", [(field, Any) for field in names], rename=names, gc=False)
    encode = fast.Encoder().encode
    about = written({"version": label, "digest": digest, "fallback": fallback, "role": role})
    before, between = about[:-1] + b',"predictions":', b',"told":'

    def body(answers: Sequence[Sequence[Value]], told: Sequence[Any]) -> bytes:
        predictions = encode([kind(*each) for each in answers])
        return b"".join((before, predictions, between, encode(told) if told else b"[]", b"}"))

    _made[label, digest, fallback, outputs, role] = body
    return body
