"""Columns by which somebody wants to see performance: asked afterwards, over all rows that a look measures. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.errors import Invalid
from engine.projects.manifest_fields import nearest, shown
from engine.projects.manifest_health import MOST_EDGES, are_edges
from engine.validation.columns import listed

MOST_COLUMNS = 10
# By column the inner edges of its ranges; none: each of its values, or ranges of equal numbers of rows.
Asked = dict[str, tuple[float, ...]]


def read_asked(texts: Sequence[str], document: Mapping[str, Any]) -> Asked:
    """``["carrier", "distance=500,1000"]`` as columns with edges. ``document``: the live version's.

    Raises Invalid when a column is not in its data, is sensitive or the target, or edges are not rising numbers.
    """
    asked: Asked = dict(map(_column, texts))
    if len(asked) > MOST_COLUMNS:
        raise Invalid(f"Performance by {len(asked)} columns was asked for; ask for at most {MOST_COLUMNS} at a time.")
    data = document["settings"]["data"]
    sensitive, known = data.get("sensitive", ()), [str(column["name"]) for column in document["schema"]["columns"]]
    for name in asked:
        if name in sensitive:
            raise Invalid(f"{shown(name)} is sensitive: nothing is ever shown by it.")
        if name == data["target"]:
            raise Invalid(f"{shown(name)} is what is predicted; performance is looked at by what is known before.")
        if name not in known:
            near = nearest(name, known) or f"; it has {listed(known, 8)}."
            raise Invalid(f"The live version's data has no column {shown(name)}{near}")
    return asked


def _column(text: str) -> tuple[str, tuple[float, ...]]:
    name, given, edges = text.strip().partition("=")
    if not given:
        return name.strip(), ()
    try:
        numbers = tuple(float(edge) for edge in edges.split(","))
    except ValueError:
        numbers = ()
    if not are_edges(numbers):
        raise Invalid(
            f"{shown(text)} is not understood; write a column, or a column with at most {MOST_EDGES} rising numbers, "
            "such as distance=500,1000."
        )
    return name.strip(), numbers
