"""What is made once is made anew when it has to be, and only then; who ends lets nobody in."""

from __future__ import annotations

import json
import threading

import pytest

from engine.projects.manifest.records import ServeSpec
from engine.serving import slow_form
from engine.serving.columns import columns_of
from engine.serving.form import Form
from tests.engine.serving.http_place import HttpPlace
from tests.engine.serving.serving_fakes import FEATURES, GOOD, SCHEMA, Echo, Place, held


@pytest.mark.parametrize("text", ["a:b", "::", "2026-11-30T06:25:00Z", ""])
def test_colons_in_texts_do_not_send_a_request_the_slow_way(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow_form, "read", lambda form, body: pytest.fail("it went the slow way"))
    form = Form(columns_of(SCHEMA, FEATURES), columns_of(SCHEMA, ["listing"]), 50)
    records = [{**GOOD, "cut: grade": text, "listed": "2026-11-30T06:25:00Z", "listing": 3}, GOOD]
    assert form.read(json.dumps({"records": records}).encode()).values[0][1] == text


def test_another_version_has_another_form_and_the_ledgers_word_read_anew_has_not() -> None:
    there = Place(held())
    first = there.scoring.prepared("gems")
    there.__dict__["_live"] = held(scorer=first.held.scorer)
    assert there.scoring.prepared("gems").form is first.form
    there.__dict__["_live"] = held("gems@4", scorer=Echo(("carat",)))
    assert there.score({"records": [{"carat": 1}]})[0] == 200
    there.__dict__["_live"] = held("gems@4", scorer=Echo(("carat",)), spec=ServeSpec(realtime=True, rows=1))
    assert there.score({"records": [{"carat": 1}] * 2})[0] == 413


def test_nobody_is_let_in_while_it_ends() -> None:
    begun, goes_on = threading.Event(), threading.Event()

    def held_up() -> None:
        begun.set()
        goes_on.wait(60)

    server = HttpPlace(Place(held(scorer=Echo(blocks=True, before=held_up))).app)
    try:
        with server.client() as client, server.client() as idle:
            body = json.dumps({"records": [GOOD]}).encode()
            head = "POST /projects/gems/score HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            client.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            assert begun.wait(60)
            ending = threading.Thread(target=server.drain)
            ending.start()
            assert idle.recv(1) == b"", "by now nobody is let in"
            with pytest.raises(ConnectionRefusedError), server.client():
                pass
            goes_on.set()
            ending.join(60)
            assert client.recv(12) == b"HTTP/1.1 200"
    finally:
        server.close()
