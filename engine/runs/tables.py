"""Data files between the engine and a project's steps: Parquet in the engine, the manifest's format outside.

What a project wrote is read and written anew, so that everything later deals with files the engine made. Pages end
where the content says (content-defined chunking), so that next week's file shares its bytes with this week's.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import StepFailed
from engine.text import plain

if TYPE_CHECKING:
    import pyarrow as pa

_QUOTED = re.compile(r"(got \d+): .*|(invalid value) '.*")
ROWS_PER_GROUP = 1 << 20


def read_output(folder: Path, stem: str, form: str, step: str) -> pa.Table:
    """The table that ``step`` left as ``<stem>.<form>``. Raises StepFailed when it is not there or not readable."""
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    path = folder / f"{stem}.{form}"
    if path.is_symlink() or not path.is_file():
        raise StepFailed(
            f"{step} ended well but left no {path.name}; it must write one into the folder $LEVERFRAME_OUTPUT."
        )
    try:
        if form == "csv":
            return pyarrow.csv.read_csv(path)
        return pyarrow.parquet.read_table(path, memory_map=False)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        # Without the row that Arrow quotes: it is somebody's data.
        said = _QUOTED.sub(r"\1\2", plain(str(error), 400)).rstrip(".")[:160]
        raise StepFailed(f"{step} left a {path.name} that cannot be read: {said}.") from None


def write_input(table: pa.Table, folder: Path, form: str) -> None:
    """Give ``table`` to a step as ``data.<form>``."""
    import pyarrow.csv
    import pyarrow.parquet

    if form == "csv":
        pyarrow.csv.write_csv(table, folder / "data.csv")
    else:
        pyarrow.parquet.write_table(table, folder / "data.parquet", compression="lz4")


def write_canonical(table: pa.Table, path: Path) -> None:
    """Write ``table`` as a version keeps it: the same content always gives the same bytes."""
    import pyarrow.parquet

    pyarrow.parquet.write_table(
        table,
        path,
        compression="zstd",
        row_group_size=ROWS_PER_GROUP,
        use_content_defined_chunking=True,
        write_statistics=False,
    )
