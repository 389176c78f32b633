"""serve: it starts where that is safe; its workers answer, are replaced when they die, and end when they are told to."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import tiny
from tests.cli.calling import call
from tests.cli.conftest import History
from tests.people import open_engine

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
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        told = history("serve", "--port", str(taken.getsockname()[1]))
    assert told.code == 1 and "is taken by another process; --port chooses another one" in told.err


def test_only_somebody_who_works_here_may_serve(history: History) -> None:
    told = call("--home", history.home, "--operator", "mallory", "serve", "--port", "0")
    assert told.code == 1 and "not mallory: a name proves nothing" in told.err
