"""A step's data file that is a folder of parts, as Spark and whatever else writes from many places at once leaves it.

The order of rows is that of the parts by their numbers, so that the same parts are always the same table. Beside them
only what Hadoop's client leaves there may lie: ``_SUCCESS`` and a sum of each file (``.part-00000.parquet.crc``).
"""

from __future__ import annotations

import re
from pathlib import Path

from engine.text import plain

MOST = 10_000
_DONE = "_SUCCESS"
_SUM = re.compile(r"\..*\.crc")
# part-00003-<uuid>-c001.snappy.parquet of Spark, where one place filled several; part.3.parquet of Dask.
_PART = re.compile(r"part[-.](?P<number>\d{1,9})(?P<writing>-.*?)?(?:[-.]c(?P<file>\d{1,9}))?(?:\.[a-z0-9]+)?")


class NotWhole(Exception):
    """The folder is not the parts of one table; says why, as the end of a sentence."""


def parts(folder: Path, form: str) -> list[Path]:
    """The files in ``folder`` that make up one table, in order. Raises NotWhole."""
    found: dict[tuple[int, int], Path] = {}
    writings = set()
    for path in sorted(folder.iterdir()):
        if path.name == _DONE or _SUM.fullmatch(path.name):
            continue
        part = _PART.fullmatch(path.name.removesuffix(f".{form}"))
        if part is None or not path.name.endswith(f".{form}") or path.is_symlink() or not path.is_file():
            raise NotWhole(_why_not(path, form))
        writings.add(part["writing"])
        place = int(part["number"]), int(part["file"] or 0)
        if len(writings) > 1 or place in found:
            raise NotWhole(
                "holds the parts of more than one writing, so nothing says which rows come first; let it overwrite "
                "the folder, and append nothing"
            )
        found[place] = path
        if len(found) > MOST:
            raise NotWhole(f"holds more than {MOST:,} parts; let it write fewer, such as by .coalesce(16)")
    if not found:
        raise NotWhole(f"is a folder without a part-00000....{form}; write one file, or such parts")
    return [found[place] for place in sorted(found)]


def _why_not(path: Path, form: str) -> str:
    name = plain(path.name, 100)
    if path.name in ("_temporary", "_committed", "_started") or path.name.startswith("_temporary"):
        return f"holds {name}, so that its writing has not ended; wait for it in the step"
    if path.is_dir() and "=" in path.name:
        return f"is divided by a column ({name}), and then no file holds that; write it without partitionBy"
    return f"holds {name}, which is no part-00000....{form}; leave there parts of one table alone"


def joined_csv(files: list[Path]) -> bytes:
    """The text of ``files`` as that of one file: each begins with the same line of names, and one without text counts
    for nothing. Raises NotWhole."""
    head, rows = b"", []
    for path in files:
        first, _, rest = path.read_bytes().partition(b"\n")
        first = first.rstrip(b"\r")
        if not first and not rest:
            continue
        if first.count(b'"') % 2:
            raise NotWhole("has a line break in the name of a column; rename it")
        if head and first != head:
            raise NotWhole(
                "has parts that do not all begin with the same names of columns; let each begin with them, such as by "
                '.option("header", True)'
            )
        head = first
        rows.append(rest if rest.endswith(b"\n") or not rest else rest + b"\n")
    return b"\n".join([head, b"".join(rows)]) if head else b""
