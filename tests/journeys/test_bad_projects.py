"""Projects that misbehave: the run says in one sentence what happened, to what, and what to do, and nothing is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.api import Engine
from engine.records import Run
from engine.runs.steps.sweep import sweep
from tests import tiny
from tests.engine.runs.step_workshop import RUNAWAYS, none_alive
from tests.forked_runs import forking
from tests.ledger import workspace_of
from tests.people import open_engine
from tests.wholeness import assert_whole

NOVEMBER = [datetime(2026, 11, day, tzinfo=UTC) for day in (3, 10)]
pytestmark = pytest.mark.slow

ROW = 'rows.writerow([hour, at, r.choice("AB"), round(x, 6), late])'
DATA_COLUMNS = '["id", "at", "place", "x", "late"]'
MODEL = '    json.dump(table, open(path("OUTPUT", "model/table.json"), "w"))\n'
SAID = "[int(p > 0.5), 1 - p, p]"
SAID_COLUMNS = '["prediction", "p_0", "p_1"]'
EXTRACT, TRAIN, SCORE = (f"def {step}():\n" for step in ("extract", "train", "score"))

# What is replaced in the steps of a good project, by what, and the sentence that the run ends with.
BROKEN = {
    "extract returns nothing": (
        EXTRACT, EXTRACT + "    return\n",
        "extract ended well but left no data.csv; it must write one into the folder $LEVERFRAME_OUTPUT.",
    ),
    "extract returns an empty file": (
        EXTRACT, EXTRACT + "    open(path('OUTPUT', 'data.csv'), 'w')\n    return\n",
        "extract left a data.csv that cannot be read: Empty CSV file.",
    ),
    "extract returns no rows": (
        ROW, "pass",
        "extract returned no rows; there is nothing to train on.",
    ),
    "rows of different lengths, quoted without what is in them": (
        ROW, ROW.replace("late]", "late] + [7] * (hour % 2)"),
        "extract left a data.csv that cannot be read: CSV parse error: Expected 5 columns, got 6.",
    ),
    "duplicate columns": (
        DATA_COLUMNS, '["id", "at", "x", "x", "late"]',
        "extract returned data that does not fit the manifest: the column 'x' is there more than once; "
        "segments names 'place', and there is no such column; did you mean 'late'?",
    ),
    "no target": (
        DATA_COLUMNS, '["id", "at", "place", "x", "lately"]',
        "extract returned data that does not fit the manifest: target names 'late', and there is no such column; "
        "did you mean 'lately'?",
    ),
    "NaN everywhere": (
        ROW, 'rows.writerow([hour, at, "", "NaN", "NaN"])',
        "extract returned 2,688 rows without a value in any of the features (place, x); "
        "look at where it reads them from.",
    ),
    "NaN in every target": (
        ROW, ROW.replace("late]", '"NaN"]'),
        "Of the 2,688 rows that extract returned, 2,688 have no value in the target 'late', 0 are left to train on "
        "and 0 to judge by; both are needed: look at what extract returns.",
    ),
    "times that are none": (
        ROW, ROW.replace("at,", '"soon",'),
        "The time column 'at' holds text that is no time, such as 'soon'; write times like 2026-11-24 or "
        "2026-11-24T03:00:00Z, or let extract return dates or timestamps.",
    ),
    "times that are numbers": (
        ROW, ROW.replace("at,", "1793664000,"),
        "The time column 'at' holds numbers, such as 1793664000, which do not say what they count; let extract return "
        'dates or timestamps, such as pandas.to_datetime(..., unit="s").',
    ),
    "times of which there are none": (
        ROW, ROW.replace("at,", '"",'),
        "Of the 2,688 rows that extract returned, 2,688 have no time in 'at', 0 are left to train on and 0 to judge "
        "by; both are needed: look at what extract returns.",
    ),
    "a file that is nowhere": (
        EXTRACT, EXTRACT + "    open(os.path.abspath('data/train.csv'))\n",
        "extract ended with exit code 1: FileNotFoundError: [Errno 2] No such file or directory: 'data/train.csv'.",
    ),
    "a link in the model": (
        MODEL, MODEL + "    os.symlink('table.json', path('OUTPUT', 'model/best.json'))\n",
        "train left 'model/best.json', a link to 'table.json', and a version keeps files that can be read; have train "
        "write there what the link names.",
    ),
    "train never returns": (
        TRAIN, TRAIN + "    import time\n    while True: time.sleep(1)\n",
        "train passed its time limit of 5 s and was stopped; make it quicker, or raise timeout in [train] of "
        "leverframe.toml.",
    ),
    "train eats memory": (
        TRAIN, TRAIN + "    hog = [bytearray(b'x') * (1 << 26) for _ in range(16)]\n    import time; time.sleep(60)\n",
        "train used more than 512 MiB of memory (one process) and was stopped; have it use less, or raise memory in "
        "[train] of leverframe.toml.",
    ),
    "train raises": (
        TRAIN, TRAIN + "    raise ValueError('only 3 carriers')\n",
        "train ended with exit code 1: ValueError: only 3 carriers.",
    ),
    "train is killed": (
        TRAIN, TRAIN + "    os.kill(os.getpid(), 9)\n",
        "train was killed by signal 9 (SIGKILL), perhaps by the system for want of memory.",
    ),
    "train leaves no model": (
        TRAIN, TRAIN + "    return\n",
        "train ended well but left no model; it must write files into the folder $LEVERFRAME_OUTPUT/model.",
    ),
    "score skips rows": (
        "csv.DictReader(file):\n            x =", "list(csv.DictReader(file))[3:]:\n            x =",
        "score gave 669 predictions for 672 rows; it must give one for each row, in the same order.",
    ),
    "score returns nothing": (
        SCORE, SCORE + "    return\n",
        "score ended well but left no predictions.csv; it must write one into the folder $LEVERFRAME_OUTPUT.",
    ),
    "score has no predictions": (
        SAID_COLUMNS, '["guess", "p_0", "p_1"]',
        "Validation failed: The predictions of the candidate have no column 'prediction', only guess, p_0, p_1.",
    ),
    "score knows another class": (
        SAID_COLUMNS, '["prediction", "p_yes", "p_no"]',
        "Validation failed: The predictions of the candidate have a column 'p_yes', and the target has no class "
        "'yes', only 0, 1; let the model learn the target's own values, or name a score of your own in [train].",
    ),
}  # fmt: skip

# The same for what runs well and is judged: what the sentence of the version says.
UNFIT = {
    "a target of one class": (
        "late = int(", "late = 0 * int(",
        "Target varies: Every training row has the same target; there is nothing to learn.",
    ),
    "columns in the wrong order": (
        SAID_COLUMNS, '["prediction", "p_1", "p_0"]',
        r"roc_auc 0\.\d+ is below 0\.60",
    ),
    "predictions that are missing": (
        SAID, '["", "", ""]',
        "672 predictions are missing; 672 rows have a missing or infinite probability",
    ),
    "predictions that are all alike": (
        SAID, "[0, 0.9, 0.1]",
        r"roc_auc 0\.500 is below 0\.60",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One workspace for all of them, with a project that is well and live."""
    folder = tmp_path_factory.mktemp("bad")
    engine = forking(open_engine(folder / "home", "ada", create=True))
    engine.add(tiny.make(folder / "good", name="good"))
    label = str(retrained(engine, "good").version)
    engine.move(engine.plan_release(label), "fine", lambda step: None)
    yield engine
    assert_whole(engine)
    engine.close()


def retrained(engine: Engine, project: str, at: int = 0) -> Run:
    return engine.wait(engine.retrain(project, as_of=NOVEMBER[at]).id, lambda r: None)


def bad(engine: Engine, title: str, old: str, new: str, timeout: str = "60s", *, held: bool = True) -> Run:
    """A retrain of the good project with ``old`` replaced; nothing of it is left afterwards."""
    assert old in tiny.STEPS, old
    name = re.sub("[^a-z0-9]+", "-", title.lower())[:40].strip("-")
    folder = tiny.make(engine.home.parent / name, name=name, steps=tiny.STEPS.replace(old, new), timeout=timeout)
    if not held:
        tiny.unhold(folder)
    engine.add(folder)
    run = retrained(engine, name)
    assert sweep(f"{workspace_of(engine).token}:{run.id}") == 0
    return run


@pytest.mark.parametrize("title", BROKEN)
def test_a_run_that_fails_says_why_in_one_sentence(engine: Engine, title: str) -> None:
    old, new, sentence = BROKEN[title]
    run = bad(engine, title, old, new, timeout="5s" if "never" in title else "60s")
    assert (run.state, run.why) == ("failed", sentence)
    assert engine.count_versions(run.project) == 0


@pytest.mark.parametrize("title", UNFIT)
def test_a_model_that_cannot_be_used_is_kept_and_cannot_go_live(engine: Engine, title: str) -> None:
    old, new, sentence = UNFIT[title]
    run = bad(engine, title, old, new)
    version = engine.version(str(run.version))
    assert version.state == "failed"
    assert re.search(sentence, version.sentence), version.sentence
    assert "did not pass its gates" in str(engine.plan_release(version.label).refused)


@pytest.mark.parametrize("title", [*(title for title in BROKEN if title.startswith("score")), "NaN everywhere"])
def test_a_check_says_what_every_retrain_would_fail_by(engine: Engine, title: str) -> None:
    old, new, sentence = BROKEN[title]
    folder = tiny.make(engine.home.parent / f"checked {title}", steps=tiny.STEPS.replace(old, new))
    found = engine.check(folder, lambda said: None)
    said = [each.sentence for each in found if each.verdict == "failing"]
    rows = re.compile(r"[\d,]+ (?=predictions|rows)")  # of its sample it is fewer
    assert [rows.sub("", each) for each in said] == [rows.sub("", sentence.removeprefix("Validation failed: "))]


def test_a_check_does_not_pass_predictions_that_no_version_could_pass_with(engine: Engine) -> None:
    old, new, _ = UNFIT["predictions that are missing"]
    found = engine.check(tiny.make(engine.home.parent / "gaps", steps=tiny.STEPS.replace(old, new)), lambda said: None)
    assert found[-1].verdict == "failing"
    assert "200 predictions are missing; 200 rows have a missing or infinite probability" in found[-1].sentence


def test_a_callable_that_is_not_there_is_named_with_the_nearest_one(engine: Engine) -> None:
    folder = tiny.make(engine.home.parent / "callable", name="callable", steps="def extract(as_of): ...\n")
    tiny.replace(folder, "leverframe.toml", '{ command = ["python", "steps.py", "extract"] }', '"steps:extrct"')
    engine.add(folder)
    run = retrained(engine, "callable")
    assert (run.state, run.why) == (
        "failed", "extract failed: steps has no 'extrct'; did you mean 'extract'?",
    )  # fmt: skip


def test_gigabytes_on_standard_output_leave_a_small_log(engine: Engine) -> None:
    shout = "    line = b'x' * 1023 + b'\\n'\n    for _ in range(1000): os.write(1, line * 512)\n"
    run = bad(engine, "gigabytes", TRAIN, TRAIN + shout + "    print('and done', flush=True)\n")
    assert run.state == "succeeded"
    log = workspace_of(engine).run_folder(run.id) / "steps" / "train" / "step.log"
    assert log.stat().st_size < 5_000_000
    page = engine.log(run.id, step="train")
    assert engine.log(run.id, step="train", offset=page.size - 100).lines[-1] == "and done"


def test_children_in_sessions_of_their_own_are_gone_when_the_run_ends(engine: Engine, tmp_path: Path) -> None:
    runaways = RUNAWAYS.replace("'pids'", repr(str(tmp_path / "pids")))
    indented = "".join(f"    {line}\n" for line in runaways.strip().splitlines())
    wait = f"    while len(open({str(tmp_path / 'pids')!r}).read().split()) < 4: time.sleep(0.01)\n"
    run = bad(engine, "runaways", TRAIN, TRAIN + indented + wait, held=False)
    assert run.state == "succeeded", run.why
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    assert len(pids) == 4
    assert none_alive(pids)


def test_after_a_bad_run_the_live_version_is_as_it_was_and_the_next_run_succeeds(engine: Engine) -> None:
    good, live = engine.home.parent / "good", engine.status("good", NOVEMBER[0]).live
    tiny.replace(good, "steps.py", TRAIN, TRAIN + "    os.kill(os.getpid(), 9)\n")
    assert retrained(engine, "good", 1).state == "failed"
    assert engine.status("good", NOVEMBER[0]).live == live
    assert_whole(engine)
    tiny.replace(good, "steps.py", "    os.kill(os.getpid(), 9)\n", "")
    run = retrained(engine, "good", 1)
    assert run.state == "succeeded", run.why
    assert engine.version(str(run.version)).against == live
