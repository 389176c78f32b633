"""A request is answered by the live version, which the answer names; what stands beside it is noted."""

from __future__ import annotations

import asyncio
import gc
import json
import re
import threading
import weakref
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from engine.errors import StepFailed
from engine.projects.manifest.records import ServeSpec
from engine.serving.exchange import JSON, Answer, Asked, Unanswered
from engine.serving.routes import Target
from engine.serving.scoring import Threads
from tests.engine.serving.serving_fakes import AT, FEATURES, GOOD, Echo, Place, held, place


def test_records_are_answered_in_their_order_by_the_version_that_is_live() -> None:
    status, answer = place().score({"records": [GOOD, {**GOOD, "carat": 2}]})
    assert status == 200
    assert answer == {
        "version": "gems@3", "digest": "3" * 64, "fallback": None, "role": "live", "told": [],
        "predictions": [{"prediction": 0.3, "p_of rows": 2.0}, {"prediction": 2.0, "p_of rows": 2.0}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/projects/gems/score", {"records": [GOOD]}),
        ("POST", "/projects/gems/score", {"records": [{**GOOD, "cut: grade": "new"}]}),
        ("POST", "/projects/gems/score", {"records": [{**GOOD, "carat": "much"}]}),
        ("POST", "/v2/models/gems/infer", {"inputs": [
            {"name": name, "shape": [1], "datatype": "FP64", "data": [GOOD[name]]} for name in FEATURES
        ]}),
        ("GET", "/v2/models/gems", None),
        ("GET", "/openapi.json", None),
        ("GET", "/nothing", None),
    ],
)  # fmt: skip
def test_every_answer_is_written_without_a_space_between_its_parts(method: str, path: str, body: Any) -> None:
    answer = place().ask(method, path, b"" if body is None else json.dumps(body).encode())
    assert json.loads(answer.body) and answer.kind == JSON
    assert not re.search(rb"\s", re.sub(rb'"(?:[^"\\]|\\.)*"', b"", answer.body)), answer.body


def test_columns_say_the_same() -> None:
    there = place()
    columns = {name: [GOOD[name], GOOD[name]] for name in FEATURES} | {"carat": [0.3, 2]}
    assert there.score({"columns": columns}) == there.score({"records": [GOOD, {**GOOD, "carat": 2}]})


def test_what_was_asked_and_answered_is_noted_with_its_keys() -> None:
    there = place()
    there.seconds = 0.25
    there.score({"records": [{**GOOD, "listing": 7}, GOOD]})
    (noted,) = there.noted
    row = (0.3, "Ideal", 1, True, None)
    assert (noted.project, noted.label, noted.digest, noted.fallback) == ("gems", "gems@3", "3" * 64, None)
    assert (noted.at, noted.seconds, noted.status, noted.request) == (AT, 0.25, 200, "1-a")
    assert (noted.features, list(noted.rows)) == (FEATURES, [row, row])
    assert (noted.outputs, list(noted.answers)) == (("prediction", "p_of rows"), [(0.3, 2.0), (0.3, 2.0)])
    assert noted.keys == {"listing": [7, None]}


def test_columns_have_keys_too() -> None:
    there = place()
    there.score({"columns": {**{name: [GOOD[name]] for name in FEATURES}, "listing": [7]}})
    assert there.noted[0].keys == {"listing": [7]} and len(there.noted[0].rows[0]) == len(FEATURES)


def test_a_refused_request_is_noted_without_its_rows() -> None:
    there = place()
    there.score({"records": [{**GOOD, "carat": "much"}]})
    assert [(each.status, each.label, list(each.rows)) for each in there.noted] == [(422, "gems@3", [])]


def test_the_next_request_is_answered_by_whatever_is_live_then() -> None:
    there = Place(held())
    assert there.score({"records": [GOOD]})[1]["version"] == "gems@3"
    there.__dict__["_live"] = held("gems@4")
    assert there.score({"records": [GOOD]})[1]["version"] == "gems@4"


def test_where_nothing_is_live_it_says_so_and_when_to_try_again() -> None:
    answer = Place(None).ask("POST", "/projects/gems/score", b"{}")
    assert (answer.status, answer.heads) == (503, {"Retry-After": "1"})
    assert json.loads(answer.body) == {"error": "Nothing is live of gems yet."}
    assert Place(None).ask("POST", "/projects/other/score", b"{}").status == 404


def failing() -> None:
    raise StepFailed("The model has no answer.")


def test_the_version_before_answers_where_the_manifest_says_so_and_the_answer_names_it() -> None:
    spec = ServeSpec(realtime=True, fallback="previous")
    there = Place(held(scorer=Echo(before=failing), spec=spec, previous=held("gems@2")))
    status, answer = there.score({"records": [GOOD]})
    assert (status, answer["version"], answer["digest"], answer["fallback"]) == (200, "gems@2", "2" * 64, "previous")
    assert (there.noted[0].label, there.noted[0].fallback) == ("gems@2", "previous")


def test_a_fixed_answer_is_given_where_the_manifest_has_one() -> None:
    spec = ServeSpec(realtime=True, fallback={"prediction": 0.5})
    answer = Place(held(scorer=Echo(before=failing), spec=spec)).score({"records": [GOOD, GOOD]})[1]
    assert answer["fallback"] == "rule" and answer["predictions"] == [{"prediction": 0.5, "p_of rows": None}] * 2


def test_nobody_answers_where_the_manifest_names_nobody() -> None:
    answer = Place(held(scorer=Echo(before=failing))).ask(
        "POST", "/projects/gems/score", json.dumps({"records": [GOOD]}).encode()
    )
    assert answer.status == 503 and answer.heads == {"Retry-After": "1"}
    assert b"gems@3 gave no answer: its scorer failed" in answer.body


def test_a_version_whose_scorer_blocks_is_answered_by_threads_and_given_up_in_time() -> None:
    there = Place(held(scorer=Echo(blocks=True)))
    assert there.score({"records": [GOOD]})[1]["predictions"][0]["prediction"] == 0.3
    never = threading.Event()
    spec = replace(ServeSpec(realtime=True), timeout=timedelta(milliseconds=20))
    hangs = Place(held(scorer=Echo(blocks=True, before=lambda: never.wait(60)), spec=spec))
    status, answer = hangs.score({"records": [GOOD]})
    never.set()
    assert status == 503 and "no answer within" in answer["error"]


def test_as_many_wait_as_may_and_the_next_is_told_when_to_try_again() -> None:
    goes_on = threading.Event()
    there = Place(held(scorer=Echo(blocks=True, before=lambda: goes_on.wait(60))))
    asked = there.asked("POST", "/projects/gems/score", json.dumps({"records": [GOOD]}).encode())

    async def many() -> list[Answer]:
        begun = [there.app.answer(asked) for _ in range(200)]
        refused = [each for each in begun if isinstance(each, Answer)]
        assert {(each.status, each.heads["Retry-After"]) for each in refused} == {(429, "1")}
        asyncio.get_running_loop().call_soon(goes_on.set)
        return [*refused, *await asyncio.gather(*(each for each in begun if not isinstance(each, Answer)))]

    assert Counter(each.status for each in asyncio.run(many())) == {200: 128, 429: 72}
    assert there.score({"records": [GOOD]})[0] == 200, "the places are free again"


@pytest.mark.parametrize("blocks", [False, True])
def test_the_place_of_whoever_gave_up_is_free_again_when_their_thread_is(blocks: bool) -> None:
    at_work, goes_on = threading.Event(), threading.Event()
    scorer: Any = Echo(blocks=blocks, before=lambda: (at_work.set(), goes_on.wait(60)))
    threads = Threads(1, "a thread", queue=0)

    async def given_up() -> None:
        visit = threads.enter()
        asking = asyncio.ensure_future(visit.ask(scorer, [(1,)]))
        while not at_work.is_set():
            await asyncio.sleep(0.001)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        visit.leave()
        assert threads.full is not None, "nobody else is let in to a thread that is taken"
        goes_on.set()
        while threads.full is not None:
            await asyncio.sleep(0.001)

    asyncio.run(asyncio.wait_for(given_up(), 60))
    threads.close()


@pytest.mark.parametrize("fallback", ["previous", {"prediction": 0.5}])
def test_where_a_version_hangs_whoever_stands_in_answers_all_that_have_no_place(fallback: Any) -> None:
    never = threading.Event()
    spec = replace(ServeSpec(realtime=True, fallback=fallback), timeout=timedelta(seconds=120))
    before = held("gems@2", scorer=Echo(blocks=True), spec=spec)
    there = Place(held(scorer=Echo(blocks=True, before=lambda: never.wait(60)), spec=spec, previous=before))
    asked = there.asked("POST", "/projects/gems/score", json.dumps({"records": [GOOD]}).encode())

    async def many() -> tuple[list[Answer], list[Answer]]:
        begun = [asyncio.ensure_future(there.app.answer(asked)) for _ in range(140)]  # type: ignore[arg-type]
        others = await asyncio.gather(*begun[128:])
        never.set()
        return await asyncio.gather(*begun[:128]), others

    waited, others = asyncio.run(many())
    said = [json.loads(each.body) for each in others]
    kind, label = ("previous", "gems@2") if fallback == "previous" else ("rule", "gems@3")
    assert [(each["fallback"], each["version"]) for each in said] == [(kind, label)] * 12
    assert {json.loads(each.body)["fallback"] for each in waited} == {None}


@pytest.mark.parametrize("blocks", [False, True])
@pytest.mark.parametrize("error", [Unanswered(422, "No."), StepFailed("No.")])
def test_what_was_refused_keeps_nothing_of_its_request_in_memory(blocks: bool, error: Exception) -> None:
    class Large:
        """What was read of a body."""

    kept: list[weakref.ref[Large]] = []

    def refuses() -> None:
        large = Large()
        kept.append(weakref.ref(large))
        raise error

    there = Place(held(scorer=Echo(blocks=blocks, before=refuses)))
    gc.collect()
    gc.disable()
    try:
        assert there.score({"records": [GOOD]})[0] == 503
        assert [each() for each in kept] == [None]
    finally:
        gc.enable()


def test_a_large_request_that_is_refused_keeps_nothing_of_itself_in_memory() -> None:
    """It is read by a thread, whose error is held by what its own frames hold."""

    class Heads(dict[str, str]):
        """What can be seen to be gone, with the body that came with it."""

    there = place(rows=5000)
    body = json.dumps({"records": [{**GOOD, "carat": "x"}] * 2000}).encode()
    heads = Heads(there.asked("POST", "/", host="localhost").heads)
    kept = weakref.ref(heads)
    # With the last answer its thread may still be on the way out of it; with the one before it has nothing any more.
    waiting = [
        Asked("POST", "/projects/gems/score", each, body, "127.0.0.1", AT, 0.0, "1-a") for each in ({**heads}, heads)
    ]
    del heads

    async def answered() -> int:
        asked = waiting.pop()
        found = there.app.answer(asked)
        del asked
        assert not isinstance(found, Answer), "it is read by the server's own thread"
        return (await found).status

    gc.collect()
    gc.disable()
    try:
        assert [asyncio.run(answered()), asyncio.run(answered())] == [422, 422]
        assert kept() is None
    finally:
        gc.enable()


def test_a_large_request_is_answered_apart_and_alike() -> None:
    there = place(rows=5000)
    status, answer = there.score({"records": [GOOD] * 2000})
    assert status == 200 and len(answer["predictions"]) == 2000
    assert there.score({"records": [GOOD] * 2000 + [{**GOOD, "carat": None}]})[1]["wrong"][0]["row"] == 2000


def test_a_mistake_of_ours_is_kept_by_the_number_that_the_answer_names_and_says_nothing_else() -> None:
    def broken(target: Target, asked: Asked) -> Answer:
        raise KeyError("secret")

    there = Place(held(), feedback=broken)
    answer = there.ask("POST", "/projects/gems/feedback", b"{}")
    assert answer.status == 500 and "request 1-a" in json.loads(answer.body)["error"] and b"secret" not in answer.body
    assert [number for number, text in there.kept if "KeyError" in text and "Traceback" in text] == ["1-a"]


@pytest.mark.parametrize("number", [float("nan"), None])
def test_an_answer_is_json_whatever_the_model_says(number: float | None) -> None:
    class Odd(Echo):
        def answer(self, rows: object) -> list[tuple[float | None, ...]]:  # type: ignore[override]
            return [(number, 1.0)]

    assert Place(held(scorer=Odd())).score({"records": [GOOD]})[1]["predictions"][0]["prediction"] is None
