"""Whoever answers at the address that a project names: Dask unpickles what he says, so what unpickles it is held."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import StepFailed
from engine.projects.manifest.reader import ComputeSpec
from engine.runs.compute.order import ANSWER, answered
from engine.runs.steps import containment
from engine.runs.steps.limits import Limits
from engine.runs.steps.step import StepResult, StepSpec
from tests.engine.runs.compute.away import Away
from tests.engine.runs.step_workshop import until

HOSTILE = """
import asyncio, sys
from distributed.comm import listen
from distributed.protocol import to_serialize

class Deed:
    def __reduce__(self):
        return exec, (sys.argv[1], {})

async def main():
    async def speak(comm):
        await comm.write(to_serialize(Deed()))
        await asyncio.sleep(60)
    async with listen("tcp://127.0.0.1:0", speak, deserialize=False) as listener:
        print(listener.contact_address, flush=True)
        await asyncio.sleep(600)
asyncio.run(main())
"""
DEEDS = """
import os, sys
def attempt(what, deed):
    try:
        deed()
        print("DID", what, file=sys.stderr, flush=True)
    except OSError:
        print("REFUSED", what, file=sys.stderr, flush=True)
attempt("read", lambda: open({home!r} + "/ledger.db", "rb").read(1))
attempt("write", lambda: open({home!r} + "/ledger.db", "ab").write(b"x"))
attempt("delete", lambda: os.unlink({home!r} + "/ledger.db"))
attempt("secret", lambda: open({secret!r}).read())
attempt("signal", lambda: os.kill({engine}, 0))
attempt("look", lambda: open("/proc/{engine}/environ", "rb").read())
attempt("answer elsewhere", lambda: open(os.getcwd() + "/step.log.new", "w"))
print("DONE", file=sys.stderr, flush=True)
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Away]:
    yield Away(tmp_path, "tcp://127.0.0.1:1")


@pytest.mark.skipif(containment.abi() == 0, reason="this kernel has no Landlock")
def test_whoever_answers_at_the_address_gets_no_further_than_a_step(site: Away) -> None:
    secret = site.folder.parent / "secret"
    secret.write_text("hunter2")
    deeds = textwrap.dedent(DEEDS).format(home=str(site.folder), secret=str(secret), engine=os.getpid())
    with subprocess.Popen([sys.executable, "-c", HOSTILE, deeds], stdout=subprocess.PIPE, text=True) as hostile:
        try:
            assert hostile.stdout is not None
            site.compute = ComputeSpec(hostile.stdout.readline().strip(), silence=site.compute.silence)
            step = site.start("pass")
            until(lambda: "DONE" in site.log, 60)
            step.cancel("seen enough")
        finally:
            hostile.kill()
    assert "DID" not in site.log and site.log.count("REFUSED") == 7, site.log
    assert (site.folder / "ledger.db").stat().st_size > 0


def test_an_answer_that_is_none_fails_the_step_and_is_not_looked_for_elsewhere(tmp_path: Path) -> None:
    asked = StepSpec("train", ("x",), tmp_path, {}, tmp_path / "step.log", Limits(1, 1), "m")
    driven = StepResult("train", "succeeded", 0, 1.0, 1.0, 1, None, ())
    answer = tmp_path / ANSWER
    answer.parent.mkdir()
    assert answered(asked, driven) is driven
    answer.symlink_to("/proc/self/environ")
    assert answered(asked, driven) is driven
    answer.unlink()
    os.mkfifo(answer)
    assert answered(asked, driven) is driven
    answer.unlink()
    for said in (b"{}", b"[]", b"\xff", b"[" * 100_000, b'{"reason": null, "exit": 0}'):
        answer.write_bytes(said)
        with pytest.raises(StepFailed, match="cannot be understood"):
            answered(asked, driven)
    assert answered(asked, replace(driven, state="cancelled")).state == "cancelled"
