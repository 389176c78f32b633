"""What a worker answers to the other workers of its server: with what it holds proven, by its own process, in the same
batches as its own clients. See ``neighbours.py``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from engine.errors import StepFailed
from engine.serving import neighbour_frames as frames
from engine.serving.gathering import Answers, Gathering
from engine.serving.held import Key
from engine.serving.neighbour_frames import Ask, AskYourOwn, Back, Begun, Failed, Said

if TYPE_CHECKING:
    from engine.scoring.ready import ReadyScorer

MOST_WAITING = 512  # requests of one worker; more than its clients may have waiting
DRAIN = 5.0  # seconds


class ForNeighbours:
    """``held``: the version of exactly that label and digest, where it is held and proven; ``gathering``: where those
    who wait for it come together."""

    def __init__(
        self, held: Callable[[Key], ReadyScorer | None], gathering: Callable[[ReadyScorer], Gathering]
    ) -> None:
        self.held, self.gathering = held, gathering
        self.callers: set[Caller] = set()
        self.under_way, self.ends = 0, False
        self._server: asyncio.AbstractServer | None = None

    async def listen(self, place: str | None) -> None:
        """Answer there from now on; where nobody can listen there, the others ask processes of their own."""
        if place is not None:
            with suppress(OSError):
                self._server = await asyncio.get_running_loop().create_unix_server(lambda: Caller(self), place)

    async def drain(self, seconds: float = DRAIN) -> bool:
        """Let nothing in any more and answer what came, for ``seconds`` at most. Returns whether all was answered."""
        self.ends = True
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while self.under_way and loop.time() < until:
            await asyncio.sleep(0.005)
        if self._server is not None:
            self._server.close()
        for each in tuple(self.callers):
            each.close()
        return not self.under_way


class Caller(asyncio.Protocol):
    """The connection of another worker that asks."""

    def __init__(self, room: ForNeighbours) -> None:
        self._room, self._frames = room, frames.Frames(frames.Asking)
        self._transport: asyncio.Transport | None = None
        self._asked: dict[int, tuple[Gathering, asyncio.Future[Answers]]] = {}
        self._last, self._awaiting = 0, set[Gathering]()

    def close(self) -> None:
        """What was said is sent before it is over."""
        if self._transport is not None:
            self._transport.close()

    # What the loop calls

    def connection_made(self, transport: Any) -> None:
        """See ``asyncio.Protocol``."""
        self._transport = transport
        self._room.callers.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """See ``asyncio.Protocol``. Nobody waits for what was asked here."""
        self._transport = None
        self._room.callers.discard(self)
        for _, said in tuple(self._asked.values()):
            said.cancel()
        self._nobody_comes()

    def data_received(self, data: bytes) -> None:
        """See ``asyncio.Protocol``."""
        try:
            for said in self._frames.taken(data):
                if isinstance(said, Ask):
                    self._ask(said)
                elif isinstance(said, Back):
                    self._back(said)
                elif said.number == self._last:
                    self._nobody_comes()
        except msgspec.DecodeError:
            if self._transport is not None:
                self._transport.abort()

    def _ask(self, ask: Ask) -> None:
        full = self._room.ends or len(self._asked) >= MOST_WAITING or ask.number in self._asked
        scorer = None if full else self._room.held((ask.label, ask.digest))
        if scorer is None or not scorer.blocks:
            self._say(AskYourOwn(ask.number))
            return
        gathering = self._room.gathering(scorer)
        self._room.under_way += 1
        said = gathering.ask(ask.rows, lambda: None)
        self._asked[ask.number] = gathering, said
        said.add_done_callback(partial(self._done, ask.number, scorer, _ends(scorer)))

    def _back(self, back: Back) -> None:
        there = self._asked.get(back.number)
        if there is None:  # Its answer is on the way.
            return
        gathering, said = there
        if gathering.has_begun(said):
            self._say(Begun(back.number))
        else:
            said.cancel()

    def _done(self, number: int, scorer: ReadyScorer, ends: object, said: asyncio.Future[Answers]) -> None:
        self._room.under_way -= 1
        gathering, _ = self._asked.pop(number)
        if self._transport is not None:
            self._awaiting.add(gathering)
            gathering.await_more(self)
        if said.cancelled():
            self._say(AskYourOwn(number))
        elif (problem := said.exception()) is None:
            self._last = number
            self._say(Said(number, said.result()))
        elif isinstance(problem, StepFailed) and (_of_these_rows(problem) or _ends(scorer) != ends):
            self._say(Failed(number, str(problem), _of_these_rows(problem)))
        else:  # Its process was not there for them: another one may be.
            self._say(AskYourOwn(number))

    def _nobody_comes(self) -> None:
        for each in self._awaiting:
            each.no_more(self)
        self._awaiting.clear()

    def _say(self, said: frames.Answering) -> None:
        if self._transport is None:
            return
        frame = frames.framed(said) or frames.framed(AskYourOwn(said.number))
        assert frame is not None
        self._transport.write(frame)


def _of_these_rows(problem: BaseException) -> bool:
    return bool(getattr(problem, "of_these_rows", False))


def _ends(scorer: ReadyScorer) -> tuple[object, ...]:
    """When its process came to an end that nobody wanted."""
    return tuple(getattr(scorer, "ends", ()))
