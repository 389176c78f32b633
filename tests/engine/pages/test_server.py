"""A real server on a free port: who may ask what, and what it does with those who behave badly."""

from __future__ import annotations

import re
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from engine.errors import Refusal, bug
from engine.pages.server import CONNECTIONS, PageServer, one_too_many
from engine.pages.service import Service
from engine.pages.view import open_view
from tests.engine.pages.places import TOKEN, Served, looked_at, served
from tests.engine.reports.worlds import NOW, WEEK

PAGES = ["/", "/projects/flights", "/projects/flights/report?since=2026-11-02&until=2026-11-09", "/changed",
         "/projects/flights/changed", "/healthz"]  # fmt: skip


def hello(_environ: object, start: object) -> list[bytes]:
    start("200 OK", [("Content-Length", "2")])  # type: ignore[operator]
    return [b"hi"]


def test_every_page_answers_on_the_loopback_without_a_token_and_carries_its_guards(home: Path) -> None:
    looked_at(home)
    with served(home) as here:
        assert here.service.url.startswith("http://127.0.0.1:")
        for path in PAGES:
            status, headers, body = here.ask(path)
            assert (status, bool(body)) == (200, True), path
            assert "script-src 'self'" in headers["content-security-policy"]
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert "unsafe" not in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["cache-control"] == "no-store"
            assert "server" not in headers
            assert here.ask(path, "HEAD")[::2] == (200, "")
        assert here.told == [f"Served at {here.service.url} to whoever is on this machine, read only."]


def test_what_a_page_loads_is_there_and_keeps_its_kind(home: Path) -> None:
    looked_at(home)
    with served(home) as here:
        loaded = re.findall(r'(?:src|href)="(/static/[^"]+)"', here.ask("/")[2])
        kinds = {here.ask(path)[1]["content-type"].partition(";")[0] for path in loaded}
        assert kinds == {"text/css", "text/javascript", "image/svg+xml"}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "FLY"])
def test_nothing_but_looking_is_allowed(home: Path, method: str) -> None:
    looked_at(home)
    with served(home) as here:
        status, headers, _ = here.ask("/", method)
        assert (status, headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    "path",
    ["/projects/nope", "/projects/flights/", "/projects/flights/reports/99", "/projects/flights/reports/1e3",
     "/projects/..%2f..%2fledger.db", "/../../../etc/passwd", "/static/../../ledger.db", "/static/%2e%2e/ledger.db",
     "/ledger.db", "//evil.example/", "/projects/flights%00", "/projects/%ff%fe", "/projects/<script>"],
)  # fmt: skip
def test_what_is_no_page_is_not_found_and_says_nothing_of_what_is(home: Path, path: str) -> None:
    looked_at(home)
    with served(home) as here:
        status, _, body = here.ask(path)
        assert status == 404
        assert "flights" not in body and "<script>" not in body.replace("<script src", "")


@pytest.mark.parametrize("query", ["", "since=x", "since=2026-11-09&until=2026-11-02", "since=%3Cscript%3E"])
def test_a_period_that_is_none_is_said_in_a_sentence(home: Path, query: str) -> None:
    looked_at(home)
    with served(home) as here:
        status, _, body = here.ask(f"/projects/flights/report?{query}")
        assert status == 400
        assert "<script>" not in body


def test_a_name_that_was_pointed_here_by_another_site_gets_nothing(home: Path) -> None:
    looked_at(home)
    with served(home) as here:
        for path in PAGES:
            status, _, body = here.ask(path, Host="evil.example")
            assert status == 421 and "flights" not in body.lower()


def test_with_a_token_nothing_but_the_sign_of_life_is_shown_without_it(home: Path) -> None:
    looked_at(home)
    with served(home, TOKEN) as here:
        for path in PAGES[:-1]:
            for wrong in ({}, {"Authorization": f"Bearer {TOKEN}x"}, {"Cookie": f"leverframe-0={TOKEN}"}):
                status, headers, body = here.ask(path, **wrong)
                assert (status, headers["www-authenticate"]) == (401, "Bearer")
                assert "Late arrivals" not in body
            assert here.ask(path, Authorization=f"Bearer {TOKEN}", Host="models.example")[0] == 200
        assert here.ask("/healthz")[::2] == (200, "ok\n")
        assert TOKEN not in "".join(here.told)


def test_a_token_in_the_address_becomes_a_cookie_that_no_script_and_no_other_site_gets(home: Path) -> None:
    looked_at(home)
    with served(home, TOKEN) as here:
        status, headers, _ = here.ask(f"/projects/flights/report?since=2026-11-02&token={TOKEN}&until=2026-11-09")
        assert status == 303
        assert headers["location"] == "/projects/flights/report?since=2026-11-02&until=2026-11-09"
        cookie, *rules = headers["set-cookie"].split("; ")
        assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(rules)
        assert TOKEN not in cookie
        assert here.ask("/", Cookie=cookie)[0] == 200
        assert here.ask(f"/?token={TOKEN}x")[0] == 401
        assert here.ask(f"//evil.example/?token={TOKEN}")[1]["location"] == "/evil.example"
        status, _, body = here.ask(f"/?token={TOKEN}", Sec_Fetch_Site="cross-site")
        assert status == 200 and 'content="0;url=/"' in body and TOKEN not in body


def test_a_kept_report_is_served_as_it_was_sent(home: Path) -> None:
    from engine.reports import archive, html
    from engine.storage.objects import ObjectStore
    from engine.storage.workspace import Workspace

    world = looked_at(home)
    report = world.report()
    digests = archive.store(ObjectStore(Workspace(home).objects), report)
    with world.ledger.write() as db:
        number = archive.register(db, report, digests, None, NOW)
    with served(home) as here:
        assert f'href="/projects/flights/reports/{number}"' in here.ask("/projects/flights")[2]
        status, headers, body = here.ask(f"/projects/flights/reports/{number}")
        assert (status, body) == (200, html.page(report))
        assert "script-src" not in headers["content-security-policy"]


def test_what_goes_wrong_inside_is_told_to_whoever_runs_it_and_not_to_who_asks(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at(home)

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a secret of ours")

    with served(home) as here:
        monkeypatch.setattr("engine.pages.view.View.project", broken)
        for _ in range(3):
            status, _headers, body = here.ask("/projects/flights")
            assert status == 503
            assert "secret" not in body and "Traceback" not in body and "engine" not in body
        assert here.told[1:] == [bug(ZeroDivisionError(), "over a page")]
        assert "a secret of ours" in (home / "logs" / "failures.log").read_text()
        assert here.ask("/")[0] == 200


def test_a_workspace_that_is_damaged_is_said_to_be_so_without_its_paths(home: Path) -> None:
    looked_at(home).engine.close()
    with served(home) as here:
        assert here.ask("/healthz")[0] == 200
        (home / "ledger.db").write_bytes(b"no ledger at all" * 512)
        for ending in ("-wal", "-shm"):
            Path(f"{home / 'ledger.db'}{ending}").unlink(missing_ok=True)
        statuses = {here.ask("/")[0] for _ in range(4)} | {here.ask("/healthz")[0]}
        assert statuses <= {200, 503}  # what a connection holds already it may still tell
        assert str(home) not in here.ask("/")[2]


def test_it_looks_and_changes_nothing(home: Path) -> None:
    world = looked_at(home)
    with world.ledger.read() as db:
        before = db.execute("SELECT group_concat(id || state) FROM runs").fetchone()[0]
    marker = world.engine.change_marker()
    with served(home, now=NOW + 20 * WEEK) as here:
        for path in PAGES:
            assert here.ask(path)[0] == 200
    assert world.engine.change_marker() == marker
    with world.ledger.read() as db:
        assert db.execute("SELECT group_concat(id || state) FROM runs").fetchone()[0] == before


def test_a_port_that_is_taken_is_refused_in_a_sentence(home: Path) -> None:
    looked_at(home)
    with served(home) as here:
        second = Service(open_view(home), "127.0.0.1", here.port, None)
        with pytest.raises(Refusal, match=f"Port {here.port} of 127.0.0.1 is taken by another process; --port"):
            second.start(lambda: NOW, print)
        second.close()


def test_a_request_that_comes_byte_by_byte_is_let_go_of_though_each_byte_is_in_time() -> None:
    server = PageServer(hello, "127.0.0.1", 0, patience=1)
    server.start()
    try:
        line = socket.create_connection(("127.0.0.1", server.port), timeout=30)
        began = time.monotonic()
        ended = False
        for byte in b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 10_000:
            try:
                line.sendall(bytes([byte]))
                line.settimeout(0.05)
                ended = line.recv(1) == b""
            except TimeoutError:
                continue
            except OSError:
                ended = True
            if ended:
                break
        assert ended, f"still held after {time.monotonic() - began:.0f} s"
    finally:
        server.stop()


def test_clients_that_never_come_to_their_point_keep_nobody_out_for_long() -> None:
    server = PageServer(hello, "127.0.0.1", 0, patience=1)
    server.start()
    lines = []
    try:
        for _ in range(150):  # more than it holds at one time
            line = socket.create_connection(("127.0.0.1", server.port), timeout=30)
            line.sendall(b"GET / HTTP/1.1\r\nHost:")
            lines.append(line)
        asked = socket.create_connection(("127.0.0.1", server.port), timeout=60)
        asked.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert b"200 OK" in asked.recv(100)
        asked.close()
    finally:
        for line in lines:
            line.close()
        server.stop()


def test_a_connection_that_takes_its_answer_slowly_is_not_kept_for_ever() -> None:
    server = PageServer(hello, "127.0.0.1", 0, patience=1, longest=1)
    server.start()
    try:
        line = socket.create_connection(("127.0.0.1", server.port), timeout=30)
        said = b""
        for _ in range(1000):
            try:
                line.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                said = line.recv(1000)
            except OSError:
                said = b""
            if said == b"":
                break
            time.sleep(0.02)
        assert said == b""
    finally:
        server.stop()


def test_a_head_that_is_too_large_and_a_body_are_refused() -> None:
    server = PageServer(hello, "127.0.0.1", 0)
    server.start()
    try:
        for sent, status in (
            (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 40_000 + b"\r\n\r\n", b"431"),
            (b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n", b"413"),
            (b"nonsense\r\n\r\n", b"400"),
        ):
            line = socket.create_connection(("127.0.0.1", server.port), timeout=30)
            line.sendall(sent)
            assert line.recv(100).split(b" ")[1] == status
            line.close()
    finally:
        server.stop()


def test_many_ask_at_once_and_each_gets_the_whole_page(home: Path) -> None:
    looked_at(home)
    with served(home) as here:
        answers: list[tuple[int, int]] = []

        def ask(served_at: Served) -> None:
            for _ in range(5):
                status, headers, body = served_at.ask("/projects/flights")
                answers.append((status, int(headers["content-length"]) - len(body.encode())))

        threads = [threading.Thread(target=ask, args=(here,)) for _ in range(30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == [(200, 0)] * 150


def test_it_stops_though_somebody_holds_the_line(home: Path) -> None:
    looked_at(home)
    with served(home) as here:
        line = socket.create_connection(("127.0.0.1", here.port), timeout=30)
        line.sendall(b"GET / HT")
        port = here.port
    with suppress(ConnectionResetError):
        assert line.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)


@pytest.mark.parametrize(
    ("there", "goes"),
    [
        ([("a", 1, False), ("b", 2, False), ("b", 3, False)], 1),
        ([("b", 3, False), ("b", 2, False), ("a", 1, False)], 1),
        ([("b", 1, True), ("b", 2, False), ("a", 0, True)], 1),
        ([("b", 5, True), ("b", 4, True), ("a", 0, True)], 1),  # where all wait, somebody goes all the same
        ([("b", 1, True), ("b", 2, True), ("a", 3, False)], 2),
    ],
)
def test_the_oldest_idle_connection_of_the_greediest_goes(there: list[tuple[str, float, bool]], goes: int) -> None:
    assert one_too_many(there) == goes


def test_a_thousand_idle_connections_keep_nobody_out(caplog: pytest.LogCaptureFixture) -> None:
    server = PageServer(hello, "127.0.0.1", 0)
    server.start()
    idle: list[socket.socket] = []
    try:
        for count in range(1000):
            idle.append(socket.create_connection(("127.0.0.1", server.port), timeout=30))
            if count % 100 == 99:  # between them somebody asks, and is answered by the same server at once
                with socket.create_connection(("127.0.0.1", server.port), timeout=30) as asked:
                    asked.sendall(b"GET / HTTP/1.0\r\n\r\n")
                    assert asked.recv(100).startswith(b"HTTP/1.0 200"), count
        assert len(server._server.active_channels) <= CONNECTIONS + 1
    finally:
        for line in idle:
            line.close()
        server.stop()
    # What other tests of this process left behind may be told of meanwhile, by others than the server.
    assert [said for said in caplog.records if said.name.startswith("waitress")] == []
