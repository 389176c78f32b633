"""What a manifest's wishes come to, and what a step that was refused something is told to do."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from engine.errors import StepFailed
from engine.projects.manifest.records import SandboxSpec
from engine.runs.steps.holding import StepHold, finding, gaps, machine, recorded, weakest
from engine.runs.steps.sandbox import advice, box, check_reads, variables
from engine.versions.diff import sandbox_changes

FULL = StepHold(7, True, True, True)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "home" / "runs" / "1").mkdir(parents=True)
    (tmp_path / "home" / "ledger.db").write_text("")
    return tmp_path / "home"


def advised(line: str, workspace: Path, spec: SandboxSpec | None = None) -> str:
    spec = spec or SandboxSpec()
    held = box(spec, workspace / "runs" / "1", workspace / "environments" / "abc", workspace)
    return advice(["Traceback (most recent call last):", line], spec, held, workspace)


@pytest.mark.parametrize(
    "line",
    [
        "PermissionError: [Errno 13] Permission denied: '{}'",
        "OSError: [Errno 13] Permission denied: '{}'",
        "PermissionError: [Errno 13] Failed to open local file '{}'. Detail: [errno 13] Permission denied",
        "  cannot open file '{}': Permission denied",
        "cat: {}: Permission denied",
        'IO Error: Cannot open file "{}": Permission denied',
        "cp: cannot open ‘{}’ for reading: Permission denied",
        "Error: EACCES: permission denied, open '{}'",
    ],
)
def test_whoever_was_refused_a_file_is_told_the_line_that_allows_its_folder(line: str, tmp_path: Path) -> None:
    data = tmp_path / "data" / "flights"
    data.mkdir(parents=True)
    (data / "2026.csv").write_text("x")
    (tmp_path / "home").mkdir()
    said = advised(line.format(data / "2026.csv"), tmp_path / "home")
    assert said.endswith(f'[sandbox] read = ["{data}"]')


def test_a_folder_that_holds_the_workspace_is_not_advised(workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("x")
    said = advised(f"PermissionError: [Errno 13] Permission denied: '{tmp_path / 'data.csv'}'", workspace)
    assert said.endswith(f'[sandbox] read = ["{tmp_path / "data.csv"}"]')
    check_reads(SandboxSpec((str(tmp_path / "data.csv"),)), workspace)


def test_what_is_refused_for_good_is_not_promised(workspace: Path, tmp_path: Path) -> None:
    denied = "PermissionError: [Errno 13] Permission denied: '{}'"
    assert "$LEVERFRAME_OUTPUT" in advised(denied.format(workspace / "ledger.db"), workspace)
    assert "$LEVERFRAME_OUTPUT" in advised(denied.format(tmp_path / "new.txt"), workspace), "it wanted to write"
    assert "no other process" in advised(denied.format("/proc/1/environ"), workspace)
    (tmp_path / "data").mkdir()
    readable = SandboxSpec((str(tmp_path / "data"),))
    (tmp_path / "data" / "x").write_text("")
    assert "$LEVERFRAME_OUTPUT" in advised(denied.format(tmp_path / "data" / "x"), workspace, readable)


def test_other_failures_are_not_advised_about(workspace: Path) -> None:
    assert advised("ValueError: /data/flights is no number", workspace) == ""
    assert advised("FileNotFoundError: [Errno 2] No such file or directory: '/data'", workspace) == ""
    off = SandboxSpec(off="a reason")
    assert advised("PermissionError: [Errno 13] Permission denied: '/etc/shadow'", workspace, off) == ""


def test_without_network_a_refused_connection_is_explained(workspace: Path) -> None:
    line = "PermissionError: [Errno 13] Permission denied"
    assert "[sandbox] network = false" in advised(line, workspace, SandboxSpec(network=False))
    assert advised(line, workspace) == ""


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("", "which holds the workspace"),
        ("home", "which holds the workspace"),
        ("home/objects", "which lies in the workspace"),
        ("link", "which lies in the workspace"),
        ("nowhere", "which is not there"),
        ("processes", "which leads to /proc"),
    ],
)
def test_a_wish_that_would_open_the_workspace_or_names_nothing_is_refused(
    path: str, said: str, workspace: Path, tmp_path: Path
) -> None:
    (workspace / "objects").mkdir()
    (tmp_path / "link").symlink_to(workspace / "objects")
    (tmp_path / "processes").symlink_to("/proc")
    with pytest.raises(StepFailed, match=said):
        check_reads(SandboxSpec((str(tmp_path / path),)), workspace)


def test_a_step_has_a_home_of_its_own_unless_it_may_read_in_the_accounts(tmp_path: Path) -> None:
    own = str(tmp_path / "tmp")
    assert variables(SandboxSpec(), tmp_path, "/home/ops")["HOME"] == own
    assert variables(SandboxSpec(("/home/opsdata",)), tmp_path, "/home/ops")["HOME"] == own
    assert variables(SandboxSpec(("/home/ops/.aws",)), tmp_path, "/home/ops")["HOME"] == "/home/ops"
    assert variables(SandboxSpec(("/home/ops/.aws",)), tmp_path, "/home/ops")["TMPDIR"] == own
    assert variables(SandboxSpec(off="a reason"), tmp_path, "/home/ops") == {}


def test_java_finds_the_same_home_and_temporary_folder_also_where_their_path_has_a_blank(tmp_path: Path) -> None:
    given = variables(SandboxSpec(("/home/ops/.aws",)), tmp_path / "a step", "/home/ops")
    said = subprocess.run(
        ["java", "-XshowSettings:properties", "-version"], env={"PATH": os.environ["PATH"], **given},
        capture_output=True, text=True, check=True,
    ).stderr  # fmt: skip
    assert f"java.io.tmpdir = {tmp_path}/a step/tmp\n" in said
    assert "user.home = /home/ops\n" in said


@pytest.mark.parametrize(
    ("held", "count", "verdict"),
    [
        (FULL, 0, "ok"),
        (StepHold(6, True, True, False), 0, "ok"),
        (StepHold(6, True, False, False), 1, "watch"),
        (StepHold(5, True, True, False), 1, "watch"),
        (StepHold(5, True, False, False), 2, "watch"),
        (StepHold(2, True, False, False), 3, "watch"),
        (StepHold(7, False, True, False), 1, "watch"),
        (StepHold(0, True, False, False), 2, "watch"),
    ],
)
def test_what_a_system_cannot_hold_is_told(held: StepHold, count: int, verdict: str) -> None:
    assert len(gaps(held)) == count
    assert machine(held).verdict == finding(SandboxSpec(), held).verdict == verdict
    assert all(gap in machine(held).sentence for gap in gaps(held))


def test_whom_a_step_could_ask_to_do_something_is_told() -> None:
    (path,) = gaps(StepHold(7, True, False, True))
    assert "a socket with a path" in path and "abstract" not in path
    (abstract,) = gaps(StepHold(5, True, True, True))
    assert "an abstract socket" in abstract and "a path" not in abstract


def test_a_network_that_is_forbidden_and_not_held_is_a_gap() -> None:
    assert "use the network but for TCP" in gaps(StepHold(4, False, True, False), network=False)[-1]
    assert gaps(StepHold(3, False, True, False), network=False)[-1].startswith("use the network,")
    assert gaps(StepHold(0, True, True, False), network=False)[-1].startswith("read, change and delete")


def test_off_is_red_whatever_the_system_could_do_and_says_the_reason() -> None:
    said = finding(SandboxSpec(off="the driver wants ptrace"), FULL)
    assert said.verdict == "failing" and "the driver wants ptrace" in said.sentence


def test_the_card_says_what_steps_may_reach() -> None:
    said = finding(SandboxSpec(("/data/flights",), network=False), FULL).sentence
    assert "/data/flights" in said and "no network" in said
    assert finding(SandboxSpec(), None).verdict == "watch", "made before that was kept"


def test_steps_that_were_held_differently_count_as_the_least() -> None:
    assert weakest([FULL, StepHold(3, False, False, True)]) == StepHold(3, False, False, True)
    assert weakest([FULL, None]) is None and weakest([]) is None
    assert recorded({"landlock": 7, "calls": True, "alone": True, "group": True}) == FULL
    assert recorded({}) is None


def test_what_steps_may_reach_now_and_might_not_before_is_a_change_of_its_own() -> None:
    old = {"sandbox": {"read": ["/a", "/b"]}}
    new = {"sandbox": {"read": ["/b", "/c"], "network": False}}
    (change,) = sandbox_changes(old, new)
    assert change.details == ("may read /c", "may no longer read /a", "has no network")
    (change,) = sandbox_changes({}, {"sandbox": {"off": "because"}})
    assert change.summary == "off: because"
    assert sandbox_changes(old, old) == () == sandbox_changes({}, {"sandbox": {"network": True}})


def test_the_paths_of_a_step_are_its_own(tmp_path: Path) -> None:
    made = box(SandboxSpec(("/data",)), tmp_path / "step", tmp_path / "env", tmp_path / "home")
    assert made is not None
    assert made["write"] == [str(tmp_path / "step" / name) for name in ("output", "tmp", "code")]
    assert made["read"] == ["/data"] and made["apart"] == [str(tmp_path / "home")]
    assert all(os.path.isabs(path) for path in made["own"])
    assert box(SandboxSpec(off="a reason"), tmp_path, tmp_path, tmp_path) is None
