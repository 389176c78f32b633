"""Looks in the ledger: of old ones a document a day stays, and then none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from engine.api import Engine
from engine.clock import stamp
from engine.monitoring import looks
from engine.monitoring.look_document import LookDocument
from tests.builders.generated import generated
from tests.builders.runs import done
from tests.ledger import ledger_of, reading, writing

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def looked_at(home: Path, *ats: datetime) -> Engine:
    engine = generated(home, 2, 8)
    for at in ats:
        for project in ("project-0000", "project-0001"):
            run = engine.run(done(engine, at, project=project, job="health"))
            with writing(engine) as db:
                looks.keep(db, run, 3, LookDocument(verdict="ok", why="well"), at)
    return engine


def thinned(engine: Engine) -> int:
    with ledger_of(engine) as ledger:
        return looks.thin(ledger, NOW)


def whole(engine: Engine) -> set[str]:
    with reading(engine) as db:
        found = db.execute("SELECT at FROM health WHERE project = 'project-0000' AND document IS NOT NULL").fetchall()
    return {row["at"] for row in found}


def test_of_a_day_long_ago_the_last_look_stays_whole_and_after_a_year_none(home: Path) -> None:
    recent = [NOW - hours * HOUR for hours in (1, 2, 13 * 24)]
    old = [(NOW - timedelta(days=30)).replace(hour=hour) for hour in (3, 7, 21)]
    ancient = NOW - timedelta(days=400)
    engine = looked_at(home, ancient, *old, *recent[::-1])
    assert thinned(engine) == 2 * 3
    assert whole(engine) == {stamp(at) for at in (*recent, old[2])}
    assert thinned(engine) == 0


def test_what_is_looked_for_is_found_without_reading_every_look(home: Path) -> None:
    engine = looked_at(home, NOW)
    with reading(engine) as db:
        plan = [row["detail"] for row in db.execute(f"EXPLAIN QUERY PLAN {looks.OLD}", (stamp(NOW), stamp(NOW)))]
    assert not [line for line in plan if line.startswith("SCAN health") and "health_with_document" not in line], plan


def test_of_two_looks_at_one_moment_the_later_one_s_figure_is_the_newer(home: Path) -> None:
    engine = looked_at(home, NOW - HOUR, NOW)
    with writing(engine) as db:
        runs = [row["run"] for row in db.execute("SELECT run FROM health WHERE project = 'project-0000' ORDER BY run")]
        for value, (run, at) in enumerate([(runs[-2], NOW - HOUR), (runs[-2], NOW), (runs[-1], NOW)]):
            db.execute(
                "INSERT INTO signals (run, project, number, name, as_of, value, n) VALUES (?, ?, 3, 'mine', ?, ?, 7)",
                (run, "project-0000", stamp(at), float(value)),
            )
    with reading(engine) as db:
        found = [looks.signals(db, "project-0000", "mine", limit) for limit in (3, 2, 1, 0)]
        assert [[each.value for each in some] for some in found] == [[0.0, 1.0, 2.0], [1.0, 2.0], [2.0], []]
        assert (found[0][0].version, found[0][0].n, found[0][0].low) == ("project-0000@3", 7, None)
        assert looks.signals(db, "project-0001", "mine", 9) == ()
        newest = looks.newest(db, "project-0000", NOW)
        assert newest is not None and (newest.run, newest.as_of) == (runs[-1], NOW)
        assert looks.newest(db, "nobody", NOW) is None
    engine.close()


def test_documents_stay_whole_for_a_fortnight_and_one_a_day_for_a_year(home: Path) -> None:
    second, day = timedelta(seconds=1), timedelta(days=1)
    noon = NOW - 14 * day
    kept = [noon, noon + second, NOW - 366 * day]
    gone = [noon - second, NOW - 366 * day - second]
    engine = looked_at(home, *sorted([*kept, *gone]))
    # Of the day a fortnight ago the look a second before is the last that is old enough: it stays for that day.
    thinned(engine)
    assert whole(engine) == {stamp(at) for at in (*kept, noon - second)}
    engine.close()
