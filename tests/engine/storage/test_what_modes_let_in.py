"""Doctor says which modes are too wide, and the chmod that it names ends exactly that."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from engine.access.proof import of_process
from engine.api import Engine
from engine.backup.restoring import restore
from engine.records import DoctorFinding
from engine.storage.permissions import modes
from tests.ledger import workspace_of
from tests.people import open_engine


def found(engine: Engine) -> DoctorFinding:
    (finding,) = modes(workspace_of(engine), mend=False)
    return finding


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("", 0o755), ("", 0o770), ("objects", 0o777), ("keys", 0o707), ("ledger.db", 0o644), ("ledger.db", 0o660),
        ("ledger.db", 0o750), ("keys/backup.key", 0o644), ("keys/backup.key", 0o640), ("token.env", 0o604),
        ("anything", 0o777),
    ],
)  # fmt: skip
def test_the_way_that_is_named_ends_what_was_found(home: Path, name: str, mode: int) -> None:
    engine = open_engine(home, "ada", create=True)
    (home / "keys").mkdir(mode=0o700, exist_ok=True)
    for each in ("keys/backup.key", "token.env"):
        (home / each).touch(mode=0o600)
    (home / "anything").touch(mode=0o644)
    assert found(engine).verdict == "ok", found(engine)
    (home / name).chmod(mode)
    said = found(engine)
    assert said.verdict != "ok", "else nothing was tried here"
    way = re.search(r"'chmod (\S+) (\S+)'", said.sentence)
    assert way is not None
    subprocess.run(["chmod", *way.groups()], check=True)
    assert found(engine).verdict == "ok", (said.sentence, found(engine).sentence)
    engine.close()


def test_what_is_restored_is_as_private_as_it_was(home: Path, tmp_path: Path) -> None:
    engine = open_engine(home, "ada", create=True)
    engine.back_up(tmp_path / "backup")
    engine.close()
    old = os.umask(0o022)
    try:
        restore(
            tmp_path / "backup", tmp_path / "anew", "ada", of_process(), engine.now(), lambda done, total: None,
            reason="lost", key_file=home / "keys" / "backup.key",
        )  # fmt: skip
    finally:
        os.umask(old)
    again = open_engine(tmp_path / "anew", "ada")
    assert found(again).verdict == "ok", found(again)
    again.close()
