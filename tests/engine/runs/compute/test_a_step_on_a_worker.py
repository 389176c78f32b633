"""A step on a real worker ends as it would here: well, with its own words, or at its limits; nothing of it stays."""

from __future__ import annotations

import os
import shutil
import textwrap
from datetime import timedelta
from pathlib import Path

import pytest

from engine.errors import StepFailed
from engine.runs.steps.step import StepResult
from tests.engine.runs.compute.away import Away, gone
from tests.engine.runs.compute.cluster import Cluster
from tests.engine.runs.step_workshop import outside, until

pytestmark = pytest.mark.slow
WELL = """
import os
print("::progress 0.4 fitting", flush=True)
print("parent", os.getppid(), "secret", os.environ.get("SECRET_OF_OURS"), "home", os.environ["LEVERFRAME_INPUT"])
print("rows", open(os.environ["LEVERFRAME_INPUT"] + "/data.csv").read().count("\\n"))
os.makedirs(os.environ["LEVERFRAME_OUTPUT"] + "/model/déep er")
open(os.environ["LEVERFRAME_OUTPUT"] + "/model/déep er/a file", "wb").write(b"m" * 9_000_000)
open(os.environ["LEVERFRAME_OUTPUT"] + "/model/empty", "wb").close()
"""


@pytest.fixture
def away(tmp_path: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Away:
    monkeypatch.setenv("SECRET_OF_OURS", "ssh")
    return Away(tmp_path, cluster.address)


def why(away: Away, code: str, **more: object) -> str:
    """What the step that fails is told by."""
    with pytest.raises(StepFailed) as caught:
        away.start(code, **more).conclude()  # type: ignore[arg-type]
    return str(caught.value)


def test_input_variables_output_log_and_progress_come_and_go_whole(away: Away, cluster: Cluster) -> None:
    step = away.start(WELL)
    results: list[StepResult] = []
    step.conclude(results.append)
    assert (step.output / "model/déep er/a file").read_bytes() == b"m" * 9_000_000
    assert (step.output / "model/empty").read_bytes() == b""
    assert away.log.startswith("[leverframe: on tcp://127.0.0.1:")
    assert "secret ssh" in away.log and str(cluster.scratch) in away.log
    assert "rows 3000000" in away.log
    assert (0.4, "fitting") in away.progress
    assert results[0].state == "succeeded" and results[0].cpu_seconds > 0
    until(lambda: not cluster.guests(), 30)
    # Nobody may find a secret in what is left of the step here.
    left = [path for path in step.output.parent.rglob("*") if path.is_file() and path.name != "step.log"]
    assert not [path for path in left if b"ssh" in path.read_bytes()]


def test_the_runner_comes_along_with_all_that_it_needs_and_is_told_to_keep_types(away: Away) -> None:
    away.start("import os; print('types', os.environ['LEVERFRAME_TYPES'])").conclude()
    assert "types 1" in away.log
    callable = {"command": None, "callable": "train:train"}
    assert why(away, "", changed=callable) == "train failed: train has no 'train'."


def test_a_step_that_raises_is_told_by_its_own_last_words(away: Away) -> None:
    assert why(away, "raise ValueError('no data')") == "train ended with exit code 1: ValueError: no data."


def test_a_step_that_never_returns_is_stopped_at_its_time_limit_there(away: Away) -> None:
    said = why(away, "import time; time.sleep(600)", timeout="2s")
    assert said.startswith("train passed its time limit of 2 s and was stopped; make it quicker, or raise timeout")


def test_a_step_that_eats_memory_is_stopped_there(away: Away) -> None:
    said = why(away, "kept = [bytearray(b'x') * 5_000_000 for _ in range(120)]\nimport time; time.sleep(60)")
    assert said.startswith("train used more than 200 MiB of memory (one process) and was stopped; have it use less")


def test_a_step_whose_program_is_not_there_says_so(away: Away) -> None:
    said = why(away, "import os; os.execvp('no-such-program', ['no-such-program'])")
    assert "FileNotFoundError" in said


def test_too_much_output_is_refused(away: Away) -> None:
    code = """
import os
for number in range(3): open(f"{os.environ['LEVERFRAME_OUTPUT']}/{number}", "wb").write(b"x" * 700_000)
"""
    assert "of output and was stopped" in why(away, code, changed={"output_bytes": 1 << 20})


def test_a_link_in_the_output_is_refused(away: Away) -> None:
    said = why(away, "import os; os.symlink('/etc/passwd', os.environ['LEVERFRAME_OUTPUT'] + '/model')")
    assert said == "train failed: 'model' is a link or no file at all; a step must leave plain files."


def test_a_step_that_prints_without_end_leaves_a_small_log_with_both_ends(away: Away) -> None:
    code = """
import os
os.write(1, b"the first line\\n")
for _ in range(400): os.write(1, b"noise noise noise\\n" * 5_555)
os.write(1, b"the last line\\n")
"""
    away.start(code).conclude()
    assert "the first line" in away.log and " cut" in away.log
    assert away.log.endswith("the last line\n") and len(away.log) < 5_000_000


def test_steps_that_do_not_fit_beside_each_other_wait_for_each_other(away: Away, cluster: Cluster) -> None:
    over = away.folder / "over"
    wait = f"import os, time\nwhile not os.path.exists({str(over)!r}): time.sleep(0.05)"
    busy = []
    for _ in range(2):
        busy.append(away.start(f"print('here', 1, flush=True)\n{wait}", timeout="10m"))
        away.said("here")
    said = why(away, "pass", wait=timedelta(seconds=1))
    assert said == (
        f"train failed: no worker of {cluster.address} was free within 1.0 s; start more workers, or raise wait in "
        "[compute]."
    )
    over.touch()
    for step in busy:
        step.conclude()
    away.start("pass").conclude()


def test_cancelling_ends_the_step_on_its_worker(away: Away, cluster: Cluster) -> None:
    step = away.start("import os, time; print('pid', os.getpid(), flush=True); time.sleep(600)")
    (pid,) = outside(away.word, int(away.said("pid")))
    step.cancel("cancelled by ada")
    with pytest.raises(StepFailed, match="cancelled by ada"):
        step.conclude()
    until(lambda: gone(pid) and not cluster.guests(), 60)
    away.start("pass").conclude()


def test_a_step_is_held_on_its_worker_as_it_is_here(away: Away) -> None:
    secret = away.folder / "secret"
    secret.write_text("hunter2")
    step = away.start(textwrap.dedent(f"""
        import os
        def attempt(what, deed):
            try:
                deed()
                print("DID", what, flush=True)
            except OSError as refusal:
                print("refused", what, flush=True)
        attempt("read", lambda: open({str(secret)!r}).read())
        attempt("write", lambda: open({str(secret)!r}, "w"))
        attempt("its folder", lambda: os.listdir("../.."))
        attempt("its watcher", lambda: os.kill(os.getppid(), 15))
        attempt("another", lambda: os.kill({os.getpid()}, 0))
        open(os.environ["TMPDIR"] + "/x", "w").write(os.path.expanduser("~"))
        open("left-here", "w")
    """))  # fmt: skip
    result = step.conclude()
    log = step.output.with_name("step.log").read_text()
    assert "DID" not in log and log.count("refused") == 5, log
    assert secret.read_text() == "hunter2"
    assert result.contained is not None and result.contained.landlock > 0


def test_a_worker_without_the_environment_refuses_and_says_what_to_do(away: Away) -> None:
    said = why(away, "pass", changed={"environment": "/mnt/environments/0123456789abcdef"})
    assert "has no environment /mnt/environments/0123456789abcdef that is whole; share the folder that" in said


def test_a_worker_whose_environment_is_not_the_one_that_was_built_refuses(away: Away, tmp_path: Path) -> None:
    copy = tmp_path / "copies" / away.environment.path.name
    shutil.copytree(away.environment.path, copy, symlinks=True)
    away.start("pass", changed={"environment": str(copy)}).conclude()
    (packages,) = copy.glob("lib/python3*/site-packages")
    (packages / "evil.pth").write_text("import os")
    said = why(away, "pass", changed={"environment": str(copy)})
    assert f"has another environment {copy} than the one that was built (lib/" in said
    assert "evil.pth); share" in said
    assert "LEVERFRAME_ENVIRONMENTS" in said
