"""Secrets leave the environment of a process that starts, the block that the system shows too, and are known still."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine import withheld
from engine.outbox import webhook
from engine.withheld import ADDRESSES, NAMES, names_of

ROOT = Path(__file__).resolve().parents[2]
SECRETS = {
    "LEVERFRAME_SMTP_PASSWORD": "hunter2-of-mail",
    "LEVERFRAME_NOTIFY_URLS": "slack://hunter2-of-slack json://example.org/hunter2-of-json",
    "LEVERFRAME_PAGES_TOKEN": "hunter2-of-pages-0123456789",
    "LEVERFRAME_SERVE_TOKEN": "hunter2-of-pages-as-it-was-called",
}
LOOK = """
import ctypes, json, os, subprocess, sys
from engine import withheld
withheld.withhold()
child = subprocess.run([sys.executable, "-I", "-S", "-c", "import os; print(sorted(os.environ.items()))"],
                       capture_output=True, text=True).stdout
try:
    block = open("/proc/self/environ", "rb").read().decode()
except PermissionError:
    block = ""
print(json.dumps({
    "block": block, "child": child, "own": dict(os.environ), "known": dict(withheld.environment()),
    "dumpable": ctypes.CDLL(None).prctl(3, 0, 0, 0, 0),
}))
"""


@pytest.fixture(scope="module")
def seen() -> dict[str, object]:
    environment = {**os.environ, **SECRETS, "BEFORE": "1", "PYTHONPATH": str(ROOT)}
    ended = subprocess.run([sys.executable, "-c", LOOK], env=environment, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    found: dict[str, object] = json.loads(ended.stdout)
    return found


@pytest.mark.parametrize("place", ["block", "child", "own"])
def test_no_secret_is_left_where_others_read_it(seen: dict[str, object], place: str) -> None:
    assert "hunter2" not in str(seen[place])
    assert place == "block" or "BEFORE" in str(seen[place]), "the rest of the environment stays"


def test_the_engine_still_knows_them_and_the_process_is_shut(seen: dict[str, object]) -> None:
    known = seen["known"]
    assert isinstance(known, dict)
    assert {name: known[name] for name in SECRETS} == SECRETS
    assert seen["dumpable"] == 0


def test_what_it_starts_knows_who_is_notified_by_name_only(seen: dict[str, object]) -> None:
    own = seen["own"]
    assert isinstance(own, dict)
    assert webhook.names(own) == webhook.names(SECRETS) == tuple(names_of(SECRETS[ADDRESSES]))
    assert len(webhook.names(own)) == 2 and NAMES in own
    assert webhook.from_environment(own) is None
    assert webhook.names({}) == ()


def test_the_command_line_and_the_process_of_a_run_take_them_out_first() -> None:
    main = (ROOT / "console/__main__.py").read_text("utf-8")
    assert main.count("_withhold()") == 3, "once for the console, once for the verbs, and what it is"
    assert "withhold()" in (ROOT / "engine/jobs/process.py").read_text("utf-8")


@pytest.mark.parametrize("words", [["status"], ["--help"]])
def test_a_verb_works_with_secrets_around(words: list[str], tmp_path: Path) -> None:
    environment = {**os.environ, **SECRETS, "PYTHONPATH": str(ROOT), "LEVERFRAME_HOME": str(tmp_path / "none")}
    ended = subprocess.run(
        [sys.executable, "-m", "console", *words], env=environment, capture_output=True, text=True, timeout=60
    )
    assert "hunter2" not in ended.stdout + ended.stderr and "Traceback" not in ended.stderr


def test_without_secrets_nothing_is_wiped(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRETS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(withheld, "_shut", lambda: None)
    before = dict(os.environ)
    withheld.withhold()
    assert dict(os.environ) == before
