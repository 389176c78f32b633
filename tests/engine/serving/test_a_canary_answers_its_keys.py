"""A canary answers the keys of its share and no other, always the same ones; where it cannot, the live version does."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest

from engine.errors import StepFailed
from engine.projects.manifest.records import ServeSpec
from engine.scoring.trials import Kind, Trial
from engine.serving.exchange import Answer
from engine.serving.failover import FallbackCounts, answered
from engine.serving.held import Held
from engine.serving.routing import falls_to_canary
from engine.serving.scoring import QUEUE, WAITING
from tests.engine.serving.serving_fakes import AT, GOOD, Echo, Place, held, place

KEY = b"k" * 32
DIGEST = "4" * 64


class Candidate(Echo):
    """Answers with its own number."""

    def answer(self, rows: Any) -> list[Any]:
        self._before()
        return [(4, float(len(rows))) for _ in rows]


def trial(share: float = 0.5, kind: Kind = "canary") -> Trial:
    return Trial(7, "gems", "gems@4", DIGEST, kind, share, 1, AT, "ada", "try it", AT)


def tried(share: float = 0.5, *, kind: Kind = "canary", candidate: Any = None, **spec: Any) -> Place:
    """gems@3 is live, and gems@4 runs beside it."""
    rules = ServeSpec(realtime=True, **spec)
    beside = held("gems@4", candidate or Candidate(), rules)
    return Place(held(spec=rules, trial=trial(share, kind), beside=beside))


def canarys(share: float, keys: Iterable[int] = range(2000)) -> list[int]:
    return [key for key in keys if falls_to_canary([key], share, DIGEST, b"")]


def asked(there: Place, *keys: Any) -> tuple[Any, ...]:
    status, answer = there.score({"records": [{**GOOD, "listing": key} for key in keys]})
    return status, answer.get("version"), answer.get("role"), answer.get("fallback")


def test_each_key_is_answered_by_the_side_that_it_falls_to_and_the_log_says_which() -> None:
    there, mine = tried(0.25), canarys(0.25, range(40))
    for key in range(40):
        wanted = ("gems@4", "canary") if key in mine else ("gems@3", "live")
        assert asked(there, key) == (200, *wanted, None)
    assert [(each.label, each.role) for each in there.noted] == [
        ("gems@4", "canary") if key in mine else ("gems@3", "live") for key in range(40)
    ]
    assert there.noted[mine[0]].digest == DIGEST
    assert 3 < len(mine) < 20


@pytest.mark.parametrize("share", [0.01, 0.05, 0.5])
def test_the_share_of_the_keys_is_what_was_said(share: float) -> None:
    found = len(canarys(share, range(20_000))) / 20_000
    assert abs(found - share) < 4 * (share * (1 - share) / 20_000) ** 0.5


def test_raising_the_share_only_adds_keys_and_cutting_only_takes_some() -> None:
    least, more, most = (set(canarys(share)) for share in (0.05, 0.2, 0.6))
    assert least < more < most


def test_another_candidate_is_tried_by_other_keys_and_another_workspace_draws_others() -> None:
    other = {key for key in range(2000) if falls_to_canary([key], 0.5, "5" * 64, b"")}
    elsewhere = {key for key in range(2000) if falls_to_canary([key], 0.5, DIGEST, KEY)}
    mine = set(canarys(0.5))
    assert 800 < len(mine & other) + len(set(range(2000)) - mine - other) < 1200
    assert 800 < len(mine & elsewhere) + len(set(range(2000)) - mine - elsewhere) < 1200


@pytest.mark.parametrize(("one", "other", "same"), [
    ([1], [1.0], True), ([2.5], [2.5], True), ([1], ["1"], False), (["a", "bc"], ["ab", "c"], False),
    (["3:a"], ["a"], False), ([1, 23], [12, 3], False), ([True], ["True"], False),
])  # fmt: skip
def test_a_key_is_the_same_however_its_number_is_written_and_no_two_keys_are_one(
    one: list[Any], other: list[Any], same: bool
) -> None:
    alike = [
        falls_to_canary(one, 0.5, f"{salt:064x}", KEY) == falls_to_canary(other, 0.5, f"{salt:064x}", KEY)
        for salt in range(1 << 120, (1 << 120) + (64 << 128), 1 << 128)
    ]
    assert all(alike) is same


def test_rows_on_both_sides_are_answered_whole_by_the_live_version() -> None:
    there, mine = tried(), canarys(0.5, range(40))
    theirs = [key for key in range(40) if key not in mine]
    assert asked(there, *mine[:3]) == (200, "gems@4", "canary", None)
    assert asked(there, mine[0], theirs[0]) == (200, "gems@3", "live", None)
    assert asked(there, theirs[0], mine[0]) == (200, "gems@3", "live", None)


def test_without_a_key_the_live_version_answers() -> None:
    there, mine = tried(), canarys(0.5, range(40))
    status, answer = there.score({"records": [GOOD]})
    assert (status, answer["version"]) == (200, "gems@3")
    status, answer = there.score({"records": [{**GOOD, "listing": mine[0]}, GOOD]})
    assert (status, answer["version"], answer["role"]) == (200, "gems@3", "live")


def test_a_shadow_answers_nobody_and_a_canary_that_is_not_ready_neither() -> None:
    keys = canarys(0.5, range(20))
    assert {asked(tried(kind="shadow"), key)[1] for key in keys} == {"gems@3"}
    assert {asked(Place(held(trial=trial(), beside=None)), key)[1] for key in keys} == {"gems@3"}


def test_keys_that_are_features_are_read_there() -> None:
    rules = ServeSpec(realtime=True)
    live, beside = held(spec=rules, trial=trial()), held("gems@4", Candidate(), rules)
    live.document.settings["data"]["key"] = ["stones"]
    there = Place(Held(**{**vars(live), "beside": beside}))
    for stones in range(20):
        status, answer = there.score({"records": [{**GOOD, "stones": stones}]})
        assert (status, answer["version"] == "gems@4") == (200, falls_to_canary([stones], 0.5, DIGEST, b""))


def bug() -> None:
    raise RuntimeError("no")


def broken() -> None:
    raise StepFailed("its process ended")


@pytest.mark.parametrize("blocks", [False, True])
def test_where_the_canary_errs_the_live_version_answers_and_that_is_counted(blocks: bool) -> None:
    there = tried(candidate=Candidate(before=broken, blocks=blocks))
    mine = canarys(0.5, range(40))
    assert asked(there, mine[0]) == (200, "gems@3", "live", "live")
    noted = there.noted[-1]
    assert (noted.label, noted.fallback, noted.role, noted.status) == ("gems@3", "live", "live", 200)
    said = there.counts.counts()["gems"]
    assert (said.canary, said.canary_why, said.all, said.ago) == (1, "its process ended", 0, None)


def test_a_canary_without_room_takes_nobodys_answer_away() -> None:
    goes_on = threading.Event()
    there = tried(
        candidate=Candidate(blocks=True, before=lambda: goes_on.wait(60)), timeout=timedelta(seconds=120)
    )  # fmt: skip
    body = json.dumps({"records": [{**GOOD, "listing": canarys(0.5, range(40))[0]}]}).encode()
    request = there.asked("POST", "/projects/gems/score", body)

    async def many() -> tuple[list[Answer], Answer]:
        begun = [asyncio.ensure_future(there.app.answer(request)) for _ in range(WAITING + QUEUE)]  # type: ignore[arg-type]
        at_once = await there.app.answer(request)  # type: ignore[misc]  It waits for nobody's thread.
        goes_on.set()
        return await asyncio.gather(*begun), at_once

    waited, at_once = asyncio.run(many())
    assert {(each.status, json.loads(each.body)["version"]) for each in waited} == {(200, "gems@4")}
    assert (at_once.status, json.loads(at_once.body)["version"]) == (200, "gems@3")


def test_where_both_cannot_the_answer_says_what_the_live_version_said_and_the_log_that_a_canary_was_asked() -> None:
    beside = held("gems@4", Candidate(before=broken))
    there = Place(held(scorer=Echo(before=bug), trial=trial(), beside=beside))
    status, answer = there.score({"records": [{**GOOD, "listing": canarys(0.5, range(40))[0]}]})
    assert (status, answer["error"]) == (503, "gems@3 gave no answer: RuntimeError")
    noted = there.noted[-1]
    assert (noted.label, noted.role, noted.status) == ("gems@4", "canary", 503)
    assert there.counts.counts()["gems"].failed == 1


def test_one_that_is_too_slow_has_half_of_the_time_and_the_live_version_the_rest() -> None:
    rules = ServeSpec(True, timedelta(hours=2))
    live, beside, counts = held(spec=rules), held("gems@4", Candidate(blocks=True), rules), FallbackCounts()

    async def ask(one: Held, rows: Any) -> Any:
        if one is beside:
            raise TimeoutError  # as the clock says it when its time is over
        return one.scorer.answer(rows)

    given = asyncio.run(answered(live, [(1.0, "Ideal", 1, True, None)], ask, counts, beside))
    assert (given.label, given.fallback) == ("gems@3", "live")
    assert counts.counts()["gems"].canary_why == "gems@4 gave no answer within 3.6e+03 s"


def test_a_canary_whose_process_stays_is_asked_in_a_thread_and_the_live_version_is_not() -> None:
    there, mine = tried(candidate=Candidate(blocks=True)), canarys(0.5, range(40))
    theirs = [key for key in range(40) if key not in mine]
    assert asked(there, mine[0])[1] == "gems@4"
    assert asked(there, theirs[0])[1] == "gems@3"


def test_a_candidate_with_fewer_columns_in_another_order_gets_them_as_it_knows_them() -> None:
    got: list[Any] = []

    class Other(Candidate):
        def answer(self, rows: Any) -> list[Any]:
            got.extend(rows)
            return super().answer(rows)

    there = tried(candidate=Other(("set", "carat")))
    assert asked(there, canarys(0.5, range(40))[0])[1] == "gems@4"
    assert got == [(True, 0.3)] or got == [[True, 0.3]]


def test_without_a_trial_nothing_is_drawn() -> None:
    assert place().scoring.prepared("gems").canary is None
