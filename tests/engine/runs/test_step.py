"""Real processes under small limits: how each way of ending is told, and that nothing is left afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from engine.runs.steps.running import start_step
from engine.runs.steps.step import clean_environment
from engine.runs.steps.step_output import Progress
from engine.runs.steps.sweep import sweep
from tests.engine.runs.step_workshop import MIB, RUNAWAYS, Workshop, alive, none_alive, until, wardens, workshop

__all__ = ["workshop"]


def test_a_step_that_ends_well_succeeded_without_a_why(workshop: Workshop) -> None:
    result = workshop.run("print('hello')")
    assert (result.state, result.exit_code, result.why) == ("succeeded", 0, None)
    assert result.last_lines == ("hello",)
    assert workshop.log.read_bytes() == b"hello\n"


def test_a_step_that_raises_is_told_by_its_last_line_that_means_something(workshop: Workshop) -> None:
    result = workshop.run(
        "import sys\nsys.stderr.write('Traceback\\n\\x1b[31mValueError: no data\\x1b[0m\\n   ^^^^\\n\\n'); sys.exit(1)"
    )
    assert result.why == "train ended with exit code 1: ValueError: no data"


def test_a_step_that_misses_a_variable_which_nobody_set_is_told_with_where_to_set_it(workshop: Workshop) -> None:
    argv = (sys.executable, "-I", "-S", "-c", "import os; os.environ['SHOP_URL']")
    spec = replace(workshop.spec(*argv), unset=("SHOP", "SHOP_URL"))
    said = " ([environment] pass names SHOP_URL, and it is not set here; set it where leverframe is started)"
    missed = "train ended with exit code 1: KeyError: 'SHOP_URL'"
    assert start_step(spec, lambda at, text: None).wait().why == f"{missed}{said}"
    workshop.log.unlink()
    assert start_step(replace(spec, unset=()), lambda at, text: None).wait().why == missed


def test_a_step_that_never_returns_is_stopped_at_its_time_limit(workshop: Workshop) -> None:
    result = workshop.run("while True: pass", seconds=0.4)
    assert result.state == "failed"
    assert result.why == "train passed its time limit of 0.4 s and was stopped"
    assert result.seconds >= 0.4 and result.cpu_seconds > 0


def test_a_step_that_eats_memory_is_stopped_near_its_limit(workshop: Workshop) -> None:
    code = "kept = [bytearray(b'x') * 5_000_000 for _ in range(100)]\nimport time; time.sleep(60)"
    result = workshop.run(code, memory=150 * MIB)
    assert result.why == "train used more than 150 MiB of memory (one process) and was stopped"
    assert 150 * MIB < result.peak_memory < 600 * MIB


def test_memory_is_that_of_the_whole_tree(workshop: Workshop) -> None:
    result = workshop.run(
        """
        import os, time
        for _ in range(3):
            if os.fork() == 0:
                kept = bytearray(b"x") * 60_000_000
                time.sleep(60)
                os._exit(0)
        time.sleep(60)
        """,
        memory=150 * MIB,
    )
    assert result.why == "train used more than 150 MiB of memory (tree of 4 processes) and was stopped"


def test_memory_that_is_reserved_and_never_touched_does_not_count(workshop: Workshop) -> None:
    code = """
        import mmap, time
        kept = mmap.mmap(-1, 1 << 40, flags=mmap.MAP_PRIVATE | 0x4000, prot=mmap.PROT_READ)  # too much for no kernel
        time.sleep(0.3)
        """
    result = workshop.run(code, memory=150 * MIB)
    assert result.state == "succeeded" and result.peak_memory < 150 * MIB, result.why


def test_memory_that_processes_share_is_counted_once(workshop: Workshop) -> None:
    result = workshop.run(
        """
        import os, time
        kept = bytearray(b"x") * 80_000_000
        children = [os.fork() for _ in range(3) if True and os.getpid() == os.getsid(0)]
        time.sleep(0.4)
        """,
        memory=200 * MIB,
    )
    assert result.state == "succeeded"
    assert result.peak_memory > 80_000_000


def test_the_peak_of_a_small_step_is_small(workshop: Workshop) -> None:
    ballast = bytearray(b"x") * 200_000_000
    result = start_step(workshop.spec("/bin/true"), lambda *_: None).wait()
    assert result.peak_memory < 30 * MIB < len(ballast)


def test_a_step_that_prints_200_megabytes_leaves_a_small_log_with_both_ends(workshop: Workshop) -> None:
    result = workshop.run(
        """
        import os
        os.write(1, b"the first line\\n")
        for _ in range(200): os.write(1, b"noise noise noise\\n" * 55_555)
        os.write(1, b"the last line\\n")
        """
    )
    log = workshop.log.read_bytes()
    assert result.state == "succeeded"
    assert len(log) <= 201_000
    assert log.startswith(b"the first line\n") and log.endswith(b"the last line\n")
    assert b" bytes were cut here]" in log
    assert result.last_lines[-1] == "the last line"
    assert os.listdir(workshop.folder) == ["step.log"]


def test_the_log_can_be_read_while_the_step_runs(workshop: Workshop) -> None:
    step = workshop.start("import time; print('at work', flush=True); time.sleep(60)")
    until(lambda: workshop.log.exists() and b"at work\n" in workshop.log.read_bytes())
    step.cancel("cancelled by ada")
    assert step.wait().state == "cancelled"


def test_what_a_step_prints_is_kept_byte_for_byte(workshop: Workshop) -> None:
    workshop.run(r"import os; os.write(1, b'\xff\xfe\x00 \x1b[31mred\r\n no end')")
    assert workshop.log.read_bytes() == b"\xff\xfe\x00 \x1b[31mred\r\n no end"


def test_children_in_other_sessions_and_with_cleared_environments_end_with_the_step(workshop: Workshop) -> None:
    step = workshop.start(RUNAWAYS + "time.sleep(60)")
    pids = workshop.pids(4)
    assert all(alive(pid) for pid in pids)
    step.cancel("cancelled by ada")
    assert step.wait().why == "cancelled by ada"
    assert none_alive(pids)


def test_children_that_outlive_a_step_that_ended_well_are_ended_too(workshop: Workshop) -> None:
    result = workshop.run(RUNAWAYS + "while len(open('pids').read().split()) < 4: time.sleep(0.01)")
    assert result.state == "succeeded"
    assert none_alive(workshop.pids(4))


def test_a_step_that_forks_without_end_is_stopped(workshop: Workshop) -> None:
    code = """
        import os, time
        for _ in range(1_200):  # not without end: who stops it may be slow
            if os.fork() == 0:
                time.sleep(60)
                os._exit(0)
        time.sleep(60)
        """
    assert workshop.run(code).why == "train started more than 1,000 processes and was stopped"
    assert sweep(workshop.marker) == 0


def test_processes_that_fork_into_new_sessions_while_they_are_being_killed_are_all_ended(workshop: Workshop) -> None:
    """Twenty lines of descent go on, each parent ending behind its child: as many at any time, and no more than 300
    generations, however late whoever kills them comes."""
    code = """
        import os, time
        for _ in range(20):
            if os.fork() == 0:
                for _ in range(300):
                    os.setsid()
                    time.sleep(0.03)
                    if os.fork() != 0:
                        break
                os._exit(0)
        time.sleep(60)
        """
    assert workshop.run(code, seconds=0.4).state == "failed"
    assert sweep(workshop.marker) == 0


def test_a_step_that_kills_itself_is_told_by_its_signal(workshop: Workshop) -> None:
    result = workshop.run("import os; os.kill(os.getpid(), 9)")
    assert result.why == "train was killed by signal 9 (SIGKILL), perhaps by the system for want of memory"
    assert workshop.run("import os; os.abort()").why == "train was killed by signal 6 (SIGABRT) and printed nothing"


def test_a_program_that_is_not_there_is_named(workshop: Workshop) -> None:
    result = start_step(workshop.spec("Rscript-of-nobody", "x.R"), lambda *_: None).wait()
    assert result.why is not None and "'Rscript-of-nobody' cannot be run (no such file or directory)" in result.why


def test_a_step_that_fills_its_output_folder_is_stopped(workshop: Workshop) -> None:
    output = workshop.folder / "output"
    output.mkdir()
    result = workshop.run(
        """
        import time
        for n in range(10): open(f"output/{n}", "wb").write(b"x" * 1_000_000)
        time.sleep(60)
        """,
        output_bytes=5 * MIB,
        LEVERFRAME_OUTPUT=output,
    )
    assert result.why == "train wrote more than 5 MiB of output and was stopped"


def test_a_step_that_writes_one_huge_file_is_told_so(workshop: Workshop) -> None:
    result = start_step(
        workshop.spec("/bin/sh", "-c", "exec head -c 9000000 /dev/zero > big", output_bytes=5 * MIB), lambda *_: None
    ).wait()
    assert result.why == "train wrote a file of more than 5 MiB and was stopped"


def test_progress_is_heard_and_what_is_no_progress_is_not(workshop: Workshop) -> None:
    workshop.run(
        r"""
        import os, sys
        for bad in ("nan", "1e999", "-0.1", "1.01", "", "x", "0.5" + "9" * 1000):
            print("::progress", bad, "bad", flush=True)
        print("::progress")
        print("say ::progress 0.9 bad")
        os.write(1, b"y" * 10_000_000 + b"::progress 0.8 bad")
        os.write(1, b"\n::progress 0.4 fit\x1b[31mting\x07\n")
        """
    )
    assert workshop.heard == [(0.4, "fitting")]


def test_what_a_step_says_last_of_its_progress_is_told_however_soon_it_comes() -> None:
    progress = Progress()
    progress.read(b"::progress 0.1 one\n::progress 0.2 two\n::prog")
    assert progress.due() == (0.2, "two")
    progress.read(b"ress 0.3 three\n")
    assert progress.due(last=True) == (0.3, "three")
    assert progress.due(last=True) is None


def test_progress_is_told_ten_times_a_second_at_most_and_the_last_is_never_lost(workshop: Workshop) -> None:
    result = workshop.run("for n in range(20_001): print('::progress', n / 20_000, 'step', n)")
    assert workshop.heard[-1] == (1.0, "step 20000")
    assert len(workshop.heard) <= 10 * result.seconds + 3


def test_what_listening_to_progress_raises_is_raised_by_wait_and_the_step_still_ends(workshop: Workshop) -> None:
    def listen(at: float, text: str) -> None:
        raise RuntimeError("deaf")

    step = start_step(workshop.spec("/bin/echo", "::progress 0.5 half"), listen)
    with pytest.raises(RuntimeError, match="deaf"):
        step.wait()


def test_two_steps_at_once_end_each_in_its_own_way(tmp_path: Path) -> None:
    shops = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        shops.append(Workshop(tmp_path / name))
    long = shops[0].start("import time; time.sleep(60)")
    short = shops[1].start("print('done')")
    assert short.wait().last_lines == ("done",)
    long.cancel("cancelled by ada")
    assert long.wait().state == "cancelled"


def test_cancel_and_go_after_the_end_change_nothing(workshop: Workshop) -> None:
    step = workshop.start("print('done')")
    first = step.wait()
    step.cancel("too late")
    step.go()
    assert step.wait() == first and first.state == "succeeded"


def test_a_warm_step_waits_for_go_and_its_time_counts_from_there(workshop: Workshop) -> None:
    code = "import sys; print('warm', flush=True); print('got', repr(sys.stdin.readline()))"
    step = workshop.start(code, seconds=2, LEVERFRAME_WAIT=1)
    until(lambda: workshop.log.exists() and b"warm" in workshop.log.read_bytes())
    time.sleep(2.1)  # Longer than its limit: waiting does not count.
    step.go()
    result = step.wait()
    assert (result.state, result.last_lines) == ("succeeded", ("warm", "got '\\n'"))
    assert result.seconds < 2


def test_a_step_that_does_not_wait_has_nothing_on_standard_input(workshop: Workshop) -> None:
    assert workshop.run("import sys; print(repr(sys.stdin.read()))").last_lines == ("''",)


def test_a_step_inherits_no_open_files(workshop: Workshop) -> None:
    with (workshop.folder / "open").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        result = workshop.run(
            "import os; print(sorted(os.listdir('/proc/self/fd'))[:3], len(os.listdir('/proc/self/fd')))"
        )
    assert result.last_lines == ("['0', '1', '2'] 4",)


def test_a_step_sees_a_clean_environment_and_its_marker(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_ENGINE", "x")
    monkeypatch.setenv("DATABASE", "flights.db")
    environment = clean_environment(("DATABASE", "NOT_SET"), {"LEVERFRAME_STEP": "train"}, 2)
    assert "SECRET_OF_THE_ENGINE" not in environment and "NOT_SET" not in environment
    assert environment["DATABASE"] == "flights.db"
    assert environment["OMP_NUM_THREADS"] == environment["OPENBLAS_NUM_THREADS"] == "2"
    result = workshop.run("import os; print(os.environ['LEVERFRAME_RUN'])")
    assert result.last_lines == (workshop.marker,)


def test_nothing_of_a_finished_step_is_left_of_the_warden(workshop: Workshop) -> None:
    before = {*psutil.Process().children()}
    workshop.run("print(1)")
    assert wardens() == []
    assert {*psutil.Process().children()} - before == set(), "dead or alive"


def test_sweep_finds_processes_by_their_marker_only(workshop: Workshop) -> None:
    marked = subprocess.Popen(["sleep", "60"], env={"LEVERFRAME_RUN": workshop.marker})
    other = subprocess.Popen(["sleep", "60"], env={"LEVERFRAME_RUN": workshop.marker + "0"})
    try:
        until(lambda: b"sleep" in Path(f"/proc/{marked.pid}/cmdline").read_bytes())
        until(lambda: b"sleep" in Path(f"/proc/{other.pid}/cmdline").read_bytes())
        assert sweep(workshop.marker) == 1
        assert marked.wait() == -signal.SIGKILL
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_step_reads_text_alike_whoever_asked_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        monkeypatch.setenv(name, "en_US.ISO-8859-1")
    seen = clean_environment((), {}, 1)
    assert (seen["LANG"], seen.get("LC_ALL"), seen.get("LC_CTYPE")) == ("C.UTF-8", None, None)
    assert clean_environment(("LC_ALL",), {}, 1)["LC_ALL"] == "en_US.ISO-8859-1"  # [environment] pass asks for it
