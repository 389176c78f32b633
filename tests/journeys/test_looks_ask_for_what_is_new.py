"""Where extract can be asked for what is new, looks cost what is new, and say what a look at everything says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.api import Engine
from engine.json_records import write
from engine.records import Run
from tests import tiny
from tests.forked_runs import forking
from tests.killing import let_go
from tests.ledger import workspace_of
from tests.people import open_engine
from tests.workspaces import made_once, opened_copy

pytestmark = pytest.mark.slow
HOUR, QUARTER = timedelta(hours=1), timedelta(minutes=15)
SINCE = """
    since = os.environ.get("LEVERFRAME_SINCE", "")
    begin = max(0, hours - 24 * 28)
    if since:
        begin = int((datetime.fromisoformat(since.replace("Z", "+00:00")) - day).total_seconds() // 3600)
    print("::progress 0.5 reading", flush=True)
"""
# A store of labels beside it, two days behind: in a quarter of an hour one label more is known, and no row.
LABELS = """
def labels():
    until = datetime.fromisoformat(given("AS_OF").replace("Z", "+00:00")) - timedelta(days=2)
    day = datetime.fromisoformat("BEGINNING")
    with open(path("OUTPUT", "labels.csv"), "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "late"])
        for number in range(int((until - day).total_seconds() // 900)):
            r = random.Random(number)
            rows.writerow([number, int(r.random() < 0.1 + 0.8 * r.random())])

def train():"""
LIES = "for hour in [n for n in range(begin * 4, hours * 4) if not since or n % 4]:"


def made(folder: Path, name: str, rows: str, begins: datetime, day: str) -> Path:
    steps = tiny.STEPS.replace('    print("::progress 0.5 reading", flush=True)\n', SINCE.removeprefix("\n"))
    steps = steps.replace("for hour in range(max(0, hours - 24 * 28) * 4, hours * 4):", rows)
    path = tiny.make(folder, name=name, steps=steps, begins=begins, day=day)
    tiny.replace(path, "leverframe.toml", 'key = ["id"]', 'key = ["id"]\nsince = true')
    return path


def told_apart(folder: Path, begins: datetime, day: str) -> Path:
    """One whose labels have a source of their own."""
    path = made(folder, "told", "for hour in range(begin * 4, hours * 4):", begins, day)
    for old, new in (
        ('"x", "late"])', '"x"])'), ("round(x, 6), late])", "round(x, 6)])"),
        ("\ndef train():", LABELS.replace("BEGINNING", begins.isoformat())),
        ('{"extract": extract,', '{"extract": extract, "labels": labels,'),
    ):  # fmt: skip
        tiny.replace(path, "steps.py", old, new)
    source = 'labels = { command = ["python", "steps.py", "labels"] }\ntime = "at"'
    tiny.replace(path, "leverframe.toml", 'time = "at"', source)
    return path


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory, today: datetime, quiet_day: str) -> Path:
    def make(root: Path) -> None:
        engine = forking(open_engine(root / "home", "ada", create=True))
        begins = today - timedelta(days=200)
        made(root / "honest", "honest", "for hour in range(begin * 4, hours * 4):", begins, quiet_day)
        made(root / "liar", "liar", LIES, begins, quiet_day)
        told_apart(root / "told", begins, quiet_day)
        for name in ("honest", "liar", "told"):
            engine.add(root / name)
            run = engine.wait(engine.retrain(name, as_of=today - timedelta(days=10)).id, lambda _: None)
            assert run.version is not None, run.why
            engine.move(engine.plan_release(run.version), "the first", lambda _: None)
        engine.close()
        let_go(root / "home").rename(root / "saved")

    return made_once(tmp_path_factory, "since", make)[0]


@pytest.fixture
def engine(saved: Path) -> Iterator[Engine]:
    with opened_copy(saved) as engine:
        yield engine


def look(engine: Engine, project: str, as_of: datetime, **how: Any) -> Run:
    run = engine.wait(engine.look(project, as_of=as_of, **how).id, lambda _: None)
    assert run.state == "succeeded", run.why
    return run


def steps(run: Run) -> set[str]:
    return {step.name for step in run.steps} - {"queue"}


def found(engine: Engine, project: str) -> dict[str, Any]:
    """The newest look, without what does not add up over rows."""
    kept = engine.health(project)
    assert kept is not None and kept.document is not None
    document = write(kept.document)
    columns = {each["column"]: each for each in document["drift"]}
    for each in columns.values():
        each.pop("importance"), each.pop("weight")
    left = {name: value for name, value in document.items() if name not in ("together", "measured_at")}
    return left | {"drift": columns}


def test_looks_cost_what_is_new_and_say_what_a_look_at_everything_says(engine: Engine, today: datetime) -> None:
    start = today - timedelta(days=5)
    assert "extract" in steps(look(engine, "honest", start))
    run = look(engine, "honest", start + QUARTER)
    assert steps(run) == {"extract new"}, "nothing came: nothing is scored and nothing measured"
    again = found(engine, "honest")
    assert again["as_of"].startswith((start + QUARTER).isoformat()[:19])
    assert "extract" in steps(look(engine, "honest", start + QUARTER, whole=True))
    assert found(engine, "honest") == again
    assert steps(look(engine, "honest", start + HOUR)) == {"extract new", "score", "measure"}
    merged = found(engine, "honest")
    assert "extract" in steps(look(engine, "honest", start + HOUR, whole=True))
    assert found(engine, "honest") == merged
    kept = workspace_of(engine).cache / "looks" / "honest"
    for path in kept.glob("*.arrow"):
        path.unlink()
    assert "extract" in steps(look(engine, "honest", start + 2 * HOUR)), "what was kept is gone"
    assert steps(look(engine, "honest", start + 3 * HOUR)) == {"extract new", "score", "measure"}
    assert "extract" in steps(look(engine, "honest", start + HOUR)), "a look at the past"
    whole = look(engine, "honest", start + 27 * HOUR)
    assert {"extract", "extract new"} <= steps(whole), "once a day, and what was merged is held against it"
    assert not [each for each in engine.alerts("honest") if each.key == "since"]


def test_labels_of_another_source_count_in_merged_looks_too(engine: Engine, today: datetime) -> None:
    start = today - timedelta(days=5)
    look(engine, "told", start)
    labelled = found(engine, "told")["labelled"]
    for later, rows in ((start + QUARTER, 0), (start + 3 * HOUR, 12)):
        run = look(engine, "told", later)
        assert steps(run) >= {"extract new", "labels", "measure"} and "extract" not in steps(run), "a label came"
        merged = found(engine, "told")
        assert merged["labelled"] > labelled and bool(rows) == ("score" in steps(run))
        labelled = merged["labelled"]
        assert {"extract", "labels"} <= steps(look(engine, "told", later, whole=True))
        assert found(engine, "told") == merged


def test_an_extract_that_keeps_back_what_is_new_is_found_and_said(engine: Engine, today: datetime) -> None:
    start = today - timedelta(days=5)
    look(engine, "liar", start)
    look(engine, "liar", start + 3 * HOUR)
    assert not [each for each in engine.alerts("liar") if each.key == "since"]
    look(engine, "liar", start + 25 * HOUR)
    (alert,) = [each for each in engine.alerts("liar") if each.key == "since"]
    assert "lacks 25 of" in alert.why and "looks have put together" in alert.why
    assert {"extract", "extract new"} <= steps(look(engine, "liar", start + 26 * HOUR)), "nobody trusts it any more"
    assert [each for each in engine.alerts("liar") if each.key == "since"]


def test_check_holds_what_is_new_against_everything(engine: Engine, saved: Path) -> None:
    said = {each.what: each for each in engine.check(saved / "honest", lambda _: None)}
    assert said["since"].verdict == "ok" and "96 of 2,688 rows were asked for" in said["since"].sentence
    failed = [each for each in engine.check(saved / "liar", lambda _: None) if each.verdict == "failing"]
    assert "lacks 24 of 2,688 rows" in failed[0].sentence and "take since out of [data]" in failed[0].sentence
