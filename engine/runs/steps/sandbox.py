"""What one step is held to: which paths it is given, what of its manifest's wishes is refused, and what to do when it
was refused something that it needs.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import StepFailed
from engine.projects.manifest.records import SandboxSpec
from engine.text import plain

if TYPE_CHECKING:
    from engine.runs.steps.holding import StepHold

RUNNER = Path(__file__).resolve().with_name("python_runner.py")
# What the runner loads from beside itself.
COLUMN_TYPES = RUNNER.with_name("column_types.py")
ONNX_MODEL = RUNNER.with_name("onnx_model.py")
ONLINE_LEARNER = RUNNER.with_name("online_learner.py")
WARM_SCORER = RUNNER.with_name("warm_scorer.py")
FIRST_STEPS = RUNNER.with_name("first_steps.py")
# Run by Leverframe's own interpreter, not by a project's.
ONNX_PROCESS = RUNNER.with_name("onnx_process.py")
_REFUSED = re.compile(r"permission denied|errno 13\b|eacces", re.IGNORECASE)
_PATHS = re.compile(r"""['"‘“](/[^'"’”\n]{1,1000})['"’”]|(?:^|[\s:=(])(/[^\s:'",;()]{1,1000})""")


def this_machine() -> StepHold:
    """What holds a step here."""
    from engine.runs.steps.holding import StepHold

    # A process of its own, because it tries what cannot be taken back.
    command = [sys.executable, "-I", "-S", str(RUNNER.with_name("containment.py"))]
    said = subprocess.run(command, capture_output=True, check=True, timeout=60).stdout
    return StepHold(**json.loads(said))


def box(spec: SandboxSpec, folder: Path, environment: Path, workspace: Path) -> dict[str, Any] | None:
    """What the step in ``folder`` may reach, as ``containment.enter`` wants it; None where the manifest says off.

    Its copy of the code is its own: it may leave there what libraries leave in the folder that they are started in.
    """
    if spec.off is not None:
        return None
    return {
        "read": list(spec.read),
        "own": [
            str(folder / "input"),
            *map(str, (RUNNER, COLUMN_TYPES, ONNX_MODEL, ONLINE_LEARNER, WARM_SCORER, FIRST_STEPS)),
        ],
        "environment": str(environment),
        "write": [str(folder / each) for each in ("output", "tmp", "code")],
        "apart": [str(workspace)],
        "network": spec.network,
        # Where the engine's own servers listen; the table of sockets does not tell by which path they are asked.
        "emptied": [str(workspace / "locks")],
    }


def variables(spec: SandboxSpec, folder: Path, account_home: str | None) -> dict[str, str]:
    """Where a step keeps what is only for a while. Its home is a folder of its own, or the account's where the
    manifest lets it read something in there, since programs look for their settings below it."""
    temporary = str(folder / "tmp")
    if spec.off is not None:
        return {}
    # joblib would choose /dev/shm, where others may look.
    own = {"TMPDIR": temporary, "JOBLIB_TEMP_FOLDER": temporary, "HOME": temporary}
    if account_home and any(f"{path}/".startswith(account_home.rstrip("/") + "/") for path in spec.read):
        own["HOME"] = account_home
    # Java asks neither of the two where they are, but the system.
    places = {"java.io.tmpdir": temporary, "user.home": own["HOME"]}
    return own | {"JDK_JAVA_OPTIONS": " ".join(f'"-D{name}={path}"' for name, path in places.items())}


def check_reads(spec: SandboxSpec, workspace: Path) -> None:
    """Raises StepFailed for a path that is not there, or that would open what the engine keeps to every step."""
    shut = os.path.realpath(workspace)
    for path in spec.read:
        real = os.path.realpath(path)
        if _within(real, shut) or _within(shut, real):
            where = "holds" if _within(shut, real) else "lies in"
            raise StepFailed(
                f"[sandbox] read names {plain(path)}, which {where} the workspace {workspace}: ledger and releases "
                "stay shut to every step. Name a folder beside it that holds the data."
            )
        if any(_within(real, each) for each in ("/proc", "/sys", "/dev")) or real == "/":
            raise StepFailed(f"[sandbox] read names {plain(path)}, which leads to {real}; name the folder of the data.")
        if not os.path.exists(real):
            raise StepFailed(
                f"[sandbox] read names {plain(path)}, which is not there; mount it, or take it out of leverframe.toml."
            )


def advice(lines: Sequence[str], spec: SandboxSpec, containment: Mapping[str, Any] | None, workspace: Path) -> str:
    """What to put into the manifest after a step that ended with ``lines`` on its log; '' when nothing was refused."""
    if containment is None or not any(_REFUSED.search(line) for line in lines):
        return ""
    paths = [path for line in lines if _REFUSED.search(line) for path in _named(line)]
    for path in paths:
        said = _advised(os.path.normpath(path), spec, containment, workspace)
        if said:
            return said
    if not paths and not spec.network:
        return "[sandbox] network = false lets it reach no other machine; take that out if it has to"
    return ""


def _named(line: str) -> list[str]:
    return [quoted or bare for quoted, bare in _PATHS.findall(line)]


def _advised(path: str, spec: SandboxSpec, containment: Mapping[str, Any], workspace: Path) -> str:
    real, shut = os.path.realpath(path), os.path.realpath(workspace)
    if any(_within(real, os.path.realpath(each)) for each in containment["write"]):
        return ""  # Its own folders refuse it nothing; these are modes of its own making.
    if _within(real, shut):
        return "a step may read its code and its input and write to $LEVERFRAME_OUTPUT and $TMPDIR, nothing else here"
    if any(_within(real, each) for each in ("/proc", "/sys", "/dev")):
        return f"a step sees no other process and no device, so {plain(path)} is refused; [sandbox] off, with a reason"
    readable = any(_within(real, os.path.realpath(each)) for each in spec.read)
    if readable or not os.path.exists(real):
        return "a step writes to $LEVERFRAME_OUTPUT and $TMPDIR only; read what is elsewhere, and write there"
    folder = real if os.path.isdir(real) else os.path.dirname(real)
    broad = folder.count("/") < 2 or _within(shut, folder) or folder in (os.path.expanduser("~"), "/tmp", "/var/tmp")
    named = real if broad else folder
    if _within(shut, named):
        return f"it may not read {plain(path)}, in which the workspace lies; move the data to a folder of its own"
    return f'a step reads only what leverframe.toml names; ask for it with [sandbox] read = ["{plain(named)}"]'


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
