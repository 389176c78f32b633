"""Looks in the ledger: of old ones a document a day stays, and then none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.ledger_generator import fill
from engine.api import Engine, open_engine
from engine.clock import stamp
from engine.monitoring import looks

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def looked_at(home: Path, *ats: datetime) -> Engine:
    engine = open_engine(home, "zoe", create=True)
    with engine._ledger.write() as db:
        db.execute("DROP TRIGGER audit_no_delete")
        db.execute("DELETE FROM audit")
        fill(db, 2, 8, 12)
        for at in ats:
            for project in ("project-0000", "project-0001"):
                run = db.execute(
                    "INSERT INTO runs (project, job, state, as_of, queued_at, requested_by, options)"
                    " VALUES (?, 'health', 'succeeded', ?, ?, 'the schedule', '{}')",
                    (project, stamp(at), stamp(at)),
                ).lastrowid
                db.execute(
                    "INSERT INTO health (run, project, number, as_of, at, verdict, why, rows, labelled, document)"
                    " VALUES (?, ?, 3, ?, ?, 'ok', 'well', 1, 1, ?)",
                    (run, project, stamp(at), stamp(at), looks.packed({})),
                )
    return engine


def whole(engine: Engine) -> set[str]:
    with engine._ledger.read() as db:
        found = db.execute("SELECT at FROM health WHERE project = 'project-0000' AND document IS NOT NULL").fetchall()
    return {row["at"] for row in found}


def test_of_a_day_long_ago_the_last_look_stays_whole_and_after_a_year_none(home: Path) -> None:
    recent = [NOW - hours * HOUR for hours in (1, 2, 13 * 24)]
    old = [(NOW - timedelta(days=30)).replace(hour=hour) for hour in (3, 7, 21)]
    ancient = NOW - timedelta(days=400)
    engine = looked_at(home, ancient, *old, *recent[::-1])
    assert looks.thin(engine._ledger, NOW) == 2 * 3
    assert whole(engine) == {stamp(at) for at in (*recent, old[2])}
    assert looks.thin(engine._ledger, NOW) == 0


def test_what_is_looked_for_is_found_without_reading_every_look(home: Path) -> None:
    engine = looked_at(home, NOW)
    with engine._ledger.read() as db:
        plan = [row["detail"] for row in db.execute(f"EXPLAIN QUERY PLAN {looks._OLD}", (stamp(NOW), stamp(NOW)))]
    assert not [line for line in plan if line.startswith("SCAN health") and "health_with_document" not in line], plan
