"""A workspace of another account, tried by one that really is another."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.forks import ROOT
from tests.people import open_engine

NOBODY = 65534
# Everything is imported before it becomes another: that one may not be able to reach this checkout.
TRY = """
import os, sys
from pathlib import Path
from engine.errors import LeverframeError
from engine.storage import workspace
os.setgid(int(sys.argv[1])); os.setuid(int(sys.argv[1]))
try:
    getattr(workspace, sys.argv[2])(Path(sys.argv[3]))
except LeverframeError as error:
    print(type(error).__name__, error)
"""


def as_nobody(act: str, home: Path) -> str:
    code = [sys.executable, "-c", TRY, str(NOBODY), act, str(home)]
    done = subprocess.run(code, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder that everybody may enter."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another account")
    machines = Path(tempfile.gettempdir())
    for folder in (tmp_path, *tmp_path.parents):  # One more of them where tests run beside each other.
        if folder != machines and machines in folder.parents:
            folder.chmod(0o755)
    return tmp_path


@pytest.mark.parametrize("act", ["find", "create"])
@pytest.mark.parametrize("mode", [0o750, 0o755])
def test_a_workspace_of_another_account_is_refused_with_its_owner(place: Path, act: str, mode: int) -> None:
    open_engine(place / "home", "ada", create=True).close()
    (place / "home").chmod(mode)
    assert as_nobody(act, place / "home") == (
        f"Forbidden The workspace {place / 'home'} belongs to another account (uid 0); work as that account, "
        "or name your own with --home."
    )


def test_a_workspace_behind_a_closed_door_is_refused(place: Path) -> None:
    open_engine(place / "closed" / "home", "ada", create=True).close()
    (place / "closed").chmod(0o700)
    assert as_nobody("find", place / "closed" / "home") == (
        f"Forbidden This account may not look at {place / 'closed' / 'home'}; name a workspace of your own with --home."
    )
    assert as_nobody("create", place / "closed" / "new").startswith("Refusal The workspace ")
