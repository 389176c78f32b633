"""What comes in one round of the loop is scored in one go, and each request still has an answer, or a refusal, of its
own."""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import Sequence
from typing import Any

import pytest

from engine.projects.manifest.records import ServeSpec
from engine.scoring.ready import Value
from engine.serving.asking import Asking, Prepared
from engine.serving.exchange import Answer, Asked, Coming
from engine.serving.failover import FallbackCounts, Given
from engine.serving.form import Rows
from engine.serving.held import Held
from engine.serving.rounds import MOST_ROWS, Rounds
from tests.engine.serving.serving_fakes import GOOD, Echo, Place, held

BAD = 666.0
PREVIOUS = ServeSpec(realtime=True, fallback="previous")


class Asks(Echo):
    """An ``Echo`` that remembers what it was asked, and has no answer to ``BAD``."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[list[Value]] = []

    def answer(self, rows: Sequence[Sequence[Value]]) -> list[tuple[Value, ...]]:
        self.asked.append([row[0] for row in rows])
        if any(row[0] == BAD for row in rows):
            raise ValueError("not that one")
        return super().answer(rows)


def begun(there: Place, *carats: float) -> list[asyncio.Task[Answer]]:
    """A request for each, all in this round."""

    async def one(carat: float) -> Answer:
        body = json.dumps({"records": [{**GOOD, "carat": carat}]}).encode()
        found = there.app.answer(there.asked("POST", "/projects/gems/score", body))
        return found if isinstance(found, Answer) else await found

    return [asyncio.ensure_future(one(each)) for each in carats]


def answered(there: Place, *carats: float) -> list[tuple[int, Any]]:
    async def all_of_them() -> list[Answer]:
        return await asyncio.gather(*begun(there, *carats))

    return [(each.status, json.loads(each.body)) for each in asyncio.run(all_of_them())]


def test_an_answer_that_is_given_before_anybody_takes_it_is_there() -> None:
    said, taken = Coming(), list[Answer]()
    said.give(Answer(200, b"ok"))
    said.then(taken.append)
    assert taken == [Answer(200, b"ok")]


def test_what_comes_in_one_round_is_asked_together_and_each_has_its_own_answer() -> None:
    scorer = Asks()
    there = Place(held(scorer=scorer))
    found = answered(there, 0.1, 0.2, 0.3)
    assert scorer.asked == [[0.1, 0.2, 0.3]]
    assert [(status, said["predictions"][0]["prediction"]) for status, said in found] == [
        (200, 0.1), (200, 0.2), (200, 0.3)
    ]  # fmt: skip
    assert [each.rows[0][0] for each in there.noted] == [0.1, 0.2, 0.3]


def test_a_row_without_an_answer_spoils_nobody_elses_and_is_counted_once() -> None:
    there = Place(held(scorer=Asks(), previous=held("gems@2"), spec=PREVIOUS))
    found = answered(there, 0.1, BAD, 0.3)
    assert [(status, said["version"], said["fallback"]) for status, said in found] == [
        (200, "gems@3", None), (200, "gems@2", "previous"), (200, "gems@3", None)
    ]  # fmt: skip
    assert there.counts.counts()["gems"].previous == 1


def test_who_asks_alone_is_asked_for_once_even_where_there_is_no_answer() -> None:
    scorer = Asks()
    there = Place(held(scorer=scorer, spec=ServeSpec(realtime=True, fallback=None)))
    assert [status for status, _ in answered(there, BAD)] == [503]
    assert scorer.asked == [[BAD]]


class Writes:
    """Rounds whose answers are empty. ``given``: what they were made of."""

    def __init__(self) -> None:
        self.given: list[Given] = []
        self._rounds = Rounds(FallbackCounts(), self._written, self._otherwise)

    def _written(self, asking: Asking, given: Given) -> Answer:
        self.given.append(given)
        return Answer(200, b"")

    async def _otherwise(self, asking: Asking, problem: Exception) -> Answer:
        raise problem

    def ask(self, version: Held, *rows: tuple[Value, ...], canary: Held | None = None) -> asyncio.Future[Answer]:
        prepared: Any = Prepared(version, form=None)  # type: ignore[arg-type]
        asked = Asked("POST", "/projects/gems/score")
        write: Any = None
        asking = Asking("gems", prepared, asked, Rows(list(rows), {}, ()), write, canary)
        return asyncio.ensure_future(self._rounds.ask(asking))


def test_a_swap_within_a_round_leaves_each_request_to_the_version_that_it_began_with() -> None:
    before, after = held("gems@3", scorer=Asks()), held("gems@4", scorer=Asks())
    rounds = Writes()

    async def asked() -> None:
        in_turn = [(before, 0.1), (after, 0.3), (before, 0.2), (after, 0.4)]
        await asyncio.gather(*(rounds.ask(version, (value,)) for version, value in in_turn))

    asyncio.run(asked())
    assert sorted((each.label, each.digest, each.answers) for each in rounds.given) == [
        ("gems@3", "3" * 64, [(0.1, 2.0)]), ("gems@3", "3" * 64, [(0.2, 2.0)]),
        ("gems@4", "4" * 64, [(0.3, 2.0)]), ("gems@4", "4" * 64, [(0.4, 2.0)]),
    ]  # fmt: skip


def test_who_has_gone_before_the_round_is_scored_takes_no_answer_from_others_and_is_not_noted() -> None:
    there = Place(held(scorer=Asks()))

    async def one_goes() -> list[Answer]:
        first, gone, last = begun(there, 0.1, 0.2, 0.3)
        await asyncio.sleep(0)
        gone.cancel()
        for _ in range(8):
            await asyncio.sleep(0)
        assert first.done() and last.done()
        return [await first, await last]

    said = [json.loads(each.body)["predictions"][0]["prediction"] for each in asyncio.run(one_goes())]
    assert said == [0.1, 0.3]
    assert [each.rows[0][0] for each in there.noted] == [0.1, 0.3]


def test_who_has_gone_is_told_of_no_problem_either() -> None:
    told: list[str] = []

    async def goes() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: told.append(context["message"]))
        rounds = Writes()
        gone = [rounds.ask(held(scorer=Asks()), (BAD,)) for _ in range(2)]
        await asyncio.sleep(0)
        for each in gone:
            each.cancel()
        for _ in range(8):
            await asyncio.sleep(0)
        gc.collect()

    asyncio.run(goes())
    assert told == []


def test_a_version_that_is_out_is_asked_by_nobody() -> None:
    scorer = Asks()
    there = Place(held(scorer=scorer, previous=held("gems@2"), spec=PREVIOUS, out="It crashed three times."))
    assert {said["version"] for _, said in answered(there, 0.1, 0.2)} == {"gems@2"}
    assert scorer.asked == []


def test_what_goes_wrong_over_one_answer_is_that_ones_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    there = Place(held(scorer=Asks()))
    note = there.note

    def noted(answered: Any) -> None:
        if answered.rows[0][0] == 0.2:
            raise RuntimeError("a bug")
        note(answered)

    monkeypatch.setattr(there, "note", noted)
    assert [status for status, _ in answered(there, 0.1, 0.2, 0.3)] == [200, 500, 200]


def test_whoever_cannot_be_told_keeps_no_answer_from_others() -> None:
    there = Place(held(scorer=Asks()))
    told: list[str] = []

    def breaks(answer: Answer) -> None:
        raise RuntimeError("a bug")

    async def one_breaks() -> Answer:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: told.append(str(context["exception"])))
        body = json.dumps({"records": [GOOD]}).encode()
        first, last = (there.app.answer(there.asked("POST", "/projects/gems/score", body)) for _ in range(2))
        assert isinstance(first, Coming) and isinstance(last, Coming)
        first.then(breaks)
        async with asyncio.timeout(20):
            return await last

    assert asyncio.run(one_breaks()).status == 200
    assert told == ["a bug"]


def test_more_rows_than_one_round_takes_are_scored_in_the_next() -> None:
    scorer = Asks()
    version, rounds = held(scorer=scorer), Writes()

    async def asked() -> None:
        waits = [rounds.ask(version, *[(0.1,)] * (MOST_ROWS // 2)) for _ in range(3)]
        await waits[1]
        assert not waits[2].done()
        await waits[2]

    asyncio.run(asked())
    assert [len(each) for each in scorer.asked] == [MOST_ROWS, MOST_ROWS // 2]
    assert [len(each.answers) for each in rounds.given] == [MOST_ROWS // 2] * 3


def test_a_canary_answers_its_own_and_where_it_cannot_the_live_version_does() -> None:
    live, candidate = Asks(), Asks()
    version, canary = held(scorer=live), held("gems@4", scorer=candidate)
    rounds = Writes()

    async def asked() -> None:
        row = (0.1, None, 1, True, None)
        asks = [rounds.ask(version, row, canary=each) for each in (None, canary, None)]
        await asyncio.gather(*asks)

    asyncio.run(asked())
    assert sorted((each.label, each.fallback, each.role) for each in rounds.given) == [
        ("gems@3", None, "live"), ("gems@3", None, "live"), ("gems@4", None, "canary")
    ]  # fmt: skip
    assert live.asked == [[0.1, 0.1]] and candidate.asked == [[0.1]]


def test_one_look_at_what_is_live_is_for_all_that_came_in_a_round_and_the_next_round_looks_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    there, looks = Place(held()), list[str]()
    monkeypatch.setattr(there, "live", lambda project: looks.append(project) or held(f"gems@{3 + len(looks)}"))

    async def two_rounds() -> list[str]:
        found = []
        for _ in range(2):
            found += [json.loads(each.body)["version"] for each in await asyncio.gather(*begun(there, 0.1, 0.2))]
        return found

    assert asyncio.run(two_rounds()) == ["gems@4", "gems@4", "gems@5", "gems@5"]


def test_a_row_without_an_answer_is_refused_and_noted_once_and_nobody_waits_for_it() -> None:
    there = Place(held(scorer=Asks()))

    async def asked() -> list[Answer]:
        return await asyncio.gather(*begun(there, 0.1, BAD))

    good, bad = asyncio.run(asked())
    assert (good.status, bad.status) == (200, 503)
    assert sorted(each.status for each in there.noted) == [200, 503]
