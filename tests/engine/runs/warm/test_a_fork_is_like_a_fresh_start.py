"""A process that was forked is what one that was started afresh is, and is held to the same."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.runs.steps.sweep import sweep
from engine.runs.warm import place
from tests.engine.runs.step_workshop import alive, free, none_alive, until
from tests.engine.runs.warm.servers import Served, served


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("forks") / "home") as found:
        yield found


def told(server: Served, folder: Path, *, forked: bool) -> dict[str, Any]:
    before = place.unanswered(server.home)
    result = server.begin(folder, "tell", forked=forked).wait()
    assert result.state == "succeeded", result
    assert place.unanswered(server.home) == before
    found: dict[str, Any] = json.loads((folder / "job").read_text())
    return found


def test_it_has_the_descriptors_environment_signals_limits_and_names_of_a_fresh_one(
    server: Served, tmp_path: Path
) -> None:
    folder = tmp_path / "one"
    fresh, forked = (told(server, folder, forked=each) for each in (False, True))
    assert forked["alike"] == fresh["alike"]
    assert not forked["pandas"]
    assert forked["alike"]["mark"][0].startswith("LEVERFRAME_RUN=test-")


def test_two_forks_draw_different_numbers(server: Served, tmp_path: Path) -> None:
    one, other = (told(server, tmp_path / name, forked=True)["drawn"] for name in ("one", "other"))
    assert not {*one} & {*other}


def test_a_sweep_finds_a_fork_by_its_mark(server: Served, tmp_path: Path) -> None:
    step, job = server.begin(tmp_path / "swept", "run away"), tmp_path / "swept" / "job"
    until(lambda: len(job.read_text().split()) == 3)
    assert sweep(f"test-{os.getpid()}:swept") >= 1  # Of the others its warden may be the quicker one to end them.
    assert step.wait().exit_code == -9
    until(lambda: none_alive([int(pid) for pid in job.read_text().split()]))


@pytest.mark.parametrize(
    ("deed", "limits", "state", "why"),
    [
        ("sleep", {"seconds": 1}, "failed", "time"),
        ("swell", {"memory": 600 << 20}, "failed", "memory"),
        ("fail", {}, "failed", "exit code 1"),
        ("flood", {"log_bytes": 100_000}, "succeeded", ""),
    ],
)
def test_it_is_held_to_its_limits(
    server: Served, tmp_path: Path, deed: str, limits: dict[str, int], state: str, why: str
) -> None:
    result = server.begin(tmp_path / deed, deed, limits).wait()
    assert result.state == state and why in f"{result.why} {result.passed}"
    assert (tmp_path / deed / "measure.log").stat().st_size <= 100_000
    if deed == "fail":
        assert result.last_lines[-1] == "RuntimeError: it was asked to fail"


@pytest.mark.parametrize("how", ["cancelled", "its run is gone"])
def test_nothing_of_it_outlives_its_run_and_then_the_lock_is_free(server: Served, tmp_path: Path, how: str) -> None:
    folder = tmp_path / "away"
    step = server.begin(folder, "run away")
    pids = [int(each) for each in until(lambda: _three(folder / "job"))]
    assert not free(folder / "lock")
    if how == "cancelled":
        step.cancel("enough")
        assert step.wait().state == "cancelled"
    else:
        assert step._warden.stdin is not None
        step._warden.stdin.close()  # as the kernel does when the run's process ends
        until(lambda: none_alive(pids))
    until(lambda: free(folder / "lock"))
    assert none_alive(pids) and alive(server.pid)


def _three(path: Path) -> list[str]:
    found = path.read_text().split()
    return found if len(found) == 3 else []
