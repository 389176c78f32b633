from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from engine.environments.python import uv_process
from engine.environments.python.uv_process import Uv, UvFailed, explain, uv_environment
from engine.errors import Refusal

UNREACHABLE = """error: Request failed after 3 retries in 5.4s
  cause: Failed to fetch: https://ada:secret@registry.example/simple/toolz/
  cause: client error (Connect)
  cause: tcp connect error
  cause: Connection refused (os error 111)
"""
OFFLINE = """error: No solution found when resolving dependencies
  cause: Because toolz was not found in the cache and you require toolz, we can conclude that it is unsatisfiable.

hint: Packages were unavailable because the network was disabled. When the network is disabled, use the cache.
"""
FULL = """error: Failed to download `numpy==2.4.6`
  cause: I/O operation failed during extraction
  cause: failed to write to file `x.so`: No space left on device (os error 28)
"""
UNMET = """error: No solution found when resolving dependencies
  cause: Because scikit-learn>=1.9.1 depends on numpy>=1.24.1 and you require numpy<1, they are incompatible.
         And because you require scikit-learn==1.9.1, we can conclude that your requirements are unsatisfiable.
"""
OTHER_FILE = """error: Failed to download `six==1.17.0`
  cause: Hash mismatch for `six==1.17.0`

         Expected:
           sha256:0000

         Computed:
           sha256:4721
"""
BUILD = """error: Failed to build `badsd==1.0`
  cause: The build backend returned an error
  cause: Call to `setuptools.build_meta` failed (exit status: 1)

         [stderr]
         Traceback (most recent call last):
           File "<string>", line 1, in <module>
         RuntimeError: no compiler here

hint: Build failures usually indicate a problem with the package or the build environment
"""


@pytest.mark.parametrize(
    ("stderr", "sentence"),
    [
        (
            UNREACHABLE,
            "The package registry cannot be reached resolving (Connection refused (os error 111)); "
            "check the network and try again.",
        ),
        (
            OFFLINE,
            "The package registry cannot be reached resolving (the network is switched off for uv); "
            "check the network and try again.",
        ),
        (
            FULL,
            "The disk is full: uv ran out of room resolving; free some ('leverframe disk' shows where) and try again.",
        ),
        (
            UNMET,
            "The requirements cannot be met: Because scikit-learn>=1.9.1 depends on numpy>=1.24.1 and you require "
            "numpy<1, they are incompatible. And because you require scikit-learn==1.9.1, we can conclude that your "
            "requirements are unsatisfiable; change the requirements file.",
        ),
        (
            OTHER_FILE,
            "The registry gave another file than the one that was locked (Hash mismatch for `six==1.17.0`); "
            "find out who replaced it before using it.",
        ),
        (
            BUILD,
            "Failed to build `badsd==1.0`: RuntimeError: no compiler here; look for a version of it that has a wheel.",
        ),
        (
            "error: something new\n",
            "uv could not go on resolving: something new; "
            "run 'leverframe doctor' to see what is wrong with this machine.",
        ),
        (
            "",
            "uv could not go on resolving: uv failed; run 'leverframe doctor' to see what is wrong with this machine.",
        ),
    ],
)
def test_what_uv_says_becomes_one_sentence_with_what_to_do(stderr: str, sentence: str) -> None:
    assert explain(stderr, "resolving") == sentence


def test_a_sentence_holds_neither_logins_nor_escape_sequences() -> None:
    said = explain("error: \x1b[31mbad answer\x07 of https://ada:secret@registry.example/simple\n", "resolving")
    assert "secret" not in said and "\x1b" not in said and "\x07" not in said
    assert "registry.example" in said


def test_uv_is_given_its_settings_and_not_the_engines_secrets() -> None:
    given = uv_environment(
        {
            "PATH": "/bin",
            "UV_DEFAULT_INDEX": "x",
            "UV_CACHE_DIR": "/elsewhere",
            "UV_NO_VERIFY_HASHES": "1",
            "LEVERFRAME_RUN": "w:1",
            "SMTP_PASSWORD": "secret",
            "VIRTUAL_ENV": "/v",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
    )
    assert {name for name in given if name not in ("UV_PYTHON_DOWNLOADS", "UV_NO_PROGRESS", "NO_COLOR")} == {
        "PATH",
        "UV_DEFAULT_INDEX",
        "LEVERFRAME_RUN",
    }
    assert given["UV_PYTHON_DOWNLOADS"] == "never"


def test_an_unreachable_registry_is_refused_in_one_sentence(tmp_path: Path) -> None:
    environ = {**uv_environment(os.environ), "UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple", "UV_HTTP_RETRIES": "0"}
    with pytest.raises(UvFailed, match="The package registry cannot be reached resolving .*; check the network"):
        Uv(tmp_path / "uv", environ).run("pip", "compile", "-", doing="resolving", seconds=60, given="six\n")


def test_a_uv_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = tmp_path / "uv-that-hangs"
    hanging.write_text('#!/bin/sh\nsleep 600 &\necho $! > "$UV_CACHE_DIR/child"\nwait\n', "utf-8")
    hanging.chmod(0o755)
    monkeypatch.setattr(uv_process, "uv_binary", lambda: str(hanging))
    with pytest.raises(Refusal, match="uv took longer than 3 s resolving and was stopped"):
        Uv(tmp_path / "cache" / "uv").run(doing="resolving", seconds=3)
    child = Path(f"/proc/{(tmp_path / 'cache' / 'uv' / 'child').read_text().strip()}/stat")
    deadline = time.monotonic() + 60
    while child.exists() and child.read_text().rpartition(")")[2].split()[0] != "Z":
        assert time.monotonic() < deadline, "a process that uv started lives on"
