"""A version's process is asked again and again: it answers as the step does, and whatever becomes of it is told."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest

from engine.errors import StepFailed
from engine.runs.steps.sweep import sweep
from engine.scoring.warm_pipes import RowsRefused
from engine.scoring.warm_process import WarmProcess
from tests.engine.runs.step_workshop import until
from tests.engine.scoring.staying import AT, FIRST, GAPS, by_a_step, process, rows


@pytest.fixture(autouse=True)
def _an_environment_that_nobody_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.runs.steps.launch.check_environment", lambda stage, name: None)


@pytest.fixture
def stays(tmp_path: Path) -> Iterator[WarmProcess]:
    found = process(tmp_path)
    yield found
    found.close()
    assert sweep(f"test-{os.getpid()}") == 0, "nothing of it is left"


def deed(what: str) -> pa.Table:
    return rows((0.5, 1, what, "a"))


@pytest.mark.parametrize(("form", "tables"), [("parquet", (FIRST.slice(0, 2), GAPS)), ("csv", (GAPS,))])
def test_it_answers_as_the_step_does_to_the_last_bit(tmp_path: Path, form: str, tables: tuple[pa.Table, ...]) -> None:
    stays = process(tmp_path, form)
    try:
        for number, table in enumerate(tables):
            asked, wanted = stays.ask(table), by_a_step(tmp_path / f"step-{number}", stays.program.stage, table)
            assert asked.to_pydict() == wanted.to_pydict() and asked.column_names == ["prediction", "p_0", "p_1"]
    finally:
        stays.close()


def test_rows_that_its_model_cannot_take_are_refused_and_it_answers_others(stays: WarmProcess) -> None:
    stays.start()
    with pytest.raises(RowsRefused, match="scoring stays@1 failed: ValueError: no such deed"):
        stays.ask(deed("raise"))
    with pytest.raises(RowsRefused, match=r"ended the process itself \(sys.exit\(0\)\)"):
        stays.ask(deed("exit"))
    assert stays.ask(FIRST).num_rows == 3 and not stays.ends


def test_a_crash_is_told_with_its_last_words_and_counted_and_the_next_call_is_answered(stays: WarmProcess) -> None:
    with pytest.raises(StepFailed, match=r"scoring stays@1 was killed by signal 6 \(SIGABRT\)|out of luck"):
        stays.ask(deed("die"))
    assert [(each.at, each.waited) for each in stays.ends] == [(AT, 0.0)] and stays.ask(FIRST).num_rows == 3


def test_rows_whose_process_somebody_kills_are_asked_of_another(stays: WarmProcess, tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(stays.ask, deed("hang once"))
        until(lambda: (tmp_path / "process" / "output" / "hangs").exists())
        (tmp_path / "model" / "again").touch()
        assert sweep(f"test-{os.getpid()}") > 0
        assert asked.result().num_rows == 1 and len(stays.ends) == 1


def test_but_once_as_it_may_be_of_them_that_it_dies(stays: WarmProcess) -> None:
    with pytest.raises(StepFailed, match="scoring stays@1 was killed by signal 9"):
        stays.ask(deed("be killed"))
    assert len(stays.ends) == 2 and stays.ask(FIRST).num_rows == 3


def test_one_that_was_killed_while_nobody_asked_costs_no_answer(stays: WarmProcess) -> None:
    stays.start()
    assert sweep(f"test-{os.getpid()}") > 0
    assert stays.ask(FIRST).num_rows == 3 and len(stays.ends) == 1


def test_one_that_hangs_is_ended_in_time_and_that_counts_too(tmp_path: Path) -> None:
    stays = process(tmp_path, patience=0.3)
    told: list[str] = []

    def ask() -> None:
        with pytest.raises(StepFailed) as failed:
            stays.ask(deed("hang"))
        told.append(str(failed.value))

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(120)  # It hangs for ten minutes: whoever does not end it shall not keep the test for as long.
    left = sweep(f"test-{os.getpid()}")
    assert told == ["scoring stays@1 did not answer in time and was stopped."] and left == 0
    assert [each.waited >= 0.3 for each in stays.ends] == [True]


def test_one_that_leaks_is_ended_and_what_it_leaked_of_is_not_asked_of_the_next(stays: WarmProcess) -> None:
    with pytest.raises(StepFailed, match="scoring stays@1 used more than 1.0 GiB of memory"):
        stays.ask(deed("leak"))
    assert len(stays.ends) == 1 and stays.ask(FIRST).num_rows == 3


def test_an_answer_that_is_none_ends_it(stays: WarmProcess) -> None:
    with pytest.raises(StepFailed, match="gave an answer that is too long"):
        stays.ask(deed("babble"))
    assert stays.ask(FIRST).num_rows == 3


def test_one_whose_folder_is_gone_is_told_as_that_and_not_half_begun(stays: WarmProcess, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "model")
    with pytest.raises(StepFailed, match="scoring stays@1 cannot be begun: No such file or directory"):
        stays.ask(FIRST)
    assert not stays.ends


def test_after_its_end_nothing_is_answered(stays: WarmProcess) -> None:
    stays.start()
    stays.close()
    with pytest.raises(StepFailed, match="scoring stays@1 was ended"):
        stays.ask(FIRST)
    assert not stays.ends, "an end that was wanted is none"
