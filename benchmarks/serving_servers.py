"""The servers of ``serving_peers.py``: how each is installed, started and asked, and what it answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
Row = Mapping[str, Any]
# What the peers are installed with; scikit-learn, pandas and NumPy are those that the version was made with.
RELEASES = {"mlflow": "mlflow>=3", "bentoml": "bentoml>=1.4", "litserve": "litserve>=0.2"}


@dataclass(frozen=True)
class Setting:
    """What every server is started with: ``model`` holds model.pickle, ``scratch`` is the server's own folder, ``code``
    is what the model imports."""

    model: Path
    scratch: Path
    port: int
    workers: int
    home: Path
    code: Path


@dataclass(frozen=True)
class Server:
    """``command``: how it is started; ``path``: where it is asked; ``body``: rows as it takes them; ``answers``: the
    probability that it says of each row, or None where it answers nothing that could be right."""

    name: str
    command: Callable[[Path, Setting], list[str]]
    path: str
    body: Callable[[Sequence[Row]], Any]
    answers: Callable[[Any], list[float]] | None
    package: str = ""
    prepare: Callable[[Path, Setting], None] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


def _mlflow_saved(python: Path, setting: Setting) -> None:
    script = [python, HERE / "serving_worker_mlflow.py", setting.model, setting.scratch / "mlflow"]
    subprocess.run(script, check=True, capture_output=True, env=environment_of(MLFLOW, python, setting))


def _second(answers: Sequence[Sequence[float]]) -> list[float]:
    return [each[1] for each in answers]


def _beside(python: Path, name: str) -> str:
    return str(python.with_name(name))


MLFLOW = Server(
    "mlflow models serve",
    lambda python, s: [
        _beside(python, "mlflow"), "models", "serve", "-m", str(s.scratch / "mlflow"), "-h", "127.0.0.1",
        "-p", str(s.port), "--env-manager", "local", "-w", str(s.workers),
    ],
    "/invocations",
    lambda rows: {"dataframe_records": list(rows)},
    lambda said: _second(said["predictions"]),
    "mlflow",
    _mlflow_saved,
)  # fmt: skip
BENTOML = Server(
    "BentoML, batching",
    lambda python, s: [
        _beside(python, "bentoml"), "serve", "serving_worker_bentoml:Flights", "--working-dir", str(HERE),
        "--host", "127.0.0.1", "--port", str(s.port),
    ],
    "/predict",
    lambda rows: {"rows": list(rows)},
    _second,
    "bentoml",
    environment={"BENTOML_DO_NOT_TRACK": "1"},
)  # fmt: skip
LITSERVE = Server(
    "LitServe, batching",
    lambda python, s: [str(python), str(HERE / "serving_worker_litserve.py")],
    "/predict",
    lambda rows: {"records": list(rows)},
    lambda said: _second(said["predictions"]),
    "litserve",
)
EMPTY = Server(
    "our server, empty handler",
    lambda python, s: [str(python), str(HERE / "serving_worker_empty.py")],
    "/projects/flights/score",
    lambda rows: {"records": list(rows)},
    None,
)
LEVERFRAME = Server(
    "Leverframe, log and metrics on",
    lambda python, s: [
        _beside(python, "leverframe"), "--home", str(s.home), "serve", "--port", str(s.port),
        "--workers", str(s.workers),
    ],
    "/projects/flights/score",
    lambda rows: {"records": list(rows)},
    lambda said: [each["p_1"] for each in said["predictions"]],
)  # fmt: skip
SERVERS = (MLFLOW, BENTOML, LITSERVE, EMPTY, LEVERFRAME)


def installed(server: Server, environments: Path, packages: Sequence[str]) -> Path:
    """The Python of the environment that ``server`` runs in, made where it is not there yet."""
    if not server.package:
        return Path(sys.executable)
    wanted = [RELEASES[server.package], *packages]
    folder = environments / f"{server.package}-{sha256(json.dumps(wanted).encode()).hexdigest()[:12]}"
    python, made = folder / "bin" / "python", folder / "made"
    if not made.exists():
        uv = Path(sys.executable).with_name("uv")
        subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder], check=True)
        install = [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", python, *wanted]
        subprocess.run(install, check=True)
        made.touch()
    return python


def release_of(server: Server, python: Path) -> str:
    """Which release was measured."""
    if not server.package:
        return ""
    script = f"from importlib.metadata import version; print(version({server.package!r}))"
    return subprocess.run([python, "-c", script], check=True, capture_output=True, text=True).stdout.strip()


def environment_of(server: Server, python: Path, setting: Setting) -> dict[str, str]:
    """What it is started with; one thread of OpenMP a process, or workers would fight for the cores."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LEVERFRAME_")}
    return kept | {
        "SERVING_MODEL": str(setting.model), "SERVING_PORT": str(setting.port), "SERVING_WORKERS": str(setting.workers),
        "OMP_NUM_THREADS": "1", "PYTHONPATH": str(setting.code),
        "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}", **server.environment,
    }  # fmt: skip
