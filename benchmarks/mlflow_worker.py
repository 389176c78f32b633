"""MLflow's copy of a folder to a run's artifacts, once per line on standard input; run by ``bundle_speed.py``.

It runs in an environment of its own and imports nothing of Leverframe. What is timed is ``log_artifacts`` alone: the
run is there, and the store is a folder on the same disk.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path

from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository


def main() -> None:
    """Copy, answer with the seconds, delete."""
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    for line in sys.stdin:
        repository = get_artifact_repository(target.as_uri())
        began = time.perf_counter()
        repository.log_artifacts(str(source), "version")
        if line.strip():  # until the disk has it
            os.sync()
        seconds = time.perf_counter() - began
        print(seconds, flush=True)
        shutil.rmtree(target)
        os.sync()


if __name__ == "__main__":
    main()
