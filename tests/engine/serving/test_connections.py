"""Over real sockets: what clients do wrong ends with an answer or the connection, and what was let in is answered."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from engine.serving import connection
from engine.serving.connection import tls
from engine.serving.http_server import Endpoint, HttpServer
from tests.engine.serving.http_place import HttpPlace, one, until_end
from tests.engine.serving.serving_fakes import GOOD, Book, Echo, Place, held

BODY = json.dumps({"records": [GOOD]}).encode()


def request(body: bytes = BODY, method: str = "POST", path: str = "/projects/gems/score", *lines: str) -> bytes:
    heads = ["Host: localhost", "Content-Type: application/json", *lines]
    if not any(line.lower().startswith(("content-length", "transfer-encoding")) for line in lines):
        heads.append(f"Content-Length: {len(body)}")
    return "\r\n".join([f"{method} {path} HTTP/1.1", *heads, "", ""]).encode() + body


def begins(event: threading.Event) -> bool:
    event.set()
    return True


@pytest.fixture()
def made() -> Iterator[Callable[..., HttpPlace]]:
    places: list[HttpPlace] = []

    def make(place: Place | None = None, context: ssl.SSLContext | None = None) -> HttpPlace:
        places.append(HttpPlace((place or Place(held())).app, context))
        return places[-1]

    yield make
    for each in places:
        each.close()


@pytest.fixture()
def server(made: Callable[..., HttpPlace]) -> HttpPlace:
    return made()


def test_a_connection_is_kept_and_each_request_has_its_number(server: HttpPlace) -> None:
    with server.client() as client:
        for _ in range(3):
            client.sendall(request())
            status, body = one(client)
            assert status == 200 and json.loads(body)["version"] == "gems@3"


def test_the_number_of_an_answer_is_that_in_the_log(made: Callable[..., HttpPlace]) -> None:
    place = Place(held())
    with made(place).client() as client:
        client.sendall(request() + request(BODY, "POST", "/projects/gems/score", "Connection: close"))
        heads = until_end(client).lower().split(b"\r\n")
    numbers = [line.removeprefix(b"x-request-id: ").decode() for line in heads if line.startswith(b"x-request-id: ")]
    assert numbers == ["1-1", "1-2"] == [each.request for each in place.noted]


def test_nobody_says_for_another_from_where_they_come(made: Callable[..., HttpPlace]) -> None:
    """Wrong tokens are slowed by that."""
    book = Book()
    with made(Place(held(), tokens=book)).client() as client:
        client.sendall(request(BODY, "POST", "/projects/gems/score", "X-Forwarded-For: 10.0.0.9"))
        assert one(client)[0] == 401
    assert [source for *_, source in book.asked] == ["127.0.0.1"]


def test_every_answer_tells_browsers_to_keep_their_hands_off(server: HttpPlace) -> None:
    with server.client() as client:
        client.sendall(request(b"", "GET", "/nothing", "Connection: close"))
        head = until_end(client).split(b"\r\n\r\n")[0].lower()
    assert b"x-content-type-options: nosniff" in head and b"cache-control: no-store" in head
    assert b"content-security-policy: default-src 'none'" in head
    assert b"server:" not in head


def test_who_asks_for_the_head_alone_gets_no_body(server: HttpPlace) -> None:
    with server.client() as client:
        client.sendall(request(b"", "HEAD", "/healthz", "Connection: close"))
        head, _, body = until_end(client).partition(b"\r\n\r\n")
    assert b"content-length: " in head.lower() and b"connection: close" in head.lower() and body == b""


def test_whoever_does_not_read_is_waited_for_before_more_is_written() -> None:
    cycle = RequestResponseCycle.__new__(RequestResponseCycle)
    cycle.response_started = cycle.disconnected = False
    cycle.flow = SimpleNamespace(write_paused=True)  # type: ignore[assignment]
    cycle.transport = SimpleNamespace(is_closing=lambda: False)  # type: ignore[assignment]
    assert not connection.sent_at_once(cycle, 200, [], b"")


def test_who_does_not_read_their_answer_is_let_go_of_in_the_end() -> None:
    aborted: list[str] = []
    transport: Any = SimpleNamespace(
        is_closing=lambda: False, abort=lambda: aborted.append("aborted"), close=lambda: None,
        get_extra_info=lambda name: None,
    )  # fmt: skip

    async def swept(seconds: float, *, reads: bool) -> None:
        each = HttpServer(Endpoint(*[None] * 5), socket.socket(), None).connection()  # type: ignore[arg-type]
        each.connection_made(transport)
        each.pause_writing()
        if reads:
            each.resume_writing()
        each.sweep(asyncio.get_running_loop().time() + seconds)

    asyncio.run(swept(connection.READING - 1, reads=False))
    asyncio.run(swept(connection.READING + 1, reads=True))
    assert not aborted
    asyncio.run(swept(connection.READING + 1, reads=False))
    assert aborted


def test_pipelined_requests_are_answered_in_their_order(server: HttpPlace) -> None:
    bodies = [json.dumps({"records": [{**GOOD, "carat": number}]}).encode() for number in range(20)]
    with server.client() as client:
        client.sendall(b"".join(map(request, bodies)))
        found = [json.loads(one(client)[1])["predictions"][0]["prediction"] for _ in bodies]
    assert found == list(range(20))


def test_a_client_that_has_said_all_and_waits_gets_its_answer(made: Callable[..., HttpPlace]) -> None:
    goes_on = threading.Event()
    server = made(Place(held(scorer=Echo(blocks=True, before=lambda: goes_on.wait(60)))))
    with server.client() as client:
        client.sendall(request())
        client.shutdown(socket.SHUT_WR)
        goes_on.set()
        answer = until_end(client)
    assert answer.startswith(b"HTTP/1.1 200") and b"connection: close" in answer


def test_half_a_request_and_no_more_to_come_ends_the_connection(server: HttpPlace) -> None:
    for half in (request()[:-5], b"POST /projects/gems/score HTTP/1.1\r\nHost: loc", b""):
        with server.client() as client:
            client.sendall(half)
            client.shutdown(socket.SHUT_WR)
            assert until_end(client) == b""


@pytest.mark.parametrize(
    "smuggled",
    [
        request(BODY, "POST", "/projects/gems/score", f"Content-Length: {len(BODY)}", "Transfer-Encoding: chunked"),
        request(BODY, "POST", "/projects/gems/score", "Content-Length: 1", f"Content-Length: {len(BODY)}"),
        request(BODY, "POST", "/projects/gems/score", "Content-Length: -1"),
        request(BODY, "POST", "/projects/gems/score", "Content-Length: 1e2"),
        request(BODY, "POST", "/projects/gems/score", "Transfer-Encoding: chunked, identity"),
        request(b"zz\r\n{}\r\n0\r\n\r\n", "POST", "/projects/gems/score", "Transfer-Encoding: chunked"),
        b"POST /projects/gems/score HTTP/1.1\r\nHost : localhost\r\n\r\n",
        b"GET /healthz HTTP/1.1\nHost: localhost\n\n\0",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /%zz\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
)
def test_what_two_servers_could_read_in_two_ways_is_read_by_none(server: HttpPlace, smuggled: bytes) -> None:
    with server.client() as client:
        client.sendall(smuggled + request(b"", "GET", "/healthz"))
        client.shutdown(socket.SHUT_WR)
        answer = until_end(client)
    assert b"gems@3" not in answer
    assert answer.count(b"HTTP/1.1 ") <= 1 and (not answer or answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 404")))


def test_chunks_are_read_to_their_end(server: HttpPlace) -> None:
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (BODY[:7], BODY[7:])) + b"0\r\n\r\n"
    with server.client() as client:
        client.sendall(request(chunks, "POST", "/projects/gems/score", "Transfer-Encoding: chunked"))
        assert one(client)[0] == 200


def test_a_body_that_is_too_large_is_refused_before_it_has_come(server: HttpPlace) -> None:
    with server.client() as client:
        client.sendall(request(b"", "POST", "/projects/gems/score", f"Content-Length: {17 * 2**20}"))
        assert one(client) == (413, b'{"error":"The body has more than 16 MiB; send fewer rows at once."}')


def test_and_one_that_does_not_say_how_large_it_is_when_it_is(server: HttpPlace) -> None:
    with server.client() as client:
        client.sendall(request(b"", "POST", "/projects/gems/score", "Transfer-Encoding: chunked"))
        part = b"%x\r\n%s\r\n" % (2**20, b" " * 2**20)
        for _ in range(18):
            client.sendall(part)
        assert one(client)[0] == 413


@pytest.mark.parametrize("more", ["X-Much: " + "x" * 40_000, *["\r\n".join(f"X-{n}: x" for n in range(5000))]])
@pytest.mark.parametrize("whole", [False, True])
def test_a_head_that_is_too_large_is_refused_in_however_many_pieces_it_comes(
    server: HttpPlace, more: str, whole: bool
) -> None:
    with server.client() as client:
        client.sendall(request(b"", "GET", "/healthz", more)[: None if whole else -4])
        assert one(client)[0] == 431


def test_a_head_whose_end_comes_in_two_is_no_larger_for_what_is_behind_it(server: HttpPlace) -> None:
    whole = request(b" " * 40_000 + b"\r\n\r\n" + BODY)
    end = whole.index(b"\r\n\r\n") + 3
    with server.client() as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.sendall(whole[:end])
        client.sendall(whole[end:])
        assert one(client)[0] == 200


def test_a_request_that_does_not_come_to_its_end_is_ended(server: HttpPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "PATIENCE", 0.0)
    for half in (b"POST /projects/gems/score HT", request()[:-5]):
        with server.client() as client:
            client.sendall(half)
            assert until_end(client).startswith(b"HTTP/1.1 408")
    with server.client() as client:
        assert until_end(client) == b""


def test_of_more_connections_than_may_be_the_oldest_idle_one_goes(
    server: HttpPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "MOST", 1)
    with server.client() as first, server.client() as second:
        second.sendall(request(b"", "GET", "/healthz"))
        assert one(second)[0] == 200
        assert until_end(first) == b""


def test_nobody_who_waits_for_an_answer_makes_room(
    made: Callable[..., HttpPlace], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "MOST", 1)
    begun, goes_on = threading.Event(), threading.Event()
    server = made(Place(held(scorer=Echo(blocks=True, before=lambda: begins(begun) and goes_on.wait(60)))))
    with server.client() as first:
        first.sendall(request())
        assert begun.wait(60)
        with server.client() as second:
            answer = until_end(second)
            assert answer.startswith(b"HTTP/1.1 503") and b"\r\nretry-after: 1\r\n" in answer.lower()
        goes_on.set()
        assert one(first)[0] == 200


def test_what_was_let_in_is_answered_before_it_ends(made: Callable[..., HttpPlace]) -> None:
    begun, goes_on = threading.Event(), threading.Event()
    server = made(Place(held(scorer=Echo(blocks=True, before=lambda: begins(begun) and goes_on.wait(60)))))
    whole: list[bool] = []
    with server.client() as client, server.client() as idle:
        client.sendall(request())
        assert begun.wait(60)
        ending = threading.Thread(target=lambda: whole.append(server.drain()))
        ending.start()
        assert until_end(idle) == b""
        goes_on.set()
        answer = until_end(client)
        ending.join(60)
    assert answer.startswith(b"HTTP/1.1 200") and b"gems@3" in answer and whole == [True]


def test_who_asks_once_more_while_it_ends_is_answered_and_told_that_it_was_the_last(
    made: Callable[..., HttpPlace],
) -> None:
    server = made()
    with server.client() as client, socket.create_connection(("127.0.0.1", server.port), timeout=60) as waits:
        client.sendall(request())
        assert one(client)[0] == 200
        ending = threading.Thread(target=lambda: server.drain(grace=30.0))
        ending.start()
        while True:
            try:
                server.client().__enter__().close()
            except ConnectionError:  # Reset, for who knocks in the moment in which it closes.
                break
        for each in (client, waits):
            each.sendall(request())
            answer = until_end(each)
            assert answer.startswith(b"HTTP/1.1 200") and b"connection: close" in answer
        ending.join(60)


def test_what_takes_longer_than_the_end_may_is_said_not_to_be_whole(made: Callable[..., HttpPlace]) -> None:
    begun, goes_on = threading.Event(), threading.Event()
    server = made(Place(held(scorer=Echo(blocks=True, before=lambda: begins(begun) and goes_on.wait(60)))))
    with server.client() as client:
        client.sendall(request())
        assert begun.wait(60)
        assert not server.drain(0.05)
        goes_on.set()
        assert until_end(client) == b""


def test_over_tls_it_answers_alike_and_nobody_without_it(made: Callable[..., HttpPlace], tmp_path: Path) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out",
         str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    server = made(context=tls(str(certificate), str(key)))
    trusting = ssl.create_default_context(cafile=str(certificate))
    with server.client() as client, trusting.wrap_socket(client, server_hostname="localhost") as shut:
        shut.sendall(request())
        assert one(shut)[0] == 200
    with server.client() as client:
        client.sendall(request())
        assert b"gems@3" not in until_end(client)


def test_a_server_that_is_ended_before_it_has_let_anybody_in_ends() -> None:
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        async def drain() -> None:
            server = HttpServer(Endpoint(*[lambda *given: None] * 5), listening, None)  # type: ignore[arg-type]
            assert await server.drain(0.0, 0.0)
            await server.serve()
            ended.set()

        threading.Thread(target=asyncio.run, args=(drain(),), daemon=True).start()
        assert ended.wait(20), "it waits for a client"
