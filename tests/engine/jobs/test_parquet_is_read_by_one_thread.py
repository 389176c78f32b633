"""What each thread of Arrow's keeps for itself grows with the file (decision 0089), so parquet is read by our own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.scoring_ground import rows, written

# In a process of its own: in this one another test may have begun Arrow's threads, which stay.
_PROGRAM = """
import os, sys
from pathlib import Path
import pyarrow, pyarrow.parquet
from tests.scoring_ground import scored

def say():
    print(len(os.listdir("/proc/self/task")), flush=True)

source, output = map(Path, sys.argv[1:])
pyarrow.set_cpu_count(4)
say()
scored(source, output)
say()
list(pyarrow.parquet.ParquetFile(source).iter_batches(use_threads=True))
say()
"""


def test_a_file_is_scored_without_a_thread_of_arrows(tmp_path: Path) -> None:
    source = written(tmp_path, rows(3000), row_group_size=500)
    told = subprocess.run(
        [sys.executable, "-c", _PROGRAM, source, tmp_path / "out.parquet"], check=True, capture_output=True, text=True,
        cwd=Path(__file__).parents[3], env=os.environ | {"ARROW_DEFAULT_MEMORY_POOL": "system"},
    ).stdout  # fmt: skip
    before, scored, with_arrows = map(int, told.split())
    assert scored == before
    assert with_arrows > scored, "they can be seen where there are any"
