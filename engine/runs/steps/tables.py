"""Data files between the engine and a project's steps: Parquet in the engine, the manifest's format outside.

What a project wrote is read and written anew, so that everything later deals with files the engine made. Pages end
where the content says (content-defined chunking), so that next week's file shares its bytes with this week's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import StepFailed
from engine.runs.steps.part_files import NotWhole, joined_csv, parts
from engine.storage.atomic import read_file
from engine.text import plain

if TYPE_CHECKING:
    import pyarrow as pa

_QUOTED = re.compile(r"(got \d+): .*|(invalid value) '.*")
ROWS_PER_GROUP = 1 << 20
Types = Mapping[str, Any]
_BESIDE = ".types.json"
CSV_OF_R = "csv of R"  # as write.csv writes it: there NA without quotes is a gap, and "NA" is text
_LARGEST = 1 << 24  # of what stands beside a file
_BLOCK = 1 << 24  # bytes of a csv that are read at once; no row may be longer
_KEY = b"leverframe.types"


def read_output(folder: Path, stem: str, form: str, step: str, text: Collection[str] = ()) -> pa.Table:
    """The table that ``step`` left as ``<stem>.<form>``, a file or a folder of parts. Raises StepFailed when it is not
    there or not readable.

    ``text``: columns that are text, whatever csv makes of what they hold.
    """
    import pyarrow as pa

    ending = "csv" if form == CSV_OF_R else form
    path = folder / f"{stem}.{ending}"
    if path.is_symlink() or not (path.is_file() or path.is_dir()):
        raise StepFailed(
            f"{step} ended well but left no {path.name}; it must write one into the folder $LEVERFRAME_OUTPUT."
        )
    kept = _kept(path, step)
    try:
        files = parts(path, ending) if path.is_dir() else [path]
        if form == "parquet":
            table = _read_parquet(files)
        else:
            table = _read_csv(files, kept, text, of_r=form == CSV_OF_R)
            refuse_unreadable(table, path.name, step)
    except NotWhole as error:
        raise StepFailed(f"{step} left a {path.name} that {error}.") from None
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        # Without the row that Arrow quotes: it is somebody's data.
        said = _QUOTED.sub(r"\1\2", plain(str(error), 400)).rstrip(".")[:160]
        if "Expected 1 columns" in said:  # As of one that has other signs between its columns than commas.
            said += '; put commas between columns and dots into numbers (R: write.csv, not write.csv2)'
        raise StepFailed(f"{step} left a {path.name} that cannot be read: {said}.") from None
    return laid_out(table, kept)


def _laid_out(table: pa.Table) -> pa.Table:
    """``table`` without views, as other libraries lay columns out: Arrow cannot take rows of them, or count them."""
    import pyarrow as pa

    for place, field in enumerate(table.schema):
        kind, column = field.type, table.column(place)
        if pa.types.is_string_view(kind) or pa.types.is_binary_view(kind):
            column = column.cast(pa.large_string() if pa.types.is_string_view(kind) else pa.large_binary())
        elif pa.types.is_list_view(kind) or pa.types.is_large_list_view(kind):
            column = column.cast(pa.large_list(kind.value_type))
        else:
            continue
        table = table.set_column(place, field.with_type(column.type), column)
    return table


def _kept(path: Path, step: str) -> Types:
    """What stands beside a step's file."""
    beside = path.with_suffix(_BESIDE)
    if beside.is_symlink() or not beside.is_file():
        return {}
    try:
        kept = read_kept(json.loads(read_file(beside, _LARGEST)))
        if kept is not None:
            return kept
    except (OSError, ValueError, RecursionError):
        pass
    raise StepFailed(
        f"{step} left a {beside.name} that is no JSON of {{column: {{...}}}}; see docs/manifest.md, or leave none."
    )


def read_kept(told: object) -> Types | None:
    """What a step ``told`` of the types of columns; None where it is nothing of the kind."""
    fits = isinstance(told, dict) and all(_are_types(about) for about in told.values())
    return told if isinstance(told, dict) and fits else None


def streamed(table: pa.Table) -> bytes:
    """A table as it goes through a pipe or lies beside others: an Arrow stream."""
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def laid_out(table: pa.Table, kept: Types) -> pa.Table:
    """``table`` as what else comes from steps, with what was ``kept`` of its types."""
    table = _laid_out(table)
    return with_types(table, kept) if kept else table


def _are_types(about: object) -> bool:
    if not isinstance(about, dict) or ("categories" in about and not isinstance(about["categories"], list)):
        return False
    return ("of" in about or "categories" not in about) and all(
        isinstance(about.get(name, ""), str) for name in ("dtype", "of", "parse")
    )


def _read_parquet(files: list[Path]) -> pa.Table:
    """The rows of ``files``, of which each has the same columns."""
    import pyarrow as pa
    import pyarrow.parquet

    # Spark's moments are of 96 bits unless it is told otherwise; as nanoseconds it could not read them again itself.
    how: dict[str, Any] = {"memory_map": False, "coerce_int96_timestamp_unit": "us"}
    if len(files) == 1:
        return pyarrow.parquet.read_table(files[0], **how)
    return pa.concat_tables([pyarrow.parquet.read_table(file, partitioning=None, **how) for file in files])


def refuse_unreadable(table: pa.Table, name: str, step: str) -> None:
    """Raises StepFailed where a csv has a column without a name, as row names are written, or text in a code of its
    own."""
    import pyarrow as pa

    for place, field in enumerate(table.schema, 1):
        if not field.name:
            raise StepFailed(
                f"{step} left a {name} whose column {place} has no name; write it without row names "
                "(R: row.names = FALSE; pandas: index=False), or name it."
            )
        if pa.types.is_binary(field.type):
            raise StepFailed(
                f"{step} left a {name} with text in {plain(field.name, 60)} that is not UTF-8; write it in UTF-8 "
                '(R: fileEncoding = "UTF-8").'
            )


def _read_csv(files: list[Path], kept: Types, text: Collection[str], *, of_r: bool) -> pa.Table:
    """Text as it stands there where it is known to be text, and missing where there is none. ``of_r``: text in quotes
    is text, and what stands without them as NA or as nothing is missing, also where a column is text."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.csv

    known = {name: about for name, about in kept.items() if about.get("text")}
    types = {name: pa.string() for name in (*known, *text)}
    # Those beyond 63 bits would be floats.
    types |= {name: pa.uint64() for name, about in kept.items() if _of(about) == "uint64"}
    table = pyarrow.csv.read_csv(
        files[0] if len(files) == 1 else pa.BufferReader(joined_csv(files)),
        read_options=pyarrow.csv.ReadOptions(block_size=_BLOCK),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=types, strings_can_be_null=of_r, quoted_strings_can_be_null=not of_r
        ),
    )
    for place, name in enumerate(table.column_names):
        if name in known and not known[name].get("blank"):
            column = table.column(place)
            gaps = pc.equal(column, "")
            table = table.set_column(place, name, pc.if_else(gaps, pa.scalar(None, column.type), column))
    return table


def _of(about: Types) -> str:
    """The type of a column, or of its categories, in small letters."""
    return str(about.get("of", about.get("dtype"))).lower()


def with_types(table: pa.Table, kept: Types) -> pa.Table:
    """``table`` with what was kept of the types of its columns."""
    return table.replace_schema_metadata({**(table.schema.metadata or {}), _KEY: json.dumps(kept)})


def types_of(table: pa.Table) -> dict[str, Any]:
    """What was kept of the types of the columns of ``table``, by column; empty where files hold all of them."""
    kept = json.loads((table.schema.metadata or {}).get(_KEY, b"{}"))
    return {name: about for name, about in kept.items() if name in table.column_names}


def write_input(table: pa.Table, folder: Path, form: str, *, types: bool = True) -> None:
    """Give ``table`` to a step as ``data.<form>``, and what was kept of the types of its columns, where ``types``."""
    import pyarrow.csv
    import pyarrow.parquet

    kept = types_of(table) if types else {}
    if form != "parquet":
        pyarrow.csv.write_csv(table, folder / "data.csv")
        if types:
            kept = {name: {"dtype": "object", "text": True} for name in _texts(table)} | kept
    else:
        pyarrow.parquet.write_table(table, folder / "data.parquet", compression="lz4")
    if kept:
        (folder / "data").with_suffix(_BESIDE).write_text(json.dumps(kept), encoding="utf-8")


def _texts(table: pa.Table) -> list[str]:
    from engine.validation.columns import is_text

    return [field.name for field in table.schema if is_text(field.type)]


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
