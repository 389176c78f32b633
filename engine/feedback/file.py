"""A file of feedback, parquet or csv, as records."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from engine.errors import Invalid, NotFound, Refusal
from engine.feedback.rows import MOST, TIME
from engine.storage.disk import why_not
from engine.text import plain

LARGEST = 1 << 30


def records(source: Path | IO[bytes], key: Sequence[str]) -> list[dict[str, Any]]:
    """The rows of a file, each a record by its columns. A parquet file is told by how it begins.

    Keys and times of csv stay the text that stands there: 007 is not 7. Raises NotFound, Refusal, Invalid.
    """
    content = _content(source)
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    try:
        if content[:4] == b"PAR1":
            table = pyarrow.parquet.read_table(pa.BufferReader(content))
        else:
            texts = pyarrow.csv.ConvertOptions(column_types={name: pa.string() for name in (*key, TIME)})
            table = pyarrow.csv.read_csv(
                pa.BufferReader(content),
                parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
                convert_options=texts,
            )
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        raise Invalid("The file is neither parquet nor csv that can be read; write it as one of the two.") from None
    if len(set(table.column_names)) < table.num_columns:
        raise Invalid("The file has two columns of one name; leave one of them out.")
    if table.num_rows > MOST:
        raise Invalid(f"The file has {table.num_rows:,} rows; send at most {MOST:,} at once.")
    found: list[dict[str, Any]] = table.to_pylist()
    return found


def _content(source: Path | IO[bytes]) -> bytes:
    if not isinstance(source, Path):
        content = source.read(LARGEST + 1)
    else:
        from engine.storage.atomic import read_file

        name = plain(str(source), 120)
        try:
            content = read_file(source, LARGEST + 1)
        except FileNotFoundError:
            raise NotFound(f"There is no {name}; name a parquet or csv file.") from None
        except IsADirectoryError:
            raise NotFound(f"{name} is a folder; name a parquet or csv file.") from None
        except OSError as error:
            raise Refusal(f"{name} cannot be read: {why_not(error)}.") from None
    if len(content) > LARGEST:
        raise Invalid("The file is larger than 1 GiB; send it in parts.")
    return content
