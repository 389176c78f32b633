"""One table's way back to a moment, as ``rules`` writes it down for each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TableRule:
    """What is done to ``table``, and, where something cannot be known any more, what ``unknown`` is left."""

    table: str
    statements: tuple[str, ...]
    unknown: str = ""


def grown(table: str, time: str = "at") -> TableRule:
    """A table that only grows: what is later was not there."""
    return TableRule(table, (f"DELETE FROM {table} WHERE {time} > :at",))


def restored(table: str, what: str, key: str, columns: str) -> str:
    """Rows that were changed later say again what they said before the first of these changes."""
    names = columns.split()
    values = ", ".join(f"json_extract(row, '$.{name}')" for name in names)
    past = f"FROM past WHERE what = '{what}' AND key = {table}.{key} AND until > :at"
    return (
        f"UPDATE {table} SET ({', '.join(names)}) = (SELECT {values} {past} ORDER BY id LIMIT 1)"
        f" WHERE EXISTS (SELECT 1 {past})"
    )
