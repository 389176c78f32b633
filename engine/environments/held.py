"""How a program of the machine is started so that the kernel holds it as it holds a step, only wider.

It may read what the account may: compilers, certificates, packages in a folder lie anywhere. It writes to the folders
that are named only, sees nothing else of the workspace, and looks into and signals no process that is not its own.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

# A program that holds another by the kernel; it stands alone.
_HOLDS = Path(__file__).resolve().parents[1] / "runs" / "steps" / "containment.py"


def holding(
    writes: Sequence[Path],
    apart: Path | None,
    *,
    network: bool,
    modes: bool = False,
    reads: Sequence[Path] = (),
) -> list[str]:
    """What stands before a command, whose program is named by its whole path. ``apart``: the workspace that stays shut,
    but for ``reads``; ``modes``: it may change the modes of files, as who installs packages has to."""
    box = {
        "read": ["/"],
        "own": [str(each) for each in reads],
        "environment": sys.prefix,
        "write": [str(each) for each in writes],
        "apart": [str(apart)] if apart else [],
        "network": network,
        "modes": modes,
    }
    return [sys.executable, "-I", "-S", str(_HOLDS), json.dumps(box)]


def workspace_around(path: Path) -> Path | None:
    """The workspace that ``path`` lies in; None where it lies in none."""
    return next((each for each in path.parents if (each / "ledger.db").exists()), None)
