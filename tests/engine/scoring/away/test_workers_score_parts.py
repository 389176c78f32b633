"""Parts that real workers score come back in their order with the bits of this machine, whoever dies on the way."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import pyarrow as pa
import pytest

from engine.errors import StepFailed
from engine.runs.steps.sweep import sweep
from tests.engine.runs.compute.cluster import Cluster
from tests.engine.runs.step_workshop import until
from tests.engine.scoring import staying
from tests.engine.scoring.away.kits import MARKER, PARTS, Tables, answers, closed, staying_workers

pytestmark = pytest.mark.slow


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    return Tables(tmp_path)


def said(folder: Path) -> str:
    log = folder / "step" / "step.log"
    return log.read_text(errors="replace") if log.exists() else ""


def test_compiled_tables_give_the_bits_of_this_machine_and_leave_nothing(tables: Tables, cluster: Cluster) -> None:
    with closed(tables.workers(cluster.address)) as workers:
        found = answers(workers, PARTS)
    assert [each.equals(tables.here.score(part)) for each, part in zip(found, PARTS, strict=True)] == [True] * 40
    assert sum(workers.shares.values()) == 40 and len(workers.shares) == 2 and workers.again == 0
    assert [path.name for path in (tables.folder / "step").iterdir() if path.is_dir()] == []
    assert sweep(MARKER) == 0
    until(lambda: not cluster.guests())


def test_a_worker_that_says_something_else_of_the_golden_rows_is_asked_for_nothing(
    tables: Tables, cluster: Cluster
) -> None:
    expected = tables.here.score(tables.first)
    other = pa.array([each.as_py() + 2**-54 for each in expected.column(1)])
    expected = expected.set_column(1, expected.column_names[1], other)
    with closed(tables.workers(cluster.address, expected=expected)) as workers, pytest.raises(
        StepFailed, match="answers the golden rows otherwise than this machine"
    ):
        answers(workers, PARTS)
    assert workers.shares == {}


def test_a_worker_that_is_killed_loses_its_parts_to_another(tables: Tables, lonely: Cluster) -> None:
    first, _ = lonely.worker(), lonely.worker()
    with closed(tables.workers(lonely.address, silence=20)) as workers:
        later = [workers.begin(part) for part in PARTS[:2]]
        found = [each() for each in later]
        first.kill()
        found += answers(workers, PARTS[2:])
    assert [each.equals(tables.here.score(part)) for each, part in zip(found, PARTS, strict=True)] == [True] * 40


def test_a_worker_that_hangs_loses_its_parts_and_hears_nothing_more(tables: Tables, lonely: Cluster) -> None:
    first, _ = lonely.worker(), lonely.worker()
    with closed(tables.workers(lonely.address, silence=15)) as workers:
        until(lambda: said(tables.folder).count("is ready") == 2)
        first.send_signal(signal.SIGSTOP)
        found = answers(workers, PARTS)
        first.send_signal(signal.SIGCONT)
    assert [each.equals(tables.here.score(part)) for each, part in zip(found, PARTS, strict=True)] == [True] * 40
    assert len(workers.shares) == 1
    until(lambda: not lonely.guests())


def test_when_the_last_worker_is_gone_it_ends_with_a_sentence(tables: Tables, lonely: Cluster) -> None:
    only = lonely.worker()
    with closed(tables.workers(lonely.address, silence=12)) as workers:
        until(lambda: "is ready" in said(tables.folder))
        only.kill()
        with pytest.raises(StepFailed, match="score on workers failed: (the worker|no worker) tcp.* left"):
            answers(workers, PARTS)


def test_a_scorer_that_is_killed_is_begun_again_and_its_part_asked_for_again(
    tmp_path: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.runs.steps.launch.check_environment", lambda stage, name: None)
    with closed(staying_workers(tmp_path, cluster.address)) as workers:
        (found,) = answers(workers, [staying.GAPS])
        expected = staying.by_a_step(tmp_path / "there", staying.stage(tmp_path / "again"), staying.GAPS)
        assert found.equals(expected)
        dies = staying.rows((0.5, 3, "die", "a"))
        with pytest.raises(StepFailed, match=r"part 2 was asked for 3 times, of tcp.* and tcp.* the scorer .* ended"):
            answers(workers, [dies])


def test_a_scorer_that_hangs_is_given_up_after_its_time(
    tmp_path: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.runs.steps.launch.check_environment", lambda stage, name: None)
    with closed(staying_workers(tmp_path, cluster.address, patience=2.0)) as workers, pytest.raises(
        StepFailed, match=r"part 1 was asked for 3 times, .* did not answer within 2.0 s"
    ):
        answers(workers, [staying.rows((0.5, 3, "hang", "a"))])


def test_who_cancels_it_ends_both_sides(tables: Tables, lonely: Cluster) -> None:
    lonely.worker()
    with closed(tables.workers(lonely.address)) as workers:
        until(lambda: "is ready" in said(tables.folder))
        threading.Timer(0.0, workers.cancel, ["cancelled by ada"]).start()
        with pytest.raises(StepFailed, match="cancelled by ada"):
            while True:
                answers(workers, PARTS)
    until(lambda: not lonely.guests())
