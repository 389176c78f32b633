"""What needs Arrow to keep the request log, in a process of its own: ``python -P -m engine.requests.apart``.

Small blocks become one, and what a kill left is taken in. Arrow takes 150 MB, which the engine would keep to its end
for work of two seconds an hour. That process takes the folder's lock itself; whoever kills it leaves what a killed
merge leaves, which is settled by the next. It goes on where the engine ends, for no longer than its work takes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.clock import moment, stamp
from engine.errors import LeverframeError, Refusal
from engine.requests.records import LogRules
from engine.text import plain

if TYPE_CHECKING:
    from engine.requests.keeping import LogFolder

SECONDS = 300.0
_MODULE = "engine.requests.apart"


def together_here(folder: LogFolder, rules: LogRules | None, now: datetime) -> tuple[int, int]:
    """Take in what a kill left and, with ``rules``, merge small blocks: how many became how many.

    Raises Conflict while another holds the folder, and Refusal where the disk takes nothing.
    """
    from engine.requests.merging import merge

    with folder.workspace.lock(folder.lock, wait=False):
        folder.settle(now)
        return merge(folder, rules, now) if rules is not None else (0, 0)


def together(folder: LogFolder, rules: LogRules | None, now: datetime) -> tuple[int, int]:
    """As ``together_here``, in a process of its own. Raises Refusal where that did not come to its end."""
    asked = {
        "home": str(folder.workspace.root), "project": folder.project, "now": stamp(now),
        "rules": None if rules is None else {"keep": rules.keep.total_seconds(), "most": rules.most},
    }  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", _MODULE], input=json.dumps(asked).encode(), capture_output=True,
            env=environment, timeout=SECONDS, check=False,
        )  # fmt: skip
        became, made = json.loads(done.stdout)
    except (OSError, subprocess.TimeoutExpired, ValueError, TypeError):
        raise Refusal(
            f"Blocks of requests of {folder.project} were not put together; the next round tries again."
        ) from None
    return int(became), int(made)


def main(asked: dict[str, Any]) -> int:
    """Do what ``together`` was asked for, and say what came of it."""
    from engine.requests.keeping import LogFolder
    from engine.storage import workspace as workspaces
    from engine.storage.ledger import Ledger

    os.nice(10)
    workspace = workspaces.find(Path(asked["home"]))
    given = asked["rules"]
    rules = None if given is None else LogRules(keep=timedelta(seconds=given["keep"]), most=given["most"])
    with closing(Ledger(workspace.ledger, locks=workspace.root / "locks")) as ledger:
        folder = LogFolder(workspace, ledger, asked["project"])
        try:
            print(json.dumps(together_here(folder, rules, moment(asked["now"]))))
        except LeverframeError as problem:
            print(plain(str(problem), 400), file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(json.load(sys.stdin)))
