"""Brings the parts of a scoring to workers and their answers back: ``python -m engine.scoring.away.driver FOLDER``.

A process of its own, held and watched like the driver of a step, for the same reason: what the cluster says is
unpickled by Dask. Parts lie in ``parts/`` and answers are laid into ``output/``, each under its number, written beside
and renamed; a file ``end`` says that no other part comes. A worker that dies, hangs or says what is no answer loses its
part to another; how often, ``parts.py`` says. Exit codes as of a step's driver.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.runs.compute import driver
from engine.runs.compute.driver import REFUSED, Drive, DriverRefusal, connected
from engine.runs.compute.order import ORDER
from engine.scoring.away.parts import GivenUp, Part, Waiting, packed, unpacked
from engine.scoring.away.seat import Seat
from engine.text import plain

if TYPE_CHECKING:
    from distributed import Client

PARTS, ANSWERS, END = "parts", "output", "end"
MOST_SEATS = 64
# Bytes of parts that are on their way at once: each is held here a few times over.
_ON_THE_WAY = 96 << 20
_LOOK, _KEEP = 0.02, 1.0


class Desk(Drive):
    """Gives parts out. ``Drive``: for what it knows of the scheduler's workers."""

    def __init__(self, client: Client, folder: Path, order: dict[str, Any]) -> None:
        super().__init__(client, folder, order)
        self._waiting, self._known, self._suits = Waiting(), set[int](), dict[str, int]()
        self._seats = dict[asyncio.Task[None], str]()
        self._sizes, self._answered, self._open, self._why = 0, 0, True, ""
        self._failed: BaseException | None = None

    async def give_out(self) -> None:
        """Until all is answered. Raises DriverRefusal where it will not be."""
        self._suits = await self._fitting()
        lonely, keep, left = time.monotonic(), 0.0, True
        while self._failed is None and not self._done():
            now = time.monotonic()
            self._look()
            if now >= keep:
                left = await self._fill()
                keep = now + _KEEP
            lonely = now if self._seats else lonely
            if not self._seats and (not left or now - lonely > min(self._order["wait"], self._order["silence"])):
                raise DriverRefusal(self._why or f"no worker of {self._order['scheduler']} is left")
            await asyncio.sleep(_LOOK)
        for seat in self._seats:
            seat.cancel()
        await asyncio.gather(*self._seats, return_exceptions=True)
        if self._failed is not None:
            raise DriverRefusal(str(self._failed) or repr(self._failed))

    def _done(self) -> bool:
        return not self._open and self._answered == len(self._known)

    def _look(self) -> None:
        """What is new in the folder of the parts."""
        names = os.listdir(self._folder / PARTS)
        for number in sorted(int(name) for name in names if name.isdigit()):
            if number not in self._known:
                self._known.add(number)
                self._waiting.add(Part(number))
        self._open = END not in names

    async def _fill(self) -> bool:
        """Have a scorer on each worker that is there, may be asked and has none; as many as it has room for. Whether
        one may be asked still, or none is there, which may come again."""
        about = await self._workers()
        new = {address: each for address, each in about.items() if address not in self._suits}
        if new:
            with suppress(DriverRefusal):  # They do not suit; others may.
                self._suits |= await self._suited(new)
        for address, each in about.items():
            limit = self._suits.get(address)
            if limit is None or not self._waiting.may_ask(address):
                continue
            room = max(1, limit // self._order["memory"]) if limit else MOST_SEATS
            wanted = min(int(each.get("nthreads") or 1), room)
            there = sum(1 for taken in self._seats.values() if taken == address)
            for _ in range(min(wanted - there, MOST_SEATS - len(self._seats))):
                task = asyncio.create_task(self._seated(address, limit))
                self._seats[task] = address
                task.add_done_callback(self._ended)
        return not about or any(self._waiting.may_ask(address) for address in about)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._seats[task]
        if not task.cancelled() and (problem := task.exception()) is not None:
            self._failed = self._failed or problem

    async def _seated(self, address: str, limit: int) -> None:
        """One scorer, from its beginning to its end."""
        seat, part = Seat(self._client, self._folder, self._order), None
        try:
            await seat.taken(address, limit)
            print(f"[leverframe: {address} is ready]", flush=True)
            while True:
                part = self._waiting.next(address, self._seats.values())
                if part is None:
                    await asyncio.sleep(_LOOK)
                    await self._keep(seat)
                    continue
                await self._answer(seat, part, address)
                part = None
        except DriverRefusal as refusal:
            self._why = plain(str(refusal), 600)
            print(f"[leverframe: {f'part {part.number:,} again: ' if part else ''}{self._why}]", flush=True)
            self._waiting.failed(address, part, self._why)
        finally:
            await seat.left()

    async def _keep(self, seat: Seat) -> None:
        now = time.monotonic()
        if now - seat.asked_at > self._order["silence"] / 4:
            seat.asked_at = now
            await seat.kept()

    async def _answer(self, seat: Seat, part: Part, address: str) -> None:
        file = self._folder / PARTS / str(part.number)
        size = file.stat().st_size
        while self._sizes and self._sizes + size > _ON_THE_WAY:
            await asyncio.sleep(_LOOK)
            await self._keep(seat)
        self._sizes += size
        try:
            head, body = unpacked(file.read_bytes())
            found, content = await seat.scored(head, body)
        finally:
            self._sizes -= size
        seat.asked_at = time.monotonic()
        told = {"kept": found.get("kept", {}), "worker": address, "again": len(part.tried)}
        place = self._folder / ANSWERS / str(part.number)
        place.with_suffix(".tmp").write_bytes(packed(told, content))
        place.with_suffix(".tmp").rename(place)
        self._answered += 1


async def drive(folder: Path) -> None:
    order = json.loads((folder / ORDER).read_bytes())
    async with connected(order) as client:
        await Desk(client, folder, order).give_out()


def main(folder: str) -> int:
    """Carry out the order in ``folder``."""
    try:
        driver.load()
        asyncio.run(drive(Path(folder)))
    except (DriverRefusal, GivenUp) as refusal:
        sys.stdout.flush()
        print(f"{refusal}.", file=sys.stderr, flush=True)
        return REFUSED
    return 0


if __name__ == "__main__":
    code = main(sys.argv[1])
    sys.stdout.flush()
    os._exit(code)  # Dask's threads and loops are not waited for.
