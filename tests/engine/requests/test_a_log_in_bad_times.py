"""Floods, full disks, several workers and clocks that jump: answers go on, the log keeps within its bounds and says
what it lost."""

from __future__ import annotations

import errno
import json
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from engine.access.entering import found_workspace
from engine.access.proof import of_process
from engine.errors import Refusal
from engine.housekeeping import daily, survey
from engine.monitoring.alerts import alert_book
from engine.requests import book, keeping
from engine.requests import log as logs
from engine.requests.alarm import PART
from engine.requests.log import RequestLog
from engine.requests.records import Block, LogRules
from engine.requests.writer import TRY_AGAIN, LogWriter
from engine.storage import atomic
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace
from tests.engine.requests.noted import NOON, Ticking, answered, writer

Served = tuple[Workspace, Ledger]


def open_log(served: Served, rules: LogRules | None = None, **other: Callable[[], datetime]) -> RequestLog:
    found = rules or LogRules()
    return RequestLog(*served, "one", lambda project: found, now=other.get("now", lambda: NOON), on_bug=_raise)


def _raise(error: Exception) -> None:
    raise error


def totals(ledger: Ledger) -> dict[str, int]:
    with ledger.read() as db:
        rows = book.counts(db, ["tiny"], NOON - timedelta(days=800), NOON + timedelta(days=800))
        there = book.blocks(db, "tiny")
    found = {name: sum(getattr(count, name) for _, _, count in rows) for name in ("requests", "kept", "lost")}
    return {**found, "in blocks": sum(each.rows for each in there)}


def alerts(ledger: Ledger) -> list[str]:
    with ledger.read() as db:
        return [each.why for each in alert_book.open_alerts(db, "tiny") if each.part == PART]


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Makes the disk full, and gives room again."""
    write, state = atomic.write_file, {"full": False}

    def refusing(target: Path, content: bytes, *, mode: int = 0o644, durable: bool = True) -> None:
        if state["full"] and target.suffix == keeping.ENDING:
            raise OSError(errno.ENOSPC, "No space left on device", str(target))
        write(target, content, mode=mode, durable=durable)

    monkeypatch.setattr(atomic, "write_file", refusing)
    return lambda now: state.update(full=now)


def test_what_was_noted_is_there_when_the_log_is_closed(served: Served) -> None:
    log = open_log(served)
    for number in range(1000):
        log.note(answered(number))
    assert log.close()
    assert totals(served[1]) == {"requests": 1000, "kept": 1000, "lost": 0, "in blocks": 1000}


def test_a_flood_is_lost_beyond_the_bound_and_each_request_of_it_is_counted(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "LOOK_EVERY", 3600.0)  # the thread has no time for it
    monkeypatch.setattr(logs, "MOST_REQUESTS", 2000)
    log = open_log(served)
    each = answered()
    for _ in range(logs.MOST_REQUESTS + 500):
        log.note(each)
    assert log.lost == 500
    assert log.close()
    most = logs.MOST_REQUESTS
    assert totals(served[1]) == {"requests": most + 500, "kept": most, "lost": 0, "in blocks": most}


def test_requests_of_many_rows_are_bounded_by_their_rows(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "LOOK_EVERY", 3600.0)
    log = open_log(served)
    large = answered(rows=((0.5, "A"),) * 30_000, answers=((1, 0.5),) * 30_000, keys={})
    for _ in range(9):
        log.note(large)
    assert log.lost == 9 - logs.MOST_ROWS // 30_000
    log.close()


def test_all_blocks_together_never_hold_more_than_the_bound(served: Served) -> None:
    workspace, ledger = served
    rules = LogRules(most=20_000)
    for number in range(30):
        log = writer(workspace, ledger, rules)
        log.take([answered(number * 100 + each) for each in range(100)])
        log.flush(NOON + timedelta(minutes=number), everything=True)
        assert sum(path.stat().st_size for path in (workspace.requests / "tiny").iterdir()) <= 20_000
    with ledger.read() as db:
        there = book.blocks(db, "tiny")
    assert 1 < len(there) < 30
    newest = [NOON + timedelta(seconds=100 * number) for number in range(29, 29 - len(there), -1)]
    assert [each.since for each in there] == newest, "the newest stay"
    ended = [each for each in _all(ledger) if each.ended_at]
    assert {each.why for each in ended} == {"it made room for newer ones"}
    assert len(ended) + len(there) == 30


def _all(ledger: Ledger) -> list[Block]:
    with ledger.read() as db:
        return list(book.by_file(db, "tiny").values())


def test_a_block_that_is_larger_than_the_whole_log_takes_nothing_from_it(served: Served) -> None:
    workspace, ledger = served
    log = writer(workspace, ledger)
    log.take([answered()])
    log.flush(NOON, everything=True)
    small = writer(workspace, ledger, LogRules(most=500))
    small.take([answered(1)])
    small.flush(NOON, everything=True)
    assert "more than the whole log may hold" in small.trouble["tiny"]
    assert totals(ledger)["in blocks"] == 1


def test_two_workers_write_at_once_and_nothing_of_either_is_lost(served: Served) -> None:
    workspace, ledger = served

    def work(worker: str) -> None:
        log = RequestLog(workspace, ledger, worker, lambda project: LogRules(), now=lambda: NOON, on_bug=_raise)
        for number in range(200):
            log.note(answered(number))
        assert log.close()

    threads = [threading.Thread(target=work, args=(name,)) for name in ("one", "two", "three")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert totals(ledger) == {"requests": 600, "kept": 600, "lost": 0, "in blocks": 600}
    assert {each.worker for each in _all(ledger)} == {"one", "two", "three"}


def test_a_full_disk_stops_the_log_which_says_so_and_goes_on_when_there_is_room(
    served: Served, full: Callable[[bool], None]
) -> None:
    workspace, ledger = served
    clock = Ticking()
    log = writer(workspace, ledger, monotonic=clock)
    full(True)
    for number in range(3):
        log.take([answered(number)])
        clock.pass_by(60)
        log.flush(NOON)
    assert alerts(ledger) == ["Requests are not logged: the disk is full; free some space and try again."]
    assert list((workspace.requests / "tiny").iterdir()) == []
    assert totals(ledger) == {"requests": 3, "kept": 0, "lost": 0, "in blocks": 0}
    full(False)
    clock.pass_by(TRY_AGAIN)
    log.flush(NOON)
    assert alerts(ledger) == []
    assert not log.trouble
    assert totals(ledger) == {"requests": 3, "kept": 3, "lost": 0, "in blocks": 3}


def test_what_a_full_disk_kept_out_to_the_end_is_counted_as_lost(
    served: Served, full: Callable[[bool], None]
) -> None:
    full(True)
    log = open_log(served)
    log.note(answered())
    assert not log.close()
    assert totals(served[1]) == {"requests": 1, "kept": 0, "lost": 1, "in blocks": 0}
    assert list(log.trouble) == ["tiny"]


def test_what_waits_for_a_full_disk_is_bounded(
    served: Served, full: Callable[[bool], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.requests.writer.MOST_BYTES", 20_000)
    full(True)
    log = writer(*served)
    for number in range(100):
        log.take([answered(number * 10 + each) for each in range(10)])
    log.flush(NOON)
    found = totals(served[1])
    assert found["lost"] > 500
    assert found["kept"] == 0
    assert log.waiting + found["lost"] == 1000


def test_the_log_does_not_eat_the_room_that_is_kept_free(served: Served) -> None:
    with served[1].write() as db:
        db.execute("UPDATE settings SET value = ? WHERE name = 'keep_free'", (1 << 60,))
    log = writer(*served)
    log.take([answered()])
    log.flush(NOON, everything=True)
    assert "are kept free (keep_free)" in log.trouble["tiny"]
    assert not (served[0].requests / "tiny").exists()


def test_a_ledger_that_takes_nothing_in_costs_no_block_twice(served: Served) -> None:
    workspace, ledger = served
    log = writer(workspace, ledger)
    log.take([answered()])
    with ledger.write() as db:
        db.execute("CREATE TRIGGER refusing BEFORE INSERT ON request_blocks BEGIN SELECT RAISE(ABORT, 'no'); END")
    with pytest.raises(Exception, match="no"):
        log.flush(NOON, everything=True)
    assert list((workspace.requests / "tiny").iterdir()) == []
    with ledger.write() as db:
        db.execute("DROP TRIGGER refusing")
    log.flush(NOON, everything=True)
    assert totals(ledger) == {"requests": 1, "kept": 1, "lost": 0, "in blocks": 1}


def test_rules_that_cannot_be_read_leave_what_was_known(served: Served) -> None:
    clock, state = Ticking(), {"known": True}

    def rules(project: str) -> LogRules:
        if not state["known"]:
            raise Refusal("The ledger is busy.")
        return LogRules(sensitive=frozenset({"place"}))

    log = LogWriter(*served, "one", rules, b"k", clock)
    log.take([answered(0)])
    state["known"] = False
    clock.pass_by(3600)
    log.take([answered(1)])
    log.flush(NOON, everything=True)
    assert totals(served[1])["in blocks"] == 2
    unknown = LogWriter(*served, "two", rules, b"k", clock)
    unknown.take([answered(2)])
    assert unknown.waiting == 0, "whose columns are not known is not written"


def test_old_blocks_end_by_the_time_that_is_sure_and_one_from_the_future_ends_too(served: Served) -> None:
    workspace, ledger = served
    log = writer(workspace, ledger)
    log.take([answered(0)])
    log.flush(NOON, everything=True)
    log.take([answered(at=NOON + timedelta(days=9000))])
    log.flush(NOON + timedelta(days=10), everything=True)
    rules = {"tiny": LogRules(keep=timedelta(days=30))}
    ahead, certain = NOON + timedelta(days=4000), NOON + timedelta(days=29)
    assert keeping.keep(workspace, ledger, rules, certain, ahead) == []
    assert keeping.keep(workspace, ledger, rules, NOON + timedelta(days=31), ahead) == [
        "1 block of requests of tiny ended."
    ]
    assert keeping.keep(workspace, ledger, rules, NOON + timedelta(days=41), ahead) == [
        "1 block of requests of tiny ended."
    ]
    assert list((workspace.requests / "tiny").iterdir()) == []


def test_of_a_project_that_was_removed_no_request_is_kept(served: Served) -> None:
    log = writer(*served)
    log.take([answered()])
    log.flush(NOON, everything=True)
    keeping.keep(*served, {}, NOON, NOON)
    assert list((served[0].requests / "tiny").iterdir()) == []


def test_minutes_become_hours_and_say_the_same_in_all(served: Served) -> None:
    workspace, ledger = served
    for worker in ("one", "two"):
        log = writer(workspace, ledger, worker=worker)
        log.take([answered(number) for number in range(0, 7200, 30)])
        log.flush(NOON, everything=True)
    before = totals(ledger)
    for _ in range(2):
        keeping.keep(workspace, ledger, {"tiny": LogRules()}, NOON + timedelta(days=3), NOON)
        with ledger.read() as db:
            rows = book.counts(db, ["tiny"], NOON, NOON + timedelta(days=1))
        assert [(worker, key.minute % 60) for worker, key, _ in rows] == [("", 0), ("", 0)]
        assert totals(ledger) == before


def test_the_house_ends_what_is_old_and_a_clean_up_says_why_the_rest_stays(served: Served) -> None:
    workspace, ledger = served
    with ledger.write() as db:
        manifest = {"project": {"name": "tiny"}, "serve": {"realtime": True, "log_for": "1d"}}
        db.execute("UPDATE projects SET manifest = ?", (json.dumps(manifest),))
        found_workspace(db, "ada", of_process(), NOON)
    log = writer(workspace, ledger)
    log.take([answered(0)])
    log.flush(NOON, everything=True)
    log.take([answered(0, at=NOON + timedelta(days=1))])
    log.flush(NOON + timedelta(days=1), everything=True)
    now = NOON + timedelta(days=1, minutes=1)
    said = daily.keep_house(workspace, ledger, now)
    assert "1 block of requests of tiny ended." in said
    assert len(list((workspace.requests / "tiny").iterdir())) == 1
    found = survey.survey(workspace, ledger, ObjectStore(workspace.objects), now)
    (stays,) = (thing.item for thing in found.things if thing.item.id == "requests:tiny")
    assert (stays.goes, stays.why) == (False, "kept for 1 day and in 1.0 GiB at most, as its manifest says")
