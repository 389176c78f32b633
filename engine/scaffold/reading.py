"""A file of data as a table, and the one line of pandas that reads it the same way."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import Refusal
from engine.projects.manifest.fields import text_problem
from engine.text import plain

if TYPE_CHECKING:
    import pyarrow as pa

# Of a larger file this much is looked at, from its beginning.
LOOKED_AT = 64 * 2**20
ROWS_LOOKED_AT, BATCH = 500_000, 65_536
# What pandas takes for a gap; Arrow would take some of it for text.
_GAPS = [
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
    "NULL", "NaN", "None", "n/a", "nan", "null",
]  # fmt: skip
_NAME = 200  # the longest name that a manifest can say


@dataclass(frozen=True)
class DataFile:
    """``table``: its rows, or where ``whole`` is false its first ones. ``read``: pandas' words for it.

    It is the query where the rows are a database's.
    """

    path: Path
    size: int
    table: pa.Table
    whole: bool
    read: str


def read(path: Path) -> DataFile:
    """Raises Refusal where there is no such file, or it is neither CSV nor parquet."""
    said = plain(str(path), 200)
    if path.suffix.lower() not in (".csv", ".tsv", ".txt", ".parquet", ".pq"):
        raise Refusal(f"{said} is no .csv, no .parquet and no .sql; save the data as one of the first two.")
    if not path.is_file():
        what = "is not a file" if path.exists() else "is not there"
        raise Refusal(f"{said} {what}; name a file of data with --from.")
    path = path.resolve()
    found = _parquet(path) if path.suffix.lower() in (".parquet", ".pq") else _csv(path)
    check_names(found.table.column_names, said)
    return found


def _parquet(path: Path) -> DataFile:
    import pyarrow as pa
    import pyarrow.parquet as pq

    batches, rows = [], 0
    try:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
            for batch in file.iter_batches(BATCH):
                batches.append(batch)
                rows += batch.num_rows
                if rows >= ROWS_LOOKED_AT:
                    break
            whole = rows == file.metadata.num_rows
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(path, "parquet", error) from None
    table = pa.Table.from_batches(batches, schema)
    # The row numbers of pandas are no column of the data; an index with a name is one.
    numbers = [name for name in table.column_names if re.fullmatch(r"__index_level_\d+__", name)]
    index = [name for name in (schema.pandas_metadata or {}).get("index_columns", []) if isinstance(name, str)]
    named = set(index) - set(numbers)
    words = "pd.read_parquet(DATA).reset_index()" if named else "pd.read_parquet(DATA)"
    return DataFile(path, path.stat().st_size, table.drop_columns(numbers), whole, words)


def _csv(path: Path) -> DataFile:
    import pyarrow as pa
    from pyarrow import csv as arrow

    size = path.stat().st_size
    with path.open("rb") as file:
        content = file.read(LOOKED_AT)
    if size > LOOKED_AT:
        content = content[: content.rfind(b"\n") + 1]
    if b"\0" in content or not content.strip():
        raise Refusal(f"{plain(str(path), 200)} holds no text that is CSV; save it as CSV in UTF-8.")
    named: dict[str, str] = {}
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text, named["encoding"] = content.decode("latin-1"), "latin-1"
    separator = _separator(text)
    if separator != ",":
        named["sep"] = separator
    try:
        table = arrow.read_csv(
            io.BytesIO(text.encode()),
            parse_options=arrow.ParseOptions(delimiter=separator, newlines_in_values=True),
            convert_options=arrow.ConvertOptions(null_values=_GAPS, strings_can_be_null=True),
        )
    except pa.ArrowException as error:
        raise _unreadable(path, "CSV", error) from None
    # As pandas calls a column without a name: the row numbers that it writes itself.
    names = [name or f"Unnamed: {place}" for place, name in enumerate(table.column_names)]
    said = "".join(f", {key}={value!r}" for key, value in named.items())
    return DataFile(path, size, table.rename_columns(names), size <= LOOKED_AT, f"pd.read_csv(DATA{said})")


def _separator(text: str) -> str:
    """What divides the head into the most columns; a comma where others do no better."""
    head = text[: 2**20].lstrip("\r\n").splitlines()[0]

    def columns(mark: str) -> int:
        try:
            return len(next(csv.reader([head], delimiter=mark)))
        except (csv.Error, StopIteration):
            return 0

    return max((",", ";", "\t", "|"), key=columns)


def _unreadable(path: Path, form: str, error: Any) -> Refusal:
    why = plain(str(error).splitlines()[0] if str(error) else type(error).__name__, 200).rstrip(".")
    return Refusal(f"{plain(str(path), 200)} cannot be read as {form} ({why}); mend it, or save it anew.")


def check_names(names: list[str], said: str) -> None:
    """Raises Refusal for two columns of one name, and for a name that a manifest could not say."""
    seen: set[str] = set()
    for place, name in enumerate(names, 1):
        if name in seen:
            raise Refusal(f"{said} has two columns '{plain(name, 60)}'; give each a name of its own.")
        seen.add(name)
        if text_problem(name, _NAME):
            raise Refusal(
                f"Column {place} of {said}, '{plain(name, 60)}', has a name that leverframe.toml could not say "
                f"(line breaks, characters that cannot be shown, more than {_NAME}); give it another."
            )
