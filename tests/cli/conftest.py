"""One workspace with a history, made once through the command line itself; its outputs are what the tests look at."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pytest

from tests import tiny
from tests.cli.calling import Told, call
from tests.forked_runs import forked_runs
from tests.killing import let_go
from tests.workspaces import made_once

HOSTILE = "\x1b[31mred\x1b[0m \x1b]0;owned\x07 \u202eevil\u202c \x9b2Jgone"
# A place in the data whose name is an order to the terminal, and a step that prints one.
STEPS = tiny.STEPS.replace('r.choice("AB")', 'r.choice(["A", "B\\x1b[2J"])').replace(
    "def train():", "def train():\n    print('training \\x1b[31mred\\x1b[0m')"
)


@dataclass(frozen=True)
class History:
    """A workspace in which tiny@1 is live again, tiny@2 is barred and tiny@3 waits, and what was said on the way."""

    home: Path
    project: Path
    said: dict[str, Told] = field(default_factory=dict)

    def do(self, name: str, *words: object) -> Told:
        """Call a verb on this workspace as ada and remember what it said."""
        self.said[name] = told = self(*words)
        return told

    def __call__(self, *words: object) -> Told:
        return call("--home", self.home, "--operator", "ada", *words)


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    mine, made = made_once(tmp_path_factory, "cli", _make)
    told = json.loads((mine / "said.json").read_text().replace(str(made), str(mine)))
    forked_runs(mine / "home")
    return History(mine / "home", mine / "tiny", {name: Told(**each) for name, each in told.items()})


def _make(root: Path) -> None:
    project = tiny.make(root / "tiny", steps=STEPS)
    history = History(root / "home", project)
    do: Callable[..., Told] = history.do
    do("init", "init")
    forked_runs(history.home)
    do("init again", "init", "--json")
    do("add", "add", project)
    do("check", "check", project)
    do("retrain", "retrain", "tiny", "--as-of", "2026-11-03", "--wait")
    do("approve", "approve", "tiny@1", "--reason", "the first")
    do("retrain 2", "retrain", "tiny", "--as-of", "2026-11-10T00:00Z", "--wait", "--json")
    do("approve 2", "approve", "tiny@2", "--reason", "newer data", "--json")
    do("preview", "rollback", "tiny", "--preview")
    do("preview json", "rollback", "tiny", "--preview", "--json")
    do("rollback", "rollback", "tiny", "--reason", HOSTILE)
    tiny.git(project, "commit", "-q", "--allow-empty", "-m", HOSTILE)
    do("retrain 3", "retrain", "tiny", "--as-of", "2026-11-17", "--wait")
    let_go(history.home)
    (root / "said.json").write_text(json.dumps({name: asdict(told) for name, told in history.said.items()}))
