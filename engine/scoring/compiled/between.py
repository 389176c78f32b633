"""What stands between a project's own first steps, which a process does, and the tables behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.scoring.compiled.records import Between, Compiled

if TYPE_CHECKING:
    import pyarrow as pa

NUMBERS = ("float64", "float32", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
TEXT = ("object", "str")
GAPS = ("", "None", "nan")
_CATEGORY = "category of "


def wrong_between(model: Compiled) -> str | None:
    """What of it cannot be; None where all can."""
    behind = model.behind
    if behind is None:
        return None
    if not behind.steps or tuple(each.name for each in behind.columns) != tuple(each.name for each in model.features):
        return "it does not say which steps are before it, or what they make"
    for column, feature in zip(behind.columns, model.features, strict=True):
        if column.gap not in (*GAPS, *(("several", "another") if feature.kind == "unused" else ())):
            return "a column has a gap that is not known"
        truth = () if column.type.startswith(_CATEGORY) else ("bool",)
        wanted = {"number": (*NUMBERS, *truth), "narrow": ("float32",), "text": TEXT}.get(feature.kind)
        if wanted is not None and _of(column) not in wanted:
            return "a column is of another type than it is asked for as"
    return None


def _of(column: Between) -> str:
    return column.type.removeprefix(_CATEGORY)


def arrow_type(column: Between) -> pa.DataType:
    """As what a column comes from the process."""
    import pyarrow as pa

    if _of(column) in TEXT:
        return pa.large_string()
    return pa.float64() if column.type.startswith(_CATEGORY) else pa.type_for_alias(column.type)


def told(model: Compiled) -> dict[str, Any]:
    """What the process holds each batch to, as ``first_steps.py`` has it."""
    behind = model.behind
    assert behind is not None
    columns = [
        {"name": column.name, "type": column.type, "gap": column.gap, "used": feature.kind != "unused"}
        for column, feature in zip(behind.columns, model.features, strict=True)
    ]
    return {"steps": len(behind.steps), "array": behind.array, "columns": columns}
