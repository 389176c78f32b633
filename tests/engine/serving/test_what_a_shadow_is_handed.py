"""Of what was answered a shadow is handed what the live version said itself, and goes without first."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from engine import clock
from engine.api import Engine
from engine.errors import Refusal
from engine.requests import sampling
from engine.requests.answered import Answered
from engine.requests.records import LogRules
from engine.scoring import trials
from engine.scoring.trials import Trial
from engine.serving.shadow import FREE, FULL, LEAST, MOST, Shadows, evenly, rate
from engine.shadow import book
from engine.shadow.counting import BEHIND, BUSY, ENOUGH, UNFIT, Sums
from engine.storage.ledger import Ledger
from engine.versions import catalog
from tests.builders import served
from tests.engine.requests.noted import KEY
from tests.engine.serving.shadow_fakes import Clocks, Shadowed

SECRET = LogRules(sensitive=frozenset({"secret"}))


class Place:
    """The shadows of one worker with what stands around them; ``crowded``: requests wait in it."""

    def __init__(self, engine: Engine, ledger: Ledger) -> None:
        self.engine, self.ledger = engine, ledger
        self.clocks, self.shadowed, self.crowded = Clocks(), Shadowed(), False
        self.shadows = Shadows(
            ledger, "one", lambda project: SECRET, KEY, self.shadowed,
            monotonic=self.clocks.monotonic, cpu=self.clocks.cpu, crowded=lambda: self.crowded,
        )  # fmt: skip

    def start(self, number: int = 2, kind: trials.Kind = "shadow", share: float = 1.0, against: int = 1) -> Trial:
        with self.ledger.write() as db:
            digest = str(catalog.find(db, f"numbers@{number}")["digest"])
            return trials.start(
                db, ("numbers", number), digest, kind, share, against, "try it", self.engine.caller, clock.now(), {}
            )

    def ready(self) -> None:
        self.pass_by()
        self.shadowed.last.be_ready()
        self.pass_by()

    def pass_by(self, *answered: Answered, seconds: float = 0.25, busy: float = 0.0) -> None:
        self.clocks.pass_by(seconds, busy)
        self.shadows.take(answered)

    def figures(self, trial: int) -> Sums:
        with self.ledger.read() as db:
            whole = Sums()
            for cell in book.cells(db, "numbers", trial):
                whole.add(cell.sums)
        return whole


@pytest.fixture
def place(engine: Engine, ledger: Ledger) -> Place:
    served.go(engine, ledger, 1)
    return Place(engine, ledger)


def answered(number: int = 0, rows: int = 1, **other: Any) -> Answered:
    said: dict[str, Any] = {
        "project": "numbers", "label": "numbers@1", "digest": "d", "fallback": None, "at": clock.now(),
        "seconds": 0.001, "status": 200, "request": f"r{number}", "features": ("x",), "outputs": ("prediction",),
        "rows": [[other.pop("x", float(number))]] * rows, "answers": [[other.pop("says", 1)]] * rows,
        "keys": {"id": [number] * rows, "secret": ["s"] * rows},
    }  # fmt: skip
    return Answered(**{**said, **other})


def test_without_a_trial_nothing_is_begun(place: Place) -> None:
    place.pass_by(answered())
    assert not place.shadowed.begun
    place.start(kind="canary", share=0.5)
    place.pass_by(answered())
    assert not place.shadowed.begun


def test_a_trial_beside_what_is_live_no_more_is_none(place: Place) -> None:
    place.start(against=7)
    place.pass_by(answered())
    assert not place.shadowed.begun


def test_what_the_live_version_answered_itself_is_handed_over_without_sensitive_keys(place: Place) -> None:
    trial = place.start()
    place.ready()
    place.pass_by(
        answered(1), answered(2, fallback="previous"), answered(3, status=422, rows=0), answered(4, project="other"),
        answered(5, label="numbers@2"), answered(6, rows=3),
    )  # fmt: skip
    assert place.shadowed.asked == [(trial.label, trial.digest)]
    handed = [each for frame in place.shadowed.last.handed for each in frame.requests]
    assert [(each.request, len(each.rows)) for each in handed] == [("r1", 1), ("r6", 3)]
    assert handed[1].keys == {"id": [6, 6, 6]} and handed[1].answers == [[1], [1], [1]]


def test_a_share_of_the_requests_is_drawn_as_the_log_draws_them(place: Place) -> None:
    place.start(share=0.3)
    place.ready()
    for start in range(0, 1000, 100):
        place.pass_by(*(answered(number) for number in range(start, start + 100)), seconds=1.0)
    handed = {each.request for frame in place.shadowed.last.handed for each in frame.requests}
    assert handed == {f"r{number}" for number in range(1000) if sampling.is_kept(f"r{number}", 0.3, KEY)}


def test_a_large_request_is_handed_over_in_parts(place: Place) -> None:
    place.start()
    place.ready()
    place.pass_by(answered(7, rows=150), seconds=1.0)
    sizes = [[len(each.rows) for each in frame.requests] for frame in place.shadowed.last.handed]
    assert sizes == [[64], [64], [22]]


def test_rows_that_cannot_be_written_down_are_let_go_of_alone(place: Place) -> None:
    trial = place.start()
    place.ready()
    place.pass_by(answered(1), answered(2, says=10**30), answered(3), answered(4, x="x" * 200_000))
    assert place.shadowed.last.rows == 2
    place.shadows.flush(clock.now())
    assert place.figures(trial.seq).passed_over == {UNFIT: 2}


@pytest.mark.parametrize(
    ("busy", "least", "most"), [(0.0, MOST, MOST), (FREE, MOST, MOST), (FULL, LEAST, LEAST), (1.9, LEAST, LEAST)]
)
def test_the_busier_a_worker_the_less_it_hands_over(busy: float, least: float, most: float) -> None:
    assert least <= rate(busy) <= most
    assert rate(0.6) > rate(0.7) > rate(0.8) > LEAST


@pytest.mark.parametrize(("busy", "crowded", "why"), [(0.9, False, BUSY), (0.1, True, BUSY), (0.1, False, ENOUGH)])
def test_a_worker_without_time_lets_go_first(place: Place, busy: float, crowded: bool, why: str) -> None:
    trial = place.start()
    place.ready()
    place.crowded = crowded
    place.pass_by(*(answered(number) for number in range(5000)), seconds=1.0, busy=busy)
    handed = place.shadowed.last.rows
    assert handed == (LEAST if why == BUSY else MOST)
    place.shadowed.last.count(handed)
    place.pass_by()
    place.shadows.flush(clock.now())
    figures = place.figures(trial.seq)
    assert figures.passed_over == {why: 5000 - handed} and figures.rows == handed


def test_a_request_of_many_rows_is_handed_over_when_there_is_room_for_it_however_often_one_looks(place: Place) -> None:
    place.start()
    place.ready()
    for number in range(40):
        place.pass_by(answered(number, rows=150), seconds=0.05)
    # Two seconds of 1,000 rows, and what there was room for before them.
    assert 13 * 150 <= place.shadowed.last.rows <= 2000 + MOST / 2


def test_room_that_nobody_wants_is_kept_for_a_second_and_no_longer(place: Place) -> None:
    place.start()
    place.ready()
    place.pass_by(seconds=3600.0)
    place.pass_by(*(answered(number) for number in range(5000)), seconds=0.05)
    assert place.shadowed.last.rows == MOST


def test_what_is_taken_is_spread_over_all_there_is() -> None:
    many = [answered(number) for number in range(1000)]
    kept, rest = evenly(many, 100)
    numbers = [int(each.request[1:]) for each in kept]
    assert len(kept) == 100 and rest == 900
    assert max(after - before for before, after in pairwise(numbers)) <= 11 and numbers[-1] > 980
    assert evenly(many[:50], 100) == (many[:50], 0)
    assert evenly([answered(1, rows=500)], 100) == ([], 500)


def test_a_shadow_that_is_behind_costs_rows_and_nothing_else(place: Place) -> None:
    trial = place.start()
    place.ready()
    place.shadowed.last.room = 0
    place.pass_by(*(answered(number) for number in range(70)))
    place.shadows.flush(clock.now())
    assert place.figures(trial.seq).passed_over == {BEHIND: 70}


def test_figures_are_written_once_and_those_that_cannot_be_are_with_the_next(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = place.start()
    place.ready()
    place.pass_by(answered(1))
    place.shadowed.last.count(1)
    place.pass_by()
    write = place.ledger.write

    def full(**how: Any) -> Any:
        raise Refusal("the disk is full")

    monkeypatch.setattr(place.ledger, "write", full)
    place.shadows.flush(clock.now())
    monkeypatch.setattr(place.ledger, "write", write)
    assert place.figures(trial.seq).is_empty
    for _ in range(3):
        place.shadows.flush(clock.now())
    assert place.figures(trial.seq).rows == 1


def test_trouble_is_said_again_and_again_and_its_end_once(place: Place, today: datetime) -> None:
    trial = place.start()
    place.pass_by()
    place.shadowed.last.waiting.append({"failed": "its files are gone"})
    place.shadowed.last.how = "with exit code 1"
    place.pass_by()

    def said() -> tuple[str, datetime]:
        with place.ledger.read() as db:
            (cell,) = book.cells(db, "numbers", trial.seq)
        return cell.trouble, cell.said_at

    for minute in (1, 2):
        place.shadows.flush(today + timedelta(minutes=minute))
        assert said() == ("its files are gone", today + timedelta(minutes=minute))
    place.clocks.pass_by(2.0)
    place.ready()
    for minute in (3, 4):
        place.shadows.flush(today + timedelta(minutes=minute))
    assert said() == ("", today + timedelta(minutes=3))


@pytest.mark.parametrize("over", ["ended", "another is live"])
def test_when_the_trial_is_over_its_process_ends_with_its_last_words(place: Place, over: str) -> None:
    trial = place.start()
    place.ready()
    place.pass_by(answered(1))
    if over == "ended":
        with place.ledger.write() as db:
            trials.end(db, "numbers", "by hand", "seen enough", place.engine.caller, clock.now())
    else:
        served.go(place.engine, place.ledger, 3)
    place.pass_by(answered(2))
    shadow = place.shadowed.last
    assert shadow.finished and shadow.rows == 1
    shadow.count(1)
    shadow.how = "with exit code 0"
    for _ in range(2):
        place.shadows.flush(clock.now())
    assert place.figures(trial.seq).rows == 1 and len(place.shadowed.begun) == 1


def test_with_the_worker_all_end_and_what_they_said_last_is_written(place: Place) -> None:
    trial = place.start()
    place.ready()
    place.pass_by(answered(1), answered(2))
    place.shadowed.last.count(1)
    place.shadows.close(clock.now())
    figures = place.figures(trial.seq)
    assert (figures.rows, figures.errors) == (1, {"the server ended before it had scored them": 1})
    assert place.shadowed.last.finished


@pytest.mark.parametrize("break_it", ["marker", "read"])
def test_a_ledger_that_cannot_be_read_changes_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch, break_it: str
) -> None:
    place.start()
    place.ready()

    def broken(*given: Any) -> Any:
        raise Refusal("the disk is away")

    with place.ledger.write() as db:  # Somebody else has written, so that it looks anew.
        db.execute("INSERT INTO settings VALUES ('keep_free', 1)")
    monkeypatch.setattr(place.ledger, break_it, broken)
    place.pass_by(answered(1))
    assert place.shadowed.last.rows == 1
