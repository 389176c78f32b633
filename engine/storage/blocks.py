"""Tables in the store: blocks of rows whose ends the content decides, each a Parquet file and an object of its own.

Fifty weekly versions of a growing table then cost little more than the last one: a block that is full is the same
file in every version that has its rows, wherever in the table they stand. Chunking the bytes of one large Parquet
file does not reach that, for dictionaries, page ends and the footer change with every row that is added.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.storage.objects import ObjectStore
from engine.storage.stored_files import StoredBlock

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

FEWEST = 512
MOST = 8192
# One row in 2**11 ends a block. Changing any of these numbers cuts every table anew.
MASK_BITS = 11
_ODD = 0x9E3779B97F4A7C15


def ends(table: pa.Table) -> list[int]:
    """Where the blocks of ``table`` end, as row numbers, ascending; the last is its number of rows."""
    import numpy as np

    hashes = _row_hashes(table)
    chosen = np.flatnonzero((hashes >> np.uint64(64 - MASK_BITS)) == 0) + 1
    found: list[int] = []
    start = 0
    for place in [*chosen.tolist(), table.num_rows]:
        while place - start > MOST:
            start += MOST
            found.append(start)
        if place - start >= FEWEST or (place == table.num_rows and place > start):
            found.append(place)
            start = place
    return found


def _row_hashes(table: pa.Table) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """A number for each row that depends on nothing but the row: its numbers, and the lengths of its texts."""
    import numpy as np

    total = np.zeros(table.num_rows, dtype=np.uint64)
    for position, column in enumerate(table.columns):
        values = _numbers(column)
        if values is not None:
            total += values * np.uint64((_ODD * (2 * position + 1)) & 0xFFFFFFFFFFFFFFFF)
    # The finaliser of SplitMix64 (Steele, Lea, Flood 2014) spreads small differences over all bits.
    total ^= total >> np.uint64(30)
    total *= np.uint64(0xBF58476D1CE4E5B9)
    total ^= total >> np.uint64(27)
    total *= np.uint64(0x94D049BB133111EB)
    total ^= total >> np.uint64(31)
    return total


def _numbers(column: pa.ChunkedArray) -> np.ndarray[Any, np.dtype[np.uint64]] | None:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        column = pc.binary_length(column)
    elif pa.types.is_floating(kind):
        filled = pc.fill_null(column.cast(pa.float64()), 0.0)
        return np.asarray(filled.to_numpy()).view(np.uint64)
    elif pa.types.is_temporal(kind):
        column = column.cast(pa.int64()) if kind.bit_width == 64 else column.cast(pa.int32())
    elif not (pa.types.is_integer(kind) or pa.types.is_boolean(kind)):
        return None
    whole = pc.fill_null(column.cast(pa.int64(), safe=False), 0)
    return np.asarray(whole.to_numpy()).view(np.uint64)


def put_table(store: ObjectStore, table: pa.Table) -> tuple[StoredBlock, ...]:
    """Store ``table`` and return its blocks, in order."""
    import pyarrow as pa
    import pyarrow.parquet

    table = table.replace_schema_metadata(None).unify_dictionaries()
    blocks, start = [], 0
    for number, end in enumerate(ends(table), 1):
        sink = pa.BufferOutputStream()
        pyarrow.parquet.write_table(
            table.slice(start, end - start).combine_chunks(), sink, compression="zstd", write_statistics=False
        )
        content = sink.getvalue().to_pybytes()
        digest, name = hashlib.sha256(content).hexdigest(), f"part-{number:05d}.parquet"
        blocks.append(StoredBlock(digest, len(content), (store.put(content),), name, False, end - start))
        start = end
    store.sync()
    return tuple(blocks)


def read_folder(folder: Path) -> pa.Table:
    """The whole table of a folder of blocks, as ``live/<project>/data`` has them."""
    import pyarrow as pa
    import pyarrow.parquet

    return pa.concat_tables([pyarrow.parquet.read_table(p) for p in sorted(folder.glob("part-*.parquet"))])
