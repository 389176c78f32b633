"""The overview says of each project what its own status says, from a few queries however many projects there are."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from engine import overview
from engine.api import Engine
from engine.audit import trail
from engine.clock import stamp
from engine.jobs import triggers
from engine.monitoring import looks
from engine.monitoring.look_document import LookDocument
from engine.records import Metric, Point
from engine.release import live_folder as projection
from engine.storage.workspace import Workspace
from tests.builders.generated import generated
from tests.builders.projects import listed
from tests.ledger import ledger_of, reading, workspace_of, writing
from tests.people import caller_of, open_engine

NOW = datetime(2024, 4, 1, 12, tzinfo=UTC)
GROWING = {
    "audit", "runs", "steps", "versions", "decisions", "deployments", "measurements", "health", "signals", "alerts",
    "v", "r", "m", "d", "h", "a",
}  # fmt: skip
# Indexes that hold only what is open.
OPEN = ("alerts_open",)
WEEK = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=7 * number) for number in range(20)]


def queries(engine: Engine) -> int:
    seen: list[str] = []
    with reading(engine) as db:
        db.set_trace_callback(seen.append)
        overview.overview(db, workspace_of(engine), engine.operator, NOW)
        db.set_trace_callback(None)
    return len(seen)


def test_the_number_of_queries_does_not_grow_with_the_number_of_projects(tmp_path: Path) -> None:
    few, many = generated(tmp_path / "few", 2, 6), generated(tmp_path / "many", 40, 400)
    assert queries(few) == queries(many) <= 23


def test_no_query_of_a_look_reads_a_whole_table_that_grows(tmp_path: Path) -> None:
    asked: list[str] = []
    with ledger_of(generated(tmp_path / "home", 5, 50)) as ledger:
        engine = Engine(Workspace(ledger.path.parent), ledger, caller_of(ledger, "zoe"))
        with ledger.read() as db:
            db.set_trace_callback(asked.append)
        look_around(engine)
        with ledger.write() as db:
            triggers.fire(db, "project-0001", 1, 0, None, NOW)
        with ledger.read() as db:
            db.set_trace_callback(None)
            asked = [query for query in asked if query.lstrip().startswith("SELECT")]
            assert len(asked) > 20
            for query in asked:
                plan = [row["detail"] for row in db.execute(f"EXPLAIN QUERY PLAN {query}")]
                whole = [line for line in plan if line.startswith("SCAN ") and line.split()[1] in GROWING]
                whole = [line for line in whole if not line.endswith(OPEN)]
                assert not whole, f"{query}: {plan}"


def look_around(engine: Engine) -> None:
    engine.overview(NOW)
    engine.status("project-0001", NOW)
    engine.reconcile()
    engine.versions(offset=20)
    engine.versions("project-0001", offset=5)
    engine.runs(offset=20)
    engine.runs("project-0001", offset=5)
    engine.audit(offset=10)
    engine.candidates()
    engine.alerts()
    engine.alerts("project-0001")
    engine.health("project-0001")
    engine.signals("project-0001", "rows")
    engine.triggers()


def test_the_overview_and_the_status_of_each_project_are_equal(tmp_path: Path) -> None:
    engine = generated(tmp_path / "home", 7, 70)
    found = engine.overview(NOW).projects
    assert [status.project.name for status in found] == [f"project-{number:04d}" for number in range(7)]
    assert list(found) == [engine.status(status.project.name, NOW) for status in found]
    assert all(status.live and status.candidates and status.rollback_to for status in found)


def put_project(engine: Engine, name: str, *, removed: bool = False) -> None:
    manifest = {"validation": {"metrics": ["roc_auc"]}, "gates": [{"metric": "roc_auc", "at_least": 0.6}]}
    with writing(engine) as db:
        listed(db, name, manifest, WEEK[0], removed=NOW if removed else None)


def put_run(engine: Engine, project: str, state: str, why: str | None = None, job: str = "retrain") -> int:
    with writing(engine) as db:
        number = db.execute(
            "INSERT INTO runs (project, job, state, as_of, queued_at, requested_by, options, why)"
            " VALUES (?, ?, ?, ?, ?, 'ada', '{}', ?)",
            (project, job, state, stamp(NOW), stamp(NOW), why),
        ).lastrowid
        assert number is not None
        db.execute("INSERT INTO steps VALUES (?, 2, 'train', 'failed', 1.5, 1.0, 7, 'no')", (number,))
        db.execute("INSERT INTO steps VALUES (?, 1, 'extract', 'succeeded', 0.5, 0.1, 5, NULL)", (number,))
    return number


def put_version(engine: Engine, project: str, number: int, state: str, run: int, until: datetime | None = None) -> None:
    with writing(engine) as db:
        db.execute(
            "INSERT INTO versions (project, number, digest, made_at, as_of, run, verdict, comparison, sentence, metric,"
            " data_until, state, live_until) VALUES (?, ?, ?, ?, ?, ?, 'pass', 'first', 's', 'null', ?, ?, ?)",
            (
                project, number, f"{project}{number}", stamp(WEEK[number]), stamp(WEEK[number]), run,
                stamp(WEEK[number]), state, stamp(until) if until else None,
            ),
        )  # fmt: skip
        if state == "live":
            seq = trail.append(db, at=NOW, actor=engine.caller, action="release", subject=f"{project}@{number}")
            db.execute(
                "INSERT INTO deployments (project, number, kind, at, actor, reason, release, proof, audit)"
                " VALUES (?, ?, 'release', ?, 'ada', '', ?, '[]', ?)",
                (project, number, stamp(NOW), f"{number}-release", seq),
            )


def put_measurement(engine: Engine, run: int, number: int, week: int, value: float | None, metric: str) -> None:
    with writing(engine) as db:
        db.execute(
            "INSERT INTO measurements (project, number, run, metric, as_of, at, value, n)"
            " VALUES ('flights', ?, ?, ?, ?, ?, ?, 50)",
            (number, run, metric, stamp(WEEK[week]), stamp(WEEK[week]), value),
        )


def test_a_project_shows_its_newest_run_measurement_and_way_back(tmp_path: Path) -> None:
    engine = open_engine(tmp_path / "home", "zoe", create=True)
    for name in ("flights", "new"):
        put_project(engine, name)
    put_project(engine, "gone", removed=True)
    run = put_run(engine, "flights", "succeeded")
    last = put_run(engine, "flights", "failed", "it broke")
    put_run(engine, "flights", "queued")
    active = put_run(engine, "flights", "queued")
    for number, state, until in ((1, "retired", 9), (2, "retired", 8), (3, "barred", 10), (4, "live", None)):
        put_version(engine, "flights", number, state, run, WEEK[until] if until else None)
    for number in (5, 6):
        put_version(engine, "flights", number, "candidate", run)
    for week in range(1, 13):
        put_measurement(engine, run, 4, week, week / 100, "roc_auc")
        put_measurement(engine, run, 5, week, 0.9, "roc_auc")  # the candidate on the same rows
        put_measurement(engine, run, 4, week, 0.1, "log_loss")
    put_measurement(engine, run, 5, 13, None, "roc_auc")
    projection.point(workspace_of(engine), "flights", "4-release")

    flights, new = engine.overview(NOW).projects
    assert (flights, new) == (engine.status("flights", NOW), engine.status("new", NOW))
    assert (flights.live, flights.rollback_to, flights.live_since) == ("flights@4", "flights@1", NOW)
    assert flights.metric == Metric("roc_auc", 0.12, None, None, 50)
    assert flights.measured_at == WEEK[12]
    assert flights.history == tuple(Point(WEEK[week], week / 100) for week in range(5, 13))
    assert flights.last_run is not None and flights.active_run is not None
    assert (flights.last_run.id, flights.last_run.why, flights.active_run.id) == (last, "it broke", active)
    assert [step.name for step in flights.last_run.steps] == ["extract", "train"]
    assert [version.label for version in flights.candidates] == ["flights@6", "flights@5"]
    assert flights.data_until == WEEK[6]
    assert flights.verdict == "failing" and "below 0.6" in flights.why
    assert (new.live, new.last_run, new.history, new.candidates, new.rollback_to) == (None, None, (), (), None)


def put_look(engine: Engine, as_of: datetime, verdict: str, why: str) -> None:
    run = replace(engine.run(put_run(engine, "flights", "succeeded", job="health")), as_of=as_of)
    with writing(engine) as db:
        looks.keep(db, run, 4, LookDocument(verdict=verdict, why=why), as_of)


def put_looks_every_quarter(engine: Engine, *, paused: bool) -> None:
    with writing(engine) as db:
        db.execute(
            "INSERT INTO schedules"
            " (project, job, rule, timezone, catch_up, enabled, note, origin, entry, since, settled)"
            " VALUES ('flights', 'health', '*/15 * * * *', 'UTC', 'latest', ?, '', 'manifest', '{}', ?, ?)",
            (0 if paused else 1, stamp(WEEK[1]), stamp(NOW)),
        )


def lively(tmp_path: Path, *, paused: bool = False) -> Engine:
    """flights@4 is live, was measured long ago, and is looked at every quarter of an hour."""
    engine = open_engine(tmp_path / "home", "zoe", create=True)
    put_project(engine, "flights")
    run = put_run(engine, "flights", "succeeded")
    put_version(engine, "flights", 4, "live", run)
    put_measurement(engine, run, 4, 4, 0.7, "roc_auc")
    projection.point(workspace_of(engine), "flights", "4-release")
    put_looks_every_quarter(engine, paused=paused)
    return engine


MINUTE = timedelta(minutes=1)


def said(engine: Engine, now: datetime = NOW) -> tuple[str, str]:
    found = engine.status("flights", now)
    return found.verdict, found.why


def test_a_look_that_could_tell_nothing_is_unknown(tmp_path: Path) -> None:
    engine = lively(tmp_path)
    put_look(engine, NOW - 5 * MINUTE, "unknown", "no row has come")
    assert said(engine) == ("unknown", "the last look could not tell: no row has come")
    put_look(engine, NOW - 4 * MINUTE, "ok", "drift is well")
    assert said(engine) == ("ok", "the last look: drift is well")


def test_what_was_looked_at_while_the_clock_was_ahead_does_not_count_as_new(tmp_path: Path) -> None:
    engine = lively(tmp_path)
    put_look(engine, NOW - timedelta(hours=9), "ok", "drift is well")
    put_look(engine, NOW + timedelta(days=365), "ok", "drift is well")
    verdict, why = said(engine)
    assert verdict == "unknown" and "nobody has looked" in why, why


def test_where_looks_are_paused_the_light_does_not_stay_green(tmp_path: Path) -> None:
    engine = lively(tmp_path, paused=True)
    put_look(engine, NOW - timedelta(hours=9), "ok", "drift is well")
    assert said(engine) == (
        "unknown", "nobody has looked at the health of flights@4 for 9 h: looks are paused",
    )  # fmt: skip


def test_a_retrain_that_failed_is_told_however_many_looks_have_gone_well_since(tmp_path: Path) -> None:
    engine = lively(tmp_path)
    failed = put_run(engine, "flights", "failed", "no such table")
    for minutes in (3, 2, 1):
        put_look(engine, NOW - minutes * MINUTE, "ok", "drift is well")
    assert said(engine) == ("watch", "the last retrain failed: no such table")
    last = engine.status("flights", NOW).last_run
    assert last is not None and (last.job, last.id) == ("health", failed + 3)
    put_run(engine, "flights", "succeeded")
    assert said(engine)[0] == "ok"
