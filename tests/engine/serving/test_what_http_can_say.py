"""Over real sockets: what HTTP lets a client say that few ever do, and what it may be used for."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.engine.serving.http_place import HttpPlace, one
from tests.engine.serving.serving_fakes import GOOD, Place, held

BODY = json.dumps({"records": [GOOD]}).encode()
HOST, KIND = "Host: localhost", "Content-Type: application/json"
CHUNKED, LENGTH = "Transfer-Encoding: chunked", f"Content-Length: {len(BODY)}"
HTTP2 = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__")


def head(*lines: str, first: str = "POST /projects/gems/score HTTP/1.1") -> bytes:
    return "\r\n".join([first, *lines, "", ""]).encode()


def chunks(size: int = 7, extension: bytes = b"", *trailers: bytes) -> bytes:
    parts = [BODY[start : start + size] for start in range(0, len(BODY), size)]
    sized = [b"%x%b\r\n%b\r\n" % (len(part), extension, part) for part in parts]
    return b"".join([*sized, b"0\r\n", *(b"%b\r\n" % each for each in trailers), b"\r\n"])


@pytest.fixture
def server() -> Iterator[HttpPlace]:
    place = HttpPlace(Place(held()).app)
    yield place
    place.close()


ANSWERED = {
    "chunks of a byte, with extensions": head(HOST, KIND, CHUNKED) + chunks(1, b';a=b;c="d e"'),
    "trailers": head(HOST, KIND, CHUNKED) + chunks(7, b"", b"X-Checksum: 17", b"Host: evil.example"),
    "what is expected is nothing special": head(HOST, KIND, LENGTH, "Expect: 200-maybe") + BODY,
    "the whole address": head(HOST, KIND, LENGTH, first="POST http://localhost/projects/gems/score HTTP/1.1") + BODY,
    "as of before it could be kept": head(HOST, KIND, LENGTH, first="POST /projects/gems/score HTTP/1.0") + BODY,
    "a letter of the path that is written otherwise": (
        head(HOST, KIND, LENGTH, first="POST /projects/%67ems/score?a=%00 HTTP/1.1") + BODY
    ),
    "rather in HTTP/2": head(HOST, KIND, LENGTH, *HTTP2) + BODY,
    "rather in HTTP/2, in chunks": head(HOST, KIND, CHUNKED, *HTTP2) + chunks(),
}


@pytest.mark.parametrize("case", ANSWERED)
@pytest.mark.parametrize("size", [1 << 20, 50, 1])
def test_what_is_unusual_is_answered_in_however_many_pieces_it_comes(server: HttpPlace, case: str, size: int) -> None:
    said = ANSWERED[case]
    with server.client() as client:
        for start in range(0, len(said), size):
            client.sendall(said[start : start + size])
        status, answer = one(client)
    assert (status, json.loads(answer)["version"]) == (200, "gems@3")


REFUSED = {
    "folded": (head(HOST, KIND, LENGTH, "X-Long: a\r\n b") + BODY, 400),
    "the same length twice": (head(HOST, KIND, LENGTH, LENGTH) + BODY, 400),
    "a list of lengths": (head(HOST, KIND, f"{LENGTH}, {len(BODY)}") + BODY, 400),
    "a length with a sign": (head(HOST, KIND, f"Content-Length: +{len(BODY)}") + BODY, 400),
    "a length behind the body": (head(HOST, KIND, CHUNKED) + chunks(7, b"", b"Content-Length: 5"), 400),
    "a chunk larger than anything": (head(HOST, KIND, CHUNKED) + b"FFFFFFFFFFFFFFFFF\r\nabc", 400),
    "lines without a carriage return": (head(HOST, KIND, LENGTH).replace(b"\r\n", b"\n") + BODY, 400),
    "in another case": (head(HOST, KIND, LENGTH, first="post /projects/gems/score HTTP/1.1") + BODY, 400),
    "a way through": (head(HOST, first="CONNECT evil.example:443 HTTP/1.1"), 400),
    "a header that ends in the middle": (head(HOST, KIND, LENGTH, "X-A: a\0b") + BODY, 400),
    "an end of trailers that never comes": (
        head(HOST, KIND, CHUNKED) + chunks()[:-2] + b"X-A: " + b"a" * 600_000, 431
    ),
    "more trailers than a head may have": (
        head(HOST, KIND, CHUNKED) + chunks()[:-2] + b"a: b\r\n" * 100_000, 431
    ),
    "what it is stands behind it": (head(HOST, CHUNKED) + chunks(7, b"", KIND.encode()), 415),
    "who is asked stands behind it": (head(KIND, CHUNKED) + chunks(7, b"", HOST.encode()), 421),
    "another text": (head(HOST, f"{KIND}; charset=utf-16", LENGTH) + BODY, 415),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_can_be_used_for_evil_is_refused(server: HttpPlace, case: str) -> None:
    said, status = REFUSED[case]
    with server.client() as client:
        try:
            for start in range(0, len(said), 1 << 14):
                client.sendall(said[start : start + (1 << 14)])
            answered = one(client)[0]
        except ConnectionError:  # It said so and went, while more was still on its way.
            answered = 431
    assert answered == status


def test_a_chunk_that_is_larger_than_a_head_may_be_is_no_trailer(server: HttpPlace) -> None:
    with server.client() as client:
        client.sendall(head(HOST, KIND, CHUNKED) + b"%x\r\n" % (1 << 21))
        client.sendall(b" " * (1 << 21) + b"\r\n" + chunks())
        assert one(client)[0] == 200


def test_many_who_would_rather_have_http2_are_answered_in_their_order(server: HttpPlace) -> None:
    many = 300
    with server.client() as client:
        client.sendall((head(HOST, KIND, LENGTH, *HTTP2) + BODY) * many)
        assert [one(client)[0] for _ in range(many)] == [200] * many


def test_who_wants_to_be_told_to_go_on_is(server: HttpPlace) -> None:
    with server.client() as client:
        client.sendall(head(HOST, KIND, LENGTH, "Expect: 100-continue"))
        assert client.recv(1 << 16) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(BODY)
        assert one(client)[0] == 200
