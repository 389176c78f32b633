"""One table says what there is to know of a job, and nobody else asks a job for its name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest

from engine.api import Engine
from engine.clock import stamp
from engine.errors import Forbidden, Refusal, StepFailed
from engine.jobs import process
from engine.jobs.work import WORK
from engine.projects import schedules
from engine.reports import reading as reports
from engine.reports.records import ReportPeriod
from engine.runs import by_hand, history, queue, retries
from engine.runs.run_context import RunContext
from engine.schedule import due_runs
from engine.storage import migrations
from engine.storage.ledger import Ledger
from engine.vocabulary import jobs
from engine.vocabulary.jobs import BACKTEST, HEALTH, JOBS, LEARN, PLANNED_SWAP, REHEARSAL, REPORT, RETRAIN, SCORE, Job
from tests import tiny
from tests.builders.runs import done, left_behind
from tests.engine.reports.worlds import NOW, lived_in
from tests.ledger import ledger_of, reading, workspace_of, writing
from tests.people import open_engine
from tests.test_architecture import ROOT, sources, tree

HOUR = timedelta(hours=1)
SCORED = '[score]\nfrom = "incoming/*.csv"\nto = "scored"\n\n'
NAMES = {job.name for job in JOBS}
# What is about one job by what it is for, and would be written anew for another. Whoever adds a line says which.
ABOUT_ONE = {
    "engine/storage/tables/report.py": "a migration is never edited",
    "engine/storage/migrations.py": "a migration is never edited",
}
_IN_SQL = re.compile(rf"job (?:=|IN \() ?'(?:{'|'.join(NAMES)})'")


def test_every_job_has_its_work_and_every_work_its_job() -> None:
    assert list(WORK) == [job.name for job in JOBS]


def test_every_job_has_a_name_of_its_own_and_words() -> None:
    assert len(NAMES) == len(JOBS)
    assert [job.name for job in JOBS if not all((job.does, job.one, job.several, job.short, job.done, job.act))] == []


@pytest.mark.parametrize(
    ("job", "is_so"),
    [
        (RETRAIN, {"scheduled", "audited", "retried", "listed", "calls", "leaves_data", "troubles"}),
        (HEALTH, {"scheduled", "needs_live", "troubles"}),
        (REPORT, {"scheduled", "listed", "calls", "leaves_data", "troubles"}),
        (REHEARSAL, {"scheduled", "needs_live", "listed", "calls", "alone"}),
        (SCORE, {"scheduled", "needs_live", "audited", "listed", "calls"}),
        (BACKTEST, {"audited", "listed", "calls"}),
        (PLANNED_SWAP, {"listed", "calls"}),
    ],
)
def test_each_job_is_what_it_was_meant_to_be(job: Job, is_so: set[str]) -> None:
    assert {field.name for field in fields(job) if getattr(job, field.name) is True} == is_so


def names_a_job(node: ast.AST) -> bool:
    """A comparison of a job with a name, or a list or table of several names."""
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        named = any(isinstance(side, ast.Constant) and side.value in NAMES for side in sides)
        return named and any(re.search(r"\bjob\b", ast.unparse(side)) for side in sides)
    if isinstance(node, ast.Tuple | ast.List | ast.Set | ast.Dict):
        each = node.keys if isinstance(node, ast.Dict) else node.elts
        return sum(isinstance(one, ast.Constant) and one.value in NAMES for one in each) > 1
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return bool(_IN_SQL.search(node.value))
    return False


@cache
def places() -> tuple[tuple[str, int], ...]:
    return tuple(
        (path.relative_to(ROOT).as_posix(), node.lineno)  # type: ignore[attr-defined]
        for path in sources("engine", "console")
        for node in ast.walk(tree(path))
        if names_a_job(node)
    )


# Lists that mean something else by the same words: sections of the manifest, lists and verbs of the console,
# tables of the ledger, methods of the door, steps of the project's.
OF_OTHER_THINGS = {
    "engine/runs/steps/python_runner.py",
    "console/actions.py", "console/cli/root.py", "console/ssh/verbs.py", "engine/projects/manifest/reader.py",
    "engine/rewind/past_engine.py",
}  # fmt: skip


def test_nobody_but_the_table_knows_a_job_by_its_name() -> None:
    found = [(name, line) for name, line in places() if name not in {*ABOUT_ONE, *OF_OTHER_THINGS}]
    assert found == [], "ask engine.vocabulary.jobs.of(name) for what the job stands for"


def test_who_is_named_as_about_one_job_is() -> None:
    assert {name for name, _ in places()} >= set(ABOUT_ONE)


def test_what_is_not_listed_is_what_the_index_leaves_out() -> None:
    (index,) = re.findall(r"runs_but_looks ON runs \(id\) WHERE (.*?)\"", Path(migrations.__file__).read_text("utf-8"))
    assert history.NO_LOOK.split(" AND NOT ")[0] == index


EACH = pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
EACH_SCHEDULED = pytest.mark.parametrize("job", [job for job in JOBS if job.scheduled], ids=lambda job: job.name)


@pytest.fixture
def engine(home: Path) -> Iterator[Engine]:
    """Ada's, with a project that schedules every job there is, and asks for two retries."""
    project = tiny.make(home.parent / "tiny")
    others = "".join(f'{job.name} = {{ every = "1d" }}\n' for job in JOBS if job.scheduled and job is not RETRAIN)
    tiny.replace(project, "leverframe.toml", "[schedule]\n", f"{SCORED}[schedule]\n{others}")
    tiny.replace(project, "leverframe.toml", "[train]\n", "[train]\nretries = 2\n")
    opened = open_engine(home, "ada", create=True)
    opened.add(project)
    yield opened
    opened.close()


def test_the_list_without_looks_is_read_by_its_index_also_when_more_jobs_are_not_listed(engine: Engine) -> None:
    for condition in (history.NO_LOOK, f"{history.NO_LOOK} AND NOT (job = 'tidying' AND state = 'succeeded')"):
        with reading(engine) as db:
            plan = db.execute(f"EXPLAIN QUERY PLAN SELECT count(*) FROM runs WHERE {condition}").fetchall()
        assert "runs_but_looks" in str([row["detail"] for row in plan])


def test_a_run_of_a_job_that_another_release_knew_is_an_ordinary_run() -> None:
    job = jobs.of("tidying")
    assert (job.one, job.several) == ("run of tidying", "runs of tidying")
    assert (job.needs_live, job.retried, job.audited, job.memory) == (False, False, False, None)
    assert job.listed and job.calls and job.leaves_data and not job.scheduled


def test_what_calls_somebody_is_told_first() -> None:
    assert sorted(["health", "report", "retrain"], key=jobs.telling_order) == ["retrain", "report", "health"]


@pytest.mark.parametrize(
    ("runs", "job", "said"),
    [(1, HEALTH, "1 look at health"), (1200, HEALTH, "1,200 looks at health"), (2, RETRAIN, "2 retrains"),
     (3, jobs.of("tidying"), "3 runs of tidying")],
)  # fmt: skip
def test_runs_are_counted_in_words(runs: int, job: Job, said: str) -> None:
    assert jobs.counted(runs, job) == said


@EACH
def test_whoever_may_not_start_a_job_is_told_in_its_words(engine: Engine, job: Job) -> None:
    engine.add_operator("vic", "viewer", "to look")
    looking = open_engine(engine.home, "vic")
    with pytest.raises(Forbidden, match=f"may not {job.act};"):
        looking.run_now("tiny", job.name)
    looking.close()


def test_what_needs_a_live_version_is_not_begun_without_one(engine: Engine) -> None:
    job = replace(REPORT, needs_live=True)
    with (
        pytest.raises(Refusal, match="Nothing of tiny is live yet; retrain, then approve a candidate"),
        ledger_of(engine) as ledger,
    ):
        by_hand.begin(workspace_of(engine), ledger, "tiny", job, engine.caller, tiny.BEGINS)
    assert engine.runs() == ()


@EACH
def test_what_asks_for_it_in_its_row_is_tried_again_and_nothing_else(engine: Engine, job: Job) -> None:
    with writing(engine) as db:
        run = queue.insert(db, "tiny", engine.caller, tiny.BEGINS, tiny.BEGINS, {}, job=job.name)
        assert (retries.retry_of(db, run, tiny.BEGINS) is not None) is job.retried


@EACH
def test_queueing_an_act_leaves_a_mark_and_nothing_else_does(engine: Engine, job: Job) -> None:
    before = engine.count_audit()
    with writing(engine) as db:
        queue.insert(db, "tiny", engine.caller, tiny.BEGINS, tiny.BEGINS, {}, job=job.name)
    assert engine.count_audit() - before == int(job.audited)


@EACH_SCHEDULED
def test_nothing_is_due_of_what_works_on_the_live_version_while_there_is_none(engine: Engine, job: Job) -> None:
    with reading(engine) as db:
        row = db.execute("SELECT * FROM schedules WHERE project = 'tiny' AND job = ?", (job.name,)).fetchone()
        assert due_runs.nothing_to_do(db, row) == ("nothing is live yet" if job.needs_live else None)


@EACH
def test_only_what_is_the_projects_trouble_is_told_when_it_takes_too_long(engine: Engine, job: Job) -> None:
    begun = tiny.BEGINS
    for _ in range(8):
        done(engine, begun, job=job.name, until=begun + timedelta(seconds=30))
    run = left_behind(engine, begun, job=job.name)
    late = engine.overdue(begun + 10 * HOUR)
    assert [each.run.id for each in late] == ([run] if job.troubles else [])


@EACH
@pytest.mark.parametrize("how", ["killed", "failed"])
def test_one_that_went_wrong_leaves_what_it_worked_with_where_its_row_says_so(
    engine: Engine, job: Job, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(ledger: Ledger, context: RunContext) -> None:
        raise StepFailed("it went wrong.")

    monkeypatch.setitem(WORK, job.name, fails)
    workspace, run = workspace_of(engine), left_behind(engine, tiny.BEGINS, job=job.name)
    copy = workspace.run_folder(run) / "data.parquet"
    copy.parent.mkdir()
    copy.write_bytes(b"rows")
    with ledger_of(engine) as ledger:
        if how == "killed":
            assert queue.settle(workspace, ledger, tiny.BEGINS) == [run]
        else:
            process.drive(workspace, ledger, engine.run(run), 0)
    assert engine.run(run).state == ("interrupted" if how == "killed" else "failed")
    assert copy.exists() is job.leaves_data


@pytest.mark.parametrize(
    ("job", "done"),
    [
        (RETRAIN, "retrained"),
        (HEALTH, "looked at"),
        (REPORT, "reported on"),
        (SCORE, "scored"),
        (BACKTEST, "backtested"),
        (PLANNED_SWAP, "swapped"),
    ],
)
def test_what_finds_no_room_on_the_disk_says_what_is_not_done(engine: Engine, job: Job, done: str) -> None:
    engine.choose("keep_free", "1000000GiB", "a test")
    with pytest.raises(Refusal, match=f"tiny is not {done}: "), ledger_of(engine) as ledger:
        queue.enqueue(ledger, "tiny", engine.caller, tiny.BEGINS, tiny.BEGINS, {}, job=job.name)


def test_a_job_that_is_due_anyway_is_due_in_the_zone_of_its_project_unless_an_entry_says_when() -> None:
    berlin = {"retrain": {"cron": "0 3 * * *", "timezone": "Europe/Berlin"}}
    asked = {"schedule": berlin, "report": {"to": ["a@b.org"]}}
    assert REPORT.default_schedule is not None
    assert schedules.entries_of(asked)["report"] == {"cron": REPORT.default_schedule.cron, "timezone": "Europe/Berlin"}
    own = {"report": {"cron": "0 8 * * *"}}
    assert schedules.entries_of({**asked, "schedule": {**berlin, **own}})["report"] == own["report"]
    assert "report" not in schedules.entries_of({"schedule": berlin, "report": {"to": []}})


def test_figures_have_the_last_run_of_each_job_that_went_well_and_a_report_tells_of_every_job_that_troubles(
    home: Path,
) -> None:
    world = lived_in(home)
    well = {job.name: world.run(NOW, job=job.name) for job in JOBS}
    with world.ledger.write() as db:
        for number, run in enumerate(well.values(), 1):
            db.execute("UPDATE runs SET started_at = ? WHERE id = ?", (stamp(NOW - number * HOUR), run))
    bad = {job.name: world.run(NOW, job=job.name, state="failed") for job in JOBS}
    with world.ledger.read() as db:
        lasted = {
            job: timedelta(seconds=seconds) / HOUR
            for _, job, seconds in history.durations(db, ["flights"], sorted(NAMES))
        }
        period = ReportPeriod(NOW - HOUR, NOW + HOUR, "UTC", "the last hours")
        told = reports.read(db, world.store, "flights", period).last_runs
    assert lasted == {job.name: number for number, job in enumerate(JOBS, 1)}
    assert {run.job: run.id for run in told} == {job.name: bad[job.name] for job in (RETRAIN, LEARN, HEALTH)}
