"""Our own HTTP server with a handler that says nothing: what ``serving_peers.py`` holds the whole of it against."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import socket
import sys
import time
from pathlib import Path

import uvloop

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from engine import clock
from engine.serving import balance
from engine.serving.exchange import Answer, Asked, Unanswered
from engine.serving.http_server import Endpoint, HttpServer


def empty(asked: Asked) -> Answer:
    """Nothing was looked at, not even the body."""
    return Answer(200, b"{}")


def refused(asked: Asked, problem: Unanswered) -> Answer:
    return Answer(problem.status, b"{}")


async def serve(listening: socket.socket, share: balance.Balance) -> None:
    """Answer until the process is ended."""
    numbers = map("{:x}".format, itertools.count(1))
    endpoint = Endpoint(empty, refused, clock.now, time.monotonic, lambda: next(numbers))
    await HttpServer(endpoint, listening, None, share).serve()


def main() -> None:
    """As many workers over one socket as are asked for, as the real ones share it."""
    listening = socket.create_server(("127.0.0.1", int(os.environ["SERVING_PORT"])), backlog=1024)
    count = int(os.environ["SERVING_WORKERS"])
    clients, workers = balance.shared(count), []
    for number in range(1, count + 1):
        worker = os.fork()
        if worker == 0:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(serve(listening, balance.Balance(clients, number)))
            return
        workers.append(worker)
    signal.signal(signal.SIGTERM, lambda *_: [os.kill(each, signal.SIGKILL) for each in workers])
    for each in workers:
        os.waitpid(each, 0)


if __name__ == "__main__":
    main()
