"""Brings one step to a worker of a Dask cluster and its output back: ``python -m engine.runs.compute.driver FOLDER``.

A process of its own, started and watched like a step: what it prints is the step's log, and killing it is enough, for
a worker that hears nothing more from here ends its guest. Every wait has an end. Output is taken as plain bytes, into
files of our naming rules, and never unpickled; that what the cluster says is unpickled on the way lies in Dask.

Exit code 0: the file of the answer says how the step ended, and its output is whole. Exit code 3: the last line on
standard error says why there is no answer.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import pickle
import platform
import secrets
import sys
import time
import warnings
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from engine.runs.compute import on_worker
from engine.runs.compute.order import ANSWER, ORDER
from engine.storage.atomic import write_file
from engine.text import plain, span

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from distributed import Client, Future

REFUSED = 3
STEPS = Path(__file__).resolve().parents[1] / "steps"
BESIDE = ("warden.py", "step_output.py", "containment.py", "python_runner.py", "column_types.py")
_HERE = "take [compute] out of leverframe.toml to train on this machine"
_TOLD = ("step", "callable", "command", "environment", "picture", "seconds", "memory", "log_bytes", "output_bytes",
         "containment", "stays", "module", "kit")  # fmt: skip
_T = TypeVar("_T")


class DriverRefusal(Exception):
    """The step could not be brought there and back; the message is one sentence without its full stop."""


class _Call:
    """A call as a pickle: unpickling it makes the call. See ``_submitted``."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self._parts = (function, arguments)

    def __reduce__(self) -> Any:
        return self._parts


def load() -> None:
    """Pay for the imports, which takes 0.7 s, while the step before this one is still at work."""
    import cloudpickle
    import distributed.versions

    cloudpickle.register_pickle_by_value(on_worker)
    # What matters is told in our own words, and the last line is what people read. Dask also warns of a worker without
    # pandas, and no worker needs it.
    warnings.filterwarnings("ignore", category=distributed.versions.VersionMismatchWarning)
    for name in ("distributed", "tornado", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


class Drive:
    """One step on its way. ``order`` is what order.py wrote down; ``beside``: what is sent of what lies in STEPS."""

    beside: tuple[str, ...] = BESIDE

    def __init__(self, client: Client, folder: Path, order: dict[str, Any]) -> None:
        self._client, self._folder, self._order = client, folder, order
        self._token = secrets.token_hex(16)
        self._key = f"leverframe-{order['project']}-{order['step']}-{self._token}"
        self._worker = ""
        self._where = f"the scheduler {order['scheduler']}"

    async def run(self) -> dict[str, Any]:
        """Find a worker, bring the step there, follow it, fetch its output; how it ended, as its warden found."""
        workers = await self._fitting()
        future = self._submitted(workers)
        await self._placed(future, workers)
        await self._sent()
        await self._begun()
        ended = await self._followed()
        if ended.get("reason") is None and ended["exit"] == 0:
            await self._fetched()
        await self._ask("leave")
        return ended

    async def _fitting(self) -> dict[str, int]:
        """The workers that may take the step, each with the bytes that it may use (0: not limited)."""
        order, until = self._order, time.monotonic() + self._order["wait"]
        while len(known := await self._workers()) < order["workers"]:
            if time.monotonic() > until:
                raise DriverRefusal(
                    f"{self._where} has {len(known)} of the {order['workers']} workers that [compute] asks for after "
                    f"{span(order['wait'])}; start some with 'dask worker {order['scheduler']}', or lower workers"
                )
            await asyncio.sleep(0.5)
        return await self._suited(known)

    async def _suited(self, known: dict[str, Any]) -> dict[str, int]:
        """Those of the workers ``known`` that have the memory and the Python. Raises DriverRefusal where none has."""
        order = self._order
        limits = {address: int(about.get("memory_limit") or 0) for address, about in known.items()}
        fitting = {address: most for address, most in limits.items() if not most or most >= order["memory"]}
        if not fitting:
            raise DriverRefusal(
                f"none of the {len(known)} workers of {order['scheduler']} may use {_gib(order['memory'])} of memory "
                f"(at most {_gib(max(limits.values()))}); start larger ones, or lower memory in [train]"
            )
        pythons = await self._bounded(
            self._client.run(platform.python_version, workers=list(fitting), on_error="return"), "its Python"
        )
        mine = _minor(platform.python_version())
        same = {address: fitting[address] for address, each in pythons.items() if _minor(str(each)) == mine}
        if not same:
            others = ", ".join(sorted({_minor(str(each)) for each in pythons.values()}))
            raise DriverRefusal(
                f"the workers of {order['scheduler']} run Python {plain(others, 60)} and Leverframe {mine}; start "
                "them with the same Python and the same version of Dask"
            )
        return same

    async def _workers(self) -> dict[str, Any]:
        scheduler: Any = self._client.scheduler
        about = await self._bounded(scheduler.identity(), "its workers")
        return dict(about["workers"])

    def _submitted(self, workers: dict[str, int]) -> Future:
        """The task that keeps a thread of a worker taken.

        Dask unpickles what it is to call on the scheduler already, and by name where it can; nothing of ours is there.
        So it calls ``pickle.loads``, with a call as bytes that carry their function.
        """
        import cloudpickle

        order = self._order
        call = _Call(on_worker.stay, self._token, order["memory"], order["silence"])
        data = cloudpickle.dumps(call)
        return self._client.submit(pickle.loads, data, key=self._key, workers=list(workers), pure=False, retries=0)

    async def _placed(self, future: Future, workers: dict[str, int]) -> None:
        """Wait until a worker has a thread and memory for it."""
        order, until = self._order, time.monotonic() + self._order["wait"]
        scheduler: Any = self._client.scheduler
        pause = 0.1
        while time.monotonic() < until:
            if future.status == "error":
                problem = await self._bounded(future.exception(), "why it failed")
                raise DriverRefusal(
                    f"no worker of {order['scheduler']} could take the step: {plain(str(problem), 200)}"
                )
            at_work = await self._bounded(scheduler.processing(workers=None), "where the step is")
            self._worker = next((address for address, keys in at_work.items() if self._key in keys), "")
            if self._worker:
                with suppress(DriverRefusal):  # A worker that dies now never began: Dask gives the task to another.
                    if await self._ask("admitted", workers.get(self._worker, 0)):
                        return
            await asyncio.sleep(pause)
            pause = min(1.0, 1.5 * pause)
        raise DriverRefusal(
            f"no worker of {order['scheduler']} was free within {span(order['wait'])}; start more workers, or raise "
            "wait in [compute]"
        )

    async def _sent(self) -> None:
        pieces = [(name, (STEPS / name).read_bytes()) for name in self.beside]
        await self._ask("put", pieces)
        for part in ("code", "input"):
            for batch in on_worker.batches(str(self._folder / part), f"{part}/"):
                if not await self._ask("put", batch):
                    raise DriverRefusal(self._lost())

    async def _begun(self) -> None:
        order = self._order
        told = {name: order[name] for name in _TOLD if name in order}
        told["variables"] = {name: os.environ[name] for name in order["variables"] if name in os.environ}
        answer = await self._ask("begin", told)
        if answer is None:
            raise DriverRefusal(self._lost())
        if "refused" in answer:
            # Short enough that the way out is not cut from the line.
            raise DriverRefusal(
                f"the worker {self._worker} {plain(answer['refused'], 240)}; share the folder that it lies in with the "
                "workers, or name its place there in their LEVERFRAME_ENVIRONMENTS"
            )
        print(f"[leverframe: on {self._worker} ({plain(answer['where'], 100)})]", flush=True)

    async def _followed(self) -> dict[str, Any]:
        """Print what the step prints, until it has ended. A worker may be silent for a while, but not gone."""
        seen, silence = 0, self._order["silence"]
        until = time.monotonic() + silence
        while True:
            try:
                news = await asyncio.wait_for(self._asked("watch", seen), silence)
            except Exception as error:
                await asyncio.sleep(0.5)  # The scheduler hears of it as we do, perhaps a little later.
                if time.monotonic() > until or not await self._is_there():
                    raise DriverRefusal(self._lost()) from error
                continue
            if news is None:
                raise DriverRefusal(self._lost())
            until, seen = time.monotonic() + silence, news["seen"]
            sys.stdout.buffer.write(news["log"])
            sys.stdout.buffer.flush()
            if news["ended"] is not None:
                return self._understood(news["ended"])

    def _understood(self, ended: dict[str, Any]) -> dict[str, Any]:
        if "lost" in ended:
            said = plain(ended["lost"].strip().rpartition("\n")[2], 200)
            raise DriverRefusal(
                f"the process that watches over it on the worker {self._worker} came to an end ({said})"
            )
        return ended

    async def _is_there(self) -> bool:
        """Whether the scheduler, if it answers, still knows the worker."""
        try:
            return self._worker in await self._workers()
        except DriverRefusal:
            return True  # It may answer again.

    async def _fetched(self) -> None:
        """The output, as plain files, and not more of it than the step may leave."""
        most, count, size = self._order["output_bytes"], 0, 0
        while pieces := await self._ask("take"):
            count, size = count + len(pieces), size + sum(len(data) for _, data in pieces)
            if size > most or count > on_worker.MOST_FILES:
                raise DriverRefusal(f"it left more than {_gib(most)} or {on_worker.MOST_FILES:,} files of output")
            on_worker.put(str(self._folder / "output"), pieces)
        if pieces is None:
            raise DriverRefusal(self._lost())

    def _lost(self) -> str:
        return (
            f"the worker {self._worker} left the cluster, or was not heard of for {span(self._order['silence'])}, in "
            "the middle of it; look at the worker's log, then retrain (retries in [train] does so by itself)"
        )

    async def _asked(self, verb: str, *given: Any) -> Any:
        answers = await self._client.run(on_worker.ask, self._token, verb, *given, workers=[self._worker])
        return answers[self._worker]

    async def _ask(self, verb: str, *given: Any) -> Any:
        try:
            return await asyncio.wait_for(self._asked(verb, *given), max(10.0, self._order["silence"]))
        except ValueError as error:  # what on_worker says of files
            raise DriverRefusal(plain(str(error), 300)) from error
        except Exception as error:
            raise DriverRefusal(self._lost()) from error

    async def _bounded(self, answer: Awaitable[_T], what: str) -> _T:
        try:
            return await asyncio.wait_for(answer, max(10.0, self._order["silence"]))
        except Exception as error:
            raise DriverRefusal(
                f"{self._where} stopped answering when it was asked for {what}; look at its log, then retrain"
            ) from error


@asynccontextmanager
async def connected(order: dict[str, Any]) -> AsyncIterator[Client]:
    """A client of the scheduler. Raises Refused when there is none within the time that the manifest gives it."""
    from distributed import Client

    address = order["scheduler"]
    if address.startswith("tls:"):
        _check_certificates(address)
    try:
        client = await asyncio.wait_for(
            Client(address, asynchronous=True, timeout=order["connect"], set_as_default=False), order["connect"] + 1
        )
    except Exception as error:
        raise DriverRefusal(
            f"the Dask scheduler {address} did not answer within {span(order['connect'])}; see that it runs and can be "
            f"reached from here, or {order.get('otherwise', _HERE)}"
        ) from error
    try:
        yield client
    finally:
        with suppress(Exception):  # This process ends now, and with it the connection.
            await asyncio.wait_for(client.close(), 5)


def _check_certificates(address: str) -> None:
    from distributed.security import Security

    try:
        given = Security().get_connection_args("client")["ssl_context"]
    except OSError as error:
        raise DriverRefusal(f"a certificate for {address} cannot be used: {plain(str(error), 200)}") from error
    if given is None:
        raise DriverRefusal(
            f"{address} needs certificates: set DASK_DISTRIBUTED__COMM__TLS__CA_FILE, ..__CLIENT__CERT and "
            "..__CLIENT__KEY in the environment of the engine to the paths of PEM files"
        )


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _gib(count: int) -> str:
    return f"{count / (1 << 30):.1f} GiB" if count >= 1 << 30 else f"{count >> 20} MiB"


async def drive(folder: Path) -> None:
    """Carry out the order in ``folder`` and write its answer."""
    order = json.loads((folder / ORDER).read_bytes())
    async with connected(order) as client:
        ended = await Drive(client, folder, order).run()
    write_file(folder / ANSWER, json.dumps(ended).encode())


def main(folder: str) -> int:
    """Wait for the word where the step is to wait, then drive."""
    try:
        load()
        if os.environ.get("LEVERFRAME_WAIT") == "1" and not sys.stdin.readline():
            raise DriverRefusal("it was told to wait and then never to begin")
        asyncio.run(drive(Path(folder)))
    except DriverRefusal as refusal:
        sys.stdout.flush()
        print(f"{refusal}.", file=sys.stderr, flush=True)
        return REFUSED
    return 0


if __name__ == "__main__":
    code = main(sys.argv[1])
    sys.stdout.flush()
    os._exit(code)  # Dask's threads and loops are not waited for.
