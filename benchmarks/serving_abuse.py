"""What no client should send, sent to a real server: bodies, heads, times and numbers of connections. Who answers how.

    benchmarks/serving_abuse.py [--home HOME] [--idle 10000] [--port 8500]

On a workspace of `serving_ground.py`. Each case is a line: which statuses came back, and `<- wrong` where another than
those that may. A case that is no request has to be refused or cut off, and nothing behind it may be answered. After
each, a right request has to be answered right by the same workers. It ends with 1 where one was not, a worker died, a
worker took 128 MiB more than before for good, or a traceback was left in `logs/failures.log`.
"""

from __future__ import annotations

import argparse
import json
import resource
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import serving_ground as ground  # noqa: E402

PATH = f"/projects/{ground.DIAMONDS}/score"
CUT: tuple[int, ...] = (0,)  # the connection ended without an answer
MORE = 128 << 20


@dataclass(frozen=True)
class Case:
    """``sent`` are pieces, with a pause between them; ``may`` are the statuses of all answers that come."""

    name: str
    sent: tuple[bytes, ...]
    may: tuple[int, ...]
    answers: int | None = 1
    pause: float = 0.0


def head(
    body_bytes: int | None, *more: str, method: str = "POST", path: str = PATH, kind: str = "application/json"
) -> bytes:  # fmt: skip
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Type: {kind}", *more]
    if body_bytes is not None:
        lines.append(f"Content-Length: {body_bytes}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def posted(name: str, body: bytes, *may: int, more: tuple[str, ...] = (), kind: str = "application/json") -> Case:
    return Case(name, (head(len(body), *more, kind=kind) + body,), may)


def bodies(good: dict[str, Any]) -> Iterator[Case]:
    row = json.dumps(good)
    one = json.dumps({"records": [good]})
    name = next(iter(good))
    for depth in (1_000, 100_000, 8_000_000):
        yield posted(f"{depth:,} brackets", b"[" * depth, 400, 422)
        yield posted(f"{depth:,} brackets in a row", b'{"records":' + b"[" * depth + b"]" * depth + b"}", 400, 413, 422)
    yield posted("200,000 objects in each other", b'{"a":' * 200_000 + b"1" + b"}" * 200_000, 400, 422)
    many = {f"c{each}": 1 for each in range(1_000_000)}
    yield posted("a million columns", json.dumps({"records": [many]}).encode(), 422)
    lists = {f"c{each}": [1] for each in range(900_000)}
    yield posted("a million lists", json.dumps({"columns": lists}).encode(), 422)
    yield posted("a million doubled names", b'{"records":[{' + b",".join([b'"x":1'] * 1_000_000) + b"}]}", 422)
    for value in ("NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1" * 400, "1" * 5000, "1" * 1_000_000, "0x10",
                  "01", "1e5" * 3):  # fmt: skip
        told = value if len(value) < 20 else f"{len(value):,} digits"
        yield posted(f"{name} = {told}", one.replace(json.dumps(good[name]), value, 1).encode(), 400, 422)
    yield posted("a name twice", one.replace("[{", f'[{{"{name}": 1, ', 1).encode(), 422)
    yield posted("records twice", f'{{"records": [{row}], "records": [{row}]}}'.encode(), 400, 422)
    yield posted("records and columns", f'{{"records": [{row}], "columns": {{}}}}'.encode(), 400, 422)
    for coding in ("utf-16", "utf-32", "utf-8-sig"):
        yield posted(coding, one.encode(coding), 400, 422)
    yield posted("bytes that are no text", b'{"records": [{"\xff\xfe": 1}]}', 400, 422)
    yield posted("half of a character", b'{"records": [{"\\ud800": 1}]}', 400, 422)
    yield posted("a name of control characters", b'{"records": [{"\\u001b[2J\\u0000": 1}]}', 400, 422)
    for said in ("", " ", "null", "[]", "{}", "1", '"x"', '{"records": null}', '{"records": {}}', '{"records": [null]}',
                 '{"records": [[]]}', '{"columns": []}', '{"columns": {}}', one[:-1], one + "x",
                 one + one):  # fmt: skip
        yield posted(f"{said[:24]!r}", said.encode(), 400, 422)
    yield posted("no rows", b'{"records": []}', 200, 400, 422)
    yield posted("a text of 10 MB", json.dumps({"records": [{**good, name: "x" * 10_000_000}]}).encode(), 400, 422)
    yield posted("10,001 rows", json.dumps({"records": [good] * 10_001}).encode(), 413)
    yield posted("16 MiB and more", b" " * (16 * 2**20 + 1), 413)
    yield posted("a zip", b"\x1f\x8b" * 100, 415, more=("Content-Encoding: gzip",))
    for kind in ("text/plain", "application/xml", "application/json; charset=latin-1", "multipart/form-data"):
        yield posted(kind, one.encode(), 415, kind=kind)


def heads(good: dict[str, Any]) -> Iterator[Case]:
    body = json.dumps({"records": [good]}).encode()
    size = len(body)
    behind = head(0, method="GET", path="/healthz")
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (size, body)
    chunked = head(None, "Transfer-Encoding: chunked")
    yield Case("chunks", (chunked + chunks,), (200,))
    extended = b'%x;a=b;c="d"\r\n%s\r\n0;e\r\n\r\n' % (size, body)
    yield Case("chunks with extensions", (chunked + extended,), (200, 400))
    single = b"".join(b"1\r\n%c\r\n" % each for each in body) + b"0\r\n\r\n"
    yield Case("chunks of a byte", (chunked + single,), (200,))
    trailed = b"%x\r\n%s\r\n0\r\nContent-Length: 3\r\n\r\n" % (size, body)
    yield Case("a trailer", (chunked + trailed,), (200, 400))
    for length in (b"FFFFFFFFFFFFFFFFFF", b"-1", b"0x5", b" 5", b"5 ", b"+5", b"", b"g"):
        piece = length + b"\r\n" + body + b"\r\n0\r\n\r\n"
        yield Case(f"a chunk of {length!r}", (chunked + piece + behind,), (400, *CUT))
    for more, told in (
        (("Transfer-Encoding: chunked", f"Content-Length: {size}"), "both"),
        ((f"Content-Length: {size}", "Transfer-Encoding: chunked"), "both, the other way"),
        (("Transfer-Encoding: chunked, identity",), "chunked, identity"),
        (("Transfer-Encoding: xchunked",), "xchunked"),
        (("Transfer-Encoding: identity, chunked",), "identity, chunked"),
        (("Transfer-Encoding : chunked",), "a space before the colon"),
        (("Transfer-Encoding: chunked", "Transfer-Encoding: identity"), "twice"),
        (("Transfer-Encoding:\tchunked",), "a tab"),
        ((f"Content-Length: {size}", f"Content-Length: {size + 1}"), "two lengths"),
        ((f"Content-Length: {size}, {size}",), "a list of lengths"),
        (("Content-Length: +5",), "+5"), (("Content-Length: -1",), "-1"), (("Content-Length: 1_0",), "1_0"),
        (("Content-Length: 99999999999999999999999",), "a length without end"), (("Content-Length: 0x10",), "0x10"),
        (("Content-Length: 5 5",), "5 5"), (("X: a\r\n b",), "a folded line"),
        (("X: a\r\n Content-Length: 5",), "a folded length"),
        (("X: \0",), "a NUL"), (("X\0: a",), "a NUL in a name"),
        (("X: a\nY: b",), "a bare newline"), (("X: a\rY: b",), "a bare return"),
        ((": a",), "no name"), (("X a",), "no colon"),
    ):  # fmt: skip
        # What is behind it must never be taken for a request of its own where two readers could differ.
        may = (200, 400, 408, 411, 413, 415, 501, *CUT)
        yield Case(f"head: {told}", (head(None, *more) + chunks + behind,), may, answers=None)
    yield Case("a head of 40 KiB", (head(size, "X: " + "a" * 40_000) + body,), (431,))
    yield Case("a thousand lines", (head(size, *(f"X{each}: a" * 4 for each in range(2000))) + body,), (431,))
    yield Case("a path of 40 KiB", (head(0, method="GET", path="/" + "a" * 40_000),), (404, 414, 431))
    for said in (b"GET /healthz\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET /healthz HTTP/9.9\r\n\r\n",
                 b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\0" * 100, b"\xff" * 100,
                 b"HELO x\r\n\r\n"):  # fmt: skip
        yield Case(f"{said[:24]!r}", (said,), (400, 404, 408, 421, 505, *CUT), answers=None)
    yield Case("empty lines first", (b"\r\n\r\n" + head(size) + body,), (200, 400))
    yield Case("no host", (b"GET /healthz HTTP/1.1\r\n\r\n",), (400, 421))
    yield Case("another host", (head(0, method="GET", path="/healthz").replace(b"localhost", b"example.org"),), (421,))
    yield Case("two hosts", (head(0, "Host: example.org", method="GET", path="/healthz"),), (200, 400, 421))
    yield Case("a whole address", (head(0, method="GET", path="http://localhost/healthz"),), (200, 400, 404))
    yield Case("another method", (head(0, method="BREW"),), (400, 405, *CUT))
    for path in ("/%2e%2e/%2e%2e/etc/passwd", "//healthz", "/projects/%00/score", "/projects/..%2f/score", "/%ff",
                 "/projects/%1b%5b2J/score", "*"):  # fmt: skip
        yield Case(f"{path}", (head(0, method="GET", path=path),), (400, 404, 405))
    yield Case("an upgrade", (head(size, "Upgrade: h2c", "Connection: Upgrade") + body,), (200, 400, 426))
    socket_heads = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: eA==")
    yield Case("a socket", (head(0, *socket_heads, method="GET"),), (400, 405, 426))
    yield Case("100-continue", (head(size, "Expect: 100-continue"), body, b""), (100, 200), answers=None, pause=0.5)
    yield Case("another expectation", (head(size, "Expect: 200-ok") + body,), (200, 400, 417))
    yield Case("100 in a row", ((head(size) + body) * 100,), (200,), answers=100)
    odd = (head(size) + body) * 50 + b"\0\0\0\r\n\r\n" + (head(size) + body) * 50
    yield Case("100 in a row, one of them none", (odd,), (200, 400), answers=None)


def slow(good: dict[str, Any]) -> Iterator[Case]:
    body = json.dumps({"records": [good]}).encode()
    whole = head(len(body)) + body
    yield Case("a head that comes byte by byte", tuple(bytes([each]) for each in whole[:14]), (408, *CUT), pause=1.0)
    cut = len(whole) - 13
    pieces = (whole[:cut], *(bytes([each]) for each in whole[cut:]))
    yield Case("a body that comes byte by byte", pieces, (408, *CUT), pause=1.0)
    yield Case("nothing at all", (b"", b"", b""), (*CUT,), answers=None, pause=5.0)


class Abuse:
    def __init__(self, home: Path, port: int, asking: ground.Asking, server: int) -> None:
        self.home, self.port, self.asking, self.server = home, port, asking, server
        self.workers = self._pids()
        self.wrong = 0

    def _pids(self) -> set[int]:
        return {pid for pid, name in ground.tree("", self.server).items() if name == "worker"}

    def memory(self) -> int:
        return max(int(psutil.Process(pid).memory_full_info().uss) for pid in self.workers)

    def send(self, case: Case) -> list[int]:
        """The statuses of all that is answered, with 0 where the connection ended without any."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as client:
            reads = _Reads(client)
            with suppress(OSError):
                for piece in case.sent:
                    client.sendall(piece)
                    if case.pause:
                        time.sleep(case.pause)
                if not case.pause:
                    client.shutdown(socket.SHUT_WR)
            reads.join(40)
            return reads.statuses or [0]

    def well(self) -> bool:
        """Whether a right request is answered right."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=10) as client:
                client.sendall(self.asking.request(0).replace(b"Host", b"Connection: close\r\nHost", 1))
                said = b"".join(iter(lambda: client.recv(65536), b""))
        except OSError:
            return False
        answer = json.loads(said.partition(b"\r\n\r\n")[2])
        predicted = self.asking.expected[answer["version"]][0] if "version" in answer else None
        return bool(predicted is not None and answer["predictions"][0]["prediction"] == predicted)

    def tell(self, name: str, said: str, good: bool) -> None:
        self.wrong += not good
        print(f"{name:40} {said}{'' if good else '   <- wrong'}", flush=True)

    def tried(self, case: Case) -> None:
        began = time.monotonic()
        found = self.send(case)
        well = self.well() and self._pids() == self.workers
        good = set(found) <= set(case.may) and (case.answers is None or len(found) == case.answers) and well
        counts = ", ".join(f"{each} x {found.count(each)}" for each in sorted(set(found)))
        then = "" if well else ", and then nobody answers"
        self.tell(case.name, f"{counts} after {time.monotonic() - began:.1f} s{then}", good)

    def crowd(self, name: str, count: int, first: bytes, seconds: float) -> None:
        """So many connections that stay, each after ``first``; a right request is answered all the while."""
        there = []
        for _ in range(count):
            try:
                client = socket.create_connection(("127.0.0.1", self.port), timeout=5)
                client.sendall(first)
                there.append(client)
            except OSError:
                continue
        began, longest, failed, asked = time.monotonic(), 0.0, 0, 0
        while time.monotonic() - began < seconds:
            before = time.monotonic()
            failed += not self.well()
            asked += 1
            longest = max(longest, time.monotonic() - before)
            time.sleep(0.05)
        for each in there:
            each.close()
        said = f"{len(there):,} connected; of {asked} right requests {failed} failed, the longest {longest:.2f} s"
        self.tell(name, said, not failed)

    def unread(self) -> None:
        """A client that asks and never reads, again and again on one connection."""
        whole = self.asking.request(0)
        with socket.create_connection(("127.0.0.1", self.port), timeout=45) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sent, began = 0, time.monotonic()
            try:
                while time.monotonic() - began < 60:
                    sent += client.send(whole * 100)
                end = "was let go on for a minute"
            except OSError as error:
                end = f"was ended ({type(error).__name__})"
        said = f"{sent / 2**20:.1f} MiB sent, {end} after {time.monotonic() - began:.0f} s"
        self.tell("never reads", said, "ended" in end and self.well())


class _Reads(threading.Thread):
    """Takes the statuses of all answers until the connection ends."""

    def __init__(self, client: socket.socket) -> None:
        super().__init__(daemon=True)
        self._client, self.statuses = client, list[int]()
        self.start()

    def run(self) -> None:
        said = b""
        with suppress(OSError):
            while part := self._client.recv(65536):
                said += part
        while said.startswith(b"HTTP/1.1 "):
            lines, _, said = said.partition(b"\r\n\r\n")
            self.statuses.append(int(lines[9:12]))
            names = (each.partition(b":") for each in lines.lower().split(b"\r\n"))
            length = next((int(value) for name, _, value in names if name == b"content-length"), 0)
            said = said[length:]


def abused(abuse: Abuse, idle: int) -> None:
    good = abuse.asking.records[0]
    for _ in range(200):
        abuse.well()
    before = abuse.memory()
    cases: tuple[Callable[[dict[str, Any]], Iterator[Case]], ...] = (bodies, heads, slow)
    for each in cases:
        for case in each(good):
            abuse.tried(case)
    abuse.crowd("slow clients", 900, abuse.asking.request(0)[:40], 15)
    abuse.crowd("idle clients", idle, b"", 10)
    abuse.crowd("idle clients that were answered", idle // 5, abuse.asking.request(0), 5)
    abuse.unread()
    time.sleep(20)
    after = abuse.memory()
    said = f"the largest worker had {before / 2**20:.0f} MiB of its own before, {after / 2**20:.0f} MiB now"
    abuse.tell("memory", said, after - before < MORE)
    abuse.tell("workers", f"{sorted(abuse.workers)} are there still", abuse._pids() == abuse.workers)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--idle", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=ground.cores())
    parser.add_argument("--port", type=int, default=8500)
    parser.add_argument("--home", type=Path, help="a workspace that an earlier call left, or where to leave one")
    given = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # as LimitNOFILE in the unit
    with tempfile.TemporaryDirectory(prefix="leverframe-abuse-") as name:
        home = (given.home or Path(name) / "home").resolve()
        ground.made(home, (ground.DIAMONDS,))
        asking = ground.asking(home, ground.DIAMONDS, Path(name))
        words = ("serve", "--port", str(given.port), "--workers", str(given.workers))
        failures = home / "logs" / "failures.log"
        before = failures.stat().st_size if failures.exists() else 0
        with ground.verb(home, *words) as server:
            ground.ready(home, (ground.DIAMONDS,), given.workers)
            abuse = Abuse(home, given.port, asking, server.pid)
            abused(abuse, min(given.idle, hard - 200))
        left = (failures.stat().st_size if failures.exists() else 0) - before
        abuse.tell("tracebacks", f"{left} bytes of them were left", not left)
        print(f"{abuse.wrong} were wrong" if abuse.wrong else "nothing was wrong")
        return 1 if abuse.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
