"""One scorer on a worker: brought there, proven there, and then asked part after part until it fails or is let go."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from contextlib import suppress
from typing import Any

from engine.errors import StepFailed
from engine.runs.compute import on_worker
from engine.runs.compute.driver import BESIDE, Drive, DriverRefusal
from engine.scoring.away.parts import answer, differs, unpacked
from engine.text import plain, span

STAYING = (*BESIDE, "warm_scorer.py", "onnx_model.py")
FIRST, FIRST_ANSWER = "first.part", "first.answer"


class Seat(Drive):
    """A scorer on the one worker ``address``, which may use ``limit`` bytes. Whatever it raises is a DriverRefusal
    whose message goes on with "the worker ..."; what it holds there goes when nobody asks for it any more."""

    beside = STAYING
    asked_at = 0.0
    """When it was last asked for anything."""

    async def taken(self, address: str, limit: int) -> None:
        """Bring it there, have it load what it scores with, and answer the first rows as this machine did."""
        self._worker = address
        self._held = self._submitted({address: limit})  # Dask forgets a task that nobody holds.
        await self._placed(self._held, {address: limit})
        await self._sent()
        await self._begun()
        head, _ = await self._answer("load what it scores with")
        if head.get("ready") is not True:
            raise DriverRefusal(f"the worker {address} said something else than that it is ready")
        head, body = unpacked((self._folder / FIRST).read_bytes())
        outputs, expected = self._order["outputs"], unpacked((self._folder / FIRST_ANSWER).read_bytes())
        found = answer(*await self.scored(head, body), head["rows"], outputs, address)
        other = differs(found, answer(*expected, head["rows"], outputs, "this machine"))
        if other:
            raise DriverRefusal(
                f"the worker {address} answers the golden rows otherwise than this machine (in {other}), so that its "
                "rows would not be the same bytes; give it the same libraries and a processor of the same kind"
            )

    async def scored(self, head: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        """What it says of the rows in ``body``; looked through, and one for each of ``head["rows"]``."""
        for start in range(0, len(body), on_worker.BATCH):
            await self._there("give", body[start : start + on_worker.BATCH])
        said = json.dumps({"form": "arrow", "kept": head["kept"]}).encode()
        if not await self._there("score", said, hashlib.sha256(body).hexdigest()):
            raise DriverRefusal(f"the worker {self._worker} did not get the rows as they were sent")
        found, content = await self._answer("answer")
        try:
            answer(found, content, head["rows"], self._order["outputs"], f"the worker {self._worker}")
        except StepFailed as failed:
            raise DriverRefusal(str(failed).rstrip(".")) from None
        return found, content

    async def _answer(self, doing: str) -> tuple[dict[str, Any], bytes]:
        until = time.monotonic() + self._order["patience"]
        while not (told := await self._there("answered")):
            if time.monotonic() > until:
                raise DriverRefusal(
                    f"the worker {self._worker} did not {doing} within {span(self._order['patience'])}"
                )
        if "gone" in told:
            raise DriverRefusal(f"the scorer on the worker {self._worker} ended: {plain(str(told['gone']), 400)}")
        content = bytearray()
        while len(content) < told["size"]:
            piece = await self._there("piece", len(content))
            if not piece or len(content) + len(piece) > self._order["output_bytes"]:
                raise DriverRefusal(f"the worker {self._worker} gave an answer that breaks off, or is too long")
            content += piece
        if hashlib.sha256(content).hexdigest() != told["digest"]:
            raise DriverRefusal(f"what the worker {self._worker} answered came otherwise than it was sent")
        try:
            head = json.loads(told["head"])
        except (ValueError, TypeError, RecursionError):
            head = None
        if not isinstance(head, dict):
            raise DriverRefusal(f"the worker {self._worker} gave an answer that is none")
        return head, bytes(content)

    async def _there(self, verb: str, *given: Any) -> Any:
        found = await self._ask(verb, *given)
        if found is None:
            raise DriverRefusal(self._lost())
        return found

    async def kept(self) -> None:
        """Let it know that it is still wanted."""
        await self._there("put", [])

    async def left(self) -> None:
        with suppress(DriverRefusal, TimeoutError):
            await asyncio.wait_for(self._ask("leave"), 2)

    def _lost(self) -> str:
        return (
            f"the worker {self._worker} left the cluster, or was not heard of for {span(self._order['silence'])}; look "
            "at its log"
        )
