"""Two scorers side by side: both are used, order and bytes stay, and whatever becomes of the second costs no answer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pytest

from engine.errors import Refusal, StepFailed
from engine.jobs.score import reading, writing
from engine.jobs.score.reading import about_rows
from engine.jobs.score.records import Place
from engine.jobs.score.second import Open, Second
from engine.jobs.score.side_by_side import SideBySide, two_ready
from tests.engine.runs.step_workshop import until
from tests.scoring_ground import Doubling, learnt, passage, rows, scored, sha256, written

GOLDEN = rows(3).select(learnt().features.names)
WAIT = 60


class Fake(Doubling):
    """A scorer that can be closed, and does ``deed`` before it answers the pieces of the file."""

    def __init__(self, deed: Callable[[], None] = lambda: None) -> None:
        super().__init__()
        self.closed, self.deed = threading.Event(), deed
        self.pieces = 0

    def score(self, features: pa.Table) -> pa.Table:
        if self.closed.is_set():
            raise StepFailed("It was ended.")
        if not features.equals(GOLDEN):
            self.deed()
            self.pieces += 1
        return super().score(features)

    def close(self) -> None:
        self.closed.set()


class Ground:
    """Two scorers, or what opens them, and what was said."""

    def __init__(self, first: Fake, second: Fake | Open) -> None:
        self.first, self.said = first, list[str]()
        self.second = Second(cast(Open, second) if not isinstance(second, Fake) else lambda closing: cast(Any, second))
        self.ready = two_ready(
            lambda: cast(Any, first), self.second, lambda: GOLDEN, self.said.append, at_once=True
        )

    def __enter__(self) -> SideBySide:
        _, beside = self.ready.__enter__()
        assert beside is not None
        return beside

    def __exit__(self, *raised: Any) -> None:
        self.ready.__exit__(*raised)


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PIECE", 2)
    monkeypatch.setattr(writing, "PIECE", 2)


def through(beside: SideBySide, source: Path, output: Path) -> None:
    found = passage(source, output, away=beside)
    try:
        found.all()
        found.publish(replace=True)
    finally:
        found.close()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return written(tmp_path, rows(40))


def alone(source: Path) -> str:
    return scored(source, source.with_name("alone.parquet"))[1]


def test_both_are_at_work_at_the_same_time_and_the_same_bytes_are_written(source: Path) -> None:
    both = threading.Barrier(2)
    first, second = (Fake(lambda: both.wait(WAIT) and None) for _ in range(2))
    with (ground := Ground(first, second)) as beside:
        assert beside.settled.wait(WAIT)
        through(beside, source, source.with_name("out.parquet"))
        assert (first.pieces, second.pieces) == (10, 10) == tuple(beside.shares)
        assert beside.in_words() == "pieces by process: 10 and 10"
    assert sha256(source.with_name("out.parquet")) == alone(source)
    assert ground.said == ["a second process of the version scores beside the first"]
    assert first.closed.is_set() and second.closed.is_set()


def test_answers_stay_in_order_where_the_second_is_far_ahead(source: Path) -> None:
    second = Fake()
    first = Fake(lambda: until(lambda: second.pieces >= 3) and None)
    with Ground(first, second) as beside:
        assert beside.settled.wait(WAIT)
        through(beside, source, source.with_name("out.parquet"))
        assert second.pieces >= 3
    assert sha256(source.with_name("out.parquet")) == alone(source)


@pytest.mark.parametrize("problem", [StepFailed("It crashed."), ValueError("no such row")])
def test_what_the_second_fails_at_the_first_is_asked_and_goes_on_alone(source: Path, problem: Exception) -> None:
    def fails() -> None:
        failed.set()
        raise problem

    failed = threading.Event()
    first, second = Fake(lambda: failed.wait(WAIT) and None), Fake(fails)
    with (ground := Ground(first, second)) as beside:
        assert beside.settled.wait(WAIT)
        through(beside, source, source.with_name("out.parquet"))
        assert (first.pieces, second.pieces, second.closed.is_set()) == (20, 0, True)
    assert sha256(source.with_name("out.parquet")) == alone(source)
    assert ground.said[1:] == [f"the second process failed ({str(problem).rstrip('.')}); one scores alone"]


def test_what_the_first_fails_at_is_raised_in_its_words_and_no_output_has_its_name(source: Path) -> None:
    def fails() -> None:
        raise StepFailed("scoring tiny@1 failed: it crashed.")

    with Ground(Fake(fails), Fake()) as beside, pytest.raises(StepFailed, match="^scoring tiny@1 failed: it crashed.$"):
        assert beside.settled.wait(WAIT)
        through(beside, source, source.with_name("out.parquet"))
    assert [path.name for path in source.parent.iterdir()] == [source.name]


def test_one_that_cannot_be_opened_costs_a_line_in_the_log(source: Path) -> None:
    def fails(closing: object) -> Any:
        raise Refusal("It may take 2.0 GiB, and 1.0 GiB are left.")

    with (ground := Ground(Fake(), fails)) as beside:
        assert beside.settled.wait(WAIT)
        through(beside, source, source.with_name("out.parquet"))
        assert beside.shares == [20, 0]
    assert sha256(source.with_name("out.parquet")) == alone(source)
    assert ground.said == [
        "the second process could not be begun (It may take 2.0 GiB, and 1.0 GiB are left); one scores alone"
    ]


def test_one_that_says_something_else_of_the_golden_rows_is_asked_for_nothing(source: Path) -> None:
    class Other(Fake):
        def score(self, features: pa.Table) -> pa.Table:
            found = super().score(features)
            return found.set_column(1, "p_1", pa.array([each + 2**-50 for each in found["p_1"].to_pylist()]))

    with (ground := Ground(Fake(), other := Other())) as beside:
        assert beside.settled.wait(WAIT)
        through(beside, source, source.with_name("out.parquet"))
        assert (other.pieces, other.closed.is_set()) == (0, True)
    assert ground.said == ["the second process says something else of the golden rows (p_1); one scores alone"]


def test_who_cancels_while_the_second_is_asked_ends_it_and_the_first_is_not_asked_for_its_piece(source: Path) -> None:
    asked, first_asked = threading.Event(), threading.Event()

    def hangs() -> None:
        asked.set()
        second.closed.wait(WAIT)
        raise StepFailed("It was ended.")

    first, second = Fake(lambda: first_asked.wait(WAIT) and None), Fake(hangs)
    with (ground := Ground(first, second)) as beside:
        assert beside.settled.wait(WAIT)
        answer = beside.begin(rows(2)), beside.begin(rows(2))
        assert asked.wait(WAIT)
        ground.second.cancel("cancelled by ada")
        first_asked.set()
        told = []
        for each in answer:
            try:
                each()
            except StepFailed as problem:
                told.append(str(problem))
        assert told == ["It was ended."] and first.pieces == 1
    assert len(ground.said) == 1


def test_one_that_is_still_coming_up_at_the_end_is_ended(source: Path) -> None:
    ended = threading.Event()

    def hangs(closing: Callable[[Callable[[], None]], None]) -> Any:
        closing(ended.set)
        assert ended.wait(WAIT)
        raise StepFailed("It was ended.")

    before = threading.active_count()
    with (ground := Ground(Fake(), hangs)) as beside:
        through(beside, source, source.with_name("out.parquet"))
    assert (ended.is_set(), ground.said, threading.active_count()) == (True, [], before)


def test_one_that_comes_up_after_the_end_is_closed(source: Path) -> None:
    late, end, closing = Fake(), threading.Event(), threading.Event()
    second = Second(lambda told: cast(Any, (closing.set(), end.wait(WAIT), late)[-1]))
    second.begin()
    assert closing.wait(WAIT)
    second.cancel("enough")
    end.set()
    second.close()
    assert late.closed.is_set()
    again = Second(lambda told: pytest.fail("it was begun after its end"))
    again.close()
    again.begin()
    assert not again.begun


def test_where_the_first_cannot_be_opened_the_second_is_ended() -> None:
    second = Fake()

    def fails() -> Any:
        raise Refusal("There is no environment.")

    with pytest.raises(Refusal, match="no environment"), two_ready(
        fails, Second(lambda closing: cast(Any, second)), lambda: GOLDEN, print, at_once=True
    ):
        pytest.fail("it was opened")
    assert second.closed.is_set()


def test_for_a_file_that_one_alone_scores_no_golden_row_is_read() -> None:
    first, second = Fake(), Second(lambda closing: pytest.fail("it was opened"))
    with two_ready(
        lambda: cast(Any, first), second, lambda: pytest.fail("they were read"), print, at_once=False
    ) as (_, beside):  # fmt: skip
        assert beside is not None and beside.begin(rows(2))().num_rows == 2


def test_it_is_opened_once_what_is_left_is_worth_it(source: Path) -> None:
    """By a clock that goes on by one second whenever it is looked at: each piece of the first takes one."""
    seconds = iter(range(1000))
    opened = list[int]()
    first = Fake()

    def opens(closing: object) -> Any:
        opened.append(first.pieces)
        return Fake()

    second = Second(opens)
    beside = SideBySide(cast(Any, first), second, lambda: GOLDEN, 3.0, print, lambda: float(next(seconds)))
    try:
        beside.expects(10)
        for _ in range(5):
            beside.begin(rows(2))()
        assert not second.begun, "four pieces after the first take less than three openings"
        beside.expects(100)
        beside.begin(rows(2))()
        assert second.begun
        assert beside.settled.wait(WAIT) and len(opened) == 1
    finally:
        beside.close()


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_how_many_rows_are_in_a_file_is_known_about_before_it_is_read(tmp_path: Path, form: str) -> None:
    path = written(tmp_path, rows(5000), f"in.{form}")
    found = about_rows(Place(cast(Any, form), str(path)))
    assert found is not None and abs(found - 5000) <= (0 if form == "parquet" else 500)
    path.write_bytes(b"")
    assert about_rows(Place(cast(Any, form), str(path))) in (None, 0)
    assert about_rows(Place(cast(Any, form), str(tmp_path / "none"))) is None
    assert about_rows(Place("table", "incoming", "URL")) is None
