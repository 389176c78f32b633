"""What a shadow's process does with rows: each is answered by the candidate, held against the live answer, counted."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from engine.errors import StepFailed
from engine.requests.answered import Answered
from engine.requests.records import Value
from engine.scoring.ready import Maker
from engine.serving.shadow_frames import Frame, HandedRequest, frame_in, frames
from engine.serving.shadow_process import follow
from engine.serving.shadow_scoring import Segments, ShadowScoring
from engine.shadow.counting import read
from tests.engine.serving.shadow_fakes import Clocks

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


class OfThese(StepFailed):
    of_these_rows = True


class Candidate:
    """Says 1 where x is above a half. ``refuses``: what it does with rows that it wants nothing of."""

    maker: Maker = "compiled"
    outputs: tuple[str, ...] = ("prediction", "p_1")

    def __init__(self, features: tuple[str, ...] = ("x",), *, blocks: bool = False) -> None:
        self.features, self.blocks = features, blocks
        self.asked: list[int] = []
        self.refuses: Callable[[Sequence[Value]], Exception | None] = lambda row: None
        self.takes: Callable[[], None] = lambda: None

    def score(self, features: Any) -> Any:
        raise AssertionError("requests are scored row by row")

    def answer(self, rows: Sequence[Sequence[Value]]) -> list[tuple[Value, ...]]:
        self.asked.append(len(rows))
        self.takes()
        for row in rows:
            if (error := self.refuses(row)) is not None:
                raise error
        place = self.features.index("x")
        return [(int(x > 0.5), x) for x in (float(row[place] or 0) for row in rows)]

    def close(self) -> None:
        pass


def request(*xs: Any, name: str = "r", answers: Sequence[Any] = (), **keys: Any) -> HandedRequest:
    rows = [[x, city] for x, city in (each if isinstance(each, tuple) else (each, "A") for each in xs)]
    return HandedRequest(name, 5.0, rows, answers or [[0, 0.25]] * len(rows), keys)


def frame(*requests: HandedRequest) -> Frame:
    return Frame(("x", "city"), ("prediction", "p_1"), list(requests))


def scoring(candidate: Candidate, *segments: str, clock: Callable[[], float] = lambda: 0.0) -> ShadowScoring:
    return ShadowScoring(candidate, Segments(segments), False, clock)


def test_rows_are_compared_overall_and_by_segment() -> None:
    it = scoring(Candidate(), "city", "shop", "absent")
    it.score(frame(request(0.25, (0.75, "B"), (None, None), shop=[1, 2.0, None], secret=["s"] * 3)))
    found = it.taken()
    assert (found.scored, found.rows, found.agreed) == (1, 3, 2)
    assert found.apart == pytest.approx(0.0 + 0.5 + 0.25)
    assert found.segments == {
        "city": {"A": [1, 1], "B": [1, 0], "missing": [1, 1]}, "shop": {"1": [1, 1], "2": [1, 0], "missing": [1, 1]},
    }  # fmt: skip
    assert it.taken().is_empty


def test_the_largest_difference_has_keys_and_answers_and_no_feature() -> None:
    it = scoring(Candidate())
    it.score(frame(request(0.75, name="r7", shop=["a\x1b[31m" + "x" * 200])))
    (found,) = it.taken().largest
    assert (found.request, found.at, found.size, found.agree) == ("r7", 5.0, 0.5, False)
    assert found.live == {"prediction": 0, "p_1": 0.25} and found.candidate == {"prediction": 1, "p_1": 0.75}
    assert found.keys.keys() == {"shop"} and len(str(found.keys["shop"])) <= 80 and "\x1b" not in str(found.keys)


def test_features_are_given_in_the_order_of_the_candidate() -> None:
    it = scoring(Candidate(("city", "x")))
    it.score(frame(request((0.75, "B"), answers=[[1, 0.75]])))
    assert it.taken().agreed == 1


def test_a_feature_that_requests_do_not_have_fails_every_row_and_says_so() -> None:
    candidate = Candidate(("x", "wind"))
    it = scoring(candidate)
    it.score(frame(request(0.1, 0.2), request(0.3)))
    found = it.taken()
    assert found.errors == {"it wants column wind, which requests do not have": 3}
    assert found.rows == found.scored == 0 and not candidate.asked


@pytest.mark.parametrize("error", [StepFailed("row 0 has no x"), ZeroDivisionError()])
def test_a_row_that_it_cannot_score_costs_that_row(error: Exception) -> None:
    candidate = Candidate()
    candidate.refuses = lambda row: error if row[0] is None else None
    it = scoring(candidate)
    it.score(frame(request(0.1, None, 0.2), request(0.3)))
    found = it.taken()
    why = str(error) or "ZeroDivisionError"
    assert (found.rows, found.scored, found.errors) == (3, 2, {why: 1})


def test_a_process_is_asked_for_a_whole_frame_and_only_again_where_its_rows_are_to_blame() -> None:
    candidate = Candidate(blocks=True)
    it = scoring(candidate)
    it.score(frame(request(0.1), request(0.2, 0.3)))
    assert candidate.asked == [3] and it.taken().scored == 2
    candidate.refuses = lambda row: StepFailed("it ended") if row[0] == 0.2 else None
    it.score(frame(request(0.1), request(0.2)))
    assert candidate.asked == [3, 2] and it.taken().errors == {"it ended": 2}
    candidate.refuses = lambda row: OfThese("no city") if row[0] == 0.2 else None
    it.score(frame(request(0.1), request(0.2)))
    assert candidate.asked == [3, 2, 2, 1, 1] and it.taken().errors == {"no city": 1}


def test_what_a_scoring_takes_is_counted_for_each() -> None:
    clocks = Clocks()
    candidate = Candidate()
    candidate.takes = lambda: clocks.pass_by(0.003)
    it = scoring(candidate, clock=clocks.monotonic)
    it.score(frame(request(0.1), request(0.2, 0.3)))
    found = it.taken()
    assert found.seconds == pytest.approx(0.006) and sum(found.histogram.values()) == 2 and len(found.histogram) == 1


def test_too_few_answers_are_none() -> None:
    candidate = Candidate()
    candidate.answer = lambda rows: []  # type: ignore[method-assign]
    it = scoring(candidate)
    it.score(frame(request(0.1)))
    assert it.taken().errors == {"ValueError": 1}


def answered(number: int, rows: int, features: tuple[str, ...] = ("x", "city")) -> Answered:
    return Answered(
        "tiny", "tiny@1", "d", None, NOON, 0.001, 200, f"r{number}", features, ("prediction", "p_1"),
        [(0.75, "A")[: len(features)]] * rows, [(1, 0.75)] * rows, {"id": [number] * rows, "secret": ["s"] * rows},
    )  # fmt: skip


def test_what_is_handed_over_arrives_as_it_was() -> None:
    many = [answered(number, rows) for number, rows in enumerate((1, 150, 3, 64))]
    found = list(frames(many, frozenset({"secret"})))
    assert sum(rows for _, rows in found) == 218
    read_again = [frame_in(packet) for packet, _ in found if packet is not None]
    assert len(read_again) == len(found)
    parts = [each for frame in read_again for each in frame.requests]
    assert {each.request for each in parts} == {"r0", "r1", "r2", "r3"}
    assert all(each.at == NOON.timestamp() and each.keys.keys() == {"id"} for each in parts)
    assert all(list(row) == [0.75, "A"] for each in parts for row in each.rows)


def test_requests_with_other_columns_are_in_another_frame() -> None:
    found = [frame_in(packet) for packet, _ in frames([answered(1, 1), answered(2, 1, ("x",))], frozenset()) if packet]
    assert [each.features for each in found] == [("x", "city"), ("x",)]


def test_a_process_scores_to_the_end_of_what_it_was_handed_and_says_what_came_of_it() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for packet, _ in frames([answered(number, 2) for number in range(100)], frozenset()):
        assert packet is not None
        ours.send(packet)
    ours.close()
    said: list[dict[str, Any]] = []
    with theirs:
        follow(theirs, scoring(Candidate()), said.append)
    assert sum(each["handled"] for each in said) == 200
    assert sum(read(each["sums"]).agreed for each in said) == 200


def test_it_says_what_it_counted_each_second() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    clocks = Clocks()
    candidate = Candidate()
    candidate.takes = lambda: clocks.pass_by(0.6)
    for number in range(4):
        (packet, _), = frames([answered(number, 1)], frozenset())
        assert packet is not None
        ours.send(packet)
    ours.close()
    said: list[dict[str, Any]] = []
    with theirs:
        follow(theirs, scoring(candidate), said.append, clocks.monotonic)
    assert [each["handled"] for each in said] == [2, 2, 0]


def test_what_is_no_frame_is_a_mistake_of_ours() -> None:
    with pytest.raises(msgspec.DecodeError):
        frame_in(b"\xc1")
