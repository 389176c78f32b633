"""Which addresses there are, by which methods, for whom, and in what form."""

from __future__ import annotations

import json

import pytest

from engine.access.tokens import Allowed
from engine.serving.exchange import Answer, Asked
from engine.serving.routes import Target
from tests.engine.serving.serving_fakes import AT, GOOD, Book, Place, held, place

BODY = json.dumps({"records": [GOOD]}).encode()
SCORE = "/projects/gems/score"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", SCORE, "POST"), ("HEAD", SCORE, "POST"), ("OPTIONS", SCORE, "POST"), ("BREW", SCORE, "POST"),
        ("TRACE", "/healthz", "GET"), ("HEAD", "/healthz", "GET"), ("POST", "/v2/models/gems", "GET"),
    ],
)  # fmt: skip
def test_another_method_is_told_which_there_is(method: str, path: str, allowed: str) -> None:
    answer = place().ask(method, path, BODY)
    assert (answer.status, answer.heads) == (405, {"Allow": allowed})


@pytest.mark.parametrize(
    "path", ["/", "", "//", "/projects", "/projects/gems/score/", "/projects/../score", "/projects/a/b/score", "*",
             "/projects/gems/feedback", "/v2/models/gems/versions/3/infer/x", "/\x1b[2J"],
)  # fmt: skip
def test_what_is_not_there_is_told_so_and_does_not_reach_a_terminal(path: str) -> None:
    answer = place().ask("POST", path, BODY)
    assert answer.status == 404 and b"\x1b" not in answer.body and b"u001b" not in answer.body


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8485", "127.0.0.1:1", "[::1]:8485", "[::1]"])
def test_without_tokens_this_machine_is_answered_by_its_own_names(host: str) -> None:
    assert place().ask("POST", SCORE, BODY, host=host).status == 200


@pytest.mark.parametrize("host", ["", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example:8485"])
def test_and_by_no_other_which_a_web_site_could_point_here(host: str) -> None:
    assert place().ask("POST", SCORE, BODY, host=host).status == 421


@pytest.mark.parametrize("path", [SCORE, "/v2/models/gems/infer"])
def test_a_web_page_that_posts_here_is_not_answered_without_a_token(path: str) -> None:
    assert place().ask("POST", path, BODY, origin="https://evil.example").status == 403


@pytest.mark.parametrize(
    "heads",
    [
        {"content_type": "text/plain"}, {"content_type": ""}, {"content_type": "application/x-www-form-urlencoded"},
        {"content_type": "application/json; charset=latin-1"}, {"content_encoding": "gzip"},
        {"content_type": "application/octet-stream"},
    ],
)  # fmt: skip
def test_a_body_in_another_form_is_not_read(heads: dict[str, str]) -> None:
    assert place().ask("POST", SCORE, BODY, **heads).status == 415


@pytest.mark.parametrize("kind", ["application/json; charset=UTF-8", 'Application/JSON;charset="utf-8"'])
def test_json_is_json_however_it_is_written(kind: str) -> None:
    assert place().ask("POST", SCORE, BODY, content_type=kind).status == 200


def test_with_tokens_each_address_asks_for_what_it_needs_of_the_project_it_is_about() -> None:
    book = Book({"s": "score", "r": "read"})
    there = Place(held(), tokens=book)
    assert there.ask("POST", SCORE, BODY, authorization="Bearer s", host="gems.example").status == 200
    assert there.ask("GET", "/metrics", authorization="bearer  r").status == 200
    assert there.ask("GET", "/v2/models/gems", authorization="Bearer s").status == 200
    assert there.ask("POST", SCORE, BODY, authorization="Bearer r").status == 403
    assert there.ask("GET", "/openapi.json", authorization="Bearer s").status == 403
    assert [each for each in book.asked if each[1]] == [
        ("s", "gems", "score", "127.0.0.1"), ("s", "gems", "score", "127.0.0.1"), ("r", "gems", "score", "127.0.0.1"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path", "wanted"),
    [
        ("POST", SCORE, "score"), ("POST", "/projects/gems/feedback", "feedback"), ("GET", "/metrics", "read"),
        ("GET", "/openapi.json", "read"),
        *(
            (method, f"/v2/models/gems{version}{path}", "score")
            for version in ("", "/versions/3")
            for method, path in (("GET", ""), ("GET", "/ready"), ("POST", "/infer"))
        ),
    ],
)  # fmt: skip
def test_each_address_is_opened_by_its_own_scope_and_by_no_other(method: str, path: str, wanted: str) -> None:
    scopes = ("score", "feedback", "read")
    there = Place(held(), tokens=Book({each: each for each in scopes}), feedback=lambda *_: Answer(202, b"{}"))
    assert there.ask(method, path, BODY).status == 401
    found = {each: there.ask(method, path, BODY, authorization=f"Bearer {each}").status for each in scopes}
    assert [each for each, status in found.items() if status != 403] == [wanted], found


@pytest.mark.parametrize("given", ["", "s", "Basic s", "Bearer", "Bearer x"])
def test_without_one_that_opens_it_nothing_is_answered_not_even_what_is_wrong(given: str) -> None:
    there = Place(held(), tokens=Book({"s": "score"}))
    answer = there.ask("POST", SCORE, b"{", authorization=given, content_type="text/plain")
    assert (answer.status, answer.heads) == (401, {"WWW-Authenticate": "Bearer"})
    assert not there.noted


def test_who_tries_too_often_is_told_when_to_come_again() -> None:
    answer = Place(held(), tokens=Book({"x": "too often"})).ask("POST", SCORE, BODY, authorization="Bearer x")
    assert (answer.status, answer.heads) == (429, {"Retry-After": "7"})


def test_a_watchdog_needs_no_token() -> None:
    there = Place(held(), tokens=Book())
    assert [there.ask("GET", path).status for path in ("/healthz", "/v2/health/live", "/v2/health/ready")] == [200] * 3
    assert Place(None, tokens=Book()).ask("GET", "/v2/health/ready").status == 503


def test_what_takes_feedback_is_asked_for_with_its_own_scope() -> None:
    took: list[tuple[str, bytes]] = []

    def take(target: object, asked: object) -> Answer:
        took.append((target.project, asked.body))  # type: ignore[attr-defined]
        return Answer(202, b"{}")

    there = Place(held(), tokens=Book({"f": "feedback", "s": "score"}), feedback=take)
    path = "/projects/gems/feedback"
    assert there.ask("POST", path, b"[]", authorization="Bearer f").status == 202 and took == [("gems", b"[]")]
    assert there.ask("POST", path, b"[]", authorization="Bearer s").status == 403


def test_the_figures_say_who_answered_how_often_and_how_fast() -> None:
    there = place()
    there.seconds = 0.003
    there.score({"records": [GOOD, GOOD]})
    there.score({"records": []})
    there.seconds = 0.001
    there.score({"records": [GOOD]})
    there.ask("POST", "/projects/whatever a client likes/score", BODY)
    page = there.ask("GET", "/metrics").body.decode()
    labels = 'project="gems",route="/projects/{project}/score"'
    assert f'leverframe_requests_total{{{labels},status="200",worker="1"}} 2.0' in page
    assert f'leverframe_requests_total{{{labels},status="422",worker="1"}} 1.0' in page
    assert 'leverframe_answers_total{fallback="",project="gems",version="gems@3",worker="1"} 2.0' in page
    assert 'leverframe_answered_rows_total{fallback="",project="gems",version="gems@3",worker="1"} 3.0' in page
    assert 'leverframe_answer_seconds_bucket{le="0.0025",project="gems",worker="1"} 1.0' in page
    assert 'leverframe_answer_seconds_bucket{le="0.005",project="gems",worker="1"} 2.0' in page
    assert 'leverframe_answer_seconds_sum{project="gems",worker="1"} 0.004' in page
    assert "whatever" not in page


def test_the_document_of_the_api_says_what_each_project_takes() -> None:
    document = json.loads(place(rows=50).ask("GET", "/openapi.json").body)
    body = document["paths"][SCORE]["post"]["requestBody"]["content"]["application/json"]["schema"]["oneOf"][0]
    records = body["properties"]["records"]
    assert (records["minItems"], records["maxItems"]) == (1, 50)
    assert records["items"]["required"] == ["carat", "cut: grade", "stones", "set", "listed"]
    assert records["items"]["properties"]["set"] == {"type": ["boolean", "null"]}
    assert "listing" in records["items"]["properties"]
    assert set(document["paths"]) >= {"/v2/models/gems/infer", "/metrics", "/healthz"}
    of_version = document["paths"]["/v2/models/gems/versions/{version}/ready"]["get"]
    assert [each["schema"]["enum"] for each in of_version["parameters"]] == [["3"]]
    assert "security" not in document["paths"][SCORE]["post"]


def test_a_request_that_is_not_read_to_its_end_is_counted() -> None:
    from engine.serving.exchange import Unanswered

    there = place()
    asked = there.asked("POST", SCORE)
    assert there.app.refused_whole(asked, Unanswered(413, "Too much.")).status == 413
    assert 'route="",status="413"' in there.ask("GET", "/metrics").body.decode() and asked.at == AT


def test_labels_say_by_which_token_they_came_and_what_is_scored_does_not_carry_it() -> None:
    came: list[Asked] = []

    def feedback(target: Target, asked: Asked) -> Answer:
        came.append(asked)
        return Answer(200, b"{}")

    body = b'{"records": []}'
    here = Place(held(), tokens=Book({"good": "feedback"}), feedback=feedback)
    assert here.ask("POST", "/projects/gems/feedback", body, authorization="Bearer good").status == 200
    open_to_all = Place(held(), feedback=feedback)
    assert open_to_all.ask("POST", "/projects/gems/feedback", body).status == 200
    assert [each.token for each in came] == [Allowed("ci", "lvf"), None]
