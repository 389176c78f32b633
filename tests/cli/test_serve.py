"""serve: it starts where that is safe; its workers answer, are replaced when they die, and end with it."""

from __future__ import annotations

import http.client
import json
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from engine import clock
from engine.projects import in_force
from tests.cli.calling import call
from tests.cli.conftest import History
from tests.ledger import ledger_at

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--host 0.0.0.0", "0.0.0.0 can be reached from other machines, and no token is in force; make one with"),
        ("--tokens", "--tokens is set, and no token is in force; make one with"),
        ("--host nowhere", "--host 'nowhere' is no address"),
        ("--host 192.0.2.1 --tokens", "192.0.2.1 can be reached from other machines, and no token is in force"),
        ("--tls-cert a.pem", "--tls-cert and --tls-key go together"),
        ("--tls-cert a.pem --tls-key b.pem", "a.pem and b.pem do not do for TLS (No such file or directory)"),
    ],
)
def test_it_refuses_to_start_where_that_would_not_be_safe_in_one_sentence(
    history: History, words: str, said: str
) -> None:
    told = history("serve", "--port", "0", *words.split())
    assert told.code == 1 and told.err.startswith(said) and told.err.count("\n") == 1


def test_what_is_served_is_the_present(history: History) -> None:
    told = history("serve", "--at", "2026-11-03")
    assert told.code == 1 and told.err.startswith("serve acts on the present")


def test_a_port_that_somebody_has_is_told(history: History) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        told = history("serve", "--port", str(taken.getsockname()[1]))
    assert told.code == 1 and "is taken by another process; --port chooses another one" in told.err


def test_only_somebody_who_works_here_may_serve(history: History) -> None:
    told = call("--home", history.home, "--operator", "mallory", "serve", "--port", "0")
    assert told.code == 1 and "not mallory: a name proves nothing" in told.err


@contextmanager
def serving(history: History, folder: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """``leverframe serve`` on a copy of the workspace in which tiny answers requests, and its port."""
    home = shutil.copytree(history.home, folder / "home", symlinks=True, ignore=shutil.ignore_patterns("warm"))
    with ledger_at(home) as ledger, ledger.write() as db:
        manifest = in_force.settings(db, "tiny")
        in_force.put(db, "tiny", {**manifest, "serve": {"realtime": True, "timeout": "5m"}}, clock.now())
    process = subprocess.Popen(
        [sys.executable, "-m", "console", "--home", str(home), "--operator", "ada", "serve", "--port", "0", *words],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "for whoever is on this machine: tiny." in line, line
        yield process, int(line.split("http://127.0.0.1:")[1].split("/")[0])
    finally:
        process.kill()
        process.wait()


def asked(port: int, method: str, path: str, content: Any = None) -> tuple[int, bytes]:
    """An answer, over a connection of its own. It waits for as long as a machine that is busy takes to start one."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    heads = {"Content-Type": "application/json"}
    connection.request(method, path, json.dumps(content) if content is not None else None, heads)
    with connection.getresponse() as answer:
        return answer.status, answer.read()


@pytest.mark.slow
def test_a_server_answers_replaces_who_dies_and_ends_when_all_is_answered(history: History, tmp_path: Path) -> None:
    with serving(history, tmp_path, "--workers", "2") as (process, port):
        rows = {"records": [{"x": 0.9, "place": "A", "id": 7}, {"x": 0.1, "place": "Nowhere"}]}
        status, body = asked(port, "POST", "/projects/tiny/score", rows)
        answer = json.loads(body)
        assert status == 200 and answer["version"] == "tiny@1" and answer["fallback"] is None, answer
        assert answer["predictions"][0]["prediction"] in (0, 1) and len(answer["predictions"]) == 2
        assert [(each["row"], each["column"]) for each in answer["told"]] == [(1, "place")]
        assert asked(port, "POST", "/projects/tiny/score", {"records": [{"x": "?"}]})[0] == 422
        # Whichever worker is asked knows the other's figures of a second ago.
        told = b'leverframe_answers_total{fallback="",project="tiny",version="tiny@1"'
        until = time.monotonic() + 60
        while told not in asked(port, "GET", "/metrics")[1]:
            assert time.monotonic() < until

        assert process.stdout is not None
        workers = psutil.Process(process.pid).children()
        assert len(workers) == 2
        workers[0].kill()
        assert f"(process {workers[0].pid}) ended by signal 9; it is started again" in process.stdout.readline()
        assert json.loads(asked(port, "POST", "/projects/tiny/score", rows)[1])["version"] == "tiny@1"

        there = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0
        assert process.stdout.read().endswith("All that came was answered.\n")
        assert psutil.wait_procs(there, timeout=60)[1] == []


@pytest.mark.slow
def test_workers_do_not_outlive_a_server_that_was_killed(history: History, tmp_path: Path) -> None:
    with serving(history, tmp_path, "--workers", "1") as (process, port):
        assert asked(port, "GET", "/healthz") == (200, b"ok\n")
        there = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        assert there and psutil.wait_procs(there, timeout=60)[1] == []
        with pytest.raises(OSError):
            asked(port, "GET", "/healthz")
