"""Events to a webhook: the same events as the mail, once, with patience, no secret told, and no mail held up."""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from engine.errors import Invalid
from engine.outbox import events, outbox, webhook
from engine.outbox.channel import Letter, Undelivered
from engine.outbox.postman import Postman
from engine.outbox.webhook import Webhooks, from_environment, names
from tests.engine.outbox.test_postman import Box, Round, world_with_news
from tests.engine.reports.worlds import NOW, World, empty

SECRET = "T0PSECRETTOKEN"


class Service:
    """A webhook of this machine: what it got, and with what it answers."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.status = 200
        self.address = ""


@contextmanager
def listening() -> Iterator[Service]:
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            service.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(service.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.address = f"json://user:{SECRET}@127.0.0.1:{server.server_port}/{SECRET}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()


class Courier(Round):
    """A postman for webhooks with its clock."""

    def __init__(self, world: World, post: Webhooks | None) -> None:
        super().__init__(world, lambda: None)
        self.postman = Postman(
            world.workspace, world.ledger, self.said.append, self.tracebacks.append,
            channel="webhook", opened=lambda: post, now=lambda: self.now,
        )  # fmt: skip


def told(home: Path, environment: dict[str, str]) -> World:
    """A candidate waits, and the news of it is in the outbox."""
    world = world_with_news(home)
    events.take(world.ledger, NOW, names(environment))
    return world


def rows(world: World) -> list[tuple[str, str, int]]:
    return [(each.recipient, each.state, each.attempts) for each in reversed(world.engine.outbox())]


def test_an_event_reaches_a_webhook_once_through_apprise(home: Path) -> None:
    with listening() as service:
        environment = {"LEVERFRAME_NOTIFY_URLS": service.address}
        world = told(home, environment)
        courier = Courier(world, from_environment(environment))
        courier.go()
        courier.go()
    assert [(each["title"], each["type"]) for each in service.got] == [
        ("Late arrivals: flights@1 waits for a decision", "info")
    ]
    assert "BETTER THAN LIVE." in service.got[0]["message"]
    name = names(environment)[0]
    assert rows(world) == [("ops@example.org", "queued", 0), (name, "sent", 1)]
    assert courier.said == [f"Message 2 (Late arrivals: flights@1 waits for a decision) was taken for {name}."]


def test_a_webhook_that_fails_is_tried_again_with_patience_and_then_given_up_with_an_alert(home: Path) -> None:
    with listening() as service:
        service.status = 500
        environment = {"LEVERFRAME_NOTIFY_URLS": service.address}
        world = told(home, environment)
        courier = Courier(world, from_environment(environment))
        for _ in range(outbox.MOST + 2):
            courier.go()
            courier.now += timedelta(days=1)
    assert len(service.got) == outbox.MOST
    assert rows(world)[1][1:] == ("failed", outbox.MOST)
    alert = world.engine.alerts("flights")[0]
    assert alert.severity == "watch" and "could not be sent to webhook json-" in alert.why
    assert "error=500" in alert.why


def test_no_secret_of_an_address_is_in_the_ledger_the_log_or_an_alert(home: Path) -> None:
    closed = socket.create_server(("127.0.0.1", 0))
    address = f"json://user:{SECRET}@127.0.0.1:{closed.getsockname()[1]}/{SECRET}?token={SECRET}"
    closed.close()
    environment = {"LEVERFRAME_NOTIFY_URLS": address}
    world = told(home, environment)
    hooks = from_environment(environment)
    courier = Courier(world, hooks)
    courier.go()
    assert "did not take it" in courier.said[0]
    world.engine.close()
    kept = b"".join(path.read_bytes() for path in home.glob("ledger.db*"))
    assert SECRET.encode() not in kept
    assert SECRET not in "".join(courier.said) + repr(hooks)


@pytest.mark.parametrize("said", [f"no: {SECRET}", f"https://x/{SECRET}?a=1 failed", f"user:{SECRET}@host"])
def test_what_a_service_says_is_told_without_the_secret(said: str) -> None:
    hooks = Webhooks({"webhook x-1": f"json://user:{SECRET}@host/{SECRET}"}, lambda *_: said)
    with pytest.raises(Undelivered) as problem:
        hooks.send(letter("webhook x-1"))
    assert SECRET not in str(problem.value)


def letter(recipient: str, subject: str = "s", body: str = "b") -> Letter:
    return Letter(recipient, subject, f"{subject}\n\n{body}", "", "t", NOW, "red", body)


def test_a_webhook_that_hangs_is_let_go_of_and_not_asked_again_while_it_hangs() -> None:
    released = threading.Event()
    asked: list[str] = []

    def hangs(*given: str) -> str:
        asked.append(given[1])
        assert released.wait(60)
        return ""

    hooks = Webhooks({"webhook x-1": "json://host"}, hangs, whole=0.01)
    try:
        with pytest.raises(Undelivered, match="did not answer within 0.01 s"):
            hooks.send(letter("webhook x-1"))
        with pytest.raises(Undelivered, match="still holds the line"):
            hooks.send(letter("webhook x-1"))
    finally:
        released.set()
    assert asked == ["s"]
    assert hooks._under_way["webhook x-1"].daemon, "the end of the process would wait for it"


def test_mail_does_not_wait_for_a_webhook_that_hangs(home: Path) -> None:
    released, began = threading.Event(), threading.Event()

    def hangs(*_: str) -> str:
        began.set()
        assert released.wait(60)
        return ""

    environment = {"LEVERFRAME_NOTIFY_URLS": "json://host"}
    world = told(home, environment)
    courier = Courier(world, Webhooks(dict.fromkeys(names(environment), "json://host"), hangs))
    box = Box()
    courier.postman.look()
    assert began.wait(30)
    Round(world, lambda: box).go()
    assert box.taken == ["ops@example.org"]
    released.set()
    courier.postman.stop()


def test_each_goes_its_own_way_and_waits_where_there_is_none(home: Path) -> None:
    environment = {"LEVERFRAME_NOTIFY_URLS": "json://a json://b"}
    world = told(home, environment)
    box = Box()
    Round(world, lambda: box).go()
    assert box.taken == ["ops@example.org"]
    courier = Courier(world, None)
    courier.go()
    assert [state for _, state, _ in rows(world)] == ["sent", "queued", "queued"]
    courier.now += timedelta(days=8)
    courier.go()
    assert [state for _, state, _ in rows(world)] == ["sent", "failed", "failed"]
    assert "LEVERFRAME_NOTIFY_URLS names such" in (world.engine.outbox()[0].why or "")


def test_what_people_wrote_calls_nobody_in_a_chat() -> None:
    got: list[str] = []

    def tell(_address: str, title: str, text: str, kind: str) -> str:
        got.extend((title, text, kind))
        return ""

    body = "@everyone look, <!channel> <@U123>: flights@7, by ops@example.org"
    Webhooks({"webhook x-1": "json://host"}, tell).send(letter("webhook x-1", "hi @here", body))
    assert got == ["hi @ here", "@ everyone look, < !channel> < @ U123>: flights@7, by ops@example.org", "failure"]


def test_addresses_are_named_by_kind_and_digest_and_a_wrong_one_is_said_without_its_secret() -> None:
    environment = {"LEVERFRAME_NOTIFY_URLS": f"json://host/{SECRET}\n slack://{SECRET} "}
    first, second = names(environment)
    assert first.startswith("webhook json-") and second.startswith("webhook slack-")
    assert names({}) == () and from_environment({"LEVERFRAME_NOTIFY_URLS": " "}) is None
    with pytest.raises(Invalid, match="Address 2 in LEVERFRAME_NOTIFY_URLS") as wrong:
        from_environment(environment)
    assert SECRET not in str(wrong.value)


def test_without_apprise_the_engine_and_doctor_say_so_in_a_sentence(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    monkeypatch.setenv("LEVERFRAME_NOTIFY_URLS", "json://host/without-apprise")
    webhook._webhooks.cache_clear()
    world = told(home, {"LEVERFRAME_NOTIFY_URLS": "json://host/without-apprise"})
    said = list[str]()
    courier = Postman(world.workspace, world.ledger, said.append, said.append, channel="webhook", now=lambda: NOW)
    courier._guarded()
    courier._guarded()
    assert said == [
        "LEVERFRAME_NOTIFY_URLS is set and Apprise is not installed, so nobody is notified; install leverframe[notify]."
    ]
    found = [each for each in empty(home.with_name("bare")).engine.doctor(mend=False) if each.what == "webhooks"]
    assert found[0].verdict == "failing" and "install leverframe[notify]" in found[0].sentence


def test_a_message_is_sent_again_by_hand(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with listening() as service:
        monkeypatch.setenv("LEVERFRAME_NOTIFY_URLS", service.address)
        world = told(home, {"LEVERFRAME_NOTIFY_URLS": service.address})
        number = world.engine.outbox()[0].id
        tried = world.engine.retry_outbox(number)
    assert [each.state for each in tried] == ["sent"]
    assert len(service.got) == 1
